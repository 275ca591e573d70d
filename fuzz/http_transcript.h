/* SPDX-License-Identifier: MIT */
/*
 * What a parser understood of a stream of requests, in a form in which two parsers can
 * be compared: a line for each thing that it told.
 *
 *     method GET
 *     target /
 *     field Host=a
 *     head 1.1
 *     body 5 hello
 *     end
 *
 * Two parsers that agree write the same bytes. A difference is a hole through which a
 * request can be smuggled: one of them sees a message where the other does not.
 */
#ifndef FUZZ_HTTP_TRANSCRIPT_H
#define FUZZ_HTTP_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct transcript {
    char *text; /* owned; not terminated */
    size_t len, size;
    size_t body; /* bytes of body not yet written as a line */
    char *pending;
    size_t pending_size;
    int minor; /* of the last message: HTTP/1.minor, and … */
    bool keep_alive;
};

void transcript_free(struct transcript *t);
void transcript_line(struct transcript *t, const char *word, const char *ptr,
                     size_t len);
void transcript_field(struct transcript *t, const char *name, size_t name_len,
                      const char *value, size_t value_len);
void transcript_head(struct transcript *t, int major, int minor, bool keep_alive);
void transcript_body(struct transcript *t, const char *ptr, size_t len);
void transcript_end(struct transcript *t);

/* Writes what is left of a body that did not end. */
void transcript_flush(struct transcript *t);

bool transcript_equal(const struct transcript *a, const struct transcript *b);

/*
 * Reads requests with our parser until one is refused or not all there, is the last of
 * its connection, or changes the protocol.
 *
 * Returns how many bytes were understood.
 */
size_t transcript_ours(struct transcript *t, const char *data, size_t size);

/*
 * The same with Debian's http-parser, which is given exactly what ours understood.
 *
 * Returns NULL; or why it refused, a static string. If it has no opinion (a method that
 * it does not know, a protocol change that only it believes in, a connection of HTTP/1.0
 * that it would not keep open), *abstains is set.
 */
const char *transcript_oracle(struct transcript *t, const char *data, size_t size,
                              bool *abstains);

#endif
