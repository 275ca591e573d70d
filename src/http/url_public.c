/* SPDX-License-Identifier: MIT */
/* What of URLs is for everybody: see simul/http.h. */
#include <simul/http.h>
#include <string.h>

#include "base/sys.h"
#include "http/url.h"

enum { NAME_MIN = 16 };

/* As requests take it: with blanks and bytes above ASCII. */
ssize_t simul_url_file_name(const char *text, char *out, size_t size)
{
    struct sm_http_url url;
    if (size < NAME_MIN)
        return -EINVAL;
    size_t room = 3 * strlen(text) + 5;
    char *escaped = sm_malloc(room);
    if (!escaped)
        return -ENOMEM;
    ssize_t n = sm_http_url_resolve(NULL, text, strlen(text), escaped, room);
    if (n >= 0)
        n = sm_http_url_parse(escaped, (size_t)n, &url);
    if (n >= 0)
        n = (ssize_t)sm_http_url_file_name(&url, out, size);
    sm_free(escaped);
    return n;
}
