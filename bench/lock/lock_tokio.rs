// SPDX-License-Identifier: MIT
//! tokio::sync::Mutex, which is fair; as in lock.h.
#[path = "../support/bench.rs"]
mod bench;

use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::task::yield_now;

const WARM_UP: usize = 16;

#[derive(Default)]
struct State {
    last: usize,
    handed: usize,
    begun: usize,
    ended: usize,
    start: f64,
    end: f64,
}

async fn hold_once(lock: &Mutex<State>, me: usize) {
    let mut state = lock.lock().await;
    state.handed += (state.last != me) as usize;
    state.last = me;
}

async fn hold(lock: Arc<Mutex<State>>, me: usize, each: usize) {
    for _ in 0..WARM_UP {
        hold_once(&lock, me).await;
    }
    {
        let mut state = lock.lock().await;
        if state.begun == 0 {
            state.start = bench::cpu();
        }
        state.begun += 1;
    }
    for _ in 0..each {
        hold_once(&lock, me).await;
    }
    let mut state = lock.lock().await;
    state.ended += 1;
    if state.ended == 2 {
        state.end = bench::cpu();
    }
}

async fn once(each: usize) -> f64 {
    let lock = Arc::new(Mutex::new(State { last: 1, ..Default::default() }));
    let held = lock.lock().await;
    let first = tokio::spawn(hold(lock.clone(), 0, each));
    let second = tokio::spawn(hold(lock.clone(), 1, each));
    yield_now().await;
    drop(held);
    first.await.unwrap();
    second.await.unwrap();
    let state = lock.lock().await;
    // tokio makes a task that never waits yield now and then, also in lock()
    assert!(state.handed * 10 > 2 * each * 9, "handing over each time");
    (state.end - state.start) * 1e9 / state.handed as f64
}

fn main() {
    let bench = bench::args();
    bench::run(async move {
        let mut raw = Vec::new();
        for _ in 0..bench.repetitions {
            raw.push(once(bench.n / 2).await);
        }
        bench::print("lock.handover", "ns", bench.n, &raw);
    });
}
