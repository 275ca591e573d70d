/* SPDX-License-Identifier: MIT */
/* Names and texts of error codes: ours from the table in simul/error.h, errno's from the
 * C library, in forms that are safe with threads. */
#include "simul/error.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int number;
    const char *name, *text;
} table[] = {
#define ROW(name, number, text) {number, "SIMUL_" #name, text},
    SIMUL_ERROR_MAP(ROW)
#undef ROW
};

#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
static const char *errno_name(int err)
{
    return strerrorname_np(err);
}

static const char *errno_text(int err)
{
    return strerrordesc_np(err);
}
#else
/* Without strerrorname_np: the names that the library itself returns. */
static const char *errno_name(int err)
{
#define NAME(code)                                                                     \
    case code:                                                                         \
        return #code;
    switch (err) {
        NAME(EPERM)
        NAME(ENOENT) NAME(EINTR) NAME(EIO) NAME(E2BIG) NAME(EBADF) NAME(ECHILD) NAME(
            EAGAIN) NAME(ENOMEM) NAME(EACCES) NAME(EFAULT) NAME(EBUSY) NAME(EEXIST)
            NAME(ENODEV) NAME(ENOTDIR) NAME(EISDIR) NAME(EINVAL) NAME(ENFILE) NAME(
                EMFILE) NAME(EFBIG) NAME(ENOSPC) NAME(ESPIPE) NAME(EROFS) NAME(EPIPE)
                NAME(EDOM) NAME(ERANGE) NAME(EDEADLK) NAME(ENAMETOOLONG) NAME(ENOSYS)
                    NAME(EPROTO) NAME(EOVERFLOW) NAME(EILSEQ) NAME(ENOTSOCK)
                        NAME(EDESTADDRREQ) NAME(EMSGSIZE) NAME(ENOPROTOOPT)
                            NAME(EPROTONOSUPPORT) NAME(EOPNOTSUPP) NAME(EAFNOSUPPORT)
                                NAME(EADDRINUSE) NAME(EADDRNOTAVAIL) NAME(ENETDOWN)
                                    NAME(ENETUNREACH) NAME(ECONNABORTED)
                                        NAME(ECONNRESET) NAME(ENOBUFS) NAME(EISCONN)
                                            NAME(ENOTCONN) NAME(ETIMEDOUT)
                                                NAME(ECONNREFUSED) NAME(EHOSTUNREACH)
                                                    NAME(EALREADY) NAME(EINPROGRESS)
                                                        NAME(ECANCELED)
    }
#undef NAME
    return NULL;
}

/* The POSIX form of strerror_r; _GNU_SOURCE brings glibc's, which returns the text. */
static const char *errno_text(int err)
{
    static _Thread_local char text[128];
#ifdef __GLIBC__
    return strerror_r(err, text, sizeof text);
#else
    return strerror_r(err, text, sizeof text) == 0 ? text : NULL;
#endif
}
#endif

static int row_of(int err)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].number == err)
            return (int)i;
    return -1;
}

/* The sign does not matter; INT_MIN has no opposite and is no code anyway. */
static int magnitude(int err)
{
    if (err == INT_MIN)
        return INT_MAX;
    return err < 0 ? -err : err;
}

const char *simul_strerror(int err)
{
    err = magnitude(err);
    int row = row_of(err);
    const char *text = row >= 0 ? table[row].text : errno_text(err);
    return text ? text : "unknown error";
}

const char *simul_error_name(int err)
{
    err = magnitude(err);
    int row = row_of(err);
    const char *name = row >= 0 ? table[row].name : errno_name(err);
    return name ? name : "E?";
}
