/* SPDX-License-Identifier: MIT */
/* Finding addresses. */
#include "net/dns.h"
#include "net/pair.h"
#include "support/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <simul/net.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* "127.0.0.1:80 [::1]:80", or the error's name. */
static const char *look_up(const char *host, const char *port,
                           const simul_resolve_opts *opts)
{
    static char all[512];
    simul_address *found = NULL;
    size_t used = 0;
    int n = simul_getaddrinfo(host, port, opts, &found);
    if (n < 0) {
        ck_assert_ptr_null(found);
        return simul_error_name(n);
    }
    ck_assert_int_gt(n, 0);
    for (int i = 0; i < n; i++) {
        char text[SIMUL_ADDRESS_TEXT];
        ck_assert_int_eq(simul_address_text(&found[i], text, sizeof text),
                         (int)strlen(text));
        used +=
            (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? " " : "", text);
    }
    simul_addresses_release(found);
    return all;
}

/* ---- without asking anybody ------------------------------------------------------------- */

TEST(numbers_and_loopback_need_no_name_server)
{
    static const struct {
        const char *host, *port, *expected;
        simul_resolve_opts opts;
    } rows[] = {
        {"127.0.0.1", "80", "127.0.0.1:80", {0}},
        {"::1", "65535", "[::1]:65535", {0}},
        {"2001:db8::7", NULL, "[2001:db8::7]:0", {0}},
        {"::ffff:192.0.2.1", "1", "[::ffff:192.0.2.1]:1", {0}},
        {"192.0.2.1", "http", "192.0.2.1:80", {0}},
        {"fe80::1%lo", "1", "[fe80::1%lo]:1", {0}},
        {"fe80::1%1", "1", "[fe80::1%lo]:1", {0}},
        {NULL, "5", "[::1]:5 127.0.0.1:5", {0}},
        {"", "", "[::1]:0 127.0.0.1:0", {0}},
        {NULL, "5", "[::]:5 0.0.0.0:5", {.passive = true}},
        {"localhost", "5", "[::1]:5 127.0.0.1:5", {0}},
        {"LocalHost.", "5", "127.0.0.1:5", {.family = AF_INET}},
        {"a.localhost", "5", "[::1]:5", {.family = AF_INET6}},
        {"::1", "1", "SIMUL_ENONAME", {.family = AF_INET}},
        {"one.test", "1", "SIMUL_ENONAME", {.numeric = true}},
        {"127.0.0.1", "65536", "EINVAL", {0}},
        {"127.0.0.1", "-1", "EINVAL", {0}},
        {"127.0.0.1", "80x", "EINVAL", {0}},
        {"127.0.0.1", "no such service", "EINVAL", {0}},
        {"127.0.0.1", "1", "EINVAL", {.family = AF_UNIX}},
        {"no host", "1", "EINVAL", {0}},
        {"line\nbreak", "1", "EINVAL", {0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(look_up(rows[i].host, rows[i].port, &rows[i].opts),
                         rows[i].expected);
}

TEST(a_name_longer_than_names_can_be_is_refused)
{
    char name[300];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_str_eq(look_up(name, "1", NULL), "EINVAL");
}

TEST(an_address_that_does_not_fit_leaves_an_empty_text)
{
    char text[9] = "x";
    simul_address *found;
    simul_address other = {.length = sizeof(sa_family_t)};
    ck_assert_int_eq(simul_getaddrinfo("127.0.0.1", "80", NULL, &found), 1);
    ck_assert_int_eq(simul_address_text(found, text, sizeof text), -ENOSPC);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(simul_address_host(found, text, sizeof text), -ENOSPC);
    ck_assert_int_eq(simul_address_text(found, NULL, 0), -ENOSPC);
    ck_assert_int_eq(simul_address_port(found), 80);
    other.socket.ss_family = AF_INET;
    simul_addresses_release(found);
    other.socket.ss_family = AF_UNSPEC;
    ck_assert_int_eq(simul_address_text(&other, text, sizeof text), -EAFNOSUPPORT);
    ck_assert_int_eq(simul_address_port(&other), 0);
}

TEST(outside_of_a_task_a_name_server_is_not_asked)
{
    ck_assert_str_eq(look_up("one.test.", "1", NULL), "SIMUL_ENOTASK");
}

/* ---- asking ------------------------------------------------------------------------------- */

NET_TEST(answers_of_a_name_server_become_addresses_or_errors)
{
    struct dns dns;
    dns_start(&dns, false);
    const simul_resolve_opts opts = {.nameserver = dns.address};
    const simul_resolve_opts only4 = {.nameserver = dns.address, .family = AF_INET};
    const simul_resolve_opts only6 = {.nameserver = dns.address, .family = AF_INET6};

    ck_assert_str_eq(look_up("one.test.", "7", &opts), "127.0.0.1:7");
    ck_assert_str_eq(look_up("two.test.", "7", &opts), "[::1]:7 127.0.0.1:7");
    ck_assert_str_eq(look_up("two.test.", "7", &only4), "127.0.0.1:7");
    ck_assert_str_eq(look_up("two.test.", "7", &only6), "[::1]:7");
    ck_assert_str_eq(look_up("one.test.", "7", &only6), "SIMUL_ENONAME");
    ck_assert_str_eq(look_up("none.test.", "7", &opts), "SIMUL_ENONAME");
    ck_assert_str_eq(look_up("other.test.", "7", &opts), "SIMUL_ENONAME");
    ck_assert_str_eq(look_up("broken.test.", "7", &opts), "SIMUL_EHOSTNAME");
    ck_assert_int_gt(dns.asked, 8);
    dns_stop(&dns);
}

NET_TEST(the_environment_names_a_name_server)
{
    struct dns dns;
    dns_start(&dns, false);
    setenv("SIMUL_NAMESERVER", dns.address, 1);
    ck_assert_str_eq(look_up("one.test.", "7", NULL), "127.0.0.1:7");
    dns_stop(&dns);
}

NET_TEST(a_name_server_that_is_none_is_an_error)
{
    struct dns dns;
    dns_start(&dns, true);
    dns_stop(&dns);
    ck_assert_str_eq(
        look_up("one.test.", "7", &(simul_resolve_opts){.nameserver = dns.address}),
        "SIMUL_EHOSTNAME");
    ck_assert_str_eq(look_up("one.test.", "7",
                             &(simul_resolve_opts){.nameserver = "not an address"}),
                     "EINVAL");
}

struct question {
    struct dns *dns;
    const char *host;
    int result;
};

static int ask(void *arg)
{
    struct question *question = arg;
    simul_address *found = NULL;
    question->result = simul_getaddrinfo(
        question->host, "1",
        &(simul_resolve_opts){.nameserver = question->dns->address}, &found);
    simul_addresses_release(found);
    return question->result;
}

NET_TEST(many_ask_at_once)
{
    enum { N = 50 };
    struct dns dns;
    struct question questions[N];
    simul_task *tasks[N];
    dns_start(&dns, false);
    for (int i = 0; i < N; i++) {
        questions[i] = (struct question){&dns, i % 2 ? "one.test." : "two.test.", 0};
        tasks[i] = simul_create_task(ask, &questions[i]);
    }
    ck_assert_int_eq(simul_gather(tasks, N, 0), 0);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(questions[i].result, i % 2 ? 1 : 2);
    simul_release_all(tasks, N);
    dns_stop(&dns);
}

static int threads(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/task");
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

NET_TEST(a_question_that_is_never_answered_is_cancelled_in_the_same_pass)
{
    struct dns dns;
    dns_start(&dns, true);
    struct question question = {&dns, "one.test.", 0};
    int fds = harness_open_fds(), before = threads();
    simul_task *task = simul_create_task(ask, &question);
    let_run(3);
    ck_assert(!simul_done(task));
    ck_assert_int_gt(harness_open_fds(), fds);
    ck_assert_int_eq(threads(), before);

    simul_cancel(task);
    ck_assert_int_eq(harness_open_fds(), fds);
    let_run(1);
    ck_assert(simul_done(task));
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_int_eq(question.result, -ECANCELED);
    ck_assert_int_eq(threads(), before);
    simul_release(task);
    dns_stop(&dns);
}

static void answer_late(void *dns)
{
    dns_answer(dns);
}

static int wait_an_hour(void *unused)
{
    (void)unused;
    return simul_sleep(3600);
}

/* The virtual clock would jump to the hour's end if the question did not hold it. */
TASK_TEST(a_question_holds_the_virtual_clock)
{
    struct dns dns;
    dns_start(&dns, true);
    struct question question = {&dns, "one.test.", 0};
    simul_task *asking = simul_create_task(ask, &question);
    simul_task *sleeping = simul_create_task(wait_an_hour, NULL);
    let_run(3);
    ck_assert_int_eq(simul_call_soon(NULL, answer_late, &dns, NULL), 0);

    ck_assert_int_eq(simul_await(asking), 1);
    ck_assert(!simul_done(sleeping));
    ck_assert_int_eq(simul_await(sleeping), 0);
    simul_release(asking);
    simul_release(sleeping);
    dns_stop(&dns);
}

static double real_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A question comes, and is lost. The patience is the real clock's: the virtual one stands while
 * something is ready. */
static void lose_question(const struct dns *dns)
{
    char lost;
    double end = real_time() + harness_patience();
    while (recv(dns->fd, &lost, 1, MSG_DONTWAIT) < 0) {
        ck_assert_int_eq(simul_sleep(0), 0);
        ck_assert_msg(real_time() < end, "nothing was asked");
    }
}

static int repeats(void *arg)
{
    struct dns *dns = arg;
    dns_start(dns, true);
    struct question question = {dns, "one.test.", 0};
    simul_task *asking = simul_create_task(ask, &question);
    for (int i = 0; i < 2; i++) /* for each family one */
        lose_question(dns);
    dns_answer(dns);
    int r = simul_await(asking);
    simul_release(asking);
    dns_stop(dns);
    return r;
}

/* On either clock: a virtual one that is held goes like the real one. */
TEST(a_question_that_was_lost_is_asked_again)
{
    struct dns dns;
    setenv("RES_OPTIONS", sweep_wanted() ? "retrans:25" : "retrans:100", 1);
    ck_assert_int_eq(simul_run(repeats, &dns), 1);
    ck_assert_int_gt(dns.asked, 0);
    ck_assert_int_eq(run_like_asyncio(repeats, &dns), 1);
    ck_assert_int_gt(dns.asked, 0);
}

static int ask_nobody(void *arg)
{
    struct dns *dns = arg;
    dns_start(dns, true);
    struct question question = {dns, "one.test.", 0};
    int r = ask(&question);
    dns_stop(dns);
    return r;
}

TEST(a_question_that_is_never_answered_ends)
{
    struct dns dns;
    setenv("RES_OPTIONS", "retrans:10", 1);
    ck_assert_int_eq(simul_run(ask_nobody, &dns), -SIMUL_EHOSTNAME);
    ck_assert_int_eq(run_like_asyncio(ask_nobody, &dns), -SIMUL_EHOSTNAME);
}

static int abandons(void *arg)
{
    static struct question question;
    struct dns *dns = arg;
    dns_start(dns, true);
    question = (struct question){dns, "one.test.", 0};
    simul_release(simul_create_task(ask, &question));
    simul_sleep(0);
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_under_a_question_leaves_nothing)
{
    struct dns dns;
    close_loop_under(abandons, &dns, NULL);
    close(dns.fd);
}

/* ---- names of addresses -------------------------------------------------------------------- */

static simul_address address_of(const char *host, const char *port)
{
    simul_address *found, first;
    ck_assert_int_eq(
        simul_getaddrinfo(host, port, &(simul_resolve_opts){.numeric = true}, &found),
        1);
    first = found[0];
    simul_addresses_release(found);
    return first;
}

/* "host:port", or the error's name. */
static const char *name_of(const char *host, const char *port, int flags)
{
    static char all[NI_MAXHOST + NI_MAXSERV];
    char name[NI_MAXHOST], service[NI_MAXSERV];
    const simul_address address = address_of(host, port);
    int r =
        simul_getnameinfo(&address, flags, name, sizeof name, service, sizeof service);
    if (r < 0)
        return simul_error_name(r);
    snprintf(all, sizeof all, "%s:%s", name, service);
    return all;
}

NET_TEST(an_address_is_called_what_the_name_server_says)
{
    struct dns dns;
    dns_start(&dns, false);
    setenv("SIMUL_NAMESERVER", dns.address, 1);
    ck_assert_str_eq(name_of("192.0.2.7", "80", NI_NUMERICSERV), "host.test:80");
    ck_assert_str_eq(name_of("192.0.2.7", "80", 0), "host.test:http");
    ck_assert_str_eq(name_of("192.0.2.8", "1", NI_NUMERICSERV), "192.0.2.8:1");
    ck_assert_str_eq(name_of("192.0.2.8", "1", NI_NAMEREQD), "SIMUL_ENONAME");
    int asked = dns.asked;
    ck_assert_str_eq(name_of("192.0.2.7", "53", NI_NUMERICHOST | NI_DGRAM),
                     "192.0.2.7:domain");
    ck_assert_str_eq(name_of("2001:db8::1", "0", NI_NUMERICHOST | NI_NUMERICSERV),
                     "2001:db8::1:0");
    ck_assert_int_eq(dns.asked, asked);
    dns_stop(&dns);
}

NET_TEST(a_name_for_which_there_is_no_room_is_not_cut)
{
    char text[4] = "abc";
    const simul_address address = address_of("127.0.0.1", "80");
    const int flags = NI_NUMERICHOST | NI_NUMERICSERV;
    ck_assert_int_eq(simul_getnameinfo(&address, flags, text, 4, NULL, 0), -ENOSPC);
    ck_assert_int_eq(simul_getnameinfo(&address, flags, NULL, 0, text, 2), -ENOSPC);
    ck_assert_int_eq(simul_getnameinfo(&address, flags, NULL, 0, text, 3), 0);
    ck_assert_str_eq(text, "80");
    ck_assert_int_eq(simul_getnameinfo(&address, 1 << 20, NULL, 0, NULL, 0), -EINVAL);
    simul_address path;
    ck_assert_int_eq(simul_address_unix(&path, "x"), 0);
    ck_assert_int_eq(simul_getnameinfo(&path, 0, NULL, 0, NULL, 0), -EAFNOSUPPORT);
}

static int ask_for_a_name(void *arg)
{
    (void)arg;
    return strcmp(name_of("192.0.2.7", "80", 0), "ECANCELED") == 0 ? -ECANCELED : 0;
}

NET_TEST(asking_for_a_name_is_cancelled_at_once)
{
    struct dns dns;
    dns_start(&dns, true);
    setenv("SIMUL_NAMESERVER", dns.address, 1);
    simul_task *task = simul_create_task(ask_for_a_name, NULL);
    ck_assert_ptr_nonnull(task);
    let_run(2);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    dns_stop(&dns);
}

HARNESS_MAIN_BACKEND("resolve")
