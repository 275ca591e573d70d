// SPDX-License-Identifier: MIT

// Timers with Go, measured as in timers.h; shape "tasks": goroutines in time.Sleep(),
// "callbacks": time.AfterFunc(), which starts a goroutine for each that fires.
package main

import (
	"runtime"
	"sync"
	"time"

	"simul.example/bench/support"
)

func all(n int, callbacks bool) {
	var group sync.WaitGroup
	random := support.Random{State: support.Seed}
	group.Add(n)
	for i := 0; i < n; i++ {
		length := time.Duration(random.Next() * float64(time.Second))
		if callbacks {
			time.AfterFunc(length, group.Done)
		} else {
			go func() {
				time.Sleep(length)
				group.Done()
			}()
		}
	}
	group.Wait()
}

func main() {
	bench := support.Args()
	runtime.GOMAXPROCS(1)
	var cpu, wall []float64
	for i := 0; i < bench.Repetitions; i++ {
		used, start := support.CPU(), time.Now()
		all(bench.N, bench.Shape == "callbacks")
		wall = append(wall, time.Since(start).Seconds())
		cpu = append(cpu, support.CPU()-used)
	}
	support.Print("timers.cpu", "s", bench.N, cpu)
	support.Print("timers.wall", "s", bench.N, wall)
}
