/* SPDX-License-Identifier: MIT */
/* What the files of the engine share. See engine.h for the engine. */
#ifndef SM_HTTP_ENGINE_CURL_H
#define SM_HTTP_ENGINE_CURL_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/sys.h"
#include "http/engine.h"

struct sm_transfer {
    CURL *easy;               /* owned */
    struct sm_engine *engine; /* borrowed */
    const struct sm_engine_events *events;
    void *user;
    struct curl_slist *headers, *resolve; /* owned; curl looks at them while it runs */
    int error;     /* what an event function or we ended it with; 0: nothing yet */
    int no_socket; /* why there was none, errno's; 0: there was */
    bool running;  /* in the multi handle, and in the engine's list */
    bool holds;    /* the loop is told that something is outstanding */
    bool numeric;  /* the host is a number: nothing to look up */
    char detail[CURL_ERROR_SIZE];
    LIST_ENTRY(sm_transfer) link;
};

struct sm_engine {
    CURLM *multi;        /* owned; NULL: it was lost, and nobody has needed one since */
    simul_loop *loop;    /* borrowed */
    simul_handle *timer; /* owned; curl's one timer, NULL if it wants none */
    bool timer_lost;     /* it could not be started */
    bool has_failed;     /* a transfer that runs has its error set */
    bool is_lost;        /* curl has lost track: all that run are to fail */
    int connections;     /* to keep open at most; <= 0: as many as are used */
    LIST_HEAD(, sm_transfer) running;
    LIST_HEAD(, sm_watch) watches; /* owned */
    bool *sockets; /* owned; by their numbers: whether it is one of ours, and open */
    int sockets_size;
    pid_t owner; /* of the sockets: this process, or its parent */
};

/* ---- engine_curl.c ---- */

/* After every call of curl that may have changed something: deliver what has ended. */
void sm_engine_settle(struct sm_engine *engine);

/* Hand a transfer that was set up to curl. 0 or an error, and it does not run. */
int sm_engine_add(struct sm_engine *engine, struct sm_transfer *transfer);

/* Take it back; nothing is called. If it was not done its connection is closed. */
void sm_engine_remove(struct sm_engine *engine, struct sm_transfer *transfer);

/* Only what goes on by itself holds the loop: not a transfer that is paused. */
void sm_transfer_hold(struct sm_transfer *transfer, bool hold);

/* ---- engine_curl_loop.c ---- */

/* Have curl tell us of its descriptors and its time, and stop that. */
CURLMcode sm_engine_listen(struct sm_engine *engine);
void sm_engine_stop_listening(struct sm_engine *engine);

/* False: there is still no memory for the timer that curl wants. */
bool sm_engine_recover_timer(struct sm_engine *engine);

/* ---- engine_curl_socket.c ---- */

curl_socket_t sm_engine_open_socket(void *transfer, curlsocktype purpose,
                                    struct curl_sockaddr *address);
int sm_engine_close_socket(void *engine, curl_socket_t fd);

/* All are closed. */
void sm_engine_forget_sockets(struct sm_engine *engine);

/* Before curl closes a connection: in the child of a fork it is the parent's. */
void sm_engine_leave_parents_sockets(struct sm_engine *engine);

/* ---- engine_curl_errors.c ---- */

/* Our error for curl's; *what becomes a sentence, in text or static. */
int sm_engine_error(CURLcode code, long os_errno, const char *detail, char *text,
                    size_t size, const char **what);

#endif
