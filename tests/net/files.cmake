# SPDX-License-Identifier: MIT
set(SM_NET_SUPPORT task/trace.c net/pair.c)
sm_test_backends(test_stream_read net/test_stream_read.c ${SM_NET_SUPPORT})
sm_test_backends(test_stream_write net/test_stream_write.c ${SM_NET_SUPPORT})
sm_test_backends(test_pipe net/test_pipe.c ${SM_NET_SUPPORT})
sm_test_backends(test_transport net/test_transport.c net/protocol.c ${SM_NET_SUPPORT})
sm_test_backends(test_transport_datagram net/test_transport_datagram.c ${SM_NET_SUPPORT})
sm_test_backends(test_transport_pipe net/test_transport_pipe.c net/protocol.c ${SM_NET_SUPPORT})
sm_test_backends(test_server net/test_server.c ${SM_NET_SUPPORT})
sm_test_backends(test_resolve net/test_resolve.c net/dns.c ${SM_NET_SUPPORT})
sm_test_backends(test_connect net/test_connect.c net/dns.c ${SM_NET_SUPPORT})
sm_test_backends(test_sock net/test_sock.c ${SM_NET_SUPPORT})
sm_test_backends(test_datagram net/test_datagram.c support/folder.c ${SM_NET_SUPPORT})
sm_test_backends(test_sendfile net/test_sendfile.c support/folder.c ${SM_NET_SUPPORT})
sm_test_backends(test_unix net/test_unix.c support/folder.c ${SM_NET_SUPPORT})

# It counts memory; a task that fails leaves the other one waiting: nothing for a sweep.
sm_test_program(test_waiting net/test_waiting.c ${SM_NET_SUPPORT})
foreach(backend ${SIMUL_TEST_BACKENDS})
    sm_add_test(test_waiting BACKEND ${backend} COMMAND test_waiting)
endforeach()

sm_test_program(test_many net/test_many.c)
# ThreadSanitizer has 8,128 threads, and each of our stacks counts as one.
if(NOT SIMUL_SANITIZE STREQUAL "thread")
    foreach(backend ${SIMUL_TEST_BACKENDS})
        sm_add_test(test_many BACKEND ${backend} COMMAND test_many)
    endforeach()
endif()
