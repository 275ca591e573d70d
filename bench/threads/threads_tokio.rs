// SPDX-License-Identifier: MIT
//! tokio::task::spawn_blocking() of an empty function, awaited; as in threads.h.
#[path = "../support/bench.rs"]
mod bench;

async fn calls(n: usize) {
    for _ in 0..n {
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    }
}

fn main() {
    let bench = bench::args();
    bench::run(async move {
        calls(100).await;
        let mut raw = Vec::new();
        for _ in 0..bench.repetitions {
            let start = bench::cpu();
            calls(bench.n).await;
            raw.push((bench::cpu() - start) * 1e9 / bench.n as f64);
        }
        bench::print("threads.call", "ns", bench.n, &raw);
    });
}
