// SPDX-License-Identifier: MIT
//! Timers with tokio: tasks in tokio::time::sleep(), measured as in timers.h.
#[path = "../support/bench.rs"]
mod bench;

use std::time::{Duration, Instant};

async fn all(n: usize) {
    let mut random = bench::Random(bench::SEED);
    let mut handles = Vec::with_capacity(n);
    for _ in 0..n {
        let length = Duration::from_secs_f64(random.next());
        handles.push(tokio::spawn(tokio::time::sleep(length)));
    }
    for handle in handles {
        handle.await.unwrap();
    }
}

fn main() {
    let bench = bench::args();
    bench::run(async move {
        let (mut cpu, mut wall) = (Vec::new(), Vec::new());
        for _ in 0..bench.repetitions {
            let (used, start) = (bench::cpu(), Instant::now());
            all(bench.n).await;
            wall.push(start.elapsed().as_secs_f64());
            cpu.push(bench::cpu() - used);
        }
        bench::print("timers.cpu", "s", bench.n, &cpu);
        bench::print("timers.wall", "s", bench.n, &wall);
    });
}
