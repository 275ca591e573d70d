# SPDX-License-Identifier: MIT
#
#   sm_test(name file...)           one test program (Check, fork mode), run once
#   sm_test_backends(name file...)  the same, run on each poll backend of the tree
#   sm_scenario(name file...)       a whole program that ends with 0, on each backend;
#                                   swept as such (sm_sweep_program)
#   sm_example(name [WITHOUT backend...])
#                                   a program that people copy, and what it has to print
#   sm_seed(name [SWEPT_WITH argument...] [REAL_WITH argument...] [FASTER times]
#           [TAKES seconds] [FETCHES])
#                                   a program of examples/seeds, on the virtual clock and
#                                   on the real one
#   sm_add_test(name [BACKEND b] [TIMEOUT s] COMMAND program...)
#                                   any other test; `program` may be a target
#
# Exit status 77 means: skipped. The name of a test begins with that of its
# configuration (SIMUL_TEST_PREFIX) when `make test` runs them all.

# gcc 12's LeakSanitizer crashed now and then where a library with thread-local variables
# (libdw) had been opened by dlopen(): it is told not to look for those.
set(SM_ENVIRONMENT
    "ASAN_OPTIONS=strict_string_checks=1:intercept_tls_get_addr=0"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=second_deadlock_stack=1")
set(SM_TIMEOUT 300)
set(SM_LAUNCHER "")
if(SIMUL_TEST_LAUNCHER STREQUAL valgrind)
    # Reachable memory is what the libraries keep until exit; a lost pointer is ours.
    set(SM_LAUNCHER valgrind -q --error-exitcode=99 --leak-check=full
        --errors-for-leak-kinds=definite --show-leak-kinds=definite)
elseif(CMAKE_CROSSCOMPILING)
    set(SM_LAUNCHER ${CMAKE_CROSSCOMPILING_EMULATOR})
endif()
if(SM_LAUNCHER OR SIMUL_SANITIZE)
    list(APPEND SM_ENVIRONMENT CK_TIMEOUT_MULTIPLIER=10)
    set(SM_TIMEOUT 600)
endif()

function(sm_add_test name)
    if(name IN_LIST SIMUL_TEST_WITHOUT)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 T "" "BACKEND;TIMEOUT" "COMMAND;ENVIRONMENT")
    list(POP_FRONT T_COMMAND program)
    if(TARGET ${program})
        set(program ${SM_LAUNCHER} $<TARGET_FILE:${program}>)
    endif()
    if(T_BACKEND)
        string(APPEND name .${T_BACKEND})
        list(APPEND T_ENVIRONMENT SIMUL_BACKEND=${T_BACKEND})
    endif()
    if(NOT T_TIMEOUT)
        set(T_TIMEOUT ${SM_TIMEOUT})
    endif()
    add_test(NAME ${SIMUL_TEST_PREFIX}${name} COMMAND ${program} ${T_COMMAND})
    set_tests_properties(${SIMUL_TEST_PREFIX}${name} PROPERTIES
        ENVIRONMENT "${SM_ENVIRONMENT};${T_ENVIRONMENT}"
        SKIP_RETURN_CODE 77 TIMEOUT ${T_TIMEOUT})
endfunction()

# ---- sweeps: see support/sweep.h. Once on epoll is enough for what does not know which
# backend it runs on. (The contract of stream layers does not either, and takes the longest;
# on the other backends streams are swept by a scenario.) Files are io_uring's own business,
# and closing a loop has to wait for what is in flight there.
# Of a test that makes the same call a thousand times the first ones are swept: two of each
# site, or, in the layers above task/ and where every run looks for the names of functions, the
# first one. Scenarios are swept whole on each backend, but for six calls of each site of that
# of streams; examples and seeds on epoll, one call of each site, and every await.
set(SIMUL_SWEEP_LIMIT 2 CACHE STRING
    "how many calls of one site are made to fail in each test; 0: all")
set(SM_SWEEP_DIR ${PROJECT_BINARY_DIR}/sweep)

# sm_sweep(name [BACKEND b] COMMAND ...): a test that is part of the sweep
function(sm_sweep name)
    if(NOT SIMUL_SWEEPS)
        return()
    endif()
    cmake_parse_arguments(PARSE_ARGV 1 T "" "BACKEND" "COMMAND;ENVIRONMENT")
    set(test sweep.${name})
    sm_add_test(${test} ${ARGN} TIMEOUT 1200)
    if(T_BACKEND)
        string(APPEND test .${T_BACKEND})
    endif()
    set_property(TEST ${SIMUL_TEST_PREFIX}${test} APPEND PROPERTY ENVIRONMENT
        SIMUL_FAULT_LOG=${SM_SWEEP_DIR}/${test}.log CK_TIMEOUT_MULTIPLIER=3)
    set_tests_properties(${SIMUL_TEST_PREFIX}${test} PROPERTIES
        FIXTURES_REQUIRED ${SIMUL_TEST_PREFIX}sweep)
endfunction()

function(sm_sweep_tests name folder)
    if(name STREQUAL test_session_memory)
        return() # it makes allocations fail itself
    endif()
    get_filename_component(folder ${folder} NAME)
    set(backends epoll)
    if(name MATCHES "^test_poll")
        set(backends ${SIMUL_TEST_BACKENDS})
    elseif(name MATCHES "^test_(file|close)$" AND "io_uring" IN_LIST SIMUL_TEST_BACKENDS)
        list(APPEND backends io_uring)
    endif()
    set(limit ${SIMUL_SWEEP_LIMIT})
    if(name STREQUAL test_fault)
        set(limit 0) # it counts its calls itself
    elseif(limit AND (NOT folder MATCHES "^(base|switch|poll|loop|task|contract)$"
            OR name MATCHES "^test_(stream_layer|graph)$"))
        set(limit 1)
    endif()
    foreach(backend ${backends})
        sm_sweep(${name} BACKEND ${backend} COMMAND ${name} ENVIRONMENT
            HARNESS_SWEEP=all SIMUL_FAULT_LIMIT=${limit})
    endforeach()
endfunction()

# sm_sweep_program(name target [driver]): sweep over a program that is no test, or over one
# that a driver runs
function(sm_sweep_program name target)
    set(limit ${SIMUL_SWEEP_LIMIT})
    if(name STREQUAL scenario_streams)
        set(limit 6)
    elseif(name MATCHES "^scenario")
        set(limit 0)
    elseif(limit AND name MATCHES "^example_")
        set(limit 1)
    endif()
    set(backends ${SIMUL_TEST_BACKENDS})
    if(name MATCHES "^example_")
        set(backends epoll)
    endif()
    foreach(backend ${backends})
        foreach(kind faults cancels)
            sm_sweep(${name}.${kind} BACKEND ${backend} COMMAND
                ${PROJECT_SOURCE_DIR}/tests/support/sweep-program ${kind}
                ${ARGN} $<TARGET_FILE:${target}>
                ENVIRONMENT SIMUL_FAULT_LIMIT=${limit})
        endforeach()
    endforeach()
endfunction()

if(SIMUL_SWEEPS)
    # The first and the last of the sweep: empty the logs, report from them.
    sm_add_test(sweep-begin COMMAND sh -c "rm -rf ${SM_SWEEP_DIR} && mkdir ${SM_SWEEP_DIR}")
    sm_add_test(sweep-sites COMMAND
        ${PROJECT_SOURCE_DIR}/tests/support/sites ${SM_SWEEP_DIR})
    set_tests_properties(${SIMUL_TEST_PREFIX}sweep-begin PROPERTIES
        FIXTURES_SETUP ${SIMUL_TEST_PREFIX}sweep)
    set_tests_properties(${SIMUL_TEST_PREFIX}sweep-sites PROPERTIES
        FIXTURES_CLEANUP ${SIMUL_TEST_PREFIX}sweep)
endif()

# ---- what the folders call

function(sm_test_program name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE harness)
endfunction()

function(sm_test name)
    sm_test_program(${name} ${ARGN})
    sm_add_test(${name} COMMAND ${name})
    sm_sweep_tests(${name} ${CMAKE_CURRENT_LIST_DIR})
endfunction()

function(sm_test_backends name)
    sm_test_program(${name} ${ARGN})
    foreach(backend ${SIMUL_TEST_BACKENDS})
        sm_add_test(${name} BACKEND ${backend} COMMAND ${name})
    endforeach()
    sm_sweep_tests(${name} ${CMAKE_CURRENT_LIST_DIR})
endfunction()

function(sm_scenario name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE simul_static simul_flags)
    foreach(backend ${SIMUL_TEST_BACKENDS})
        sm_add_test(${name} BACKEND ${backend} COMMAND ${name})
    endforeach()
    sm_sweep_program(${name} ${name})
endfunction()

# NAME.c of the current folder, compiled as its user would. What it prints, on each backend,
# has to be tests/examples/NAME.txt; it is swept as a scenario is. If there is a
# tests/examples/NAME.py, that is run with the program as its argument, talks to it, and
# prints what has to be.
function(sm_example name)
    cmake_parse_arguments(PARSE_ARGV 1 T "" "" "WITHOUT")
    list(REMOVE_ITEM SIMUL_TEST_BACKENDS "" ${T_WITHOUT})
    add_executable(example_${name} ${name}.c)
    target_link_libraries(example_${name} PRIVATE simul_static simul_flags)
    set(folder ${PROJECT_SOURCE_DIR}/tests/examples)
    set(driver "")
    if(EXISTS ${folder}/${name}.py)
        set(driver ${folder}/${name}.py)
    endif()
    foreach(backend ${SIMUL_TEST_BACKENDS})
        sm_add_test(example_${name} BACKEND ${backend}
            COMMAND ${PROJECT_SOURCE_DIR}/tests/support/prints ${folder}/${name}.txt
            ${driver} ${SM_LAUNCHER} $<TARGET_FILE:example_${name}>)
    endforeach()
    sm_sweep_program(example_${name} example_${name} ${driver})
endfunction()

# NAME.c of examples/seeds, compiled as its user would, but for the clock in front of it
# (examples/support/clock.h). On the virtual clock it has to print tests/examples/seeds/NAME.txt
# to the letter, on each backend. On the real one, thirty times as fast (or FASTER times), the
# same with numbers that are not lower; with arguments REAL_WITH it is NAME_real.txt; not where
# a sanitizer or valgrind makes it slow. One that does not print how long it takes TAKES so many
# seconds of its clock. Swept once, on epoll.
# What a NAME.py or a NAME_real.py in that folder prints about the program that it runs, its
# argument, stands for what the program prints. With NAME.py there is the real clock only; one
# that FETCHES does so from `simul serve`, which is $SIMUL_PROGRAM.
function(sm_seed name)
    cmake_parse_arguments(PARSE_ARGV 1 T "FETCHES" "FASTER;TAKES" "SWEPT_WITH;REAL_WITH")
    if(NOT T_FASTER)
        set(T_FASTER 30)
    endif()
    set(takes "")
    if(DEFINED T_TAKES)
        set(takes SEEDS_TAKES=${T_TAKES})
    endif()
    add_executable(seed_${name} ${name}.c)
    target_link_libraries(seed_${name} PRIVATE seeds_support)
    target_compile_options(seed_${name} PRIVATE
        -include ${PROJECT_SOURCE_DIR}/examples/support/clock.h)
    set(support ${PROJECT_SOURCE_DIR}/tests/support)
    set(seed ${PROJECT_SOURCE_DIR}/tests/examples/seeds/${name})
    set(program ${SM_LAUNCHER} $<TARGET_FILE:seed_${name}>)
    set(environment SEEDS_CLOCK=virtual)
    if(EXISTS ${seed}.py)
        list(PREPEND program ${seed}.py)
        set(environment SEEDS_FASTER=${T_FASTER})
    else()
        sm_seed_on_real_clock(${name} ${program})
    endif()
    if(T_FETCHES)
        list(APPEND environment SIMUL_PROGRAM=$<TARGET_FILE:simul_program>)
    endif()
    foreach(backend ${SIMUL_TEST_BACKENDS})
        sm_add_test(seed_${name} BACKEND ${backend} ENVIRONMENT ${environment} ${takes}
            COMMAND ${support}/prints ${seed}.txt ${program})
    endforeach()
    list(APPEND environment SIMUL_FAULT_LIMIT=1)
    foreach(kind faults cancels)
        sm_sweep(seed_${name}.${kind} BACKEND epoll ENVIRONMENT ${environment}
            COMMAND ${support}/sweep-program ${kind} ${program} ${T_SWEPT_WITH})
    endforeach()
endfunction()

# It sees T_FASTER and T_REAL_WITH, arguments of sm_seed, and `takes`.
function(sm_seed_on_real_clock name)
    if(SM_LAUNCHER OR SIMUL_SANITIZE)
        return()
    endif()
    set(file ${PROJECT_SOURCE_DIR}/tests/examples/seeds/${name})
    set(check prints-on-real-clock)
    if(EXISTS ${file}_real.txt)
        string(APPEND file _real)
        set(takes "")
    endif()
    set(driver "")
    if(EXISTS ${file}.py)
        set(driver ${file}.py)
        set(check prints)
    endif()
    sm_add_test(seed_${name}.real ENVIRONMENT SEEDS_FASTER=${T_FASTER} ${takes} COMMAND
        ${PROJECT_SOURCE_DIR}/tests/support/${check} ${file}.txt ${driver} ${ARGN} ${T_REAL_WITH})
endfunction()
