/* SPDX-License-Identifier: MIT */
/* Undoing compression, in pieces of every size. */
#include "support/harness.h"

#include <simul.h>
#include <string.h>

#include "http/decoder.h"

enum { GZIP = 31, ZLIB = 15, RAW = -15 };

static const char plain[] = "One One One Two Two Two, in one second; and over and over "
                            "and over and over again.";

/* Behind what is in `to` already; bits as zlib has them. Returns the length. */
static size_t compress_to(char *to, size_t size, int bits)
{
    z_stream z = {.next_in = (Bytef *)plain, .avail_in = sizeof plain - 1};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY),
                     Z_OK);
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)size;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static void add(struct sm_decoder *decoder, const char *value)
{
    sm_decoder_add(decoder, (struct sm_http_slice){value, strlen(value)});
}

/* All of it, in pieces of `in` and `out` bytes; returns what came of it, or the error. */
static ssize_t decode(struct sm_decoder *decoder, const char *data, size_t len,
                      size_t in, char *to, size_t out)
{
    size_t sum = 0;
    ssize_t n;
    do {
        size_t taken = len < in ? len : in;
        bool last = taken == len;
        n = sm_decoder_run(decoder, data, &taken, to + sum, out);
        if (n < 0)
            return n;
        sum += (size_t)n;
        data += taken;
        len -= taken;
        if (last && n == 0)
            break;
    } while (true);
    return (ssize_t)sum;
}

static void check(const char *coding, const char *data, size_t len, size_t times)
{
    for (size_t in = 1; in <= len; in += in < 4 ? 1 : 17)
        for (size_t out = 1; out < 200; out = 3 * out + 1) {
            char buf[400] = "";
            struct sm_decoder decoder = {0};
            add(&decoder, coding);
            ck_assert_int_eq(decode(&decoder, data, len, in, buf, out),
                             (int)(times * (sizeof plain - 1)));
            for (size_t i = 0; i < times; i++)
                ck_assert_mem_eq(buf + i * (sizeof plain - 1), plain, sizeof plain - 1);
            ck_assert(sm_decoder_may_end(&decoder));
            sm_decoder_finish(&decoder);
        }
}

TEST(pieces_of_every_size)
{
    char data[400];
    check("gzip", data, compress_to(data, sizeof data, GZIP), 1);
    check("X-GZip", data, compress_to(data, sizeof data, GZIP), 1);
    check("deflate", data, compress_to(data, sizeof data, ZLIB), 1);
    check("identity, deflate", data, compress_to(data, sizeof data, RAW), 1);
}

TEST(one_gzip_may_follow_another)
{
    char data[800];
    size_t len = compress_to(data, sizeof data, GZIP);
    len += compress_to(data + len, sizeof data - len, GZIP);
    check("gzip", data, len, 2);
}

TEST(what_follows_the_end_and_is_none_is_ignored)
{
    char data[400];
    size_t len = compress_to(data, sizeof data - 5, GZIP);
    memcpy(data + len, "\0\0\0\0", 5);
    check("gzip", data, len + 5, 1);
    len = compress_to(data, sizeof data - 5, ZLIB);
    memcpy(data + len, "\x1f\x8b..", 5);
    check("deflate", data, len + 5, 1);
}

TEST(a_missing_end_is_noticed)
{
    char data[400], buf[400];
    size_t len = compress_to(data, sizeof data, GZIP);
    for (size_t cut = 0; cut < len; cut++) {
        struct sm_decoder decoder = {0};
        add(&decoder, "gzip");
        ck_assert_int_ge(decode(&decoder, data, cut, cut + 1, buf, sizeof buf), 0);
        ck_assert_int_eq(sm_decoder_may_end(&decoder), cut == 0);
        sm_decoder_finish(&decoder);
    }
}

TEST(what_is_broken_is_an_error_again_and_again)
{
    char data[400], buf[400];
    struct sm_decoder decoder = {0};
    size_t len = compress_to(data, sizeof data, GZIP);
    data[len - 6] ^= 1; /* of its checksum: all of it comes out before */
    add(&decoder, "gzip");
    size_t taken = len;
    ck_assert_int_eq(sm_decoder_run(&decoder, data, &taken, buf, sizeof buf),
                     sizeof plain - 1);
    for (int i = 0; i < 3; i++) {
        taken = 0;
        ck_assert_int_eq(sm_decoder_run(&decoder, "", &taken, buf, sizeof buf),
                         -SIMUL_EENCODING);
    }
    ck_assert_ptr_nonnull(strstr(sm_decoder_fault(&decoder), "check"));
    sm_decoder_finish(&decoder);
}

TEST(which_coding)
{
    static const struct {
        const char *value;
        enum sm_coding coding;
    } cases[] = {
        {"", SM_CODING_NONE},          {"identity", SM_CODING_NONE},
        {"GZIP", SM_CODING_GZIP},      {" gzip , identity", SM_CODING_GZIP},
        {"br", SM_CODING_OTHER},       {"gzip, deflate", SM_CODING_OTHER},
        {"br, gzip", SM_CODING_OTHER}, {"gzipped", SM_CODING_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sm_decoder decoder = {0};
        add(&decoder, cases[i].value);
        ck_assert_int_eq(decoder.coding, cases[i].coding);
    }
}

HARNESS_MAIN("decoder")
