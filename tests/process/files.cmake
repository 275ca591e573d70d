# SPDX-License-Identifier: MIT
set(SM_PROCESS_SUPPORT process/fixture.c task/trace.c net/pair.c)
foreach(part spawn process communicate child subprocess)
    sm_test_backends(test_${part} process/test_${part}.c ${SM_PROCESS_SUPPORT})
endforeach()

sm_test_program(test_many_processes process/test_many_processes.c ${SM_PROCESS_SUPPORT})
if(SM_LAUNCHER)
    return() # 1,100 processes, each started by a valgrind, take two minutes
endif()
foreach(backend ${SIMUL_TEST_BACKENDS})
    sm_add_test(test_many_processes BACKEND ${backend} COMMAND test_many_processes)
endforeach()
