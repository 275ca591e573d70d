# SPDX-License-Identifier: MIT
sm_sources(
    headers.c
    parser_chars.c parser.c parser_request.c parser_response.c parser_target.c
    parser_framing.c
    chunked.c
    http_server.c answer.c request_body.c
    url.c url_resolve.c url_file_name.c url_public.c
    engine_curl.c engine_curl_loop.c engine_curl_transfer.c
    engine_curl_socket.c engine_curl_errors.c
    session.c session_fields.c session_limit.c session_resolve.c session_proxy.c
    session_redirect.c session_request.c
    decoder.c response.c response_body.c response_json.c)

pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
list(APPEND SM_LIBS PkgConfig::CURL PkgConfig::JANSSON PkgConfig::ZLIB)
list(APPEND SM_PC_REQUIRES libcurl jansson zlib)
