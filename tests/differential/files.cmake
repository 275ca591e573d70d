# SPDX-License-Identifier: MIT
# The same random programs in CPython's asyncio and here; on each backend others.
# `make differential` goes on for long.
set(SM_DIFFERENTIAL ${CMAKE_CURRENT_LIST_DIR})
set(SM_PLAYER differential/run.c differential/script.c differential/things.c
    differential/blocks.c differential/operations.c differential/primitives.c)
set(programs 300)
if(SM_LAUNCHER)
    set(programs 50)
endif()

add_executable(play_scripts ${SM_PLAYER})
target_link_libraries(play_scripts PRIVATE simul_static simul_flags)
set(first 0)
foreach(backend ${SIMUL_TEST_BACKENDS})
    math(EXPR last "${first} + ${programs}")
    sm_add_test(differential BACKEND ${backend}
        COMMAND ${SM_DIFFERENTIAL}/run --seeds ${first}-${last}
        ${SM_LAUNCHER} $<TARGET_FILE:play_scripts>)
    set(first ${last})
endforeach()

# The negative control: a cancel that is caught and stays in force. Once is enough.
if(SM_LAUNCHER OR SIMUL_SANITIZE STREQUAL thread)
    return()
endif()
add_executable(play_scripts_planted ${SM_PLAYER})
target_compile_definitions(play_scripts_planted PRIVATE PLANTED)
target_link_libraries(play_scripts_planted PRIVATE simul_static simul_flags)
sm_add_test(differential.planted BACKEND epoll
    COMMAND ${SM_DIFFERENTIAL}/run --seeds 60-100 --reports 1
    ${SM_LAUNCHER} $<TARGET_FILE:play_scripts_planted>)
set_tests_properties(${SIMUL_TEST_PREFIX}differential.planted.epoll PROPERTIES
    PASS_REGULAR_EXPRESSION "except.*  > [0-9.]+ (- done )?t[0-9] .*= cancelled")
