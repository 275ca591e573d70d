// SPDX-License-Identifier: MIT
//! Yielding with tokio, one thread: yield_now(); the shapes and the clock are those of
//! yield.h. The three calls deep are three nested async functions, which the compiler
//! turns into one state machine.
#[path = "../support/bench.rs"]
mod bench;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Mutex;
use tokio::task::yield_now;

const WARM_UP: usize = 4;

static TASKS: AtomicUsize = AtomicUsize::new(0);
static EACH: AtomicUsize = AtomicUsize::new(0);
static BEGUN: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);
static SINK: AtomicUsize = AtomicUsize::new(0);
static START: Mutex<f64> = Mutex::new(0.0);
static END: Mutex<f64> = Mutex::new(0.0);

fn begin() {
    if BEGUN.fetch_add(1, Relaxed) == 0 {
        *START.lock().unwrap() = bench::cpu();
    }
}

fn finish() {
    if ENDED.fetch_add(1, Relaxed) + 1 == TASKS.load(Relaxed) {
        *END.lock().unwrap() = bench::cpu();
    }
}

macro_rules! body {
    ($name:ident, $step:expr) => {
        async fn $name() {
            for _ in 0..WARM_UP {
                $step.await;
            }
            begin();
            for _ in 0..EACH.load(Relaxed) {
                $step.await;
            }
            finish();
        }
    };
}

macro_rules! deep {
    ($name:ident, $first:ident, $second:ident, $third:ident, $number:expr) => {
        async fn $third() {
            yield_now().await;
            SINK.store($number + 3, Relaxed);
        }
        async fn $second() {
            $third().await;
            SINK.store($number + 2, Relaxed);
        }
        async fn $first() {
            $second().await;
            SINK.store($number + 1, Relaxed);
        }
        body!($name, $first());
    };
}

body!(same, yield_now());
deep!(deep_a, a_first, a_second, a_third, 10);
deep!(deep_b, b_first, b_second, b_third, 20);

async fn round(deep: bool) {
    BEGUN.store(0, Relaxed);
    ENDED.store(0, Relaxed);
    let mut handles = Vec::new();
    for i in 0..TASKS.load(Relaxed) {
        handles.push(match (deep, i % 2) {
            (false, _) => tokio::spawn(same()),
            (true, 0) => tokio::spawn(deep_a()),
            (true, _) => tokio::spawn(deep_b()),
        });
    }
    for handle in handles {
        handle.await.unwrap();
    }
}

fn main() {
    let bench = bench::args();
    let tasks: usize = bench.shape.parse().unwrap_or(2);
    let each = bench.n / tasks;
    TASKS.store(tasks, Relaxed);
    EACH.store(each, Relaxed);
    bench::run(async move {
        let mut raw = Vec::new();
        for _ in 0..bench.repetitions {
            round(bench.shape == "deep").await;
            let took = *END.lock().unwrap() - *START.lock().unwrap();
            raw.push(took * 1e9 / (each * tasks) as f64);
        }
        bench::print(&format!("yield.{}", bench.shape), "ns", each * tasks, &raw);
    });
}
