# SPDX-License-Identifier: MIT
# One line per architecture that has assembly; ucontext serves the others.
set(SM_SWITCH_SOURCE switch_ucontext.c)
if(NOT SIMUL_SWITCH STREQUAL "ucontext")
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
        set(SM_SWITCH_SOURCE switch_x86_64.S)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
        set(SM_SWITCH_SOURCE switch_aarch64.S)
    endif()
endif()
if(SM_SWITCH_SOURCE STREQUAL "switch_ucontext.c")
    list(APPEND SM_LIBS m) # fesetenv(3)
endif()
sm_sources(${SM_SWITCH_SOURCE} stack.c slab.c guard.c trim.c roots.c overflow.c)
