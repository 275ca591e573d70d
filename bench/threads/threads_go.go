// SPDX-License-Identifier: MIT

// Go has no pool for blocking calls, since its scheduler moves goroutines away from them. A
// goroutine that is locked to a thread of its own is asked over a channel, and answers.
package main

import (
	"runtime"

	"simul.example/bench/support"
)

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	ask, answer := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		for n := range ask {
			answer <- n
		}
	}()
	var raw []float64
	for r := 0; r < bench.Repetitions; r++ {
		start := support.CPU()
		for i := 0; i < bench.N; i++ {
			ask <- i
			<-answer
		}
		raw = append(raw, (support.CPU()-start)*1e9/float64(bench.N))
	}
	support.Print("threads.call", "ns", bench.N, raw)
}
