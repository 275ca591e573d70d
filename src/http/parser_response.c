/* SPDX-License-Identifier: MIT */
/*
 * The status line: version SP three digits [SP reason]. (Contract: parser.h.)
 *
 * The space after the status belongs there even when there is no reason, but so many
 * servers leave it out that it is not asked for.
 */
#include "http/parser_impl.h"

#define STATUS_LEN (SM_HTTP_VERSION_LEN + 4) /* "HTTP/1.1 200" */

static bool status_digits(const char *p, int *status)
{
    for (int i = 0; i < 3; i++)
        if (!sm_http_is(p[i], SM_HTTP_DIGIT))
            return false;
    *status = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    return *status >= 100 && *status < 600;
}

static bool is_reason(const char *p, const char *end)
{
    while (p < end && sm_http_is(*p, SM_HTTP_FIELD))
        p++;
    return p == end;
}

static int status_line(struct sm_http_head *head, struct sm_http_slice line)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    if (line.len < STATUS_LEN || !sm_http_is_version(p) || p[SM_HTTP_VERSION_LEN] != ' '
        || !status_digits(p + SM_HTTP_VERSION_LEN + 1, &head->status))
        return sm_http_refuse(head, SM_HTTP_BAD_STATUS_LINE);
    p += STATUS_LEN;
    if (p < end && (*p++ != ' ' || !is_reason(p, end)))
        return sm_http_refuse(head, SM_HTTP_BAD_STATUS_LINE);
    head->reason = (struct sm_http_slice){p, (size_t)(end - p)};
    return sm_http_version_parse(head, line.ptr);
}

ssize_t sm_http_response_parse(struct sm_http_head *head, const char *buf, size_t len,
                               bool to_head)
{
    ssize_t n = sm_http_head_parse(head, buf, len, status_line);
    if (n <= 0)
        return n;
    int r = sm_http_framing_finish_response(head, to_head);
    return r < 0 ? r : n;
}
