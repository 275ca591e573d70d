# SPDX-License-Identifier: MIT
# The contracts of the seams: the same tests for everything that implements one.

# The switch: the machine's own, and ucontext in its place.
set(SM_TEST_SWITCH contract/test_switch.c contract/registers.S)
sm_test(test_switch ${SM_TEST_SWITCH})
sm_test(test_switch_ucontext ${SM_TEST_SWITCH}
    ${PROJECT_SOURCE_DIR}/src/switch/switch_ucontext.c)
target_link_libraries(test_switch PRIVATE m)
target_link_libraries(test_switch_ucontext PRIVATE m)

# The poll backends.
add_library(poll_fixture STATIC contract/poll_fixture.c)
target_link_libraries(poll_fixture PUBLIC harness)
foreach(part backend cancel wait)
    sm_test_backends(test_poll_${part} contract/test_poll_${part}.c)
    target_link_libraries(test_poll_${part} PRIVATE poll_fixture)
endforeach()
