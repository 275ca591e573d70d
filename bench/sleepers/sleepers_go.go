// SPDX-License-Identifier: MIT

// Goroutines in time.Sleep(), measured as in sleepers.h. A sleeping goroutine cannot be
// woken early, so each round sleeps long enough for all to begin, and is slept out.
package main

import (
	"runtime"
	"sync"
	"time"

	"simul.example/bench/support"
)

var (
	group  sync.WaitGroup
	asleep int
	length time.Duration
)

func sleeper() {
	asleep++
	time.Sleep(length)
	group.Done()
}

func startAll(n int) float64 {
	asleep = 0
	group.Add(n)
	start, used := time.Now(), support.CPU()
	for i := 0; i < n; i++ {
		go sleeper()
	}
	for asleep < n {
		runtime.Gosched()
	}
	used = support.CPU() - used
	if time.Since(start) >= length {
		support.Fail("starting all before the first one woke up")
	}
	return used * 1e9 / float64(n)
}

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	length = 500*time.Millisecond + time.Duration(bench.N)*15*time.Microsecond
	before := support.Resident()
	cold := startAll(bench.N)
	bytes := (support.Resident() - before) / float64(bench.N)
	support.Print("sleepers.bytes", "B", bench.N, []float64{bytes})
	support.Print("sleepers.cold", "ns", bench.N, []float64{cold})
	group.Wait()
	length = 500*time.Millisecond + time.Duration(bench.N)*8*time.Microsecond
	var warm []float64
	for i := 0; i < bench.Repetitions; i++ {
		warm = append(warm, startAll(bench.N))
		group.Wait()
	}
	support.Print("sleepers.warm", "ns", bench.N, warm)
}
