/* SPDX-License-Identifier: MIT */
/*
 * An HTTP client, in the manner of aiohttp's ClientSession. Not part of <simul.h>.
 *
 *     simul_session *session;
 *     simul_response *response;
 *     const char *text;
 *     int r = simul_session_new(&session, NULL);
 *     if (r < 0)
 *         return r;
 *     r = simul_session_get(&response, session, "https://example.com/", NULL);
 *     if (r >= 0) {
 *         r = (int)simul_response_text(response, &text, 0);
 *         if (r >= 0)
 *             puts(text);
 *         simul_response_release(response);
 *     }
 *     simul_session_close(session);
 *
 * A session keeps connections alive between requests, limits how many there are at once,
 * and closes them all in the end. Any number of tasks may use one session at the same time.
 * HTTP/1.1 and 1.0, http and https, over IPv4 and IPv6. Redirects are followed. Nothing is
 * read from the environment and from dot files unless an option asks for it.
 *
 * A request ends when the head of the response is there; the body is read afterwards, as
 * fast as somebody reads it: a response that nobody reads makes its server wait.
 *
 * Cancellation: a cancelled request is aborted at once, its connection closed. A cancelled
 * read has done nothing, and may be repeated; simul_response_release() aborts.
 *
 * In the child of a fork sessions and responses of before are the parent's: to close or release
 * them there gives back the child's memory and descriptors, and ends no connection.
 *
 * Errors of requests and reads come with a message (simul_message() of the task that passes
 * them on; simul_explain() in the task itself) that names the host and what happened:
 *   -SIMUL_EURL          the URL, or that of a redirect or a proxy, is malformed or not http(s)
 *   -SIMUL_ENONAME       the host, or the proxy, is unknown
 *   -SIMUL_EHOSTNAME     the resolver failed
 *   -ECONNREFUSED, -ENETUNREACH, -EHOSTUNREACH, …   the connection could not be made
 *   -SIMUL_ETLS          TLS could not be agreed on
 *   -SIMUL_ECERTIFICATE  the server's certificate was refused
 *   -ECONNRESET          the connection broke
 *   -SIMUL_EINCOMPLETE   the server ended the connection within, or before, its answer
 *   -SIMUL_EHTTP         what the server sent is not HTTP
 *   -SIMUL_EENCODING     the body could not be decompressed
 *   -SIMUL_EREDIRECTS    too many redirects
 *   -ETIMEDOUT           a time limit was over; the message says which
 *   -ECONNABORTED        the session was closed meanwhile
 *   -SIMUL_ETRANSFER     anything else; see the message
 *   -ECANCELED, -ENOMEM
 */
#ifndef SIMUL_HTTP_H
#define SIMUL_HTTP_H

#include <simul.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_session simul_session;
typedef struct simul_response simul_response;

struct json_t; /* jansson's */

/** A header field. Arrays of them end with one whose name is NULL. */
typedef struct simul_http_header {
    const char *name, *value;
} simul_http_header;

/** Keyword arguments of simul_session_new(); zero and NULL mean the default. */
typedef struct simul_session_opts {
    const simul_http_header *headers; /* sent with each request; copied */
    int limit;              /* connections in use at once; default 100; < 0: any number */
    int limit_per_host;     /* the same for one host and port; default: any number */
    double total_timeout;   /* seconds from the request to the end of the body, redirects
                               and waiting for a connection included; default 300;
                               < 0: none */
    double connect_timeout; /* seconds for finding a host and connecting to it, TLS
                               included, each time; default 30; < 0: none */
    double read_timeout;    /* seconds of silence of the server; default: none */
    const char *ca_file;    /* PEM file of the authorities to trust; default: the system's */
    bool no_verify;         /* accept any certificate: no security at all */
    const char *proxy;      /* "http://[user:password@]host:port"; default: none */
    bool trust_env;         /* http_proxy, https_proxy, all_proxy and no_proxy of the
                               environment count, as curl has them: HTTP_PROXY does not */
    void *_reserved[8];
} simul_session_opts;

/** Keyword arguments of a request; zero and NULL mean the default. */
typedef struct simul_request_opts {
    const simul_http_header *headers; /* a name replaces the same one of the session; an
                                         empty value sends an empty field, NULL none */
    const void *body;          /* borrowed until the response is released */
    size_t body_size;          /* bytes */
    const struct json_t *json; /* instead of body; borrowed during the call */
    double total_timeout, connect_timeout, read_timeout; /* default: the session's */
    int max_redirects;         /* default 10 */
    bool no_redirects;         /* give back the redirect itself */
    bool no_compression;       /* neither ask for a compressed body nor undo it */
    void *_reserved[8];
} simul_request_opts;

/* ---- the session -------------------------------------------------------------------- */

/**
 * Make a session for the running loop.
 *
 * If its loop is closed first, the session is closed with it: connections end, responses stay
 * readable as far as they had come, and in debug mode the loop's exception handler is told "an
 * HTTP session was not closed before its loop". The session itself is to be given back with
 * simul_session_close() even then.
 *
 * @param ret    the session, to be closed with simul_session_close(), before the loop is
 * @param opts   copied; NULL: all defaults
 * @return       0
 * @error -SIMUL_ENOLOOP  no loop runs in this thread
 * @error -EINVAL         a header or a time limit that is none, a proxy that is no URL
 * @error -errno          ca_file cannot be read
 * @error -ENOMEM
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  aiohttp.ClientSession()
 */
SIMUL_API int simul_session_new(simul_session **ret, const simul_session_opts *opts);

/**
 * Close a session and all its connections. Requests and reads of other tasks that are
 * under way fail with -ECONNABORTED, and are waited for; the session is closed and given
 * back in any case. Responses that are still held stay readable as far as they had come,
 * and are to be released as ever. NULL does nothing.
 *
 * @return       0
 * @error -ECANCELED   the task was cancelled once more while it waited
 *
 * Awaits:   only if requests are under way; a cleanup scope in itself. Outside of a task it
 *           does not wait for them, nor when its loop has been closed.
 * Threads:  the loop's
 * asyncio:  ClientSession.close()
 */
SIMUL_API int simul_session_close(simul_session *session);

/**
 * Send a request and wait for the head of the response. If all connections are in use,
 * waits for one; who came first gets one first.
 *
 * Redirects (301, 302, 303, 307, 308) are followed; after 303 the request is a GET without
 * a body, and so it is after 301 and 302 if it was a POST. Fields with credentials
 * (Authorization, Cookie, …) are not sent on to another scheme, host or port. A user name
 * and password in the URL are sent as basic authorization.
 *
 * Any status is a success; simul_response_raise_for_status() makes an error of some.
 *
 * @param ret      the response, to be released with simul_response_release()
 * @param method   "GET", "PATCH", …: any token
 * @param url      absolute; blanks and bytes above ASCII are escaped
 * @param opts     NULL: all defaults
 * @return         0
 * @error -EINVAL         a method, header or time limit that is none, or both body and json
 * @error -SIMUL_ENOTASK  called outside of a task
 * @error …               see the head of this file. Nothing is left of the request.
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  ClientSession.request()
 */
SIMUL_API int simul_session_request(simul_response **ret, simul_session *session,
                                    const char *method, const char *url,
                                    const simul_request_opts *opts);

/**
 * simul_session_request() with the method GET.
 *
 * @return  0 or an error as there
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  ClientSession.get()
 */
SIMUL_API int simul_session_get(simul_response **ret, simul_session *session,
                                const char *url, const simul_request_opts *opts);

/**
 * simul_session_request() with the method POST.
 *
 * @return  0 or an error as there
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  ClientSession.post()
 */
SIMUL_API int simul_session_post(simul_response **ret, simul_session *session,
                                 const char *url, const simul_request_opts *opts);

/* ---- the head of a response ----------------------------------------------------------- */

/**
 * The status: 200, 404, …
 *
 * @return  100 to 999
 *
 * Threads:  the loop's
 * asyncio:  ClientResponse.status
 */
SIMUL_API int simul_response_status(const simul_response *response);

/**
 * The text behind the status: "Not Found".
 *
 * @return  borrowed until the release; may be empty
 *
 * Threads:  the loop's
 * asyncio:  ClientResponse.reason
 */
SIMUL_API const char *simul_response_reason(const simul_response *response);

/**
 * The URL that answered, after all redirects; without user name, password and fragment.
 *
 * @return  borrowed until the release
 *
 * Threads:  the loop's
 * asyncio:  ClientResponse.url
 */
SIMUL_API const char *simul_response_url(const simul_response *response);

/**
 * The value of the first field with that name, whatever the case of its letters.
 *
 * @return  borrowed until the release; NULL if there is none
 *
 * Threads:  the loop's
 * asyncio:  ClientResponse.headers.get()
 */
SIMUL_API const char *simul_response_header(const simul_response *response,
                                            const char *name);

/**
 * All fields, in the order in which they came; the last one has a name that is NULL:
 *
 *     for (const simul_http_header *h = simul_response_headers(response); h->name; h++)
 *
 * @return  borrowed until the release
 *
 * Threads:  the loop's
 * asyncio:  ClientResponse.headers
 */
SIMUL_API const simul_http_header *
simul_response_headers(const simul_response *response);

/**
 * Make an error of a status that says error (400 and above).
 *
 * @return  0
 * @error -SIMUL_EHTTPSTATUS  with the status, reason and URL as its message
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  ClientResponse.raise_for_status()
 */
SIMUL_API int simul_response_raise_for_status(const simul_response *response);

/* ---- the body of a response ----------------------------------------------------------- */

/**
 * Read the next part of the body, as much as is there and fits.
 *
 * Reading makes room for more; while about 64 KiB wait to be read, nothing more is taken
 * from the connection.
 *
 * @param size  at least 1
 * @return      how many bytes; 0 at the end of the body
 * @error -SIMUL_EINCOMPLETE   cut short; all that had come was read before
 * @error -SIMUL_ECONCURRENT   another task is reading this response
 * @error -ECANCELED           the task was cancelled; nothing is lost
 * @error …                    see the head of this file; the transfer has ended
 *
 * Awaits:   only if nothing is there
 * Threads:  the loop's
 * asyncio:  ClientResponse.content.read()
 */
SIMUL_API ssize_t simul_response_read(simul_response *response, void *buf, size_t size);

/**
 * Read the rest of the body and keep it. Again: gives the same.
 *
 * @param data  set on success: borrowed until the release; a NUL is put behind
 * @param max   bytes; the longest body to accept. 0: 64 MiB; SIZE_MAX: any
 * @return      its size, bytes
 * @error -SIMUL_ETOOLARGE  the body is longer than max; the transfer was aborted
 * @error …                 as simul_response_read()
 *
 * Awaits:   only if the end has not come yet
 * Threads:  the loop's
 * asyncio:  ClientResponse.read()
 */
SIMUL_API ssize_t simul_response_bytes(simul_response *response, const void **data,
                                       size_t max);

/**
 * simul_response_bytes() as a string. The encoding is the sender's, most likely UTF-8.
 *
 * @return  its length, bytes
 * @error -EILSEQ   the body is not text: there is a NUL in it
 * @error …         as simul_response_bytes()
 *
 * Awaits:   only if the end has not come yet
 * Threads:  the loop's
 * asyncio:  ClientResponse.text()
 */
SIMUL_API ssize_t simul_response_text(simul_response *response, const char **text,
                                      size_t max);

/**
 * simul_response_bytes(), with its default limit, parsed as JSON. Include <jansson.h> to
 * work with it.
 *
 * @param json  set on success: to be released with json_decref()
 * @return      0
 * @error -SIMUL_EJSON   with the place and the fault as its message
 * @error …              as simul_response_bytes()
 *
 * Awaits:   only if the end has not come yet
 * Threads:  the loop's
 * asyncio:  ClientResponse.json()
 */
SIMUL_API int simul_response_json(simul_response *response, struct json_t **json);

/**
 * Give a response back. If its body has not come to the end, the transfer is aborted and
 * its connection closed; a task that is reading it gets -ECONNABORTED. NULL does nothing.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  ClientResponse.release(), close()
 */
SIMUL_API void simul_response_release(simul_response *response);

/* ---- URLs ------------------------------------------------------------------------------ */

/**
 * A name for the file to keep a URL's content in, made of the last part of its path and of
 * its query: "cat.jpg", "list?page=2", "index.html" if there is none. It is safe to create
 * in a directory: no slash, no control character, neither '.' nor '-' in front.
 *
 * @param out   receives the terminated name, cut to fit
 * @param size  bytes; at least 16
 * @return      its length
 * @error -SIMUL_EURL   it is not an absolute http or https URL
 * @error -EINVAL       size is less than 16
 * @error -ENOMEM
 *
 * Threads:  any
 */
SIMUL_API ssize_t simul_url_file_name(const char *url, char *out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
