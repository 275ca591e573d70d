/* SPDX-License-Identifier: MIT */
/*
 * The transfer engine under the session: HTTP exchanges, one at a time per transfer, over
 * connections that it keeps alive, on the running loop. Made of libcurl's multi-socket
 * interface; engine_curl*.c are the only files that know that.
 *
 * The engine does not: find hosts (it is handed addresses), follow redirects, keep time,
 * limit the number of connections. All that is the session's.
 *
 *  G1. An event function is called from the loop (a descriptor, a timer) or inside a call
 *      of the engine. It must not call the engine back: it takes notes, and wakes tasks.
 *  G2. done() is called once for each transfer that was started, last of all its events,
 *      unless sm_transfer_end() comes before. It is not called inside sm_transfer_start()
 *      for the transfer that is being started.
 *  G3. After sm_transfer_end() no event comes, and the memory behind the request (URL,
 *      body, user) is not looked at any more. If the exchange was not done, its connection
 *      is closed then and there.
 */
#ifndef SM_HTTP_ENGINE_H
#define SM_HTTP_ENGINE_H

#include <simul/http.h>

struct sm_engine;
struct sm_transfer;

enum sm_engine_body { SM_BODY_TAKEN, SM_BODY_PAUSE };

struct sm_engine_events {
    /* There is a connection, the request is about to be sent. (Twice, if one that was kept
     * alive turns out to be dead.) */
    void (*connected)(void *user);

    /* A line of the head, without its end: the status line, fields, and an empty line; that
     * of an interim response (100, 103) comes before the final one. < 0 ends the transfer
     * with that error. */
    int (*line)(void *user, const char *text, size_t len);

    /* Bytes of the body, as they come. SM_BODY_PAUSE: none was taken, they come again after
     * sm_transfer_resume(). < 0 ends the transfer with that error. */
    int (*body)(void *user, const char *data, size_t len);

    /* The end: 0, or an error and what happened ("connection refused"). */
    void (*done)(void *user, int error, const char *what);
};

struct sm_engine_request {
    const char *method, *url;
    const simul_http_header *headers; /* ends with a NULL name; copied */
    const void *body;                 /* borrowed (G3); NULL: none */
    size_t body_size;
    const char *resolved; /* "host:port:address,address"; NULL: the host is a number */
    const char *proxy;    /* NULL: none; `resolved` is then about the proxy */
    unsigned proxy_port;  /* its port, where the URL does not say it */
    const char *ca_file;  /* NULL: the system's */
    bool no_verify;
    bool no_compression; /* do not ask for it; undoing it is not the engine's */
};

/* connections: how many to keep open at most; <= 0: as many as are used. */
int sm_engine_new(struct sm_engine **ret, simul_loop *loop, int connections);

/* Closes all connections. All transfers must have been ended. NULL does nothing. */
void sm_engine_free(struct sm_engine *engine);

/* 0, or an error (of memory, or -SIMUL_EURL) and nothing was started. */
int sm_transfer_start(struct sm_transfer **ret, struct sm_engine *engine,
                      const struct sm_engine_request *request,
                      const struct sm_engine_events *events, void *user);

/* After SM_BODY_PAUSE. */
void sm_transfer_resume(struct sm_transfer *transfer);

/* Aborts what is not done; gives the transfer back. NULL does nothing. */
void sm_transfer_end(struct sm_transfer *transfer);

/*
 * The host of a URL as the engine will understand it: numbers in all their spellings
 * become plain addresses. Without brackets. 0, or -SIMUL_EURL, -ENOMEM.
 */
int sm_engine_host(const char *url, char *host, size_t size);

#endif
