# SPDX-License-Identifier: MIT
add_library(http_heads STATIC http/heads.c)
target_link_libraries(http_heads PUBLIC harness)
foreach(test parser_request parser_refused parser_limits parser_response)
    sm_test(test_${test} http/test_${test}.c)
    target_link_libraries(test_${test} PRIVATE http_heads)
endforeach()
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
sm_test(test_chunked http/test_chunked.c)
sm_test(test_decoder http/test_decoder.c)
target_link_libraries(test_decoder PRIVATE PkgConfig::ZLIB)
sm_test(test_headers http/test_headers.c)
sm_test(test_url http/test_url.c)
sm_test(test_url_resolve http/test_url_resolve.c)
sm_test(test_url_file_name http/test_url_file_name.c)

add_library(http_server STATIC
    support/http_server.c support/http_server_pages.c http/session_fixture.c)
target_link_libraries(http_server PUBLIC harness PRIVATE PkgConfig::ZLIB)
foreach(test session session_broken session_redirect
        session_limits session_end session_names session_tls session_memory
        session_proxy)
    sm_test_backends(test_${test} http/test_${test}.c)
    target_link_libraries(test_${test} PRIVATE http_server)
endforeach()
