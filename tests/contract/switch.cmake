# SPDX-License-Identifier: MIT
# The contract of the switch: of the machine's own, and of ucontext in its place.
set(SM_UCONTEXT ${PROJECT_SOURCE_DIR}/src/switch/switch_ucontext.c)

function(sm_test_switch name)
    sm_test(${name} ${ARGN})
    sm_test(${name}_ucontext ${ARGN} ${SM_UCONTEXT})
    target_link_libraries(${name} PRIVATE m)
    target_link_libraries(${name}_ucontext PRIVATE m)
endfunction()

sm_test_switch(test_switch contract/test_switch.c contract/registers.S)

# A machine without a C++ compiler has no exceptions to care for.
if(NOT CMAKE_CROSSCOMPILING)
    include(CheckLanguage)
    check_language(CXX)
    if(CMAKE_CXX_COMPILER)
        enable_language(CXX)
        sm_test_switch(test_switch_exceptions contract/test_switch_exceptions.cpp)
    endif()
endif()

if(NOT SIMUL_SWITCH STREQUAL "ucontext")
    sm_add_test(object-notes COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/contract/object-notes
        $<TARGET_FILE:simul_static> ${CMAKE_SYSTEM_PROCESSOR})
    # A debugger and a sanitizer are in each other's way, and it sees no emulated machine.
    if(NOT SIMUL_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
        add_executable(suspended contract/suspended.c)
        target_include_directories(suspended PRIVATE
            ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
        target_link_libraries(suspended PRIVATE simul_static simul_flags)
        target_compile_options(suspended PRIVATE -g)
        sm_add_test(unwind-suspended COMMAND
            ${CMAKE_CURRENT_SOURCE_DIR}/contract/unwind-suspended $<TARGET_FILE:suspended>)
    endif()
endif()
