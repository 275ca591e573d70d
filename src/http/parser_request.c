/* SPDX-License-Identifier: MIT */
/*
 * The request line: method SP target SP version. (Contract: parser.h.)
 */
#include "http/parser_impl.h"

/* The words around the two spaces; the target's own characters are looked at later. */
static int request_line(struct sm_http_head *head, struct sm_http_slice line)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    while (sm_http_is(*p, SM_HTTP_TOKEN))
        p++;
    head->method = (struct sm_http_slice){line.ptr, (size_t)(p - line.ptr)};
    if (*p != ' ') /* the driver has seen to it that it is not empty */
        return sm_http_refuse(head, SM_HTTP_BAD_METHOD);
    if (head->method.len > SM_HTTP_METHOD_MAX)
        return sm_http_refuse(head, SM_HTTP_BAD_METHOD_LENGTH);

    const char *target = p + 1, *space = memchr(target, ' ', (size_t)(end - target));
    if (!space || space == target || end - space != 1 + SM_HTTP_VERSION_LEN
        || !sm_http_is_version(space + 1))
        return sm_http_refuse(head, SM_HTTP_BAD_REQUEST_LINE);
    head->target = (struct sm_http_slice){target, (size_t)(space - target)};
    int r = sm_http_version_parse(head, space + 1);
    return r < 0 ? r : sm_http_target_parse(head);
}

ssize_t sm_http_request_parse(struct sm_http_head *head, const char *buf, size_t len)
{
    ssize_t n = sm_http_head_parse(head, buf, len, request_line);
    if (n <= 0)
        return n;
    int r = sm_http_framing_finish_request(head);
    return r < 0 ? r : n;
}
