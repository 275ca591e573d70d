// SPDX-License-Identifier: MIT
//! Items through tokio::sync::mpsc::channel(); shapes and clock as in queue.h.
#[path = "../support/bench.rs"]
mod bench;

use tokio::sync::mpsc;

async fn once(size: usize, n: usize) -> f64 {
    let warm = 4 * size + 16;
    let (sender, mut receiver) = mpsc::channel::<usize>(size);
    let producer = tokio::spawn(async move {
        for _ in 0..warm {
            sender.send(0).await.unwrap();
        }
        let start = bench::cpu();
        for i in 1..=n {
            sender.send(i).await.unwrap();
        }
        start
    });
    let consumer = tokio::spawn(async move {
        let mut sum = 0;
        for _ in 0..warm + n {
            sum += receiver.recv().await.unwrap();
        }
        (bench::cpu(), sum)
    });
    let start = producer.await.unwrap();
    let (end, sum) = consumer.await.unwrap();
    assert!(sum == n * (n + 1) / 2, "passing each item once");
    (end - start) * 1e9 / n as f64
}

fn main() {
    let bench = bench::args();
    let size: usize = bench.shape.parse().expect("SHAPE");
    bench::run(async move {
        let mut raw = Vec::new();
        for _ in 0..bench.repetitions {
            raw.push(once(size, bench.n).await);
        }
        bench::print(&format!("queue.{}", bench.shape), "ns", bench.n, &raw);
    });
}
