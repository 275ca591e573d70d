# SPDX-License-Identifier: MIT
if(SIMUL_TLS)
    pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3)
    list(APPEND SM_LIBS PkgConfig::OPENSSL)
    list(APPEND SM_PC_REQUIRES openssl)
    sm_sources(tls.c tls_start.c tls_write.c tls_held.c tls_end.c tls_info.c tls_transport.c
        tls_transport_start.c context.c
        openssl.c openssl_store.c openssl_cert.c openssl_error.c)
endif()
