/* SPDX-License-Identifier: MIT */
/*
 * The request target in its four forms (RFC 9112, 3.2), each with the methods that may
 * have it.
 */
#include "http/parser_impl.h"
#include "http/url.h"

/* CONNECT host:port */
static int authority_form(struct sm_http_head *head)
{
    struct sm_http_authority authority;
    if (sm_http_authority_parse(head->target, &authority) < 0 || authority.port == 0)
        return sm_http_refuse(head, SM_HTTP_BAD_TARGET);
    head->authority = head->target;
    return 0;
}

/* GET http://host/path */
static int absolute_form(struct sm_http_head *head)
{
    struct sm_http_url url;
    if (sm_http_url_parse(head->target.ptr, head->target.len, &url) < 0
        || url.userinfo.ptr || url.fragment.ptr)
        return sm_http_refuse(head, SM_HTTP_BAD_TARGET);
    head->authority = url.authority;
    head->path = url.target;
    return 0;
}

/* GET /path */
static int origin_form(struct sm_http_head *head)
{
    if (!sm_http_path_is_valid(head->target))
        return sm_http_refuse(head, SM_HTTP_BAD_TARGET);
    head->path = head->target;
    return 0;
}

/* OPTIONS * */
static int asterisk_form(struct sm_http_head *head)
{
    if (!sm_http_slice_equal(head->method, "OPTIONS"))
        return sm_http_refuse(head, SM_HTTP_BAD_TARGET_FORM);
    head->path = head->target;
    return 0;
}

int sm_http_target_parse(struct sm_http_head *head)
{
    if (sm_http_slice_equal(head->method, "CONNECT"))
        return authority_form(head);
    if (head->target.ptr[0] == '/')
        return origin_form(head);
    if (sm_http_slice_equal(head->target, "*"))
        return asterisk_form(head);
    return absolute_form(head);
}
