# SPDX-License-Identifier: MIT
# The short way to what CMake and CTest do; `make help` lists the targets.
#
# build/ is the release; each tested configuration has a tree of its own in
# build-test/, and one CTest run goes over all of them.

SHELL := /bin/bash
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# Many tests wait more than they compute.
TEST_JOBS ?= $(shell echo $$((2 * $(JOBS))))
PREFIX ?= /usr/local
# Taken when a tree is configured for the first time.
ifneq ($(shell command -v ninja),)
export CMAKE_GENERATOR ?= Ninja
endif

# What `make test` goes through: presets of CMakePresets.json.
CONFIGS ?= asan optimized ucontext clang tsan valgrind aarch64
TREES = $(CONFIGS:%=build-test/%)

# $(call configured,tree,preset): configure once, and again when the presets change; what
# else changes the build tool sees by itself.
configured = [ $1/.configured -nt CMakePresets.json ] || \
    { cmake --preset $2 > /dev/null && touch $1/.configured; }

.PHONY: all help deps run test test-trees bench fuzz differential test-mutants test-aarch64 \
        install clean $(TREES)

all: ## build the release: build/simul, build/src/libsimul.{a,so}
	@scripts/install-deps --check run
	@$(call configured,build,release)
	@cmake --build build --parallel $(JOBS)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

deps: ## install the Debian packages that are missing, for everything
	@scripts/install-deps run test bench

run: ## build what is needed and run the experiment: simul compare
	@scripts/install-deps run
	@$(MAKE) --no-print-directory all
	build/simul compare

test: ## build and pass all tests, in all configurations
	@scripts/install-deps run test
	@$(MAKE) --no-print-directory test-trees
	@printf 'subdirs(%s)\n' $(CONFIGS) > build-test/CTestTestfile.cmake
	@ctest --test-dir build-test --parallel $(TEST_JOBS) --output-on-failure \
	    --timeout 300 --output-log build-test/ctest.log $(CTEST_ARGS)

test-trees: $(TREES)

# One tree after the other: each is built with all processors.
.NOTPARALLEL:

$(TREES): build-test/%:
	@$(call configured,$@,$*)
	@cmake --build $@ --parallel $(JOBS)

bench: ## measure, each benchmark next to its peers
	@scripts/install-deps run bench
	@$(call configured,build-bench,bench)
	@cmake --build build-bench --parallel $(JOBS)
	@bench/run build-bench

FUZZ_SECONDS ?= 600
fuzz: build-test/clang ## fuzz for long: FUZZ_SECONDS for each target
	@fuzz/run build-test/clang $(FUZZ_SECONDS)

DIFFERENTIAL_SECONDS ?= 600
differential: build-test/asan ## random programs in asyncio and here, for DIFFERENTIAL_SECONDS
	@tests/differential/run --save --seconds $(DIFFERENTIAL_SECONDS) \
	    --seeds $$(date +%s)-0 build-test/asan/tests/play_scripts

test-mutants: ## each planted bug must be caught by a test
	@scripts/install-deps run test
	@tests/mutants/run

test-aarch64: ## cross-build and run the core's tests under qemu-user
	@scripts/install-deps run test
	@$(MAKE) --no-print-directory build-test/aarch64
	@ctest --test-dir build-test/aarch64 --parallel $(TEST_JOBS) --output-on-failure

# The linker's cache, without which programs do not find a library in /usr/local/lib.
install: all ## into PREFIX (/usr/local), under DESTDIR
	@cmake --install build --prefix $(PREFIX)
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || PATH=$$PATH:/sbin ldconfig

clean: ## remove all that was built
	rm -rf build build-*
