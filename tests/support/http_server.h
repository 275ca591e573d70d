/* SPDX-License-Identifier: MIT */
/*
 * An HTTP server for tests of the client: well-behaved, slow, broken, hostile, as the path
 * asks for. It is a process of its own (a thread for each connection), written without
 * anything of the library, and is gone with the test that started it.
 *
 *   /hello /bytes/N /chunked/N /until-close/N     bodies; the bytes are 'a' to 'z' in turn
 *   /status/CODE /echo /json /text-with-nul
 *   /gzip/N /deflate/N /raw-deflate/N /cut-gzip/N  N bytes, compressed
 *   /bad-gzip /unknown-coding                      and not
 *   /redirect/CODE?URL /loop /redirects/N         Location: URL; to itself; N times
 *   /redirect-body/N                              to /hello, with a body of N bytes
 *   /interim /folded /trailers /no-reason
 *   /slow-head /slow-body /delay/MS               never answers; never ends; late
 *   /when-told                                    answers when counts->told is set
 *   /cut /cut-chunked /cut-head /nothing          closes within …, without an answer
 *   /reset /garbage /bad-chunk /bad-field /endless-head /endless-line /bad-length
 *   http://HOST/...                               the same: it is a proxy, too
 *   /drop-next                                    answers, and closes the idle connection
 */
#ifndef SM_TESTS_HTTP_SERVER_H
#define SM_TESTS_HTTP_SERVER_H

#include <stddef.h>
#include <sys/types.h>

/* Counters in shared memory; only the server writes, except told. */
struct http_counts {
    int connections;        /* accepted */
    int requests;           /* whose head was read */
    int open;               /* connections now */
    int active, active_max; /* requests being answered: now, and at most */
    int told;               /* set by a test */
    int left;               /* clients that closed while an answer was owed them */
};

struct http_server {
    pid_t pid;
    int port;
    struct http_counts *counts;
};

void http_server_start(struct http_server *server);
void http_server_stop(struct http_server *server);

/* "http://127.0.0.1:PORT" with the path, in a buffer of its own (four at a time). */
const char *http_server_url(const struct http_server *server, const char *path);

/* Waits, awake but without the loop, until the counter is at least (at most) n. */
void http_server_until(const int *counter, int at_least);
void http_server_until_most(const int *counter, int at_most);

/* ---- of its own process ---- */

struct http_client { /* one connection, in the server */
    int fd;
    char head[8192], method[16], path[2048];
    char *body;
    size_t body_len;
    size_t head_len, have; /* bytes in head: up to the empty line, and in all */
    struct http_counts *counts;
};

/* Answers the request in `client`; 0: the connection stays open. */
int http_pages_answer(struct http_client *client);

#endif
