// SPDX-License-Identifier: MIT

// Yielding with Go: runtime.Gosched(); the shapes and the clock are those of yield.h.
package main

import (
	"runtime"
	"strconv"
	"sync"

	"simul.example/bench/support"
)

const warmUp = 4

var (
	tasks, each, begun, ended int
	start, end                float64
	group                     sync.WaitGroup
	sink                      int
)

func begin() {
	if begun == 0 {
		start = support.CPU()
	}
	begun++
}

func finish() {
	ended++
	if ended == tasks {
		end = support.CPU()
	}
	group.Done()
}

func same() {
	for i := 0; i < warmUp; i++ {
		runtime.Gosched()
	}
	begin()
	for i := 0; i < each; i++ {
		runtime.Gosched()
	}
	finish()
}

//go:noinline
func aThird() { runtime.Gosched(); sink += 1 }

//go:noinline
func aSecond() { aThird(); sink += 2 }

//go:noinline
func aFirst() { aSecond(); sink += 3 }

//go:noinline
func bThird() { runtime.Gosched(); sink += 4 }

//go:noinline
func bSecond() { bThird(); sink += 5 }

//go:noinline
func bFirst() { bSecond(); sink += 6 }

func deepA() {
	for i := 0; i < warmUp; i++ {
		aFirst()
	}
	begin()
	for i := 0; i < each; i++ {
		aFirst()
	}
	finish()
}

func deepB() {
	for i := 0; i < warmUp; i++ {
		bFirst()
	}
	begin()
	for i := 0; i < each; i++ {
		bFirst()
	}
	finish()
}

func round(deep bool) {
	begun, ended = 0, 0
	group.Add(tasks)
	for i := 0; i < tasks; i++ {
		switch {
		case !deep:
			go same()
		case i%2 == 0:
			go deepA()
		default:
			go deepB()
		}
	}
	group.Wait()
}

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	tasks = 2
	if n, err := strconv.Atoi(bench.Shape); err == nil {
		tasks = n
	}
	each = bench.N / tasks
	var raw []float64
	for i := 0; i < bench.Repetitions; i++ {
		round(bench.Shape == "deep")
		raw = append(raw, (end-start)*1e9/float64(each*tasks))
	}
	support.Print("yield."+bench.Shape, "ns", each*tasks, raw)
}
