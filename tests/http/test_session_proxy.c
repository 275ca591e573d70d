/* SPDX-License-Identifier: MIT */
/* Proxies, named by the session or by the environment. No host behind them exists, and the
 * name server would say so: who asks it has not gone through the proxy. */
#include "http/session_fixture.h"

#include <unistd.h>

static const simul_session_opts trusting = {.trust_env = true};

/* The test server as somebody would write it, before and behind its address. */
static void use(const char *variable, const char *before, const char *behind)
{
    char value[128];
    snprintf(value, sizeof value, "%s127.0.0.1:%d%s", before, server.port, behind);
    setenv(variable, value, 1);
}

static void says(const char *url, const char *part)
{
    simul_response *response = get(url);
    ck_assert_has(text_of(response), part);
    simul_response_release(response);
}

/* http_server_url() would be for the server itself. */
static void echo_says(const char *url, const char *part)
{
    simul_response *response;
    int r = simul_session_get(&response, session, url, NULL);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    ck_assert_has(text_of(response), part);
    ck_assert_int_eq(name_server.questions, 0);
    simul_response_release(response);
}

/* ---- through it ------------------------------------------------------------------------ */

static void go_through_the_environments(void)
{
    use("http_proxy", "http://", "/");
    echo_says("http://nowhere.test/echo", "GET http://nowhere.test/echo HTTP/1.1\r\n");
    use("http_proxy", "", "");
    echo_says("http://nowhere.test:8/echo", "\r\nHost: nowhere.test:8\r\n");
    ck_assert_int_eq(server.counts->connections, 1);
    unsetenv("http_proxy");
    use("ALL_PROXY", "http://", "");
    echo_says("http://nowhere.test/echo", "GET http://nowhere.test/echo HTTP/1.1\r\n");
}

TEST(a_request_goes_through_the_proxy_of_the_environment)
{
    with_session(go_through_the_environments, &trusting);
}

static void go_through_the_sessions(void)
{
    simul_session *first = session;
    simul_session_opts opts = {.proxy = http_server_url(&server, "")};
    ck_assert_int_eq(simul_session_new(&session, &opts), 0);
    echo_says("http://nowhere.test/echo", "GET http://nowhere.test/echo HTTP/1.1\r\n");
    ck_assert_int_eq(simul_session_close(session), 0);
    session = first;
}

TEST(a_request_goes_through_the_proxy_of_the_session)
{
    with_session(go_through_the_sessions, NULL);
}

static void redirect_through(void)
{
    use("http_proxy", "http://", "");
    echo_says("http://one.test/redirect/302?http://two.test/echo",
              "GET http://two.test/echo HTTP/1.1\r\n");
}

TEST(a_redirect_goes_through_it_too)
{
    with_session(redirect_through, &trusting);
}

static void say_the_password(void)
{
    use("http_proxy", "http://user:secret@", "");
    echo_says("http://nowhere.test/echo",
              "\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n");
}

TEST(the_proxy_is_told_its_password)
{
    with_session(say_the_password, &trusting);
}

/* ---- past it --------------------------------------------------------------------------- */

static void go_past(const char *no_proxy)
{
    setenv("no_proxy", no_proxy, 1);
    says("/echo", "GET /echo HTTP/1.1\r\n");
}

static void go_through(const char *no_proxy)
{
    setenv("no_proxy", no_proxy, 1);
    says("/echo", "GET http://127.0.0.1:");
}

static void exempt(void)
{
    use("http_proxy", "http://", "");
    go_past("*");
    go_past("127.0.0.1");
    go_past("example.com, 127.0.0.1");
    go_past("::1 127.0.0.0/8");
    go_past("127.0.0.0/31");
    go_through("");
    go_through("0.0.1,127.0.0.10");
    go_through("128.0.0.0/8,127.0.0.2/31,127.0.0.1/33");
    go_through("::/0,localhost");
    setenv("no_proxy", "other.test,.nowhere.test", 1);
    get_fails("http://nowhere.test/", -SIMUL_ENONAME, "unknown host: nowhere.test");
    get_fails("http://a.nowhere.test/", -SIMUL_ENONAME, "unknown host: a.nowhere");
    name_server.questions = 0;
    echo_says("http://not-nowhere.test/echo", "GET http://not-nowhere.test/echo");
}

TEST(no_proxy_names_hosts_that_are_asked_themselves)
{
    with_session(exempt, &trusting);
}

static void ask_themselves(void)
{
    use("HTTP_PROXY", "http://", "");
    says("/echo", "GET /echo HTTP/1.1\r\n");
}

TEST(HTTP_PROXY_in_capitals_does_not_count)
{
    with_session(ask_themselves, &trusting);
}

static void trust_nobody(void)
{
    use("http_proxy", "http://", "");
    says("/echo", "GET /echo HTTP/1.1\r\n");
}

TEST(the_environment_does_not_count_unless_that_is_wanted)
{
    with_session(trust_nobody, NULL);
}

/* ---- errors ---------------------------------------------------------------------------- */

static void be_refused(void)
{
    int fd;
    char value[128], message[256];
    int port = bound_port(&fd);
    snprintf(value, sizeof value, "http://user:secret@127.0.0.1:%d", port);
    setenv("all_proxy", value, 1);
    snprintf(message, sizeof message,
             "nowhere.test:80 through the proxy 127.0.0.1:%d: cannot connect: "
             "Connection refused",
             port);
    get_fails("http://nowhere.test/", -ECONNREFUSED, message);
    snprintf(message, sizeof message, "nowhere.test:443 through the proxy 127.0.0.1:%d",
             port);
    get_fails("https://nowhere.test/", -ECONNREFUSED, message);
    close(fd);
}

TEST(a_proxy_that_refuses_is_named)
{
    with_session(be_refused, &trusting);
}

static void find_no_proxy(void)
{
    setenv("http_proxy", "nowhere.test:3128", 1);
    get_fails("/hello", -SIMUL_ENONAME, "unknown proxy: nowhere.test");
}

TEST(a_proxy_that_does_not_exist_is_named)
{
    with_session(find_no_proxy, &trusting);
}

static void find_no_url(void)
{
    setenv("http_proxy", "socks5://user:secret@127.0.0.1", 1);
    get_fails("/hello", -SIMUL_EURL, "the proxy that the environment names is no");
    ck_assert_ptr_null(strstr(simul_explain(-SIMUL_EURL), "secret"));
}

TEST(a_proxy_of_another_kind_is_an_error)
{
    with_session(find_no_url, &trusting);
}

static void get_no_tunnel(void)
{
    use("https_proxy", "http://", "");
    get_fails("https://nowhere.test/", -SIMUL_ETRANSFER,
              "the proxy failed: CONNECT tunnel failed, response 404");
}

TEST(a_tunnel_that_is_refused_is_the_proxys_error)
{
    with_session(get_no_tunnel, &trusting);
}

HARNESS_MAIN_BACKEND("session_proxy")
