# SPDX-License-Identifier: MIT
# The contract of the switch: of the machine's own, as a function and inline, and of
# ucontext in its place.
set(SM_UCONTEXT ${PROJECT_SOURCE_DIR}/src/switch/switch_ucontext.c)

# No call in it can be made to fail, so it takes no part in the sweeps.
function(sm_test_switch name)
    sm_test_program(${name} ${ARGN})
    sm_test_program(${name}_inline ${ARGN})
    sm_test_program(${name}_ucontext ${ARGN} ${SM_UCONTEXT})
    target_compile_definitions(${name}_inline PRIVATE SWITCH_INLINE)
    target_compile_definitions(${name}_ucontext PRIVATE SM_SWITCH_UCONTEXT)
    foreach(variant "" _inline _ucontext)
        target_link_libraries(${name}${variant} PRIVATE m)
        sm_add_test(${name}${variant} COMMAND ${name}${variant})
    endforeach()
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
        foreach(variant suspended suspended_inline)
            add_executable(${variant} contract/suspended.c)
            target_include_directories(${variant} PRIVATE
                ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
            target_link_libraries(${variant} PRIVATE simul_static simul_flags)
            target_compile_options(${variant} PRIVATE -g)
        endforeach()
        target_compile_definitions(suspended_inline PRIVATE SWITCH_INLINE)
        set(unwind ${CMAKE_CURRENT_SOURCE_DIR}/contract/unwind-suspended)
        if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
            set(jump sm_switch_jump)
            set(both sm_switch_jump sm_switch)
        else()
            set(jump sm_switch)
            set(both sm_switch)
        endif()
        sm_add_test(unwind-suspended COMMAND ${unwind} $<TARGET_FILE:suspended> ${both})
        sm_add_test(unwind-suspended-inline COMMAND
            ${unwind} $<TARGET_FILE:suspended_inline> ${jump})
    endif()
endif()
