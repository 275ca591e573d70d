/* SPDX-License-Identifier: MIT */
/*
 * Errors. Every function that can fail returns a negative number: -errno where errno
 * has the word, one of the SIMUL_E… codes below, negated, where it has none.
 * (asyncio: the page "Exceptions".)
 */
#ifndef SIMUL_ERROR_H
#define SIMUL_ERROR_H

#include <errno.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef SIMUL_API
#define SIMUL_API __attribute__((visibility("default")))
#endif

/*
 * code, number, text. asyncio's words for them: EEOF and EINCOMPLETE are
 * IncompleteReadError, ELIMIT is LimitOverrunError, ESTATE is InvalidStateError,
 * ENOLOOP and ENOTASK are "no running event loop", ECLOSEDLOOP "Event loop is closed",
 * EGENEXIT is GeneratorExit, EGENIGNORED "generator ignored GeneratorExit", EEXECUTING
 * "generator already executing".
 */
#define SIMUL_ERROR_MAP(X)                                                               \
    X(EEOF, 10001, "end of the stream")                                                  \
    X(EINCOMPLETE, 10002, "the stream ended before all that was asked for")              \
    X(ELIMIT, 10003, "separator not found within the limit")                             \
    X(ESHUTDOWN, 10004, "the queue or executor is shut down")                            \
    X(ESTATE, 10005, "the operation is not allowed in this state")                       \
    X(EBARRIER, 10006, "the barrier is broken")                                          \
    X(ENOLOOP, 10007, "no running event loop in this thread")                            \
    X(ENOTASK, 10008, "only a task can wait")                                            \
    X(ECLOSEDLOOP, 10009, "the event loop is closed")                                    \
    X(ERUNNING, 10010, "an event loop is already running in this thread")                \
    X(ESTOPPED, 10011, "the event loop was stopped before the future was done")          \
    X(ESCOPE, 10012, "a scope was not left in the function that entered it")             \
    X(ECONCURRENT, 10013, "another task is already waiting in this operation")           \
    X(EBROKEN, 10014, "the stream is broken: a write was cut off by a cancel")           \
    X(EHOSTNAME, 10015, "the host name could not be resolved")                           \
    X(ENONAME, 10016, "the host is unknown")                                             \
    X(EURL, 10017, "the URL is malformed")                                               \
    X(EHTTP, 10018, "the HTTP message is malformed")                                     \
    X(EHTTPSTATUS, 10019, "the HTTP status says error")                                  \
    X(EREDIRECTS, 10020, "too many redirects")                                           \
    X(EENCODING, 10021, "the content encoding could not be undone")                      \
    X(EJSON, 10022, "the JSON text is malformed")                                        \
    X(ETLS, 10023, "the TLS connection failed")                                          \
    X(ECERTIFICATE, 10024, "the certificate was refused")                                \
    X(ETRANSFER, 10025, "the transfer failed")                                           \
    X(EINTERRUPTED, 10026, "interrupted by a signal")                                    \
    X(ETOOLARGE, 10027, "larger than the limit")                                         \
    X(EGENEXIT, 10028, "the generator is being closed")                                  \
    X(EGENIGNORED, 10029, "the generator has yielded although it was being closed")      \
    X(EEXECUTING, 10030, "the generator is running already")                        \
    X(ETRUNCATED, 10031, "the TLS connection ended without the peer's word (close_notify)")

enum simul_error_code {
#define SIMUL_ERROR_ENUM(name, number, text) SIMUL_##name = number,
    SIMUL_ERROR_MAP(SIMUL_ERROR_ENUM)
#undef SIMUL_ERROR_ENUM
};

/**
 * The text for an error code, as strerror(3) gives it for errno's.
 *
 * @param err  what a function returned; the sign does not matter
 * @return     a static string, never NULL
 *
 * Threads: any
 */
SIMUL_API const char *simul_strerror(int err);

/**
 * The name of an error code: "ECANCELED", "SIMUL_EEOF".
 *
 * @return  a static string; "E?" if the code is not known
 *
 * Threads: any
 */
SIMUL_API const char *simul_error_name(int err);

#ifdef __cplusplus
}
#endif

#endif
