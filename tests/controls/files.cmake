# SPDX-License-Identifier: MIT
# Negative controls: what each kind of tree promises to find, it must find.
add_executable(planted controls/planted.c)
target_link_libraries(planted PRIVATE simul_flags Threads::Threads)
target_compile_options(planted PRIVATE -O0 -w)

# sm_control(bug report): planting `bug` must bring `report`
function(sm_control bug report)
    sm_add_test(control.${bug} COMMAND planted ${bug})
    set_tests_properties(${SIMUL_TEST_PREFIX}control.${bug} PROPERTIES
        PASS_REGULAR_EXPRESSION "${report}")
endfunction()

if(SIMUL_SANITIZE MATCHES address)
    sm_control(overflow "AddressSanitizer: heap-buffer-overflow")
    sm_control(use_after_free "AddressSanitizer: heap-use-after-free")
    sm_control(leak "LeakSanitizer: detected memory leaks")
    sm_control(undefined "runtime error: signed integer overflow")
elseif(SIMUL_SANITIZE STREQUAL thread)
    sm_control(race "ThreadSanitizer: data race")
elseif(SIMUL_TEST_LAUNCHER STREQUAL valgrind)
    sm_control(overflow "Invalid write")
    sm_control(use_after_free "Invalid write")
    sm_control(leak "definitely lost")
    sm_control(uninitialised "depends on uninitialised value")
endif()

# sm_sweep_control(kind test text): the sweep of `kind` over `test` must end with `text`
function(sm_sweep_control kind test text)
    sm_add_test(control.${test} COMMAND swept
        ENVIRONMENT HARNESS_SWEEP=${kind} CK_RUN_CASE=${test} CK_TIMEOUT_MULTIPLIER=1)
    set_tests_properties(${SIMUL_TEST_PREFIX}control.${test} PROPERTIES
        PASS_REGULAR_EXPRESSION "${text}.*1 runs ended badly")
endfunction()

if(SIMUL_SWEEPS)
    sm_test_program(swept controls/swept.c)
    sm_add_test(swept COMMAND swept)
    sm_sweep_control(faults crashes_without_memory "call 1 .*Early exit")
    sm_sweep_control(faults leaks_when_the_second_allocation_fails "call 2 .*Early exit")
    sm_sweep_control(faults leaves_a_descriptor_open "call 2 .*Early exit")
    sm_sweep_control(faults waits_for_ever "call 1 .*timeout expired")
    sm_sweep_control(cancels crashes_when_cancelled "await 1: Received signal 6")
endif()
