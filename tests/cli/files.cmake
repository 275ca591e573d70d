# SPDX-License-Identifier: MIT
# The program from outside; what serves runs on every backend.
find_package(Python3 COMPONENTS Interpreter REQUIRED)

sm_add_test(cli.compare
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_compare.py
    ENVIRONMENT SIMUL_PROGRAM=$<TARGET_FILE:simul_program>)
foreach(backend ${SIMUL_TEST_BACKENDS})
    foreach(command serve fetch)
        sm_add_test(cli.${command} BACKEND ${backend}
            COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/test_${command}.py
            ENVIRONMENT SIMUL_PROGRAM=$<TARGET_FILE:simul_program>)
    endforeach()
endforeach()

# Each on one backend, since that takes a third of the time.
set(swept_on_io_uring files)
set(swept_on_poll list)
set(swept_on_epoll tls)
foreach(backend ${SIMUL_TEST_BACKENDS})
    foreach(what ${swept_on_${backend}})
        foreach(kind faults cancels)
            sm_sweep(cli.fetch_${what}.${kind} BACKEND ${backend}
                COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/sweep-fetch
                ${what} ${kind} $<TARGET_FILE:simul_program>)
        endforeach()
    endforeach()
endforeach()
foreach(kind faults cancels)
    sm_sweep(cli.serve.${kind} BACKEND epoll
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/sweep-serve
        ${kind} $<TARGET_FILE:simul_program> ENVIRONMENT SIMUL_FAULT_LIMIT=1)
endforeach()
sm_sweep(cli.compare.cancels BACKEND epoll
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/sweep-compare
    cancels $<TARGET_FILE:simul_program>)
# `compare` is six processes, which count each for itself: of the parent its own calls only, of
# two rows (nobody listens, which is as good) theirs.
sm_sweep(cli.compare.faults BACKEND epoll
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/sweep-compare
    faults $<TARGET_FILE:simul_program>
    ENVIRONMENT SIMUL_FAULT_LIMIT=1 SIMUL_FAULT_IN=cli/compare_child)
foreach(row 1 2)
    sm_sweep(cli.compare_row${row}.faults BACKEND epoll
        COMMAND ${PROJECT_SOURCE_DIR}/tests/support/sweep-program faults
        $<TARGET_FILE:simul_program> compare --row ${row} --frequencies 1
        --url http://127.0.0.1:9/
        ENVIRONMENT SIMUL_FAULT_LIMIT=1 SIMUL_FAULT_IN=cli/compare_row no_proxy=*)
endforeach()
