# SPDX-License-Identifier: MIT
# The contracts of the seams: the same tests for everything that implements one.

include(${CMAKE_CURRENT_LIST_DIR}/switch.cmake)

# The poll backends.
add_library(poll_fixture STATIC contract/poll_fixture.c)
target_link_libraries(poll_fixture PUBLIC harness)
foreach(part backend cancel wait)
    sm_test_backends(test_poll_${part} contract/test_poll_${part}.c)
    target_link_libraries(test_poll_${part} PRIVATE poll_fixture)
endforeach()
