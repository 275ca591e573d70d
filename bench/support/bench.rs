// SPDX-License-Identifier: MIT
//! bench.h for the programs in Rust. Not every program uses all of it.
#![allow(dead_code)]

use std::future::Future;

pub struct Bench {
    pub shape: String,
    pub n: usize,
    pub repetitions: usize,
}

/// Reads SHAPE N REPETITIONS.
pub fn args() -> Bench {
    let args: Vec<String> = std::env::args().collect();
    assert!(args.len() == 4, "usage: PROGRAM SHAPE N REPETITIONS");
    Bench {
        shape: args[1].clone(),
        n: args[2].parse().expect("N"),
        repetitions: args[3].parse().expect("REPETITIONS"),
    }
}

/// Runs `entry` as a task of tokio's single-threaded scheduler.
pub fn run<F: Future<Output = ()> + 'static>(entry: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("runtime");
    runtime.block_on(entry);
}

/// CPU seconds used by all threads, user and system.
pub fn cpu() -> f64 {
    let mut used = std::mem::MaybeUninit::<libc::timespec>::zeroed();
    let used = unsafe {
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, used.as_mut_ptr());
        used.assume_init()
    };
    used.tv_sec as f64 + used.tv_nsec as f64 * 1e-9
}

/// Resident bytes of this process.
pub fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: f64 = text.split(' ').nth(1).expect("statm").parse().expect("statm");
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as f64
}

/// xorshift64*, 0 <= x < 1; all languages draw the same numbers.
pub struct Random(pub u64);

pub const SEED: u64 = 42;

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545F4914F6CDD1D) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Writes one line in the common format.
pub fn print(name: &str, unit: &str, n: usize, raw: &[f64]) {
    let mut sorted = raw.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let median = (sorted[(raw.len() - 1) / 2] + sorted[raw.len() / 2]) / 2.0;
    let all: Vec<String> = raw.iter().map(|value| value.to_string()).collect();
    println!(
        "{{\"name\": \"{}\", \"unit\": \"{}\", \"n\": {}, \"repetitions\": {}, \
         \"value\": {}, \"raw\": [{}]}}",
        name,
        unit,
        n,
        raw.len(),
        median,
        all.join(", ")
    );
}
