/* SPDX-License-Identifier: MIT */
/*
 * Sessions and responses from the inside.
 *
 * A request runs in the task that asks: it takes a place (session_limit.c), finds the
 * host's addresses (session_resolve.c), has the engine transfer one exchange (a *hop*),
 * and begins again if that was a redirect (session_redirect.c). The response collects what
 * the engine tells, in callbacks, and wakes the one task that waits for it.
 *
 *  S1. A hop that is under way holds a place; the place is given back the moment that the
 *      exchange is done or aborted, whether or not anybody has read the body by then.
 *  S2. transfer is NULL, or one that was started and not ended; `done` tells whether it
 *      goes on.
 *  S3. What the session's structs own lives as long as one of its references: the user's
 *      (until close), one for each request under way, one for each response.
 *  S4. Time limits are scopes of simul/timeout.h around each wait; no timer runs while
 *      nobody waits, and the next wait finds the total limit over.
 */
#ifndef SM_HTTP_SESSION_H
#define SM_HTTP_SESSION_H

#include <simul.h>
#include <simul/http.h>
#include <simul/net.h>
#include <sys/queue.h>

#include "base/sys.h"
#include "http/decoder.h"
#include "http/engine.h"
#include "http/url.h"

enum {
    SM_URL_MAX = 8192, /* bytes, with its end; longer ones are refused */
    SM_BODY_WAITING =
        65536, /* bytes that may wait to be read; see simul_response_read() */
    SM_PEER_MAX = SM_HTTP_HOST_MAX + 10, /* "[host]:65535" */
    SM_PROXY_MAX = 1024,                 /* bytes of a proxy's URL, with its end */
    SM_WAY_MAX = 2 * SM_PEER_MAX + 20,   /* "host:port through the proxy host:port" */
};

/* ---- fields of a message, owned ---- */

struct sm_fields {
    simul_http_header *list; /* owned, and the strings in it; ends with a NULL name */
    size_t count, capacity;
};

int sm_fields_add(struct sm_fields *fields, struct sm_http_slice name,
                  struct sm_http_slice value);
/* Adds, or replaces what has that name. A NULL value is kept: it suppresses a default. */
int sm_fields_set(struct sm_fields *fields, const char *name, const char *value);
/* sm_fields_set() for each of a list; -EINVAL if one is no field. NULL: nothing. */
int sm_fields_merge(struct sm_fields *fields, const simul_http_header *list);
/* To the end of the last field's value (an old folded line). */
int sm_fields_extend(struct sm_fields *fields, struct sm_http_slice more);
const char *sm_fields_get(const struct sm_fields *fields, const char *name);
bool sm_fields_has(const struct sm_fields *fields, const char *name);
void sm_fields_remove(struct sm_fields *fields, const char *name);
void sm_fields_finish(struct sm_fields *fields);

/* ---- places (session_limit.c) ---- */

struct sm_host { /* what counts against limit_per_host together */
    LIST_ENTRY(sm_host) link;
    TAILQ_ENTRY(sm_host) waiting_link; /* in waiting_hosts, while it has waiters */
    TAILQ_HEAD(, sm_wait_for_place) waiters;
    int active;
    char peer[SM_PEER_MAX];
};

enum { SM_HOST_BUCKETS = 64 };

struct sm_places {
    int limit, limit_per_host; /* INT_MAX: none */
    int active;
    uint64_t arrivals;  /* numbers the waiters, for first come, first served */
    struct sm_host any; /* stands for every host if there is no limit_per_host */
    LIST_HEAD(, sm_host) hosts[SM_HOST_BUCKETS];
    TAILQ_HEAD(, sm_host) waiting_hosts;
};

void sm_places_init(struct sm_places *places, int limit, int limit_per_host);
/* Waits for a place to talk to that peer; to be given back. */
int sm_place_take(struct sm_places *places, const char *peer, struct sm_host **place);
void sm_place_give(struct sm_places *places, struct sm_host *place);
/* All that wait get this error. */
void sm_places_fail(struct sm_places *places, int error);

/* ---- names (session_resolve.c) ---- */

struct sm_name; /* a host whose addresses are known, or being looked up */

struct sm_names {
    TAILQ_HEAD(, sm_name) list; /* oldest first */
    size_t count;
    bool closed;
};

void sm_names_init(struct sm_names *names);
void sm_names_finish(struct sm_names *names);
/* Look-ups under way, and later ones, end with -ECONNABORTED. */
void sm_names_close(struct sm_names *names);
/* What the engine calls `resolved`; *text is owned by the caller, NULL for a number. */
int sm_names_find(struct sm_names *names, const char *host, unsigned port, char **text);

/* ---- the session ---- */

struct sm_limits { /* seconds; INFINITY: none */
    double total, connect, read;
};

struct simul_session {
    unsigned refs; /* S3 */
    bool closed;
    simul_loop *loop;         /* borrowed */
    struct sm_engine *engine; /* owned; NULL once it is closed */
    struct sm_places places;
    struct sm_names names;
    struct sm_fields headers;
    struct sm_limits limits;
    char *ca_file, *proxy; /* owned; may be NULL */
    bool no_verify, trust_env;
    int calls;              /* calls of tasks that wait inside the session */
    simul_future *all_left; /* close() waits for calls to be 0; NULL: it does not */
    LIST_HEAD(, simul_response) responses;
    LIST_HEAD(, sm_request) requests; /* of tasks inside simul_session_request() */
    simul_on_close on_close;
};

void sm_session_unref(struct simul_session *session);
/* Around what waits: 0 or -ECONNABORTED; after 0, leave. */
int sm_session_enter(struct simul_session *session);
void sm_session_leave(struct simul_session *session);

/* The loop is closed: no task will leave what it is inside of. */
void sm_requests_forget(struct simul_session *session);
void sm_places_forget(struct sm_places *places);
void sm_names_forget(struct sm_names *names);
void sm_response_forget(struct simul_response *response);

/* 0, or -EINVAL for what is not a number. */
int sm_limit_of(double wanted, double preset, double *limit);

/* ---- requests ---- */

struct sm_hop {         /* what is sent; changes from redirect to redirect */
    char *url;          /* owned; without user and fragment */
    const char *method; /* borrowed */
    struct sm_fields fields;
    const void *body; /* borrowed; NULL: none */
    size_t body_size;
};

/* Takes a URL, seen from hop->url if that is not NULL; a user in it becomes a field. */
int sm_hop_set_url(struct sm_hop *hop, struct sm_http_slice ref);

/* Where does the response send us? 1 and the hop is changed, 0: nowhere, or an error. */
int sm_hop_redirect(struct sm_hop *hop, const struct simul_response *response);

/* "host:port" of a URL that was checked. */
void sm_peer_of(const char *url, char peer[SM_PEER_MAX]);

/* Appends "Authorization: Basic …" or another field of that kind. */
int sm_fields_set_basic(struct sm_fields *fields, const char *name,
                        struct sm_http_slice userinfo);

/* The proxy for a URL as the environment has it: 1 and its URL, 0: none, -SIMUL_EURL: what it
 * has is no proxy of ours. */
int sm_proxy_from_env(const char *url, char proxy[SM_PROXY_MAX]);
/* Its port, given or that of the scheme. */
unsigned sm_proxy_port(const char *proxy);

/* ---- the response ---- */

struct sm_buffer {
    char *data; /* owned */
    size_t begin, end, capacity;
};

struct simul_response {
    unsigned refs;                 /* the user's, and one of each call that reads */
    struct simul_session *session; /* holds a reference */
    LIST_ENTRY(simul_response) link;
    simul_future *waiter; /* borrowed from the task that waits; NULL: none */
    bool reading;         /* a task waits for the body */
    struct sm_limits limits;
    double deadline; /* of simul_time(): the total limit */

    struct sm_host *place;        /* S1 */
    struct sm_transfer *transfer; /* S2 */
    bool connected, head_done, done;
    bool paused;
    bool dropping; /* nobody wants this body */
    int error;     /* the end's; 0: the body is complete */
    char *what;    /* owned; what happened, NULL if there was no memory to say */

    char *url; /* owned; of the last hop */
    char peer[SM_PEER_MAX];
    char proxy[SM_PEER_MAX]; /* it goes through that; "": none */
    int status;
    char *reason; /* owned */
    struct sm_fields fields;
    size_t head_size; /* bytes so far, against senders without end */
    bool undecoded;   /* the body is wanted as it comes */

    struct sm_buffer body;     /* as it came */
    struct sm_decoder decoder; /* of the body */
    struct sm_buffer decoded;  /* what was not read of simul_response_bytes() */
    size_t decoded_in_a_row;   /* bytes, since the last wait */
    size_t body_max;           /* how much may wait in `body` */
    bool body_is_limit;        /* more than that is an error; else a reason to pause */
    size_t dropped;            /* bytes */

    struct sm_buffer sent; /* the JSON text of the request */
};

extern const struct sm_engine_events sm_response_events;

struct simul_response *sm_response_new(struct simul_session *session);
void sm_response_unref(struct simul_response *response);
/* Make it ready for the next hop: nothing of the last one is left but memory. */
void sm_response_reset(struct simul_response *response);
/* Aborts the transfer, gives the place back. */
void sm_response_abort(struct simul_response *response, int error, const char *what);
/* The same, also if the transfer has ended well: what it brought is of no use. */
void sm_response_spoil(struct simul_response *response, int error, const char *what);
/* Wait until the engine has something to tell. When the time comes, or that of the total
 * limit, the response ends with -ETIMEDOUT. `which`: "connect" or "read". */
int sm_response_wait(struct simul_response *response, double when, const char *which);
/* The limit of that name: "total", "connect", "read". */
double sm_limit_for(const struct sm_limits *limits, const char *which);
/* Whom we talk to, for messages. */
const char *sm_response_way(const struct simul_response *response,
                            char way[SM_WAY_MAX]);
/* The response's own error, with its message. */
int sm_response_fail(const struct simul_response *response);

int sm_buffer_append(struct sm_buffer *buffer, const char *data, size_t len);

#endif
