// SPDX-License-Identifier: MIT

// A channel with one place as the lock: sync.Mutex lets the one that has just released it
// take it again. As in lock.h.
package main

import (
	"runtime"

	"simul.example/bench/support"
)

const warmUp = 16

func once(each int) float64 {
	var start, end float64
	begun, ended, last, handed := 0, 0, 1, 0
	lock, done := make(chan bool, 1), make(chan bool)
	holdOnce := func(self int) {
		lock <- true
		if last != self {
			handed++
		}
		last = self
		<-lock
	}
	hold := func(self int) {
		for i := 0; i < warmUp; i++ {
			holdOnce(self)
		}
		if begun == 0 {
			start = support.CPU()
		}
		begun++
		for i := 0; i < each; i++ {
			holdOnce(self)
		}
		ended++
		if ended == 2 {
			end = support.CPU()
		}
		done <- true
	}
	lock <- true
	go hold(0)
	go hold(1)
	runtime.Gosched()
	<-lock
	<-done
	<-done
	if handed < 2*each {
		support.Fail("handing over each time")
	}
	return (end - start) * 1e9 / float64(2*each)
}

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	var raw []float64
	for i := 0; i < bench.Repetitions; i++ {
		raw = append(raw, once(bench.N/2))
	}
	support.Print("lock.handover", "ns", bench.N, raw)
}
