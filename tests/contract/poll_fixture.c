/* SPDX-License-Identifier: MIT */
#include "contract/poll_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include "poll/uring.h"
#endif

struct sm_poll *backend;

/* So that what is written for older kernels runs here too. */
__attribute__((constructor)) static void choose_older_ways(void)
{
#ifdef __linux__
    const char *step = getenv("TEST_URING_STEP");
    sm_uring_first_step = step ? (unsigned)atoi(step) : 0;
#endif
}

void backend_open(void)
{
    int r = sm_poll_open(&backend, NULL);
    ck_assert_msg(r >= 0, "cannot open the backend: %s", strerror(-r));
}

void backend_close(void)
{
    sm_poll_ops(backend)->close(backend);
    backend = NULL;
}

/* ---- operations --------------------------------------------------------------------- */

static void count(struct sm_op *op)
{
    struct probe *probe = sm_container_of(op, struct probe, op);
    probe->done++;
    probe->result = op->result;
    if (probe->then)
        probe->then(probe);
}

static struct probe probe_of(int code, int fd)
{
    return (struct probe){.op = {.done = count, .fd = fd, .code = (uint8_t)code},
                          .result = NOT_YET};
}

struct probe probe_buf(int code, int fd, void *data, size_t len)
{
    struct probe probe = probe_of(code, fd);
    probe.op.buf.data = data;
    probe.op.buf.len = len;
    return probe;
}

struct probe probe_msg(int code, int fd, struct msghdr *msg)
{
    struct probe probe = probe_of(code, fd);
    probe.op.msg = msg;
    return probe;
}

struct probe probe_addr(int code, int fd, void *addr, socklen_t *len)
{
    struct probe probe = probe_of(code, fd);
    probe.op.addr = addr;
    probe.op.addr_len = len;
    return probe;
}

struct probe probe_poll(int fd, int events)
{
    struct probe probe = probe_of(SM_OP_POLL, fd);
    probe.op.flags = events;
    return probe;
}

bool submit(struct probe *probe)
{
    int done = probe->done;
    probe->result = NOT_YET;
    bool at_once = sm_poll_ops(backend)->submit(backend, &probe->op);
    ck_assert_int_eq(probe->done, done);
    if (at_once)
        probe->result = probe->op.result;
    return at_once;
}

void park(struct probe *probe)
{
    ck_assert_msg(!submit(probe), "completed at once with %zd", probe->result);
}

int wait_ns(int64_t timeout_ns)
{
    int r = sm_poll_ops(backend)->wait(backend, timeout_ns);
    ck_assert_msg(r >= 0, "wait: %s", strerror(-r));
    return r;
}

ssize_t finish(struct probe *probe)
{
    int done = probe->done;
    while (probe->done == done)
        wait_ns(FOREVER);
    ck_assert_int_eq(probe->done, done + 1);
    return probe->result;
}

ssize_t run(struct probe *probe)
{
    return submit(probe) ? probe->result : finish(probe);
}

enum sm_op_cancel cancel(struct probe *probe)
{
    return sm_poll_ops(backend)->cancel(backend, &probe->op);
}

bool cancel_and_finish(struct probe *probe)
{
    return cancel(probe) == SM_OP_REMOVED || finish(probe) == -ECANCELED;
}

void forget_and_close(int fd)
{
    sm_poll_ops(backend)->forget(backend, fd);
    close(fd);
}

void expect_quiet(void)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(wait_ns(2 * MS), 0);
}

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void raise_limit(int descriptors)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_msg(limit.rlim_max >= (rlim_t)descriptors,
                  "this test needs %d descriptors (ulimit -Hn)", descriptors);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* ---- descriptors -------------------------------------------------------------------- */

static void check_errno(int r, const char *what)
{
    ck_assert_msg(r >= 0, "%s: %s", what, strerror(errno));
}

static void make_nonblocking(int fd)
{
    check_errno(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), "fcntl");
}

int listen_tcp(struct sockaddr_storage *addr, socklen_t *len)
{
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check_errno(fd, "socket");
    check_errno(bind(fd, (struct sockaddr *)&any, sizeof any), "bind");
    check_errno(listen(fd, 128), "listen");
    *len = sizeof *addr;
    check_errno(getsockname(fd, (struct sockaddr *)addr, len), "getsockname");
    return fd;
}

void pair_tcp(int fds[2])
{
    struct sockaddr_storage addr;
    socklen_t len;
    int listener = listen_tcp(&addr, &len);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_errno(connect(fds[0], (struct sockaddr *)&addr, len), "connect");
    fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    check_errno(fds[1], "accept4");
    make_nonblocking(fds[0]);
    close(listener);
}

void pair_unix(int fds[2], int type)
{
    check_errno(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
                "socketpair");
}

void pair_pipe(int fds[2])
{
    check_errno(pipe2(fds, O_NONBLOCK | O_CLOEXEC), "pipe2");
}

void close_pair(int fds[2])
{
    forget_and_close(fds[0]);
    forget_and_close(fds[1]);
}

size_t fill(int fd)
{
    static char data[65536];
    size_t sum = 0;
    ssize_t n;
    while ((n = write(fd, data, sizeof data)) > 0)
        sum += n;
    ck_assert_int_eq(errno, EAGAIN);
    return sum;
}

size_t drain(int fd)
{
    char data[65536];
    size_t sum = 0;
    ssize_t n;
    while ((n = read(fd, data, sizeof data)) > 0)
        sum += n;
    return sum;
}
