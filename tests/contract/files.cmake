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
sm_test_backends(test_poll_backend
    contract/test_poll_backend.c contract/poll_fixture.c)
