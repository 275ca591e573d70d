// SPDX-License-Identifier: MIT

// Goroutines that return at once, awaited through a WaitGroup; shapes as in spawn.h.
package main

import (
	"runtime"
	"sync"

	"simul.example/bench/support"
)

var group sync.WaitGroup

func nothing() { group.Done() }

func await(n int) {
	for i := 0; i < n; i++ {
		group.Add(1)
		go nothing()
		group.Wait()
	}
}

func batch(n int) {
	group.Add(n)
	for i := 0; i < n; i++ {
		go nothing()
	}
	group.Wait()
}

func once(shape func(int), n int) float64 {
	start := support.CPU()
	shape(n)
	return (support.CPU() - start) * 1e9 / float64(n)
}

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	shape, name := await, "spawn.await"
	if bench.Shape == "batch" {
		shape, name = batch, "spawn.again"
		support.Print("spawn.batch", "ns", bench.N, []float64{once(batch, bench.N)})
	}
	var raw []float64
	for i := 0; i < bench.Repetitions; i++ {
		raw = append(raw, once(shape, bench.N))
	}
	support.Print(name, "ns", bench.N, raw)
}
