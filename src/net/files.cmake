# SPDX-License-Identifier: MIT
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
list(APPEND SM_LIBS PkgConfig::CARES)
sm_sources(address.c stream.c reader.c tcp.c tcp_write.c)
