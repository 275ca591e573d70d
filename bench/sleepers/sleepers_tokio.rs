// SPDX-License-Identifier: MIT
//! Tasks in tokio::time::sleep(), ended by abort(); measured as in sleepers.h.
#[path = "../support/bench.rs"]
mod bench;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::{yield_now, JoinHandle};

static ASLEEP: AtomicUsize = AtomicUsize::new(0);

async fn sleeper() {
    ASLEEP.fetch_add(1, Relaxed);
    tokio::time::sleep(Duration::from_secs(3600)).await;
}

async fn start(handles: &mut Vec<JoinHandle<()>>, n: usize) -> f64 {
    ASLEEP.store(0, Relaxed);
    let start = bench::cpu();
    for _ in 0..n {
        handles.push(tokio::spawn(sleeper()));
    }
    while ASLEEP.load(Relaxed) < n {
        yield_now().await;
    }
    (bench::cpu() - start) * 1e9 / n as f64
}

async fn stop(handles: &mut Vec<JoinHandle<()>>) {
    for handle in handles.iter() {
        handle.abort();
    }
    for handle in handles.drain(..) {
        let _ = handle.await;
    }
}

fn main() {
    let bench = bench::args();
    bench::run(async move {
        let n = bench.n;
        /* The vector of handles is there, and touched, before the first look. */
        let mut handles: Vec<JoinHandle<()>> = Vec::with_capacity(n);
        let spare = handles.spare_capacity_mut();
        unsafe { std::ptr::write_bytes(spare.as_mut_ptr(), 0xff, n) };
        let before = bench::resident();
        let cold = start(&mut handles, n).await;
        let bytes = (bench::resident() - before) / n as f64;
        bench::print("sleepers.bytes", "B", n, &[bytes]);
        bench::print("sleepers.cold", "ns", n, &[cold]);
        stop(&mut handles).await;
        let mut warm = Vec::new();
        for _ in 0..bench.repetitions {
            warm.push(start(&mut handles, n).await);
            stop(&mut handles).await;
        }
        bench::print("sleepers.warm", "ns", n, &warm);
    });
}
