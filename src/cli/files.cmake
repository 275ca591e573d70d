# SPDX-License-Identifier: MIT
add_executable(simul_program
    cli/main.c cli/cli.c cli/cmd_serve.c cli/serve_routes.c
)
set_target_properties(simul_program PROPERTIES
    OUTPUT_NAME simul RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_include_directories(simul_program PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(simul_program PRIVATE simul_static simul_flags)
