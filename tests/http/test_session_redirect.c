/* SPDX-License-Identifier: MIT */
/* Redirects: where they lead, and what of the request goes along. */
#include "http/session_fixture.h"

static simul_response *request(const char *method, const char *path,
                               const simul_request_opts *opts)
{
    simul_response *response;
    int r = simul_session_request(&response, session, method, URL(path), opts);
    ck_assert_msg(r == 0, "%s %s: %s", method, path, simul_explain(r));
    return response;
}

/* ---- where ----------------------------------------------------------------------------- */

static void leads_to(const char *path, const char *where)
{
    simul_response *response = get(path);
    ck_assert_str_eq(simul_response_url(response), URL(where));
    simul_response_release(response);
}

static void follow_references(void)
{
    leads_to("/redirects/1", "/hello");
    leads_to("/redirects/10", "/hello");
    leads_to("/redirect/302?/echo/absolute", "/echo/absolute");
    leads_to("/redirect/302?../echo/up", "/echo/up");
    leads_to("/redirect/302?307?/hello", "/hello");
    leads_to("/redirect/302?\?/hello", "/hello");
    leads_to("/redirect/302?/echo#fragment", "/echo");
    leads_to("/redirect/307?/hello", "/hello");
    leads_to("/redirect/308?/hello", "/hello");
    ck_assert_int_eq(server.counts->connections, 1);
}

TEST(references_are_resolved)
{
    with_session(follow_references, NULL);
}

static void follow_elsewhere(void)
{
    char path[128], where[128];
    snprintf(path, sizeof path, "/redirect/302?//localhost:%d/hello", server.port);
    snprintf(where, sizeof where, "http://localhost:%d/hello", server.port);
    simul_response *response = get(path);
    ck_assert_str_eq(simul_response_url(response), where);
    ck_assert_str_eq(text_of(response), "hello\n");
    simul_response_release(response);
    ck_assert_int_eq(server.counts->connections, 2);
}

TEST(another_host_is_followed)
{
    with_session(follow_elsewhere, NULL);
}

static void follow_no_more(void)
{
    get_fails("/redirects/11", -SIMUL_EREDIRECTS, "too many redirects");
    get_fails("/loop", -SIMUL_EREDIRECTS, "/loop");
    get_fails("/redirect/302?ftp://127.0.0.1/", -SIMUL_EURL,
              "redirected to a malformed URL: ftp://127.0.0.1/");
    get_fails("/redirect/302?http://", -SIMUL_EURL, "redirected to a malformed URL");

    simul_response *response;
    simul_request_opts opts = {.max_redirects = 3};
    ck_assert_int_eq(simul_session_get(&response, session, URL("/redirects/4"), &opts),
                     -SIMUL_EREDIRECTS);
    simul_response_release(request("GET", "/redirects/3", &opts));
}

TEST(redirects_have_a_limit)
{
    with_session(follow_no_more, NULL);
}

static void give_back_redirects(void)
{
    simul_request_opts opts = {.no_redirects = true};
    simul_response *response = request("GET", "/redirect/302?/hello", &opts);
    ck_assert_int_eq(simul_response_status(response), 302);
    ck_assert_str_eq(simul_response_header(response, "Location"), "/hello");
    ck_assert_str_eq(text_of(response), "gone\n");
    simul_response_release(response);

    static const char *const none[] = {"/redirect/300?/hello", "/redirect/304?/hello",
                                       "/redirect/305?/hello", "/status/302"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        response = get(none[i]);
        ck_assert_int_eq(simul_response_status(response) / 100, 3);
        simul_response_release(response);
    }
}

TEST(what_is_no_redirect_is_given_back)
{
    with_session(give_back_redirects, NULL);
}

static void follow_with_body(void)
{
    leads_to("/redirect-body/60000", "/hello"); /* read to its end */
    ck_assert_int_eq(server.counts->connections, 1);
    leads_to("/redirect-body/10000000", "/hello"); /* aborted */
    ck_assert_int_eq(server.counts->connections, 2);
}

TEST(the_body_of_a_redirect_is_dropped)
{
    with_session(follow_with_body, NULL);
}

/* ---- what goes along --------------------------------------------------------------------- */

static void becomes(int status, const char *method, const char *becoming,
                    bool keeps_body)
{
    char path[64], line[64];
    simul_request_opts opts = {.body = "content", .body_size = 7};
    snprintf(path, sizeof path, "/redirect/%d?/echo", status);
    snprintf(line, sizeof line, "%s /echo HTTP/1.1\r\n", becoming);
    simul_response *response = request(method, path, &opts);
    const char *sent = text_of(response);
    ck_assert_msg(strstr(sent, line) == sent, "%s after %d: %s", method, status, sent);
    ck_assert_int_eq(strstr(sent, "\r\n\r\ncontent") != NULL, keeps_body);
    ck_assert_int_eq(strstr(sent, "\r\nContent-") != NULL, keeps_body);
    simul_response_release(response);
}

static void change_methods(void)
{
    static const struct {
        int status;
        const char *method, *becoming;
        bool keeps_body;
    } cases[] = {
        {301, "POST", "GET", false},     {302, "POST", "GET", false},
        {303, "POST", "GET", false},     {307, "POST", "POST", true},
        {308, "POST", "POST", true},     {301, "PUT", "PUT", true},
        {302, "PUT", "PUT", true},       {303, "PUT", "GET", false},
        {307, "DELETE", "DELETE", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        becomes(cases[i].status, cases[i].method, cases[i].becoming,
                cases[i].keeps_body);

    simul_response *response = request("HEAD", "/redirect/303?/hello", NULL);
    ck_assert_str_eq(text_of(response), "");
    simul_response_release(response);
}

TEST(methods_change_as_they_should)
{
    with_session(change_methods, NULL);
}

/* The same server under another name is another origin. */
static void send_secrets(const char *host, bool should_arrive)
{
    char path[128];
    simul_request_opts opts = {
        .headers = (const simul_http_header[]){{"Authorization", "Bearer secret"},
                                               {"Cookie", "secret=1"},
                                               {"X-Other", "public"},
                                               {NULL, NULL}}};
    snprintf(path, sizeof path, "/redirect/307?http://%s:%d/echo", host, server.port);
    simul_response *response = request("GET", path, &opts);
    const char *sent = text_of(response);
    ck_assert_int_eq(strstr(sent, "\r\nAuthorization: Bearer secret") != NULL,
                     should_arrive);
    ck_assert_int_eq(strstr(sent, "\r\nCookie: secret=1") != NULL, should_arrive);
    ck_assert_has(sent, "\r\nX-Other: public\r\n");
    simul_response_release(response);
}

static void redirect_secrets(void)
{
    send_secrets("127.0.0.1", true);
    send_secrets("localhost", false);
}

TEST(secrets_stay_with_their_origin)
{
    with_session(redirect_secrets, NULL);
}

static void redirect_with_user(void)
{
    char url[128], path[128];
    simul_response *response;
    snprintf(url, sizeof url, "http://me:mine@127.0.0.1:%d/redirect/302?/echo",
             server.port);
    ck_assert_int_eq(simul_session_get(&response, session, url, NULL), 0);
    ck_assert_has(text_of(response), "\r\nAuthorization: Basic bWU6bWluZQ==\r\n");
    simul_response_release(response);

    snprintf(path, sizeof path, "/redirect/302?http://me:mine@localhost:%d/echo",
             server.port);
    response = get(path);
    ck_assert_has(text_of(response), "\r\nAuthorization: Basic bWU6bWluZQ==\r\n");
    ck_assert_ptr_null(strstr(simul_response_url(response), "mine"));
    simul_response_release(response);
}

TEST(a_user_in_a_url_goes_along)
{
    with_session(redirect_with_user, NULL);
}

HARNESS_MAIN_BACKEND("session_redirect")
