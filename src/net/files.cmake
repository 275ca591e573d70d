# SPDX-License-Identifier: MIT
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
list(APPEND SM_LIBS PkgConfig::CARES)
list(APPEND SM_PC_REQUIRES libcares)
sm_sources(address.c socket.c resolve.c resolve_cares.c connect.c listen.c
    stream.c stream_read.c tcp.c tcp_write.c tcp_outbox.c pipe.c pipe_end.c stdio.c
    server.c accept.c client.c
    sock.c sock_connect.c unix_address.c unix_connect.c unix_server.c unix_name.c
    datagram.c datagram_open.c getnameinfo.c sendfile.c stream_sendfile.c
    watch.c transport.c transport_read.c transport_write.c transport_create.c
    transport_datagram.c transport_info.c transport_secure.c transport_pipe.c)
