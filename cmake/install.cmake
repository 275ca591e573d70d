# SPDX-License-Identifier: MIT
# make install: headers, both libraries, the program, simul.pc, a CMake package, licence.
# The package files name no absolute path, so that the installed tree may be moved.
include(CMakePackageConfigHelpers)

set(SM_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/simul)
file(RELATIVE_PATH SM_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REPLACE ";" " " SM_PC_REQUIRES_LINE "${SM_PC_REQUIRES}")

configure_file(cmake/simul.pc.in simul.pc @ONLY)
configure_package_config_file(cmake/simulConfig.cmake.in simulConfig.cmake
    INSTALL_DESTINATION ${SM_CMAKE_DIR}
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(simulConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS simul simul_static)
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(FILES ${PROJECT_BINARY_DIR}/simul.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_BINARY_DIR}/simulConfig.cmake
              ${PROJECT_BINARY_DIR}/simulConfigVersion.cmake DESTINATION ${SM_CMAKE_DIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET simul_program)
    install(TARGETS simul_program)
endif()
