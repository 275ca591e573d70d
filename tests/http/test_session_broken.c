/* SPDX-License-Identifier: MIT */
/* The session against servers that break, lie, or are not there: every error has its code
 * and says what happened, and the session works on. */
#include "http/session_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void still_works(void)
{
    simul_response *response = get("/hello");
    ck_assert_str_eq(text_of(response), "hello\n");
    simul_response_release(response);
}

/* ---- before the head ------------------------------------------------------------------- */

static void get_broken_heads(void)
{
    get_fails("/nothing", -SIMUL_EINCOMPLETE,
              "closed the connection without an answer");
    get_fails("/cut-head", -SIMUL_EINCOMPLETE,
              "closed the connection within the head of the answer");
    get_fails("/garbage", -SIMUL_EHTTP, "the answer is not HTTP");
    get_fails("/bad-length", -SIMUL_EHTTP, "the answer is not HTTP");
    get_fails("/two-lengths", -SIMUL_EHTTP, "the HTTP message is malformed");
    get_fails("/huge-length", -SIMUL_EHTTP, "the HTTP message is malformed");
    get_fails("/bad-field", -SIMUL_EHTTP, "the answer is not HTTP");
    get_fails("/endless-head", -SIMUL_ETOOLARGE, "the head of the answer is larger");
    get_fails("/endless-line", -SIMUL_ETOOLARGE, "a line larger than 100 KiB");
    still_works();
}

TEST(a_broken_head_is_an_error)
{
    with_session(get_broken_heads, NULL);
}

static void name_the_host(void)
{
    char peer[32];
    snprintf(peer, sizeof peer, "127.0.0.1:%d: ", server.port);
    get_fails("/nothing", -SIMUL_EINCOMPLETE, peer);
}

TEST(the_message_names_the_host)
{
    with_session(name_the_host, NULL);
}

/* ---- within the body ------------------------------------------------------------------- */

/* All that had come is read first; the error stays. */
static void body_fails(const char *path, const char *part, int error, const char *text)
{
    simul_response *response = get(path);
    char buf[1000];
    size_t sum = 0;
    ssize_t n;
    while ((n = simul_response_read(response, buf + sum, sizeof buf - sum)) > 0)
        sum += (size_t)n;
    const char *message = simul_explain((int)n);
    ck_assert_msg(n == error, "%s: %zd, not %d: %s", path, n, error, message);
    ck_assert_has(message, text);
    ck_assert_uint_eq(sum, strlen(part));
    ck_assert_mem_eq(buf, part, sum);
    ck_assert_int_eq(simul_response_read(response, buf, 1), error);

    const void *data;
    ck_assert_int_eq(simul_response_bytes(response, &data, 0), error);
    simul_response_release(response);
}

static void get_broken_bodies(void)
{
    body_fails("/cut", "hello\n", -SIMUL_EINCOMPLETE, "the body was cut short");
    body_fails("/cut-chunked", "hello\nhe", -SIMUL_EINCOMPLETE,
               "the body was cut short");
    body_fails("/bad-chunk", "", -SIMUL_EHTTP, "the answer is not HTTP");
    body_fails("/bad-gzip", "", -SIMUL_EENCODING, "could not be decompressed");
    body_fails("/unknown-coding", "", -SIMUL_EENCODING, "neither gzip nor deflate");
    body_fails("/cut-gzip/9", "abcdefghi", -SIMUL_EINCOMPLETE,
               "the body was cut short");
    still_works();
}

TEST(a_broken_body_is_an_error)
{
    with_session(get_broken_bodies, NULL);
}

static void get_too_much(void)
{
    const void *data;
    simul_response *response = get("/gzip/10000000");
    ck_assert_int_eq(simul_response_bytes(response, &data, 1000), -SIMUL_ETOOLARGE);
    simul_response_release(response);
    still_works();
}

TEST(a_limit_is_on_what_comes_out_of_the_compressed)
{
    with_session(get_too_much, NULL);
}

static void get_reset(void)
{
    simul_response *response;
    const char *text;
    ssize_t r = simul_session_get(&response, session, URL("/reset"), NULL);
    if (r >= 0) { /* the head may have come through before the reset */
        r = simul_response_text(response, &text, 0);
        ck_assert_has(simul_explain((int)r), "the connection broke");
        simul_response_release(response);
    }
    ck_assert_int_eq(r, -ECONNRESET);
    still_works();
}

TEST(a_reset_is_an_error)
{
    with_session(get_reset, NULL);
}

/* ---- no server ------------------------------------------------------------------------- */

static void get_refused(void)
{
    int fd;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", bound_port(&fd));
    get_fails(url, -ECONNREFUSED, "cannot connect: Connection refused");
    close(fd);
    still_works();
}

TEST(a_refused_connection_is_an_error)
{
    with_session(get_refused, NULL);
}

/* ---- connections that are kept ----------------------------------------------------------- */

static void get_twice(void)
{
    for (int i = 0; i < 5; i++)
        still_works();
    ck_assert_int_eq(server.counts->connections, 1);
    ck_assert_int_eq(server.counts->requests, 5);
}

TEST(connections_are_kept_alive)
{
    with_session(get_twice, NULL);
}

/* The server closes after its answer without having said so. */
static void get_on_dead_connection(void)
{
    for (int i = 0; i < 5; i++) {
        simul_response *response = get("/drop-next");
        ck_assert_str_eq(text_of(response), "hello\n");
        simul_response_release(response);
        http_server_until_most(&server.counts->open, 0);
    }
    ck_assert_int_eq(server.counts->connections, 5);
}

TEST(a_connection_that_died_meanwhile_is_replaced)
{
    with_session(get_on_dead_connection, NULL);
}

/* Its rest would have to be read before the next request. */
static void release_early(void)
{
    simul_response_release(get("/bytes/10000000"));
    http_server_until_most(&server.counts->open, 0);
    simul_response_release(get("/slow-body"));
    http_server_until(&server.counts->left, 1);
    still_works();
}

TEST(a_body_nobody_reads_is_aborted)
{
    with_session(release_early, NULL);
}

/* ---- descriptors ----------------------------------------------------------------------- */

static void get_without_descriptors(void)
{
    struct rlimit before, now;
    int next = dup(0);
    ck_assert_int_ge(next, 0);
    close(next);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
    get_fails("/hello", -EMFILE, "cannot connect: Too many open files");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    still_works();
}

TEST(that_there_is_no_descriptor_is_said)
{
    with_session(get_without_descriptors, NULL);
}

static bool is_tcp(int fd)
{
    struct sockaddr_in name;
    int type = 0;
    socklen_t size = sizeof type, room = sizeof name;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM
           && getsockname(fd, (struct sockaddr *)&name, &room) == 0
           && name.sin_family == AF_INET;
}

static void look_at_connections(void)
{
    int n = 0;
    simul_response *response = get("/hello");
    for (int fd = 3; fd < 256; fd++) {
        if (!is_tcp(fd))
            continue;
        ck_assert_msg(fcntl(fd, F_GETFD) & FD_CLOEXEC, "descriptor %d", fd);
        n++;
    }
    ck_assert_int_ge(n, 1);
    simul_response_release(response);
}

TEST(connections_are_not_inherited_by_programs)
{
    with_session(look_at_connections, NULL);
}

HARNESS_MAIN_BACKEND("session_broken")
