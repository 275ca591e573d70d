// SPDX-License-Identifier: MIT
//! tokio::spawn() of a task that returns at once, its handle awaited; as in spawn.h.
#[path = "../support/bench.rs"]
mod bench;

async fn nothing() {}

async fn one_by_one(n: usize) {
    for _ in 0..n {
        tokio::spawn(nothing()).await.unwrap();
    }
}

async fn batch(n: usize) {
    let mut handles = Vec::with_capacity(n);
    for _ in 0..n {
        handles.push(tokio::spawn(nothing()));
    }
    for handle in handles {
        handle.await.unwrap();
    }
}

fn main() {
    let bench = bench::args();
    bench::run(async move {
        let mut raw = Vec::new();
        for _ in 0..bench.repetitions {
            let start = bench::cpu();
            if bench.shape == "batch" {
                batch(bench.n).await;
            } else {
                one_by_one(bench.n).await;
            }
            raw.push((bench::cpu() - start) * 1e9 / bench.n as f64);
        }
        bench::print(&format!("spawn.{}", bench.shape), "ns", bench.n, &raw);
    });
}
