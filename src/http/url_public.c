/* SPDX-License-Identifier: MIT */
/* What of URLs is for everybody: see simul/http.h. */
#include <simul/http.h>
#include <string.h>

#include "http/url.h"

enum { NAME_MIN = 16 };

ssize_t simul_url_file_name(const char *text, char *out, size_t size)
{
    struct sm_http_url url;
    if (size < NAME_MIN)
        return -EINVAL;
    int r = sm_http_url_parse(text, strlen(text), &url);
    return r < 0 ? r : (ssize_t)sm_http_url_file_name(&url, out, size);
}
