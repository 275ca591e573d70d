# SPDX-License-Identifier: MIT
if(SIMUL_TLS)
    set(SM_TLS_SUPPORT tls/certs.c task/trace.c net/pair.c)
    sm_test_backends(test_tls_handshake tls/test_tls_handshake.c ${SM_TLS_SUPPORT})
    sm_test_backends(test_tls_resume tls/test_tls_resume.c ${SM_TLS_SUPPORT})
    sm_test_backends(test_tls_stream tls/test_tls_stream.c ${SM_TLS_SUPPORT})
    sm_test_backends(test_tls_transport tls/test_tls_transport.c net/protocol.c
        ${SM_TLS_SUPPORT})
    sm_test_backends(test_tls_held tls/test_tls_held.c net/protocol.c ${SM_TLS_SUPPORT})
    sm_test_backends(test_tls_context tls/test_tls_context.c ${SM_TLS_SUPPORT})
    sm_test_backends(test_tls_peers tls/test_tls_peers.c ${SM_TLS_SUPPORT})
endif()
