// SPDX-License-Identifier: MIT

// Package support is bench.h for the programs in Go.
package support

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

// Bench is what the command line asks for.
type Bench struct {
	Shape       string
	N           int
	Repetitions int
}

// Fail ends the program.
func Fail(what string) {
	fmt.Fprintln(os.Stderr, "bench:", what, "failed")
	os.Exit(1)
}

// Args reads SHAPE N REPETITIONS.
func Args() Bench {
	if len(os.Args) != 4 {
		Fail("reading the arguments")
	}
	n, err1 := strconv.Atoi(os.Args[2])
	repetitions, err2 := strconv.Atoi(os.Args[3])
	if err1 != nil || err2 != nil || n < 1 || repetitions < 1 {
		Fail("reading the arguments")
	}
	return Bench{os.Args[1], n, repetitions}
}

const clockProcessCPU = 2

// CPU gives the seconds used by all threads, user and system.
func CPU() float64 {
	var used syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockProcessCPU,
		uintptr(unsafe.Pointer(&used)), 0)
	return float64(used.Nano()) * 1e-9
}

// Resident gives the resident bytes of this process.
func Resident() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		Fail("reading /proc/self/statm")
	}
	pages, _ := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	return pages * float64(os.Getpagesize())
}

// Random is xorshift64*, 0 <= x < 1; all languages draw the same numbers.
type Random struct{ State uint64 }

// Seed starts each series.
const Seed = 42

// Next draws one.
func (r *Random) Next() float64 {
	r.State ^= r.State >> 12
	r.State ^= r.State << 25
	r.State ^= r.State >> 27
	return float64(r.State*0x2545F4914F6CDD1D>>11) / (1 << 53)
}

// Print writes one line in the common format.
func Print(name, unit string, n int, raw []float64) {
	sorted := append([]float64(nil), raw...)
	sort.Float64s(sorted)
	median := (sorted[(len(raw)-1)/2] + sorted[len(raw)/2]) / 2
	all := make([]string, len(raw))
	for i, value := range raw {
		all[i] = fmt.Sprintf("%.9g", value)
	}
	fmt.Printf("{\"name\": %q, \"unit\": %q, \"n\": %d, \"repetitions\": %d, "+
		"\"value\": %.9g, \"raw\": [%s]}\n",
		name, unit, n, len(raw), median, strings.Join(all, ", "))
}
