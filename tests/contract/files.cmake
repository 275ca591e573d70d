# SPDX-License-Identifier: MIT
# The contracts of the seams: the same tests for everything that implements one.

include(${CMAKE_CURRENT_LIST_DIR}/switch.cmake)

# The poll backends.
add_library(poll_fixture STATIC contract/poll_fixture.c)
target_link_libraries(poll_fixture PUBLIC harness)
foreach(part backend cancel wait file)
    sm_test_backends(test_poll_${part} contract/test_poll_${part}.c)
    target_link_libraries(test_poll_${part} PRIVATE poll_fixture)
endforeach()
target_sources(test_poll_file PRIVATE support/folder.c)

if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    sm_test(test_poll_refused contract/test_poll_refused.c)
    target_link_libraries(test_poll_refused PRIVATE poll_fixture)

    # io_uring as it is set up on older kernels: before 6.6, 6.1 and 5.18.
    if("io_uring" IN_LIST SIMUL_TEST_BACKENDS)
        foreach(part backend cancel wait file)
            foreach(step 1 2 3)
                sm_add_test(test_poll_${part}.older_${step} BACKEND io_uring
                    COMMAND test_poll_${part} ENVIRONMENT TEST_URING_STEP=${step})
            endforeach()
        endforeach()
    endif()
endif()
# Under memcheck the stacks of layers take more than a minute; tests/net and tests/tls are
# run there.
if(SIMUL_NET AND NOT SIMUL_TEST_LAUNCHER STREQUAL valgrind)
    sm_test_backends(test_stream_layer contract/test_stream_layer.c
        contract/layer_rotate.c contract/layer_memory.c task/trace.c net/pair.c)
    if(SIMUL_TLS)
        target_sources(test_stream_layer PRIVATE tls/certs.c)
        target_compile_definitions(test_stream_layer PRIVATE SIMUL_TLS)
    endif()
endif()

# Everything that can be waited for.
sm_test_backends(test_waitable contract/test_waitable.c task/trace.c)
