/* SPDX-License-Identifier: MIT */
/* Streams and servers at Unix sockets (X17; S43). */
#include "support/folder.h"
#include "net/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void choose_path(void)
{
    snprintf(path, sizeof path, "unix-%d.sock", getpid());
    unlink(path);
}

static bool exists(void)
{
    struct stat file;
    return stat(path, &file) == 0;
}

static int says_hello(simul_stream *client, void *arg)
{
    (void)arg;
    return (int)simul_stream_write(client, "hello", 5);
}

static simul_server *start_at(const char *at, const simul_server_opts *opts)
{
    simul_server *server;
    ck_assert_int_eq(simul_start_unix_server(&server, at, says_hello, NULL, opts), 0);
    return server;
}

static simul_server *start(const simul_server_opts *opts)
{
    choose_path();
    return start_at(path, opts);
}

static void stop(simul_server *server)
{
    simul_server_close(server);
    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    simul_server_release(server);
}

static void greet(const char *at)
{
    simul_stream *stream;
    char *data;
    ck_assert_int_eq(simul_open_unix_connection(&stream, at, NULL), 0);
    ck_assert_int_eq(simul_stream_read_all(stream, &data, 0), 5);
    ck_assert_str_eq(data, "hello");
    ck_assert_int_eq(finish(stream), 0);
}

/* X17 */
NET_TEST(a_client_is_served_and_the_file_goes_with_the_server)
{
    simul_server *server = start(NULL);
    ck_assert_int_eq(simul_server_port(server), 0);
    greet(path);
    ck_assert(exists());
    simul_server_close(server);
    ck_assert(!exists());
    stop(server);
}

/* X17: cleanup_socket=False */
NET_TEST(the_file_stays_if_that_is_wanted)
{
    stop(start(&(simul_server_opts){.keep_socket = true}));
    ck_assert(exists());
    unlink(path);
}

/* X17: test_unix_server_cleanup_replaced */
NET_TEST(the_file_of_who_has_replaced_it_is_left)
{
    simul_server *first = start(NULL);
    simul_server *second = start_at(path, NULL);
    stop(first);
    ck_assert(exists());
    greet(path);
    stop(second);
    ck_assert(!exists());
}

/* X17: test_unix_server_cleanup_gone */
NET_TEST(a_file_that_is_gone_already_is_nobodys_fault)
{
    simul_server *server = start(NULL);
    unlink(path);
    stop(server);
}

NET_TEST(a_socket_that_was_left_behind_is_replaced)
{
    stop(start(&(simul_server_opts){.keep_socket = true}));
    simul_server *server = start_at(path, NULL);
    greet(path);
    stop(server);
}

static int serve_here(void *arg)
{
    simul_server *server;
    (void)arg;
    int r = simul_start_unix_server(&server, path, says_hello, NULL, NULL);
    if (r == 0)
        stop(server);
    return r;
}

NET_TEST(another_file_is_not_replaced)
{
    char expected[128];
    choose_path();
    int fd = open(path, O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    simul_task *task = simul_create_task(serve_here, NULL);

    ck_assert_int_eq(simul_await(task), -EADDRINUSE);
    snprintf(expected, sizeof expected, "bind to %s:", path);
    ck_assert_int_eq(strncmp(simul_message(task), expected, strlen(expected)), 0);
    simul_release(task);
    ck_assert(exists());
    unlink(path);
}

NET_TEST(the_file_has_the_mode_that_was_asked_for)
{
    struct stat file;
    simul_server *server = start(&(simul_server_opts){.mode = 0600});
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_uint_eq(file.st_mode & 0777, 0600);
    greet(path);
    stop(server);
}

NET_TEST(an_abstract_name_has_no_file)
{
    char name[64], text[SIMUL_ADDRESS_TEXT];
    simul_server *other;
    snprintf(name, sizeof name, "@simul-test-%d", getpid());
    simul_server *server = start_at(name, NULL);

    ck_assert_int_ge(simul_server_sockname(server, 0, text, sizeof text), 0);
    ck_assert_str_eq(text, name);
    greet(name);
    ck_assert_int_eq(simul_start_unix_server(&other, name, says_hello, NULL, NULL),
                     -EADDRINUSE);
    stop(server);
    simul_stream *stream;
    ck_assert_int_eq(simul_open_unix_connection(&stream, name, NULL), -ECONNREFUSED);
}

NET_TEST(a_cancelled_connection_leaves_nothing_open)
{
    simul_stream *stream;
    simul_server *server = start(NULL);
    simul_cancel(simul_current_task());
    ck_assert_int_eq(simul_sleep(0), -ECANCELED);
    ck_assert_int_eq(simul_open_unix_connection(&stream, path, NULL), -ECANCELED);
    simul_cancel_caught();
    stop(server);
}

static int leave_it_open(void *arg)
{
    simul_server *server;
    (void)arg;
    choose_path();
    ck_assert_int_eq(simul_start_unix_server(&server, path, says_hello, NULL, NULL), 0);
    simul_server_release(server);
    return 0;
}

TEST(the_file_goes_with_the_loop)
{
    ck_assert_int_eq(simul_run(leave_it_open, NULL), 0);
    ck_assert(!exists());
}

NET_TEST(paths_that_cannot_be_are_refused)
{
    char longest[108];
    simul_address address;
    simul_stream *stream;
    simul_server *server;
    memset(longest, 'x', sizeof longest - 1);
    longest[107] = '\0';
    ck_assert_int_eq(simul_address_unix(&address, longest), 0);
    char too_long[109];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[108] = '\0';
    ck_assert_int_eq(simul_address_unix(&address, too_long), -ENAMETOOLONG);
    ck_assert_int_eq(simul_open_unix_connection(&stream, too_long, NULL),
                     -ENAMETOOLONG);
    ck_assert_int_eq(simul_open_unix_connection(&stream, "", NULL), -EINVAL);
    ck_assert_int_eq(simul_start_unix_server(&server, NULL, says_hello, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(simul_start_unix_server(&server, "x", NULL, NULL, NULL), -EINVAL);
    ck_assert_int_eq(
        simul_start_unix_server(&server, "no/such/folder", says_hello, NULL, NULL),
        -ENOENT);
    ck_assert_int_eq(simul_open_unix_connection(&stream, "no/such/folder", NULL),
                     -ENOENT);
}

int main(void)
{
    harness_need_backend();
    return run_in_folder("Unix sockets");
}
