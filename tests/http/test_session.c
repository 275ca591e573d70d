/* SPDX-License-Identifier: MIT */
/* The session against a server that behaves. */
#include "http/session_fixture.h"

#include <jansson.h>

/* ---- what comes back ------------------------------------------------------------------- */

static void get_hello(void)
{
    simul_response *response = get("/hello");
    ck_assert_int_eq(simul_response_status(response), 200);
    ck_assert_str_eq(simul_response_reason(response), "OK");
    ck_assert_str_eq(simul_response_url(response), URL("/hello"));
    ck_assert_str_eq(simul_response_header(response, "content-LENGTH"), "6");
    ck_assert_ptr_null(simul_response_header(response, "X-None"));
    ck_assert_str_eq(text_of(response), "hello\n");
    ck_assert_str_eq(text_of(response), "hello\n");
    ck_assert_int_eq(simul_response_raise_for_status(response), 0);
    simul_response_release(response);
}

TEST(a_page_is_fetched)
{
    with_session(get_hello, NULL);
}

static void get_header_list(void)
{
    simul_response *response = get("/json");
    const simul_http_header *it = simul_response_headers(response);
    ck_assert_str_eq(it[0].name, "Content-Type");
    ck_assert_str_eq(it[0].value, "application/json");
    ck_assert_str_eq(it[1].name, "Content-Length");
    ck_assert_ptr_null(it[2].name);
    simul_response_release(response);
}

TEST(fields_come_in_order)
{
    with_session(get_header_list, NULL);
}

static void get_odd_heads(void)
{
    simul_response *response = get("/interim");
    ck_assert_int_eq(simul_response_status(response), 200);
    ck_assert_ptr_null(simul_response_header(response, "Link"));
    ck_assert_str_eq(text_of(response), "hello\n");
    simul_response_release(response);

    response = get("/folded");
    ck_assert_str_eq(simul_response_header(response, "X-Long"), "one two");
    simul_response_release(response);

    response = get("/no-reason");
    ck_assert_str_eq(simul_response_reason(response), "");
    simul_response_release(response);

    response = get("/trailers");
    ck_assert_uint_eq(strlen(text_of(response)), 100);
    ck_assert_ptr_null(simul_response_header(response, "X-Trailer"));
    simul_response_release(response);
}

TEST(interim_folded_and_bare_heads_are_understood)
{
    with_session(get_odd_heads, NULL);
}

/* ---- bodies ---------------------------------------------------------------------------- */

static void check_alphabet(const char *data, size_t n, size_t from)
{
    for (size_t i = 0; i < n; i++)
        if (data[i] != 'a' + (char)((from + i) % 26))
            ck_abort_msg("byte %zu is '%c'", from + i, data[i]);
}

/* Reads in odd pieces, slower than the server sends. */
static void read_in_pieces(const char *path, size_t expected)
{
    simul_response *response = get(path);
    size_t sum = 0;
    char piece[7001];
    ssize_t n;
    while ((n = simul_response_read(response, piece, sizeof piece)) > 0) {
        check_alphabet(piece, (size_t)n, sum);
        sum += (size_t)n;
        if (sum % 3 == 0)
            simul_sleep(0);
    }
    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(sum, expected);
    ck_assert_int_eq(simul_response_read(response, piece, 1), 0);
    simul_response_release(response);
}

static void read_all_kinds(void)
{
    static const char *const paths[] = {"/bytes/1000000",       "/chunked/1000000",
                                        "/until-close/1000000", "/gzip/1000000",
                                        "/deflate/1000000",     "/raw-deflate/1000000"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        read_in_pieces(paths[i], 1000000);
    read_in_pieces("/bytes/0", 0);
    read_in_pieces("/chunked/0", 0);
}

TEST(bodies_are_read_in_pieces)
{
    with_session(read_all_kinds, NULL);
}

static void read_whole(void)
{
    const void *data;
    simul_response *response = get("/bytes/1000000");
    ck_assert_int_eq(simul_response_bytes(response, &data, 0), 1000000);
    check_alphabet(data, 1000000, 0);
    simul_response_release(response);

    char piece[10];
    response = get("/chunked/100");
    ck_assert_int_eq(simul_response_read(response, piece, sizeof piece), 10);
    ck_assert_int_eq(simul_response_bytes(response, &data, 0), 90);
    check_alphabet(data, 90, 10);
    simul_response_release(response);
}

TEST(a_body_is_read_whole)
{
    with_session(read_whole, NULL);
}

static void read_too_much(void)
{
    const void *data;
    simul_response *response = get("/bytes/1000000");
    ck_assert_int_eq(simul_response_bytes(response, &data, 999999), -SIMUL_ETOOLARGE);
    ck_assert_has(simul_explain(-SIMUL_ETOOLARGE), "larger than the limit");
    simul_response_release(response);

    response = get("/bytes/1000");
    ck_assert_int_eq(simul_response_bytes(response, &data, 999), -SIMUL_ETOOLARGE);
    simul_response_release(response);

    response = get("/bytes/1000");
    ck_assert_int_eq(simul_response_bytes(response, &data, 1000), 1000);
    simul_response_release(response);
}

TEST(a_body_above_the_limit_is_refused)
{
    with_session(read_too_much, NULL);
}

static void read_nul_as_text(void)
{
    const char *text;
    const void *data;
    simul_response *response = get("/text-with-nul");
    ck_assert_int_eq(simul_response_text(response, &text, 0), -EILSEQ);
    ck_assert_int_eq(simul_response_bytes(response, &data, 0), 7);
    ck_assert_mem_eq(data, "abc\0def", 7);
    simul_response_release(response);
}

TEST(a_body_with_a_nul_is_no_text)
{
    with_session(read_nul_as_text, NULL);
}

static void read_json(void)
{
    json_t *json;
    simul_response *response = get("/json");
    ck_assert_int_eq(simul_response_json(response, &json), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "number")), 42);
    json_decref(json);
    simul_response_release(response);

    response = get("/hello");
    ck_assert_int_eq(simul_response_json(response, &json), -SIMUL_EJSON);
    ck_assert_has(simul_explain(-SIMUL_EJSON), "line 1");
    simul_response_release(response);
}

TEST(json_is_parsed)
{
    with_session(read_json, NULL);
}

/* ---- what is sent ---------------------------------------------------------------------- */

static simul_response *request(const char *method, const char *path,
                               const simul_request_opts *opts)
{
    simul_response *response;
    int r = simul_session_request(&response, session, method, URL(path), opts);
    ck_assert_msg(r == 0, "%s %s: %s", method, path, simul_explain(r));
    return response;
}

static void send_get(void)
{
    simul_response *response = request("GET", "/echo?q=1 2", NULL);
    const char *sent = text_of(response);
    ck_assert_has(sent, "GET /echo?q=1%202 HTTP/1.1\r\n");
    ck_assert_has(sent, "\r\nUser-Agent: simul/");
    ck_assert_has(sent, "\r\nAccept-Encoding: gzip, deflate\r\n");
    ck_assert_has(sent, "\r\nX-Mine: from the session\r\n");
    ck_assert_ptr_null(strstr(sent, "Content-"));
    simul_response_release(response);

    simul_request_opts opts = {
        .headers = (const simul_http_header[]){{"x-mine", "from the request"},
                                               {"X-Empty", ""},
                                               {"User-Agent", NULL},
                                               {NULL, NULL}},
        .no_compression = true,
    };
    response = request("GET", "/echo", &opts);
    sent = text_of(response);
    ck_assert_has(sent, "\r\nx-mine: from the request\r\n");
    ck_assert_has(sent, "\r\nX-Empty:\r\n");
    ck_assert_ptr_null(strstr(sent, "from the session"));
    ck_assert_ptr_null(strstr(sent, "User-Agent"));
    ck_assert_ptr_null(strstr(sent, "Accept-Encoding"));
    simul_response_release(response);
}

TEST(fields_are_sent)
{
    const simul_http_header headers[] = {{"X-Mine", "from the session"}, {NULL, NULL}};
    with_session(send_get, &(simul_session_opts){.headers = headers});
}

static void send_bodies(void)
{
    simul_request_opts opts = {.body = "a=b\0c", .body_size = 5};
    simul_response *response = request("POST", "/echo", &opts);
    const void *data;
    ssize_t n = simul_response_bytes(response, &data, 0);
    ck_assert_int_gt(n, 5);
    ck_assert_mem_eq((const char *)data + n - 5, "a=b\0c", 5);
    ck_assert_has((const char *)data, "\r\nContent-Length: 5\r\n");
    ck_assert_has((const char *)data, "\r\nContent-Type: application/octet-stream\r\n");
    simul_response_release(response);

    opts = (simul_request_opts){.body = "x", .body_size = 1};
    response = request("PUT", "/echo", &opts);
    ck_assert_has(text_of(response), "PUT /echo HTTP/1.1\r\n");
    simul_response_release(response);

    response = request("POST", "/echo", NULL);
    ck_assert_has(text_of(response), "\r\nContent-Length: 0\r\n");
    ck_assert_ptr_null(strstr(text_of(response), "Content-Type"));
    simul_response_release(response);

    response = request("DELETE", "/echo", NULL);
    ck_assert_has(text_of(response), "DELETE /echo HTTP/1.1\r\n");
    simul_response_release(response);
}

TEST(bodies_are_sent)
{
    with_session(send_bodies, NULL);
}

static void send_large_body(void)
{
    size_t size = 3000000;
    char *body = malloc(size);
    memset(body, 'x', size);
    simul_request_opts opts = {.body = body, .body_size = size};
    simul_response *response = request("POST", "/echo", &opts);
    const void *data;
    ssize_t n = simul_response_bytes(response, &data, 0);
    ck_assert_int_gt(n, (ssize_t)size);
    ck_assert_int_eq(((const char *)data)[n - 1], 'x');
    simul_response_release(response);
    free(body);
}

TEST(a_large_body_is_sent)
{
    with_session(send_large_body, NULL);
}

static void send_json(void)
{
    json_t *json = json_pack("{s:[i,i]}", "list", 1, 2);
    simul_request_opts opts = {.json = json};
    simul_response *response = request("POST", "/echo", &opts);
    json_decref(json);
    ck_assert_has(text_of(response), "\r\nContent-Type: application/json\r\n");
    ck_assert_has(text_of(response), "\r\n\r\n{\"list\":[1,2]}");
    simul_response_release(response);
}

TEST(json_is_sent)
{
    with_session(send_json, NULL);
}

static void send_head(void)
{
    simul_response *response = request("HEAD", "/bytes/1000", NULL);
    ck_assert_str_eq(simul_response_header(response, "Content-Length"), "1000");
    ck_assert_str_eq(text_of(response), "");
    simul_response_release(response);
    simul_response_release(get("/hello"));
    ck_assert_int_eq(server.counts->connections, 1);
}

TEST(head_has_no_body)
{
    with_session(send_head, NULL);
}

static void send_credentials(void)
{
    char url[128];
    simul_response *response;
    snprintf(url, sizeof url, "http://Aladdin:open%%20sesame@127.0.0.1:%d/echo#top",
             server.port);
    ck_assert_int_eq(simul_session_get(&response, session, url, NULL), 0);
    ck_assert_has(text_of(response),
                  "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
    ck_assert_str_eq(simul_response_url(response), URL("/echo"));
    simul_response_release(response);
}

TEST(a_user_in_the_url_becomes_a_field)
{
    with_session(send_credentials, NULL);
}

/* ---- statuses -------------------------------------------------------------------------- */

static void raise_for_status(void)
{
    simul_response *response = get("/status/399");
    ck_assert_int_eq(simul_response_raise_for_status(response), 0);
    simul_response_release(response);

    response = get("/nowhere");
    ck_assert_int_eq(simul_response_raise_for_status(response), -SIMUL_EHTTPSTATUS);
    const char *message = simul_explain(-SIMUL_EHTTPSTATUS);
    ck_assert_has(message, "404 Not Found: ");
    ck_assert_has(message, URL("/nowhere"));
    ck_assert_str_eq(text_of(response), "not found\n");
    simul_response_release(response);
}

TEST(a_status_says_error)
{
    with_session(raise_for_status, NULL);
}

/* ---- arguments ------------------------------------------------------------------------- */

static void refuse_requests(void)
{
    simul_response *response = NULL;
    const simul_http_header bad_name[] = {{"X Y", "1"}, {NULL, NULL}};
    const simul_http_header bad_value[] = {{"X", "1\r\nY: 2"}, {NULL, NULL}};
    json_t *json = json_null();
    const struct {
        const char *method;
        simul_request_opts opts;
    } bad[] = {
        {"GET it", {0}},
        {"", {0}},
        {"GET", {.headers = bad_name}},
        {"GET", {.headers = bad_value}},
        {"GET", {.total_timeout = __builtin_nan("")}},
        {"GET", {.max_redirects = -1}},
        {"POST", {.body = "x", .body_size = 1, .json = json}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(simul_session_request(&response, session, bad[i].method,
                                               URL("/hello"), &bad[i].opts),
                         -EINVAL);
    get_fails("htp://a/", -SIMUL_EURL, "malformed URL: htp://a/");
    get_fails("hello", -SIMUL_EURL, "malformed URL");
    get_fails("http://", -SIMUL_EURL, "malformed URL");
    get_fails("http://a b/", -SIMUL_EURL, "malformed URL");
    get_fails("http://127.0.0.1:99999/", -SIMUL_EURL, "malformed URL");
    ck_assert_ptr_null(response);
    ck_assert_int_eq(server.counts->connections, 0);
}

TEST(bad_requests_are_refused)
{
    with_session(refuse_requests, NULL);
}

static int refuse_sessions(void *arg)
{
    (void)arg;
    const simul_http_header bad[] = {{"X", "1\n"}, {NULL, NULL}};
    session = NULL;
    ck_assert_int_eq(simul_session_new(&session, &(simul_session_opts){.headers = bad}),
                     -EINVAL);
    ck_assert_int_eq(
        simul_session_new(&session, &(simul_session_opts){.ca_file = "/nonexistent"}),
        -ENOENT);
    ck_assert_int_eq(simul_session_new(&session, &(simul_session_opts){.proxy = "x"}),
                     -EINVAL);
    ck_assert_int_eq(
        simul_session_new(&session,
                          &(simul_session_opts){.read_timeout = __builtin_nan("")}),
        -EINVAL);
    ck_assert_ptr_null(session);
    ck_assert_int_eq(simul_session_close(NULL), 0);
    return 0;
}

TEST(bad_sessions_are_refused)
{
    ck_assert_int_eq(simul_session_new(&session, NULL), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_run(refuse_sessions, NULL), 0);
}

HARNESS_MAIN_BACKEND("session")
