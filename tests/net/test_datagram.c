/* SPDX-License-Identifier: MIT */
/* Endpoints for datagrams (S39; X10). */
#include "support/folder.h"
#include "net/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <simul/datagram.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static simul_datagram *open_with(simul_datagram_opts opts)
{
    simul_datagram *made;
    ck_assert_int_eq(simul_datagram_open(&made, &opts), 0);
    return made;
}

static simul_datagram *receiver(void)
{
    return open_with((simul_datagram_opts){.local_host = "127.0.0.1"});
}

static simul_address name_of(const simul_datagram *datagram)
{
    simul_address name;
    ck_assert_int_eq(simul_datagram_sockname(datagram, &name), 0);
    return name;
}

static simul_datagram *connected_to(const simul_datagram *peer,
                                    simul_datagram_opts opts)
{
    char port[8];
    const simul_address name = name_of(peer);
    snprintf(port, sizeof port, "%d", simul_address_port(&name));
    opts.remote_host = "127.0.0.1";
    opts.remote_port = port;
    return open_with(opts);
}

static void expect(simul_datagram *datagram, const char *text, simul_address *from)
{
    char buf[64];
    ck_assert_int_eq(simul_datagram_recvfrom(datagram, buf, sizeof buf, from),
                     (ssize_t)strlen(text));
    ck_assert_mem_eq(buf, text, strlen(text));
}

static void say(simul_datagram *datagram, const char *text, const simul_address *to)
{
    ck_assert_int_eq(simul_datagram_sendto(datagram, text, strlen(text), to),
                     (ssize_t)strlen(text));
}

struct receiving {
    simul_datagram *datagram;
    char data[64];
    ssize_t result;
};

static int receive(void *arg)
{
    struct receiving *r = arg;
    r->result = simul_datagram_recvfrom(r->datagram, r->data, sizeof r->data, NULL);
    return r->result < 0 ? (int)r->result : 0;
}

static struct receiving receiving; /* outlives a test that is left early */

static simul_task *waiting_receiver(simul_datagram *datagram)
{
    receiving = (struct receiving){.datagram = datagram};
    simul_task *task = simul_create_task(receive, &receiving);
    ck_assert_ptr_nonnull(task);
    let_run(2);
    return task;
}

static int await_release(simul_task *task)
{
    int r = simul_await(task);
    simul_release(task);
    return r;
}

/* ---- there and back ------------------------------------------------------------------------ */

/* X10: test_create_datagram_endpoint */
NET_TEST(what_is_sent_comes_and_is_answered) /* S39 */
{
    simul_address from;
    simul_datagram *server = receiver(),
                   *client = connected_to(server, (simul_datagram_opts){0});

    say(client, "hi", NULL);
    say(client, "", NULL); /* empty ones are real */
    expect(server, "hi", &from);
    say(server, "HI", &from);
    expect(server, "", NULL);
    expect(client, "HI", NULL);
    const simul_address name = name_of(client);
    ck_assert_int_eq(simul_address_port(&from), simul_address_port(&name));
    simul_datagram_release(client);
    simul_datagram_release(server);
}

NET_TEST(who_waits_gets_the_first_that_comes)
{
    simul_datagram *server = receiver(),
                   *client = connected_to(server, (simul_datagram_opts){0});
    simul_task *task = waiting_receiver(server);

    say(client, "one", NULL);
    say(client, "two", NULL);
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(receiving.result, 3);
    expect(server, "two", NULL);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

NET_TEST(over_ipv6_too)
{
    simul_datagram *server;
    simul_address from, name;
    int r = simul_datagram_open(&server, &(simul_datagram_opts){.local_host = "::1"});
    if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT)
        harness_skip("there is no IPv6");
    ck_assert_int_eq(r, 0);
    simul_datagram *client = open_with((simul_datagram_opts){.family = AF_INET6});
    name = name_of(server);
    say(client, "hi", &name);
    expect(server, "hi", &from);
    ck_assert_int_eq(from.socket.ss_family, AF_INET6);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

/* asyncio: with allow_broadcast it is not connected */
NET_TEST(who_may_broadcast_hears_everybody)
{
    simul_datagram *server = receiver(), *stranger = receiver();
    simul_datagram *client = connected_to(
        server, (simul_datagram_opts){.allow_broadcast = true, .local_port = "0"});
    simul_address from, name;

    ck_assert_int_eq(simul_datagram_peername(client, &name), -ENOTCONN);
    say(client, "to the remote one", NULL);
    expect(server, "to the remote one", &from);
    say(stranger, "hello", &from);
    expect(client, "hello", NULL);
    simul_datagram_release(stranger);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

NET_TEST(a_connected_one_hears_its_peer_only) /* S39 */
{
    simul_datagram *server = receiver(), *stranger = receiver(),
                   *client = connected_to(server, (simul_datagram_opts){0});
    const simul_address name = name_of(client);
    simul_address peer, of_server = name_of(server);

    ck_assert_int_eq(simul_datagram_peername(client, &peer), 0);
    ck_assert_int_eq(simul_address_port(&peer), simul_address_port(&of_server));
    say(stranger, "psst", &name);
    say(server, "hello", &name);
    expect(client, "hello", NULL);
    simul_datagram_release(stranger);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

NET_TEST(two_may_share_a_port_if_both_want_to)
{
    char port[8];
    simul_datagram_opts opts = {.local_host = "127.0.0.1", .reuse_port = true};
    simul_datagram *one = open_with(opts);
    const simul_address name = name_of(one);
    snprintf(port, sizeof port, "%d", simul_address_port(&name));
    opts.local_port = port;
    simul_datagram *other = open_with(opts), *third;

    opts.reuse_port = false;
    ck_assert_int_eq(simul_datagram_open(&third, &opts), -EADDRINUSE);
    simul_datagram_release(one);
    simul_datagram_release(other);
}

NET_TEST(a_socket_of_the_users_becomes_an_endpoint)
{
    int fds[2], stream[2];
    simul_datagram *one, *other;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_datagram_open_fd(&one, fds[0]), 0);
    ck_assert_int_eq(simul_datagram_open_fd(&other, fds[1]), 0);
    say(one, "hi", NULL);
    expect(other, "hi", NULL);
    ck_assert_int_eq(simul_datagram_fileno(one), fds[0]);
    simul_datagram_release(one);
    simul_datagram_release(other);

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
    ck_assert_int_eq(simul_datagram_open_fd(&one, stream[0]), -EPROTOTYPE);
    close(stream[0]);
    close(stream[1]);
}

/* ---- Unix sockets -------------------------------------------------------------------------- */

static bool exists(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0;
}

NET_TEST(unix_sockets_answer_each_other)
{
    simul_address from;
    unlink("server");
    unlink("client");
    simul_datagram *server = open_with((simul_datagram_opts){.local_path = "server"});
    simul_datagram *client = open_with(
        (simul_datagram_opts){.local_path = "client", .remote_path = "server"});

    say(client, "hi", NULL);
    expect(server, "hi", &from);
    say(server, "HI", &from);
    expect(client, "HI", NULL);
    simul_datagram_release(client);
    ck_assert(!exists("client"));
    ck_assert_int_eq(simul_datagram_sendto(server, "x", 1, &from), -ENOENT);
    simul_datagram_release(server);
    ck_assert(!exists("server"));
}

/* S57: neither what waits for the parent's endpoint, nor its file */
NET_TEST(closed_in_the_child_of_a_fork_an_endpoint_is_still_the_parents)
{
    int status = -1;
    unlink("server");
    simul_datagram *server = open_with((simul_datagram_opts){.local_path = "server"});
    simul_task *task = waiting_receiver(server);
    pid_t pid = fork();
    if (pid == 0) {
        simul_datagram_release(server);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert(exists("server"));
    simul_datagram *client = open_with((simul_datagram_opts){.remote_path = "server"});
    say(client, "hi", NULL);
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(receiving.result, 2);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

/* S39: a full receiver makes the sender wait */
NET_TEST(who_sends_to_a_full_queue_waits)
{
    char path[32];
    snprintf(path, sizeof path, "@simul-full-%d", getpid());
    simul_datagram *server = open_with((simul_datagram_opts){.local_path = path});
    simul_datagram *client = open_with((simul_datagram_opts){.remote_path = path});
    struct simul_timeout limit;
    int sent = 0, r;
    do {
        simul_timeout_enter(&limit, 0.01);
        ssize_t n = simul_datagram_sendto(client, "x", 1, NULL);
        r = (int)simul_timeout_exit(&limit, (int)n);
        sent += r == 1;
    } while (r == 1);
    ck_assert_int_eq(r, -ETIMEDOUT);
    for (int i = 0; i < sent; i++)
        expect(server, "x", NULL);
    say(client, "y", NULL);
    expect(server, "y", NULL);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

/* ---- what goes wrong ----------------------------------------------------------------------- */

/* X10: test_sendto_error_received_connected; the endpoint survives */
NET_TEST(that_nobody_listens_is_told_and_the_endpoint_goes_on) /* S39 */
{
    char buf[8];
    simul_datagram *server = receiver(),
                   *client = connected_to(server, (simul_datagram_opts){0});
    const simul_address at = name_of(server), name = name_of(client);
    char port[8];
    snprintf(port, sizeof port, "%d", simul_address_port(&at));
    simul_datagram_release(server);

    say(client, "anybody?", NULL);
    ck_assert_int_eq(simul_datagram_recvfrom(client, buf, sizeof buf, NULL),
                     -ECONNREFUSED);
    server =
        open_with((simul_datagram_opts){.local_host = "127.0.0.1", .local_port = port});
    say(server, "yes", &name);
    expect(client, "yes", NULL);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

NET_TEST(what_does_not_fit_is_not_taken_for_the_whole)
{
    char buf[3];
    simul_datagram *server = receiver(),
                   *client = connected_to(server, (simul_datagram_opts){0});
    say(client, "hello", NULL);
    ck_assert_int_eq(simul_datagram_recvfrom(server, buf, 3, NULL), -EMSGSIZE);
    ck_assert_mem_eq(buf, "hel", 3);
    static char large[70000];
    ck_assert_int_eq(simul_datagram_sendto(client, large, sizeof large, NULL),
                     -EMSGSIZE);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

NET_TEST(a_cancelled_receiver_takes_nothing)
{
    simul_datagram *server = receiver(),
                   *client = connected_to(server, (simul_datagram_opts){0});
    simul_task *task = waiting_receiver(server);
    simul_cancel(task);
    ck_assert_int_eq(await_release(task), -ECANCELED);
    say(client, "kept", NULL);
    expect(server, "kept", NULL);
    simul_datagram_release(client);
    simul_datagram_release(server);
}

NET_TEST(closing_wakes_who_waits)
{
    char buf[1] = "";
    simul_datagram *server = receiver();
    simul_task *task = waiting_receiver(server);

    ck_assert_int_eq(simul_datagram_recvfrom(server, buf, 1, NULL), -SIMUL_ECONCURRENT);
    simul_datagram_close(server);
    int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* has its number */
    ck_assert_int_eq(await_release(task), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_datagram_recvfrom(server, buf, 1, NULL), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_datagram_sendto(server, buf, 1, NULL), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_datagram_fileno(server), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_datagram_sockname(server, NULL), -SIMUL_ESTATE);
    close(other);
    simul_datagram_close(server);
    simul_datagram_release(server);
}

NET_TEST(releasing_wakes_who_waits)
{
    simul_datagram *server = receiver();
    simul_task *task = waiting_receiver(server);
    simul_datagram_release(server);
    ck_assert_int_eq(await_release(task), -SIMUL_ESTATE);
}

NET_TEST(addresses_that_make_no_sense_are_refused)
{
    static const simul_datagram_opts senseless[] = {
        {0},
        {.local_host = "127.0.0.1", .local_path = "x"},
        {.family = AF_INET, .local_path = "x"},
        {.family = AF_UNIX, .local_port = "0"},
        {.local_path = ""},
    };
    simul_datagram *none;
    for (size_t i = 0; i < sizeof senseless / sizeof *senseless; i++)
        ck_assert_int_eq(simul_datagram_open(&none, &senseless[i]), -EINVAL);
    ck_assert_int_eq(simul_datagram_open(&none, NULL), -EINVAL);
    const simul_datagram_opts mixed = {
        .local_host = "127.0.0.1", .remote_host = "::1", .remote_port = "9"};
    ck_assert_int_eq(simul_datagram_open(&none, &mixed), -EADDRNOTAVAIL);
    ck_assert_int_eq(simul_datagram_sendto(NULL, "", 0, NULL), -EINVAL);
    simul_datagram *lonely = open_with((simul_datagram_opts){.family = AF_INET});
    ck_assert_int_eq(simul_datagram_sendto(lonely, "", 0, NULL), -EDESTADDRREQ);
    simul_datagram_release(lonely);
}

static int leave_it_waiting(void *arg)
{
    (void)arg;
    simul_datagram *server = receiver();
    simul_release(waiting_receiver(server));
    simul_datagram_release(server);
    server = receiver(); /* never released: the loop's end closes it */
    receiving.datagram = server;
    return 0;
}

TEST(the_loop_ends_with_endpoints_open)
{
    ck_assert_int_eq(simul_run(leave_it_waiting, NULL), 0);
    simul_datagram_release(receiving.datagram);
}

int main(void)
{
    harness_need_backend();
    return run_in_folder("datagrams");
}
