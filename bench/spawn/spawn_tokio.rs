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

async fn once(is_batch: bool, n: usize) -> f64 {
    let start = bench::cpu();
    if is_batch {
        batch(n).await;
    } else {
        one_by_one(n).await;
    }
    (bench::cpu() - start) * 1e9 / n as f64
}

fn main() {
    let bench = bench::args();
    bench::run(async move {
        let is_batch = bench.shape == "batch";
        if is_batch {
            bench::print("spawn.batch", "ns", bench.n, &[once(true, bench.n).await]);
        }
        let mut raw = Vec::new();
        for _ in 0..bench.repetitions {
            raw.push(once(is_batch, bench.n).await);
        }
        let name = if is_batch { "spawn.again" } else { "spawn.await" };
        bench::print(name, "ns", bench.n, &raw);
    });
}
