/* SPDX-License-Identifier: MIT */
/*
 * A safe name for the file that a URL's content goes to: see url.h.
 */
#include "http/url.h"

#include "base/assert.h"
#include "http/parser_impl.h"

struct name {
    char *out;
    size_t len, size;
};

static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '/' && c != '\\' && c != '%';
}

/* All of it or nothing: no half of an escape at the end. */
static bool append(struct name *name, const char *bytes, size_t len)
{
    if (name->len + len >= name->size)
        return false;
    memcpy(name->out + name->len, bytes, len);
    name->len += len;
    return true;
}

/* One character, undone if it was escaped for no reason, escaped if it must be. */
static bool append_one(struct name *name, const char **p, const char *end)
{
    static const char digits[] = "0123456789ABCDEF";
    char c = *(*p)++;
    if (c == '%' && end - *p >= 2 && sm_http_is((*p)[0], SM_HTTP_HEX)
        && sm_http_is((*p)[1], SM_HTTP_HEX)) {
        c = (char)(sm_http_hex((*p)[0]) << 4 | sm_http_hex((*p)[1]));
        *p += 2;
    }
    if ((c == '.' || c == '-') && name->len == 0)
        c = '_';
    if (is_plain(c))
        return append(name, &c, 1);
    char escape[3] = {'%', digits[(unsigned char)c >> 4],
                      digits[(unsigned char)c & 15]};
    return append(name, escape, 3);
}

static void append_all(struct name *name, struct sm_http_slice text)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    while (p < end && append_one(name, &p, end))
        ;
}

static struct sm_http_slice last_part(struct sm_http_slice path)
{
    const char *slash = path.len > 0 ? memrchr(path.ptr, '/', path.len) : NULL;
    if (!slash)
        return path;
    size_t skipped = (size_t)(slash - path.ptr) + 1;
    return (struct sm_http_slice){slash + 1, path.len - skipped};
}

size_t sm_http_url_file_name(const struct sm_http_url *url, char *out, size_t size)
{
    struct name name = {.out = out, .size = size};
    sm_assert(size >= 16);
    append_all(&name, last_part(url->path));
    if (name.len == 0)
        append(&name, "index.html", 10);
    if (url->query.len > 0) {
        append(&name, "?", 1);
        append_all(&name, url->query);
    }
    out[name.len] = 0;
    return name.len;
}
