/* SPDX-License-Identifier: MIT */
/* Tests of the session: a server, a run with a session in it, and what they ask of both.
 * There is a name server, too, that says of every name that it does not exist. */
#ifndef SM_TESTS_SESSION_FIXTURE_H
#define SM_TESTS_SESSION_FIXTURE_H

#include <simul/http.h>
#include <string.h>

#include "support/harness.h"
#include "support/http_server.h"

extern struct http_server server;
extern simul_session
    *session; /* closed behind the test's back, if it has not done so */

extern struct name_server {
    int fd;
    bool silent;   /* does not answer */
    int questions; /* so far */
} name_server;

/* Runs fn() as a task, with `server` and `session` there. It may fail a Check assertion. */
void with_session(void (*fn)(void), const simul_session_opts *opts);

/* The same, but the loop is closed when fn() returns, whatever it has left; then after() is
 * called, with the server still there. */
void leave_session(void (*fn)(void), void (*after)(void),
                   const simul_session_opts *opts, const simul_loop_opts *loop_opts);

/* How often the loop was told of a session that was left open. */
extern int told_of_sessions;

/* A path on the server. */
#define URL(path_) http_server_url(&server, path_)

/* GET without options; asserts that it succeeds. */
simul_response *get(const char *path);

/* Asserts that GET fails with the error, and that its message has the text in it. */
void get_fails(const char *path, int error, const char *text);

/* The whole body; asserts that it can be read. */
const char *text_of(simul_response *response);

/* Lets the loop run until a counter of a server is at least n, which the task brings about. */
void until(const int *counter, int n, simul_task *task);

/* A port at which nobody listens, ours while the socket is open. */
int bound_port(int *fd);

#define ck_assert_has(text_, part_)                                                    \
    ck_assert_msg(strstr(text_, part_), "\"%s\" has no \"%s\"", text_, part_)

#endif
