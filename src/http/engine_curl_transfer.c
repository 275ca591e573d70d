/* SPDX-License-Identifier: MIT */
/* The engine's transfers: one easy handle for one exchange. (See engine.h.) */
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "http/engine_curl.h"

#define USER_AGENT "simul/0.1"

/* ---- what curl calls ------------------------------------------------------------------- */

static int on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct sm_transfer *transfer = arg;
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    transfer->events->connected(transfer->user);
    return CURL_PREREQFUNC_OK;
}

/* Without it curl would begin to look up a name, in a thread that blocks when it is removed:
 * all names are looked up before, so that never has to happen. */
static int on_resolve(void *state, void *reserved, void *arg)
{
    const struct sm_transfer *transfer = arg;
    (void)state, (void)reserved;
    return transfer->numeric ? 0 : 1;
}

/* Anything but what came in is an error to curl. */
static size_t end_with(struct sm_transfer *transfer, int error, size_t len)
{
    transfer->error = error;
    return len ? 0 : 1;
}

static size_t on_line(char *text, size_t size, size_t n, void *arg)
{
    struct sm_transfer *transfer = arg;
    size_t len = size * n, bare = len;
    if (bare > 0 && text[bare - 1] == '\n')
        bare--;
    if (bare > 0 && text[bare - 1] == '\r')
        bare--;
    int r = transfer->events->line(transfer->user, text, bare);
    return r < 0 ? end_with(transfer, r, len) : len;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct sm_transfer *transfer = arg;
    size_t len = size * n;
    int r = transfer->events->body(transfer->user, data, len);
    if (r < 0)
        return end_with(transfer, r, len);
    if (r == SM_BODY_TAKEN)
        return len;
    sm_transfer_hold(transfer, false);
    return CURL_WRITEFUNC_PAUSE;
}

/* ---- setting up ------------------------------------------------------------------------ */

/* Options that fail for lack of memory only (or because curl was built without TLS). */
#define SET(option, value) curl_easy_setopt(easy, CURLOPT_##option, value)

static CURLcode set_events(struct sm_transfer *transfer)
{
    CURL *easy = transfer->easy;
    CURLcode bad = CURLE_OK;
    bad |= SET(PRIVATE, transfer);
    bad |= SET(ERRORBUFFER, transfer->detail);
    bad |= SET(HEADERFUNCTION, on_line);
    bad |= SET(HEADERDATA, transfer);
    bad |= SET(WRITEFUNCTION, on_body);
    bad |= SET(WRITEDATA, transfer);
    bad |= SET(OPENSOCKETFUNCTION, sm_engine_open_socket);
    bad |= SET(OPENSOCKETDATA, transfer);
    bad |= SET(CLOSESOCKETFUNCTION, sm_engine_close_socket);
    bad |= SET(CLOSESOCKETDATA, transfer->engine);
    bad |= SET(PREREQFUNCTION, on_connected);
    bad |= SET(PREREQDATA, transfer);
    bad |= SET(RESOLVER_START_FUNCTION, on_resolve);
    bad |= SET(RESOLVER_START_DATA, transfer);
    return bad;
}

/* What is the same for all. Time is kept by the session: curl's own limit on connecting
 * would be 300 seconds, and 0 means that too. */
static CURLcode set_manners(CURL *easy)
{
    CURLcode bad = CURLE_OK;
    bad |= SET(NOSIGNAL, 1L);
    bad |= SET(CONNECTTIMEOUT_MS, (long)INT_MAX);
    bad |= SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    bad |= SET(PROTOCOLS_STR, "http,https");
    bad |= SET(FOLLOWLOCATION, 0L);
    bad |= SET(PATH_AS_IS, 1L);
    bad |= SET(DISALLOW_USERNAME_IN_URL, 1L);
    bad |= SET(SUPPRESS_CONNECT_HEADERS, 1L);
    bad |= SET(TCP_KEEPALIVE, 1L);
    bad |= SET(USERAGENT, USER_AGENT);
    return bad;
}

/* Before 8.12 TLS sessions were kept in the easy handle. Ours is used once and has nothing
 * to resume, but what is kept without memory to keep it all is freed twice. */
static bool keeps_sessions(void)
{
    return curl_version_info(CURLVERSION_NOW)->version_num >= 0x080c00;
}

static CURLcode set_security(CURL *easy, const struct sm_engine_request *request)
{
    CURLcode bad = CURLE_OK;
    bad |= SET(SSL_SESSIONID_CACHE, keeps_sessions() ? 1L : 0L);
    bad |= SET(SSL_VERIFYPEER, request->no_verify ? 0L : 1L);
    bad |= SET(SSL_VERIFYHOST, request->no_verify ? 0L : 2L);
    if (request->ca_file) {
        bad |= SET(CAINFO, request->ca_file);
        bad |= SET(CAPATH, NULL);
    }
    return bad;
}

/* HEAD has to be known to curl, lest it wait for a body; a body goes with any method. */
static CURLcode set_method(CURL *easy, const struct sm_engine_request *request)
{
    CURLcode bad = CURLE_OK;
    bool has_body = request->body || strcmp(request->method, "POST") == 0;
    if (has_body) {
        bad |= SET(POST, 1L);
        bad |= SET(POSTFIELDS, request->body ? request->body : "");
        bad |= SET(POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    } else if (strcmp(request->method, "HEAD") == 0) {
        return SET(NOBODY, 1L);
    }
    bad |= SET(CUSTOMREQUEST, request->method);
    return bad;
}

static CURLcode set_target(CURL *easy, const struct sm_engine_request *request)
{
    CURLcode bad = CURLE_OK;
    bad |= SET(URL, request->url);
    bad |= SET(PROXY, request->proxy ? request->proxy : "");
    bad |= SET(PROXYPORT, (long)request->proxy_port);
    bad |= SET(NOPROXY, "");
    return bad;
}

static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer;
}

/* curl's notation: "Name: value", "Name;" for an empty one, "Name:" to leave it out. */
static bool append_header(struct curl_slist **list, const simul_http_header *header)
{
    size_t size = strlen(header->name) + 3;
    size += header->value ? strlen(header->value) : 0;
    char *line = sm_malloc(size);
    if (!line)
        return false;
    if (!header->value)
        snprintf(line, size, "%s:", header->name);
    else if (!*header->value)
        snprintf(line, size, "%s;", header->name);
    else
        snprintf(line, size, "%s: %s", header->name, header->value);
    bool done = append(list, line);
    sm_free(line);
    return done;
}

/* curl's own way to ask for compression would undo it, too: all of what it has read at once,
 * however large that becomes, and without a word if the end is missing. */
static bool append_accept_encoding(struct sm_transfer *transfer,
                                   const struct sm_engine_request *request)
{
    for (const simul_http_header *it = request->headers; it && it->name; it++)
        if (strcasecmp(it->name, "Accept-Encoding") == 0)
            return true;
    return request->no_compression
           || append(&transfer->headers, "Accept-Encoding: gzip, deflate");
}

/* curl's wait for "100 Continue" would be a second, lost with most servers. */
static CURLcode set_headers(struct sm_transfer *transfer,
                            const struct sm_engine_request *request)
{
    CURL *easy = transfer->easy;
    if (!append(&transfer->headers, "Expect:")
        || !append_accept_encoding(transfer, request))
        return CURLE_OUT_OF_MEMORY;
    for (const simul_http_header *it = request->headers; it && it->name; it++)
        if (!append_header(&transfer->headers, it))
            return CURLE_OUT_OF_MEMORY;
    return SET(HTTPHEADER, transfer->headers);
}

static CURLcode set_addresses(struct sm_transfer *transfer, const char *resolved)
{
    CURL *easy = transfer->easy;
    transfer->numeric = !resolved;
    if (!resolved)
        return CURLE_OK;
    if (!append(&transfer->resolve, resolved))
        return CURLE_OUT_OF_MEMORY;
    return SET(RESOLVE, transfer->resolve);
}

static int set_up(struct sm_transfer *transfer, const struct sm_engine_request *request)
{
    CURLcode bad = CURLE_OK;
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        return -ENOMEM;
    bad |= set_events(transfer);
    bad |= set_manners(transfer->easy);
    bad |= set_security(transfer->easy, request);
    bad |= set_method(transfer->easy, request);
    bad |= set_target(transfer->easy, request);
    bad |= set_headers(transfer, request);
    bad |= set_addresses(transfer, request->resolved);
    return bad == CURLE_OK ? 0 : -ENOMEM;
}

#undef SET

/* ---- the interface --------------------------------------------------------------------- */

static void free_transfer(struct sm_transfer *transfer)
{
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->resolve);
    sm_free(transfer);
}

int sm_transfer_start(struct sm_transfer **ret, struct sm_engine *engine,
                      const struct sm_engine_request *request,
                      const struct sm_engine_events *events, void *user)
{
    struct sm_transfer *transfer = sm_zalloc(sizeof *transfer);
    if (!transfer)
        return -ENOMEM;
    transfer->engine = engine;
    transfer->events = events;
    transfer->user = user;
    int r = set_up(transfer, request);
    if (r >= 0)
        r = sm_engine_add(engine, transfer);
    if (r < 0) {
        free_transfer(transfer);
        return r;
    }
    *ret = transfer;
    return 0;
}

/* No callback of ours aborts: then curl had no memory to tell us of a descriptor. */
static int error_of_resume(CURLcode code)
{
    bool no_memory = code == CURLE_OUT_OF_MEMORY || code == CURLE_ABORTED_BY_CALLBACK;
    return no_memory ? -ENOMEM : -SIMUL_ETRANSFER;
}

/* curl hands out at once what it kept back, and may be told to pause again. */
void sm_transfer_resume(struct sm_transfer *transfer)
{
    if (!transfer->running)
        return;
    sm_transfer_hold(transfer, true);
    CURLcode code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    if (code != CURLE_OK && !transfer->error)
        transfer->error = error_of_resume(code);
    if (transfer->error)
        transfer->engine->has_failed = true;
    sm_engine_settle(transfer->engine);
}

void sm_transfer_end(struct sm_transfer *transfer)
{
    if (!transfer)
        return;
    struct sm_engine *engine = transfer->engine;
    sm_engine_remove(engine, transfer);
    free_transfer(transfer);
    sm_engine_settle(engine);
}

int sm_engine_host(const char *url, char *host, size_t size)
{
    char *found = NULL;
    CURLU *parsed = curl_url();
    if (!parsed)
        return -ENOMEM;
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_PATH_AS_IS);
    if (code == CURLUE_OK)
        code = curl_url_get(parsed, CURLUPART_HOST, &found, 0);
    curl_url_cleanup(parsed);
    if (code != CURLUE_OK)
        return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : -SIMUL_EURL;
    size_t len = strlen(found);
    bool bracketed = *found == '[';
    int n = snprintf(host, size, "%.*s", (int)(len - 2 * bracketed), found + bracketed);
    curl_free(found);
    return n < 0 || (size_t)n >= size ? -SIMUL_EURL : 0;
}
