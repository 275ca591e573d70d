/* SPDX-License-Identifier: MIT */
/* gzip and deflate, by zlib. (See decoder.h.) */
#include "http/decoder.h"

#include <limits.h>
#include <simul.h>

#include "base/sys.h"

/* Windows of zlib: 15 bits; 16 more for gzip, less than none for no header at all. */
enum { WINDOW = 15, GZIP = WINDOW + 16, RAW = -WINDOW };

static enum sm_coding coding_of(struct sm_http_slice token)
{
    if (sm_http_slice_is(token, "identity"))
        return SM_CODING_NONE;
    if (sm_http_slice_is(token, "gzip") || sm_http_slice_is(token, "x-gzip"))
        return SM_CODING_GZIP;
    return sm_http_slice_is(token, "deflate") ? SM_CODING_DEFLATE : SM_CODING_OTHER;
}

void sm_decoder_add(struct sm_decoder *decoder, struct sm_http_slice value)
{
    struct sm_http_slice token;
    while (sm_http_list_next(&value, &token)) {
        enum sm_coding coding = coding_of(token);
        if (coding != SM_CODING_NONE)
            decoder->coding = decoder->coding ? SM_CODING_OTHER : coding;
    }
}

/* ---- one stream after the other ---------------------------------------------------------- */

static void *allocate(void *arg, unsigned items, unsigned size)
{
    (void)arg;
    return sm_zalloc((size_t)items * size);
}

static void give_back(void *arg, void *ptr)
{
    (void)arg;
    sm_free(ptr);
}

/* Many servers send deflate without the header that RFC 9110 wants (zlib's: 8 in the low
 * half of its first byte). */
static int window(enum sm_coding coding, char first)
{
    if (coding == SM_CODING_GZIP)
        return GZIP;
    return (first & 15) == 8 ? WINDOW : RAW;
}

static int begin(struct sm_decoder *decoder, char first)
{
    decoder->z = (z_stream){.zalloc = allocate, .zfree = give_back};
    if (inflateInit2(&decoder->z, window(decoder->coding, first)) != Z_OK)
        return -ENOMEM;
    decoder->state = SM_DECODER_INSIDE;
    return 0;
}

/* 0: the bytes belong to no further one. */
static bool begin_next(struct sm_decoder *decoder, char first)
{
    if (decoder->coding != SM_CODING_GZIP || first != '\x1f')
        return false;
    inflateReset(&decoder->z);
    decoder->state = SM_DECODER_INSIDE;
    return true;
}

static int inflate_some(struct sm_decoder *decoder)
{
    switch (inflate(&decoder->z, Z_NO_FLUSH)) {
    case Z_STREAM_END:
        decoder->state = SM_DECODER_AFTER;
        return 0;
    case Z_OK:
    case Z_BUF_ERROR: /* no input, or no room */
        return 0;
    case Z_MEM_ERROR:
        return -ENOMEM;
    default:
        return -SIMUL_EENCODING;
    }
}

static unsigned at_most(size_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

ssize_t sm_decoder_run(struct sm_decoder *decoder, const char *data, size_t *len,
                       void *out, size_t size)
{
    z_stream *z = &decoder->z;
    unsigned available = at_most(*len), room = at_most(size);
    int r = 0;
    if (decoder->state == SM_DECODER_BEGIN && available > 0)
        r = begin(decoder, *data);
    if (r < 0 || decoder->state == SM_DECODER_BEGIN)
        return r;
    z->next_in = (Bytef *)data;
    z->avail_in = available;
    z->next_out = out;
    z->avail_out = room;
    do {
        if (decoder->state == SM_DECODER_INSIDE)
            r = inflate_some(decoder);
        else if (!begin_next(decoder, (char)*z->next_in))
            z->avail_in = 0;
    } while (r == 0 && z->avail_in > 0 && z->avail_out > 0);
    *len = available - z->avail_in;
    ssize_t n = (ssize_t)(room - z->avail_out);
    return r < 0 && n == 0 ? r : n; /* zlib gives the error again */
}

const char *sm_decoder_fault(const struct sm_decoder *decoder)
{
    bool told = decoder->state != SM_DECODER_BEGIN && decoder->z.msg;
    return told ? decoder->z.msg : "neither gzip nor deflate";
}

bool sm_decoder_may_end(const struct sm_decoder *decoder)
{
    return decoder->state != SM_DECODER_INSIDE;
}

void sm_decoder_finish(struct sm_decoder *decoder)
{
    if (decoder->state != SM_DECODER_BEGIN)
        inflateEnd(&decoder->z);
    *decoder = (struct sm_decoder){0};
}
