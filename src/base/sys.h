/* SPDX-License-Identifier: MIT */
/*
 * The one door to the allocator and to the kernel.
 *
 * Every allocation and system call of ours that can fail is made through a macro of this
 * file. In a build with SIMUL_FAULTS each such place in the source is a *site*: a static
 * record in the section sm_sites, which the fault runner (tests/support) counts and
 * makes fail, one call after another. In other builds the macros cost nothing.
 *
 * A call returns what the system call returns, or -errno; EINTR is retried and never
 * seen. Add a name here rather than calling the system directly.
 */
#ifndef SM_BASE_SYS_H
#define SM_BASE_SYS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/assert.h"
#include "base/sanitizers.h"

struct sm_fault_site {
    const char *call, *file;
    int line;
    int errnum;      /* what the call fails with */
    unsigned passed; /* how often it was reached, since sm_fault_arm() */
};

#ifdef SIMUL_FAULTS
bool sm_fault(struct sm_fault_site *site);
#define SM_FAULT(call_, errnum_)                                                         \
    ({                                                                                   \
        static struct sm_fault_site site_                                                \
            __attribute__((section("sm_sites"), used, aligned(8)))                       \
            = {call_, __FILE__, __LINE__, errnum_, 0};                                   \
        sm_unlikely(sm_fault(&site_));                                                   \
    })
#else
#define SM_FAULT(call_, errnum_) false
#endif

/* The system call `expr`, which sets errno; fails with errnum_ on injection. */
#define SM_SYS(call_, errnum_, expr)                                                     \
    ({                                                                                   \
        long r_;                                                                         \
        if (SM_FAULT(call_, errnum_)) {                                                  \
            r_ = -(errnum_);                                                             \
        } else {                                                                         \
            do                                                                           \
                r_ = (long)(expr);                                                       \
            while (r_ == -1 && errno == EINTR);                                          \
            if (r_ == -1)                                                                \
                r_ = -errno;                                                             \
        }                                                                                \
        r_;                                                                              \
    })

/* As SM_SYS, for calls that wait: a signal ends them, and -EINTR is for the caller. */
#define SM_SYS_ONCE(call_, errnum_, expr)                                                \
    ({                                                                                   \
        long r_ = SM_FAULT(call_, errnum_) ? -(errnum_) : (long)(expr);                  \
        r_ == -1 ? -(long)errno : r_;                                                    \
    })

/* clang-format off: a table, so that two people who add a line do not realign it */

/* ---- memory: the user's allocator, malloc(3) unless simul_set_allocator() was called */

void *sm_mem_alloc(size_t size);
void *sm_mem_zalloc(size_t size);
void *sm_mem_realloc(void *ptr, size_t size);
void sm_free(void *ptr);
char *sm_mem_strdup(const char *text);

#define sm_malloc(size)       (SM_FAULT("malloc", ENOMEM) ? NULL : sm_mem_alloc(size))
#define sm_zalloc(size)       (SM_FAULT("zalloc", ENOMEM) ? NULL : sm_mem_zalloc(size))
#define sm_realloc(ptr, size) (SM_FAULT("realloc", ENOMEM) ? NULL : sm_mem_realloc(ptr, size))
#define sm_strdup(text)       (SM_FAULT("strdup", ENOMEM) ? NULL : sm_mem_strdup(text))

/* Address space. Returns MAP_FAILED as mmap(2) does, with errno set. */
#define sm_mmap(addr, len, prot, flags, fd, off)                                         \
    (SM_FAULT("mmap", ENOMEM) ? (errno = ENOMEM, MAP_FAILED)                             \
                              : mmap(addr, len, prot, flags, fd, off))
#define sm_munmap(addr, len)           ((void)munmap(addr, len))
#define sm_mprotect(addr, len, prot)   SM_SYS("mprotect", ENOMEM, mprotect(addr, len, prot))
#define sm_madvise(addr, len, advice)  SM_SYS("madvise", ENOMEM, madvise(addr, len, advice))
#define sm_mincore(addr, len, vec)     SM_SYS("mincore", EAGAIN, mincore(addr, len, vec))
#define sm_process_madvise(pidfd, iov, n, advice, flags)                                 \
    SM_SYS("process_madvise", EPERM,                                                     \
           syscall(SYS_process_madvise, pidfd, iov, n, advice, flags))
#define sm_pidfd_open(pid, flags)                                                        \
    SM_SYS("pidfd_open", EMFILE, syscall(SYS_pidfd_open, pid, flags))

/* ---- processes ----------------------------------------------------------------------- */

/* A program may be built with AddressSanitizer and the library not: its vfork() takes the
 * stack of a task for the thread's, and crashes. It does not know of the other name. */
#if defined(__GLIBC__) && !SM_ASAN && !SM_TSAN
__attribute__((returns_twice)) pid_t __vfork(void);
#define SM_VFORK() __vfork()
#else
#define SM_VFORK() vfork()
#endif
#define sm_vfork()                     SM_SYS("vfork", EAGAIN, SM_VFORK())
#define sm_waitid(type, id, info, how) SM_SYS("waitid", ECHILD, waitid(type, id, info, how))
#define sm_kill(pid, signum)           SM_SYS("kill", EPERM, kill(pid, signum))
#define sm_pidfd_send_signal(fd, signum)                                                 \
    SM_SYS("pidfd_send_signal", ENOSYS, syscall(424, fd, signum, NULL, 0))

/* ---- threads: these return an errno, and we -errno ------------------------------------ */

#define SM_THREAD(call_, errnum_, expr) ((int)(SM_FAULT(call_, errnum_) ? -(errnum_) : -(expr)))
#define sm_thread_create(thread, attr, fn, arg)                                          \
    SM_THREAD("pthread_create", EAGAIN, pthread_create(thread, attr, fn, arg))
#define sm_thread_setspecific(key, value)                                                \
    SM_THREAD("pthread_setspecific", ENOMEM, pthread_setspecific(key, value))
#define sm_thread_create(thread, attr, fn, arg)                                          \
    SM_THREAD("pthread_create", EAGAIN, pthread_create(thread, attr, fn, arg))
#define sm_thread_attr_setstacksize(attr, size)                                          \
    SM_THREAD("pthread_attr_setstacksize", EINVAL, pthread_attr_setstacksize(attr, size))

/* ---- signals ------------------------------------------------------------------------ */

#define sm_sigaction(signum, act, old) SM_SYS("sigaction", EINVAL, sigaction(signum, act, old))
#define sm_sigaltstack(stack, old)     SM_SYS("sigaltstack", ENOMEM, sigaltstack(stack, old))

/* ---- descriptors and sockets -------------------------------------------------------- */

/* Closes once, whatever it says: after EINTR the descriptor is gone on Linux. */
void sm_close(int fd);
int sm_sys_close(int fd);

#define sm_read(fd, buf, n)            SM_SYS("read", EIO, read(fd, buf, n))
#define sm_write(fd, buf, n)           SM_SYS("write", EIO, write(fd, buf, n))
#define sm_writev(fd, iov, n)          SM_SYS("writev", EIO, writev(fd, iov, n))
#define sm_open(path, flags, mode)     SM_SYS("open", EMFILE, open(path, flags, mode))
#define sm_openat(dir, path, flags, mode)                                                \
    SM_SYS("openat", EMFILE, openat(dir, path, flags, mode))
#define sm_mkdir(path, mode)           SM_SYS("mkdir", EACCES, mkdir(path, mode))
#define sm_renameat2(from_dir, from, to_dir, to, flags)                                  \
    SM_SYS("renameat2", EIO, renameat2(from_dir, from, to_dir, to, flags))
#define sm_linkat(from_dir, from, to_dir, to)                                            \
    SM_SYS("linkat", EIO, linkat(from_dir, from, to_dir, to, 0))
#define sm_unlinkat(dir, path)         ((void)unlinkat(dir, path, 0))
/* For files that were written: the error of the last byte may come only now. The descriptor
 * is gone in any case, so also when this is made to fail. */
#define sm_close_checked(fd)                                                             \
    ({                                                                                   \
        long closed_ = sm_sys_close(fd);                                                 \
        SM_FAULT("close", EIO) ? -EIO : closed_;                                         \
    })
#define sm_recv(fd, buf, n, flags)     SM_SYS("recv", ECONNRESET, recv(fd, buf, n, flags))
#define sm_recvfrom(fd, buf, n, flags, addr, len)                                        \
    SM_SYS("recvfrom", ECONNREFUSED, recvfrom(fd, buf, n, flags, addr, len))
#define sm_send(fd, buf, n, flags)     SM_SYS("send", ECONNRESET, send(fd, buf, n, flags))
#define sm_recvmsg(fd, msg, flags)     SM_SYS("recvmsg", ECONNRESET, recvmsg(fd, msg, flags))
#define sm_sendto(fd, buf, n, flags, addr, len)                                          \
    SM_SYS("sendto", ENOBUFS, sendto(fd, buf, n, flags, addr, len))
#define sm_sendmsg(fd, msg, flags)     SM_SYS("sendmsg", ECONNRESET, sendmsg(fd, msg, flags))
#define sm_sendfile(out, in, offset, n)                                                  \
    SM_SYS("sendfile", EIO, sendfile(out, in, offset, n))
#define sm_pread(fd, buf, n, offset)   SM_SYS("pread", EIO, pread(fd, buf, n, offset))
#define sm_pwrite(fd, buf, n, offset)  SM_SYS("pwrite", EIO, pwrite(fd, buf, n, offset))
#define sm_preadv(fd, iov, n, offset)  SM_SYS("preadv", EIO, preadv(fd, iov, n, offset))
#define sm_pwritev(fd, iov, n, offset) SM_SYS("pwritev", EIO, pwritev(fd, iov, n, offset))
#define sm_getrlimit(what, limit)      SM_SYS("getrlimit", EPERM, getrlimit(what, limit))
#define sm_fsync(fd)                   SM_SYS("fsync", EIO, fsync(fd))
#define sm_ftruncate(fd, size)         SM_SYS("ftruncate", EIO, ftruncate(fd, size))
#define sm_lseek(fd, offset, whence)   SM_SYS("lseek", EIO, lseek(fd, offset, whence))
#define sm_fstat(fd, file)             SM_SYS("fstat", EIO, fstat(fd, file))
#define sm_stat(path, file)            SM_SYS("stat", EIO, stat(path, file))
#define sm_lstat(path, file)           SM_SYS("lstat", EIO, lstat(path, file))
#define sm_chmod(path, mode)           SM_SYS("chmod", EPERM, chmod(path, mode))
#define sm_unlink(path)                SM_SYS("unlink", EPERM, unlink(path))
#define sm_fcntl(fd, what, arg)        SM_SYS("fcntl", EBADF, fcntl(fd, what, arg))
#define sm_socket(domain, type, proto) SM_SYS("socket", EMFILE, socket(domain, type, proto))
#define sm_bind(fd, addr, len)         SM_SYS("bind", EADDRINUSE, bind(fd, addr, len))
#define sm_listen(fd, backlog)         SM_SYS("listen", EADDRINUSE, listen(fd, backlog))
#define sm_connect(fd, addr, len)      SM_SYS("connect", ENETUNREACH, connect(fd, addr, len))
#define sm_accept(fd, addr, len, flags)                                                  \
    SM_SYS("accept4", EMFILE, accept4(fd, addr, len, flags))
#define sm_setsockopt(fd, level, name, val, len)                                         \
    SM_SYS("setsockopt", ENOBUFS, setsockopt(fd, level, name, val, len))
#define sm_getsockopt(fd, level, name, val, len)                                         \
    SM_SYS("getsockopt", ENOBUFS, getsockopt(fd, level, name, val, len))
#define sm_getsockname(fd, addr, len)                                                    \
    SM_SYS("getsockname", ENOBUFS, getsockname(fd, addr, len))
#define sm_getpeername(fd, addr, len)                                                    \
    SM_SYS("getpeername", ENOTCONN, getpeername(fd, addr, len))
#define sm_shutdown(fd, how)           SM_SYS("shutdown", ENOTCONN, shutdown(fd, how))
#define sm_eventfd(value, flags)       SM_SYS("eventfd", EMFILE, eventfd(value, flags))
#define sm_pipe(fds, flags)            SM_SYS("pipe2", EMFILE, pipe2(fds, flags))
#define sm_ppoll(fds, n, timeout)                                                        \
    SM_SYS_ONCE("ppoll", ENOMEM, ppoll(fds, n, timeout, NULL))
#define sm_epoll_create(flags)         SM_SYS("epoll_create1", EMFILE, epoll_create1(flags))
#define sm_epoll_ctl(epfd, op, fd, ev) SM_SYS("epoll_ctl", ENOMEM, epoll_ctl(epfd, op, fd, ev))
#define sm_epoll_wait(epfd, events, n, timeout_ms)                                       \
    SM_SYS_ONCE("epoll_wait", ENOMEM, epoll_wait(epfd, events, n, timeout_ms))
/* io_uring, by number too: the C library has no names for it. */
#define sm_io_uring_setup(entries, params)                                               \
    SM_SYS("io_uring_setup", ENOMEM, syscall(425, entries, params))
#define sm_io_uring_enter(fd, submit, wait_for, flags, arg)                              \
    SM_SYS_ONCE("io_uring_enter", EAGAIN,                                                \
                syscall(426, fd, submit, wait_for, flags, arg, (arg) ? sizeof *(arg) : 0))
#define sm_io_uring_register(fd, what, arg, n)                                           \
    SM_SYS("io_uring_register", ENOMEM, syscall(427, fd, what, arg, n))
/* What the kernel does with a file itself and tells later; asked before it is begun. */
#define sm_file_fault()                (SM_FAULT("operation of a file", EIO) ? -EIO : 0)
/* By number, since glibc before 2.35 has no name for it. `timeout`: two 64-bit words. */
#define sm_epoll_pwait2(epfd, events, n, timeout)                                        \
    SM_SYS_ONCE("epoll_pwait2", ENOMEM, syscall(441, epfd, events, n, timeout, NULL, 8))

/* clang-format on */

#endif
