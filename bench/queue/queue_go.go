// SPDX-License-Identifier: MIT

// Items through a buffered channel; shapes and clock as in queue.h.
package main

import (
	"runtime"
	"strconv"

	"simul.example/bench/support"
)

func once(size, n int) float64 {
	var start, end float64
	warm, sum := 4*size+16, 0
	queue, done := make(chan int, size), make(chan bool)
	go func() {
		for i := 0; i < warm; i++ {
			queue <- 0
		}
		start = support.CPU()
		for i := 1; i <= n; i++ {
			queue <- i
		}
		done <- true
	}()
	go func() {
		for i := 0; i < warm+n; i++ {
			sum += <-queue
		}
		end = support.CPU()
		done <- true
	}()
	<-done
	<-done
	if sum != n*(n+1)/2 {
		support.Fail("passing each item once")
	}
	return (end - start) * 1e9 / float64(n)
}

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	size, _ := strconv.Atoi(bench.Shape)
	var raw []float64
	for i := 0; i < bench.Repetitions; i++ {
		raw = append(raw, once(size, bench.N))
	}
	support.Print("queue."+bench.Shape, "ns", bench.N, raw)
}
