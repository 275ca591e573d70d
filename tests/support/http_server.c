/* SPDX-License-Identifier: MIT */
/* Accepting and reading; the answers are in http_server_pages.c. */
#include "support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/harness.h"

static struct http_counts *counts;

/* ---- reading requests ------------------------------------------------------------------ */

/* More bytes behind what is there; 0 at the end. */
static ssize_t read_more(struct http_client *client)
{
    size_t room = sizeof client->head - 1 - client->have;
    ssize_t n = room > 0 ? read(client->fd, client->head + client->have, room) : 0;
    if (n <= 0)
        return 0;
    client->have += (size_t)n;
    client->head[client->have] = 0;
    return n;
}

/* Not the first bytes of TLS: whoever speaks that is told off, as servers do. */
static bool is_http(struct http_client *client)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    if (client->head[0] >= 'A' && client->head[0] <= 'Z')
        return true;
    ssize_t n = write(client->fd, answer, strlen(answer));
    (void)n;
    return false;
}

/* To a proxy the whole URL is said: whatever host is asked for, it is all here. */
static void forget_host(char *path)
{
    char *rest = strncmp(path, "http://", 7) == 0 ? strchr(path + 7, '/') : NULL;
    if (rest)
        memmove(path, rest, strlen(rest) + 1);
}

static int read_head(struct http_client *client)
{
    char *end;
    while (!(end = strstr(client->head, "\r\n\r\n")))
        if (read_more(client) == 0 || !is_http(client))
            return -1;
    client->head_len = (size_t)(end + 4 - client->head);
    if (sscanf(client->head, "%15s %2047s", client->method, client->path) != 2)
        return -1;
    forget_host(client->path);
    return 0;
}

static int read_body(struct http_client *client)
{
    const char *field = strcasestr(client->head, "\r\nContent-Length:");
    bool own = field && field < client->head + client->head_len;
    client->body_len = own ? strtoul(field + 17, NULL, 10) : 0;
    client->body = calloc(1, client->body_len + 1);
    size_t have = client->have - client->head_len;
    have = have < client->body_len ? have : client->body_len;
    memcpy(client->body, client->head + client->head_len, have);
    while (have < client->body_len) {
        ssize_t n = read(client->fd, client->body + have, client->body_len - have);
        if (n <= 0)
            return -1;
        have += (size_t)n;
    }
    return 0;
}

static void begin_answer(void)
{
    __atomic_add_fetch(&counts->requests, 1, __ATOMIC_SEQ_CST);
    int active = __atomic_add_fetch(&counts->active, 1, __ATOMIC_SEQ_CST);
    int max = __atomic_load_n(&counts->active_max, __ATOMIC_SEQ_CST);
    while (active > max
           && !__atomic_compare_exchange_n(&counts->active_max, &max, active, 0,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
}

/* Whether another request may follow on the connection. */
static bool serve_one(struct http_client *client)
{
    client->have = client->head_len = 0;
    memset(client->head, 0, sizeof client->head);
    client->body = NULL;
    bool good = read_head(client) == 0 && read_body(client) == 0;
    if (good) {
        begin_answer();
        good = http_pages_answer(client) == 0;
        __atomic_sub_fetch(&counts->active, 1, __ATOMIC_SEQ_CST);
    }
    free(client->body);
    return good;
}

static void *serve(void *arg)
{
    struct http_client *client = calloc(1, sizeof *client);
    client->fd = (int)(intptr_t)arg;
    client->counts = counts;
    while (serve_one(client))
        ;
    close(client->fd);
    free(client);
    __atomic_sub_fetch(&counts->open, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* ---- accepting ------------------------------------------------------------------------- */

static void start_thread(int fd)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    if (pthread_create(&thread, &attr, serve, (void *)(intptr_t)fd) != 0)
        abort();
    pthread_attr_destroy(&attr);
}

__attribute__((noreturn)) static void accept_all(int listener)
{
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        __atomic_add_fetch(&counts->connections, 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&counts->open, 1, __ATOMIC_SEQ_CST);
        start_thread(fd);
    }
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 1024), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

void http_server_start(struct http_server *server)
{
    int listener = listen_somewhere(&server->port);
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(counts, MAP_FAILED);
    server->counts = counts;
    server->pid = fork();
    ck_assert_int_ge(server->pid, 0);
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        accept_all(listener);
    }
    close(listener);
}

void http_server_stop(struct http_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    munmap(server->counts, sizeof *server->counts);
}

const char *http_server_url(const struct http_server *server, const char *path)
{
    static char urls[4][512];
    static unsigned next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof *urls, "http://127.0.0.1:%d%s", server->port, path);
    return url;
}

enum { NAPS_MAX = 5000 }; /* of a millisecond */

static int now(const int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static void nap(int *naps)
{
    if (++*naps == NAPS_MAX)
        ck_abort_msg("the server saw nothing of it");
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

void http_server_until(const int *counter, int at_least)
{
    for (int naps = 0; now(counter) < at_least;)
        nap(&naps);
}

void http_server_until_most(const int *counter, int at_most)
{
    for (int naps = 0; now(counter) > at_most;)
        nap(&naps);
}
