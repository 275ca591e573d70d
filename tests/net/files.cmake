# SPDX-License-Identifier: MIT
set(SM_NET_SUPPORT task/trace.c net/pair.c)
sm_test_backends(test_stream_reader net/test_reader.c ${SM_NET_SUPPORT})
sm_test_backends(test_writer net/test_writer.c ${SM_NET_SUPPORT})
sm_test_backends(test_server net/test_server.c ${SM_NET_SUPPORT})
sm_test_backends(test_resolve net/test_resolve.c net/dns.c ${SM_NET_SUPPORT})
sm_test_backends(test_connect net/test_connect.c net/dns.c ${SM_NET_SUPPORT})
