/* SPDX-License-Identifier: MIT */
/*
 * Asking name servers, by c-ares: the only file that knows it.
 *
 * Each question has a channel of its own. That costs a look into /etc/resolv.conf, and
 * makes cancelling simple and complete: a channel cannot drop one question among several,
 * but it can be destroyed, and then its sockets are closed and nothing comes later. It
 * also gives each question a fresh source port, which makes answers harder to forge.
 *
 * c-ares opens sockets through the functions given to it here, so that they pass through
 * sys.h and the poller forgets them before they are closed (P5). Its sockets are watched as
 * a user would, by readers and writers. The whole question holds the virtual clock, which
 * then goes no faster than the one that c-ares looks at.
 *
 *  Q1. A query lies on the stack of the task that waits for it. c-ares calls back only
 *      inside of calls to it, which are made by that task before it waits, by callbacks of
 *      the loop while it waits, and by tear_down().
 *  Q2. answered() counts once, and not any more after tear_down().
 */
#include "net/resolve.h"

#include <ares.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/socket.h"
#include "task/wait.h"

enum { TRIES = 3 };

struct query {
    struct sm_wait wait;
    struct simul_loop *loop;
    ares_channel channel; /* NULL: torn down */
    struct sm_timer timer;
    struct sm_list sockets; /* of struct watched */
    bool waiting;           /* the task is in sm_wait_suspend() */
    bool over;              /* Q2 */
    int result;             /* how many were found, or an error; valid when over */
    simul_address *found;   /* owned */
    char *name;             /* of an address: the caller's memory, NI_MAXHOST bytes */
};

struct watched {
    struct sm_list link;
    struct query *query;
    int fd;
};

/* ---- the library --------------------------------------------------------------------- */

static int library_status;

static void *plain_malloc(size_t size)
{
    return sm_malloc(size);
}

static void *plain_realloc(void *ptr, size_t size)
{
    return sm_realloc(ptr, size);
}

static void init_library(void)
{
    library_status =
        ares_library_init_mem(ARES_LIB_INIT_ALL, plain_malloc, sm_free, plain_realloc);
}

static int error_of(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_ENONAME:
        return -SIMUL_ENONAME;
    case ARES_ENOMEM:
        return -ENOMEM;
    case ARES_EBADNAME:
    case ARES_EBADSTR:
    case ARES_EBADFAMILY:
        return -EINVAL;
    default:
        return -SIMUL_EHOSTNAME;
    }
}

/* ---- the answer ---------------------------------------------------------------------- */

static void finish(struct query *query, int result)
{
    if (query->over)
        return;
    query->over = true;
    query->result = result;
    if (query->waiting)
        sm_wait_finish(&query->wait, 0);
}

static int count(const struct ares_addrinfo *info)
{
    int n = 0;
    for (const struct ares_addrinfo_node *it = info->nodes; it; it = it->ai_next)
        n += it->ai_addrlen <= sizeof(struct sockaddr_storage);
    return n;
}

static int collect(struct query *query, const struct ares_addrinfo *info)
{
    int n = count(info), i = 0;
    if (n == 0)
        return -SIMUL_ENONAME;
    query->found = sm_malloc((size_t)n * sizeof *query->found);
    if (!query->found)
        return -ENOMEM;
    memset(query->found, 0, (size_t)n * sizeof *query->found);
    for (const struct ares_addrinfo_node *it = info->nodes; it; it = it->ai_next) {
        if (it->ai_addrlen > sizeof(struct sockaddr_storage))
            continue;
        query->found[i].length = it->ai_addrlen;
        memcpy(&query->found[i++].socket, it->ai_addr, it->ai_addrlen);
    }
    return n;
}

static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct query *query = arg;
    (void)timeouts;
    if (query->over)
        ; /* Q2 */
    else if (status == ARES_SUCCESS)
        finish(query, collect(query, info));
    else
        finish(query, error_of(status));
    if (info)
        ares_freeaddrinfo(info);
}

/* ---- time ---------------------------------------------------------------------------- */

static void look_again(struct query *query);

static void timer_fired(struct sm_timer *timer)
{
    struct query *query = sm_container_of(timer, struct query, timer);
    ares_process_fd(query->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    look_again(query);
}

static int arm(struct query *query)
{
    struct timeval left;
    if (!ares_timeout(query->channel, NULL, &left))
        return 0;
    double delay = (double)left.tv_sec + (double)left.tv_usec * 1e-6;
    sm_timer_stop(&query->loop->timers, &query->timer);
    return sm_timer_start(&query->loop->timers, &query->timer,
                          simul_loop_time(query->loop) + delay);
}

/* c-ares has been called: set the clock anew. */
static void look_again(struct query *query)
{
    int r = query->over ? 0 : arm(query);
    if (r < 0)
        finish(query, r);
}

/* ---- sockets ------------------------------------------------------------------------- */

static void readable(void *arg)
{
    struct watched *watched = arg;
    struct query *query = watched->query;
    ares_process_fd(query->channel, watched->fd, ARES_SOCKET_BAD);
    look_again(query);
}

static void writable(void *arg)
{
    struct watched *watched = arg;
    struct query *query = watched->query;
    ares_process_fd(query->channel, ARES_SOCKET_BAD, watched->fd);
    look_again(query);
}

static struct watched *find(struct query *query, int fd)
{
    sm_list_each (it, &query->sockets) {
        struct watched *watched = sm_container_of(it, struct watched, link);
        if (watched->fd == fd)
            return watched;
    }
    return NULL;
}

/* c-ares says what it wants to hear of; it cannot be told that this failed. */
static void watch(void *arg, ares_socket_t fd, int reads, int writes)
{
    struct query *query = arg;
    struct watched *watched = find(query, fd);
    int r = 0;
    if (!watched || query->over)
        return;
    if (reads)
        r = simul_add_reader(query->loop, fd, readable, watched);
    else
        simul_remove_reader(query->loop, fd);
    if (writes && r == 0)
        r = simul_add_writer(query->loop, fd, writable, watched);
    else
        simul_remove_writer(query->loop, fd);
    if (r < 0)
        finish(query, r);
}

static ares_ssize_t errno_of(long r)
{
    if (r >= 0)
        return r;
    errno = (int)-r;
    return -1;
}

static ares_socket_t open_socket(int family, int type, int protocol, void *arg)
{
    struct query *query = arg;
    struct watched *watched = sm_malloc(sizeof *watched);
    if (!watched)
        return (ares_socket_t)errno_of(-ENOMEM);
    long fd = sm_socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
        sm_free(watched);
        return (ares_socket_t)errno_of(fd);
    }
    watched->query = query;
    watched->fd = (int)fd;
    sm_list_push(&query->sockets, &watched->link);
    return (ares_socket_t)fd;
}

static void close_watched(struct watched *watched)
{
    struct simul_loop *loop = watched->query->loop;
    simul_remove_reader(loop, watched->fd);
    simul_remove_writer(loop, watched->fd);
    sm_socket_close(loop, watched->fd);
    sm_list_remove(&watched->link);
    sm_free(watched);
}

static int close_socket(ares_socket_t fd, void *arg)
{
    struct watched *watched = find(arg, fd);
    if (watched)
        close_watched(watched);
    return 0;
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to,
                          ares_socklen_t len, void *arg)
{
    (void)arg;
    return (int)errno_of(sm_connect(fd, to, len));
}

static ares_ssize_t receive(ares_socket_t fd, void *buf, size_t n, int flags,
                            struct sockaddr *from, ares_socklen_t *len, void *arg)
{
    (void)arg;
    return errno_of(sm_recvfrom(fd, buf, n, flags, from, len));
}

/* As writev(2), but without SIGPIPE. That a datagram was refused is told by the next call
 * on its socket: of the second question of two this would be the end, and the first would
 * not hear of it. Sent again, it is refused anew, and then receive() tells both. */
static ares_ssize_t send_pieces(ares_socket_t fd, const struct iovec *iov, int n,
                                void *arg)
{
    struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n};
    (void)arg;
    long r = sm_sendmsg(fd, &message, MSG_NOSIGNAL);
    if (r == -ECONNREFUSED)
        r = sm_sendmsg(fd, &message, MSG_NOSIGNAL);
    return errno_of(r);
}

/* ---- asking -------------------------------------------------------------------------- */

static int open_channel(struct query *query, const char *nameserver)
{
    static const struct ares_socket_functions functions = {
        open_socket, close_socket, connect_socket, receive, send_pieces};
    struct ares_options options = {
        .tries = TRIES, .sock_state_cb = watch, .sock_state_cb_data = query};
    int status = ares_init_options(&query->channel, &options,
                                   ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
        query->channel = NULL;
        return error_of(status);
    }
    ares_set_socket_functions(query->channel, &functions, query);
    if (!nameserver)
        nameserver = getenv("SIMUL_NAMESERVER");
    if (!nameserver || !*nameserver)
        return 0;
    status = ares_set_servers_ports_csv(query->channel, nameserver);
    return status == ARES_SUCCESS ? 0 : error_of(status);
}

static void tear_down(struct query *query)
{
    query->over = true;
    sm_timer_stop(&query->loop->timers, &query->timer);
    if (query->channel)
        ares_destroy(query->channel);
    query->channel = NULL;
    while (!sm_list_empty(&query->sockets))
        close_watched(sm_container_of(query->sockets.next, struct watched, link));
}

static bool abort_query(struct sm_wait *wait)
{
    struct query *query = sm_container_of(wait, struct query, wait);
    tear_down(query);
    if (query->loop->closed)
        sm_free(query->found);
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

static int wait_for_answer(struct query *query, const char *whose)
{
    look_again(query);
    if (query->over)
        return 0;
    sm_wait_prepare(&query->wait, "getaddrinfo", abort_query);
    query->wait.holds = true;
    query->wait.on = whose;
    query->waiting = true;
    sm_loop_hold(query->loop, true);
    ssize_t r = sm_wait_suspend(&query->wait);
    sm_loop_unhold(query->loop, true);
    return (int)r;
}

static int ask(struct query *query, const char *host, int family)
{
    const struct ares_addrinfo_hints hints = {.ai_family = family,
                                              .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(query->channel, host, NULL, &hints, answered, query);
    int r = wait_for_answer(query, host);
    return r < 0 ? r : query->result;
}

static int begin(struct query *query, const char *nameserver)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    pthread_once(&once, init_library);
    if (library_status != ARES_SUCCESS)
        return error_of(library_status);
    query->loop = sm_running;
    query->timer.fire = timer_fired;
    sm_list_init(&query->sockets);
    r = open_channel(query, nameserver);
    if (r < 0)
        tear_down(query);
    return r;
}

int sm_resolve(const char *host, int family, const char *nameserver,
               simul_address **found)
{
    struct query query = {0};
    int r = begin(&query, nameserver);
    if (r < 0)
        return r;
    r = ask(&query, host, family);
    tear_down(&query);
    if (r > 0)
        *found = query.found;
    else
        sm_free(query.found);
    return r;
}

/* ---- the name of an address ------------------------------------------------------------ */

static void named(void *arg, int status, int timeouts, char *name, char *service)
{
    struct query *query = arg;
    (void)timeouts;
    (void)service;
    if (query->over)
        return;
    if (status == ARES_SUCCESS)
        snprintf(query->name, NI_MAXHOST, "%s", name);
    finish(query, status == ARES_SUCCESS ? 0 : error_of(status));
}

int sm_resolve_name(const simul_address *address, char *name)
{
    struct query query = {.name = name};
    int r = begin(&query, NULL);
    if (r < 0)
        return r;
    ares_getnameinfo(query.channel, (const struct sockaddr *)&address->socket,
                     (ares_socklen_t)address->length,
                     ARES_NI_LOOKUPHOST | ARES_NI_NAMEREQD, named, &query);
    r = wait_for_answer(&query, "an address");
    tear_down(&query);
    return r < 0 ? r : query.result;
}
