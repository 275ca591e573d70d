# SPDX-License-Identifier: MIT
sm_sources(
    headers.c
    parser_chars.c parser.c parser_request.c parser_response.c parser_target.c
    parser_framing.c
    chunked.c
    http_server.c answer.c request_body.c
    url.c url_resolve.c url_file_name.c)
