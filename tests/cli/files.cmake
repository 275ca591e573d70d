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
