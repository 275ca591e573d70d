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

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	var raw []float64
	for i := 0; i < bench.Repetitions; i++ {
		start := support.CPU()
		if bench.Shape == "batch" {
			batch(bench.N)
		} else {
			await(bench.N)
		}
		raw = append(raw, (support.CPU()-start)*1e9/float64(bench.N))
	}
	support.Print("spawn."+bench.Shape, "ns", bench.N, raw)
}
