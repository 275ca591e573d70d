# SPDX-License-Identifier: MIT
add_executable(simul_program
    cli/main.c cli/cli.c cli/cmd_serve.c cli/serve_routes.c cli/serve_stop.c
    cli/cmd_compare.c cli/compare_row.c cli/compare_child.c cli/compare_report.c
    cli/compare_plot.c
    cli/cmd_fetch.c cli/fetch_source.c cli/fetch_job.c cli/fetch_file.c
    cli/fetch_report.c)
set_target_properties(simul_program PROPERTIES
    OUTPUT_NAME simul RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
target_include_directories(simul_program PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
if(SIMUL_TLS)
    target_compile_definitions(simul_program PRIVATE SIMUL_TLS)
endif()
target_link_libraries(simul_program PRIVATE simul_static simul_flags PkgConfig::JANSSON)
