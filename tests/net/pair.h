/* SPDX-License-Identifier: MIT */
/* What tests of streams and transports have in common: a stream whose peer is a bare socket,
 * two streams that are each other's peers, callbacks that trace. */
#ifndef SM_TESTS_PAIR_H
#define SM_TESTS_PAIR_H

#include "task/trace.h"

#include <simul/server.h>
#include <simul/transport.h>

/**
 * A test whose body is the main task of a run in asyncio's order, on the real clock, since
 * reads and writes hold the virtual one, which would be no faster. If it comes to wait for
 * something that will not happen (a fault that a sweep injects is a fault for one side only),
 * it is cancelled after a while, and has failed.
 */
#define NET_TEST(name_)                                                                \
    static void net_##name_(void);                                                     \
    TEST(name_)                                                                        \
    {                                                                                  \
        ck_assert_int_eq(run_net_test(net_##name_), 0);                                \
    }                                                                                  \
    static void net_##name_(void)
int run_net_test(void (*body)(void));

/** simul_run(), with the same time limit. */
int run_limited(simul_fn *fn, void *arg);

/** Run leaves(arg) in a loop of its own until it stops it, and close the loop under what was
 *  left; the log is captured. */
void close_loop_under(simul_fn *leaves, void *arg, const simul_loop_opts *opts);

/** A stream over a socketpair; *peer is the other end, blocking, the caller's. */
simul_stream *stream_and_peer(int *peer, const simul_connect_opts *opts);

/** Two streams that are each other's peers over a socketpair. */
void unix_pair(simul_stream *pair[2]);

/** Two streams that are connected to each other by TCP, with small socket buffers. */
void tcp_pair(simul_stream *pair[2], const simul_connect_opts *opts);

/** Write to a bare socket, all of it. */
void feed(int fd, const char *text);
void feed_bytes(int fd, const void *data, size_t n);

/** Read exactly n bytes, or to the end if there are fewer, from a bare socket. */
size_t drink(int fd, void *data, size_t n);

/** Give a stream back and wait until it is closed; what wait_closed() said. */
int finish(simul_stream *stream);

/** A read that a task of its own makes. */
struct reading {
    simul_stream *stream;
    char data[64];
    size_t n;
    ssize_t result;
};
int read_it(void *reading);
int read_exactly_it(void *reading);

/** A protocol's pause_writing and resume_writing: "pause", "resume". */
void trace_pause(simul_transport *transport, void *user);
void trace_resume(simul_transport *transport, void *user);

/** n bytes that differ from one another, as bytes at `at` of a long sequence. */
void pattern(char *data, size_t n, size_t at);
bool is_pattern(const char *data, size_t n, size_t at);

#endif
