/* SPDX-License-Identifier: MIT */
#include "process/child.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "net/socket.h"

enum { LOST = 255, PIDFD = 3 /* P_PIDFD, of Linux 5.4 */ };

static const double AGAIN_S = 0.01;

/* ---- its status ---------------------------------------------------------------------- */

static long ask(const struct sm_child *child, siginfo_t *info, int flags)
{
    long r = -EINVAL;
    if (child->is_pidfd)
        r = sm_waitid((idtype_t)PIDFD, (id_t)child->fd, info, WEXITED | flags);
    if (r == -EINVAL)
        r = sm_waitid(P_PID, (id_t)child->pid, info, WEXITED | flags);
    return r;
}

/* H1 */
static void set_status(struct sm_child *child, int returncode)
{
    child->returncode = returncode;
    if (child->fd >= 0)
        sm_socket_close(child->loop, child->fd);
    child->fd = -1;
    sm_loop_unhold(child->loop, true);
    child->ended(child);
}

static void lost(struct sm_child *child)
{
    sm_log(SIMUL_LOG_WARNING,
           "the status of child %d was collected by somebody else; its return code is "
           "taken to be %d",
           (int)child->pid, LOST);
    set_status(child, LOST);
}

/* False: it has not ended (only with WNOHANG). */
static bool collect(struct sm_child *child, int flags)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    long r = ask(child, &info, flags);
    if (r < 0)
        lost(child);
    else if (info.si_pid == 0)
        return false;
    else
        set_status(child,
                   info.si_code == CLD_EXITED ? info.si_status : -info.si_status);
    return true;
}

/* ---- signals ------------------------------------------------------------------------- */

static bool is_ours(const struct sm_child *child)
{
    return !sm_loop_forked(child->loop);
}

int sm_child_signal(struct sm_child *child, int signum)
{
    if (child->returncode != SIMUL_RUNNING || !is_ours(child))
        return -ESRCH;
    long r = child->is_pidfd ? sm_pidfd_send_signal(child->fd, signum) : -ENOSYS;
    return (int)(r == -ENOSYS ? sm_kill(child->pid, signum) : r);
}

/* Its end of the pipe is to be closed when we say that nothing is left. */
static void wait_for_thread(const struct sm_child *child)
{
    char nothing;
    if (child->fd >= 0 && !child->is_pidfd)
        while (read(child->fd, &nothing, 1) < 0 && errno == EINTR)
            ;
}

/* Who may not be killed is not waited for: it goes on without us. */
static void give_up(struct sm_child *child)
{
    if (child->returncode != SIMUL_RUNNING)
        return;
    if (!is_ours(child) || (kill(child->pid, SIGKILL) < 0 && errno == EPERM)) {
        set_status(child, LOST);
        return;
    }
    wait_for_thread(child);
    collect(child, 0);
}

void sm_child_end_with_loop(struct sm_child *child, bool expected)
{
    bool runs = child->returncode == SIMUL_RUNNING;
    if (runs && !expected && is_ours(child))
        sm_log(SIMUL_LOG_WARNING,
               "a loop was closed while its child %d ran; it was killed",
               (int)child->pid);
    give_up(child);
}

/* ---- its end ------------------------------------------------------------------------- */

static int watch(struct sm_child *child);

static void watch_again(void *arg)
{
    struct sm_child *child = arg;
    int r = watch(child);
    if (r == 0)
        return;
    sm_log(SIMUL_LOG_ERROR, "child %d cannot be watched any longer, and is killed: %s",
           (int)child->pid, simul_strerror(r));
    give_up(child);
}

/* The poller has failed: for want of memory, if anything; there may be some later. */
static void watch_later(struct sm_child *child)
{
    if (simul_call_later(child->loop, AGAIN_S, watch_again, child, NULL) < 0)
        watch_again(child);
}

static void is_ready(struct sm_op *op)
{
    struct sm_child *child = op->user;
    if (op->result < 0 || !collect(child, WNOHANG))
        watch_later(child);
}

static int watch(struct sm_child *child)
{
    if (!sm_poll_ops(child->loop->poll)->submit(child->loop->poll, &child->op))
        return 0;
    if (child->op.result < 0)
        return (int)child->op.result;
    is_ready(&child->op);
    return 0;
}

/* By the age of the kernel, or by a sandbox; what else may fail is for want of something. */
static bool is_refusal(long error)
{
    return error == -ENOSYS || error == -EPERM || error == -EACCES || error == -EINVAL;
}

static long open_fd(struct sm_child *child)
{
    long fd = sm_pidfd_open(child->pid, 0);
    child->is_pidfd = fd >= 0;
    return is_refusal(fd) ? sm_child_thread_start(child->pid) : fd;
}

static int begin(struct sm_child *child)
{
    long fd = open_fd(child);
    if (fd == -ESRCH && collect(child, WNOHANG))
        return 0; /* SIGCHLD is ignored, and it has ended */
    if (fd < 0)
        return (int)fd;
    child->fd = (int)fd;
    child->op = (struct sm_op){.done = is_ready,
                               .fd = child->fd,
                               .code = SM_OP_POLL,
                               .flags = POLLIN,
                               .user = child};
    return watch(child);
}

static void nobody(struct sm_child *child)
{
    (void)child;
}

int sm_child_watch(struct sm_child *child, struct simul_loop *loop, pid_t pid,
                   void (*ended)(struct sm_child *child))
{
    *child = (struct sm_child){.loop = loop,
                               .pid = pid,
                               .fd = -1,
                               .returncode = SIMUL_RUNNING,
                               .ended = ended};
    sm_loop_hold(loop, true); /* H2 */
    int r = begin(child);
    if (r == 0)
        return 0;
    child->ended = nobody;
    give_up(child);
    return r;
}
