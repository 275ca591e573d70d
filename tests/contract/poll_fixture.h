/* SPDX-License-Identifier: MIT */
/*
 * What the contract tests of the poll backends share: a backend, opened as
 * $SIMUL_BACKEND says; operations that count how often they were given back; pairs of
 * connected descriptors, all non-blocking.
 */
#ifndef SM_TESTS_POLL_FIXTURE_H
#define SM_TESTS_POLL_FIXTURE_H

#include "poll/poll.h"
#include "support/harness.h"

#define MS      INT64_C(1000000)
#define FOREVER (-1)

struct probe {
    struct sm_op op;
    int done;       /* how often done() was called */
    ssize_t result; /* the last one, immediate or not; 0xdead before */
    void (*then)(struct probe *probe); /* called by done(), may be NULL */
    void *arg;
};

#define NOT_YET 0xdead

extern struct sm_poll *backend;

void backend_open(void);
void backend_close(void);

/* A test with an open backend. */
#define POLL_TEST(name_)                                                               \
    static void on_backend_##name_(void);                                              \
    TEST(name_)                                                                        \
    {                                                                                  \
        backend_open();                                                                \
        on_backend_##name_();                                                          \
        backend_close();                                                               \
    }                                                                                  \
    static void on_backend_##name_(void)

struct probe probe_buf(int code, int fd, void *data, size_t len);
struct probe probe_msg(int code, int fd, struct msghdr *msg);
struct probe probe_addr(int code, int fd, void *addr, socklen_t *len);
struct probe probe_poll(int fd, int events);

#define probe_recv(fd, data, len) probe_buf(SM_OP_RECV, fd, data, len)
#define probe_send(fd, data, len) probe_buf(SM_OP_SEND, fd, (void *)(data), len)

/* Submit; true if it has completed at once. */
bool submit(struct probe *probe);

/* Submit, and check that it is taken. */
void park(struct probe *probe);

int wait_ns(int64_t timeout_ns);

/* Wait until the probe was given back; its result. */
ssize_t finish(struct probe *probe);

/* Submit and finish. */
ssize_t run(struct probe *probe);

enum sm_op_cancel cancel(struct probe *probe);

/* Cancel, and wait for the end if it is still to come: true if it was canceled, false if
 * it had been faster. */
bool cancel_and_finish(struct probe *probe);

void forget_and_close(int fd);

/* Nothing completes in some waits that give the kernel time. */
void expect_quiet(void);

int64_t now_ns(void);

/* Let this process open so many. */
void raise_limit(int descriptors);

void pair_tcp(int fds[2]);
void pair_unix(int fds[2], int type);
void pair_pipe(int fds[2]);
int listen_tcp(struct sockaddr_storage *addr, socklen_t *len);
void close_pair(int fds[2]);

/* Write until the descriptor takes no more; how much that was. */
size_t fill(int fd);
/* Read away what is there; how much that was. */
size_t drain(int fd);

#endif
