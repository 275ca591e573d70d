/* SPDX-License-Identifier: MIT */
/*
 * The proxy that the environment asks for, for those who want to be asked: http_proxy (not
 * in capitals: a CGI program has that from its client), https_proxy, all_proxy, no_proxy.
 */
#include "http/session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *variable(const char *name, const char *capitals)
{
    const char *value = getenv(name);
    if ((!value || !*value) && capitals)
        value = getenv(capitals);
    return value && *value ? value : NULL;
}

/* "example.com" and ".example.com" stand for the host and all below it. */
static bool covers(struct sm_http_slice entry, struct sm_http_slice host)
{
    if (sm_http_slice_equal(entry, "*"))
        return true;
    if (entry.len > 0 && *entry.ptr == '.') {
        entry.ptr++;
        entry.len--;
    }
    if (entry.len == 0 || entry.len > host.len)
        return false;
    const char *tail = host.ptr + host.len - entry.len;
    return strncasecmp(tail, entry.ptr, entry.len) == 0
           && (tail == host.ptr || tail[-1] == '.');
}

static bool is_exempt(struct sm_http_slice host)
{
    const char *list = variable("no_proxy", "NO_PROXY");
    struct sm_http_slice rest = {list, list ? strlen(list) : 0}, entry;
    while (sm_http_list_next(&rest, &entry))
        if (covers(entry, host))
            return true;
    return false;
}

const char *sm_proxy_from_env(const char *text)
{
    struct sm_http_url url;
    if (sm_http_url_parse(text, strlen(text), &url) < 0 || is_exempt(url.host))
        return NULL;
    const char *proxy = url.https ? variable("https_proxy", "HTTPS_PROXY")
                                  : variable("http_proxy", NULL);
    return proxy ? proxy : variable("all_proxy", "ALL_PROXY");
}
