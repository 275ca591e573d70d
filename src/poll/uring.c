/* SPDX-License-Identifier: MIT */
#include "poll/uring.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"

/* ---- setting up --------------------------------------------------------------------- */

enum {
    NEEDED = SM_FEAT_SINGLE_MMAP | SM_FEAT_NODROP | SM_FEAT_SUBMIT_STABLE
             | SM_FEAT_FAST_POLL | SM_FEAT_EXT_ARG | SM_FEAT_RSRC_TAGS,
    ALWAYS = SM_SETUP_CQSIZE | SM_SETUP_CLAMP | SM_SETUP_R_DISABLED,
    DEFER = SM_SETUP_SUBMIT_ALL | SM_SETUP_TASKRUN_FLAG | SM_SETUP_SINGLE_ISSUER
            | SM_SETUP_DEFER_TASKRUN,
};

/* From the newest kernel to the oldest: EINVAL is the only way to learn what it knows. */
static const unsigned steps[] = {
    ALWAYS | DEFER | SM_SETUP_NO_SQARRAY,
    ALWAYS | DEFER,
    ALWAYS | SM_SETUP_SUBMIT_ALL | SM_SETUP_COOP_TASKRUN | SM_SETUP_TASKRUN_FLAG,
    ALWAYS,
};

unsigned sm_uring_first_step;

static int set_up(struct sm_uring *ring, struct io_uring_params *params,
                  unsigned sq_size, unsigned cq_size)
{
    int r = -EINVAL;
    for (size_t i = sm_uring_first_step;
         r == -EINVAL && i < sizeof steps / sizeof *steps; i++) {
        *params = (struct io_uring_params){.flags = steps[i], .cq_entries = cq_size};
        r = (int)sm_io_uring_setup(sq_size, params);
    }
    if (r < 0)
        return r == -EINVAL ? -EOPNOTSUPP : r;
    ring->fd = ring->enter_fd = r;
    ring->setup = params->flags;
    ring->features = params->features;
    return 0;
}

static void *map(struct sm_uring *ring, size_t len, off_t what)
{
    void *at = sm_mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                       ring->fd, what);
    return at == MAP_FAILED ? NULL : at;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int map_queues(struct sm_uring *ring, const struct io_uring_params *params)
{
    size_t sq_len = params->sq_off.array + params->sq_entries * sizeof(unsigned);
    size_t cq_len =
        params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    ring->rings_len = larger(sq_len, cq_len);
    ring->sqes_len = params->sq_entries * sizeof *ring->sqes;
    ring->rings = map(ring, ring->rings_len, IORING_OFF_SQ_RING);
    if (!ring->rings)
        return -ENOMEM;
    ring->sqes = map(ring, ring->sqes_len, IORING_OFF_SQES);
    if (ring->sqes)
        return 0;
    sm_munmap(ring->rings, ring->rings_len);
    return -ENOMEM;
}

static unsigned *word(struct sm_uring *ring, unsigned offset)
{
    return (unsigned *)((char *)ring->rings + offset);
}

/* Entry and index are always the same here, so the index array is filled once. */
static void find_words(struct sm_uring *ring, const struct io_uring_params *params)
{
    ring->sq_head = word(ring, params->sq_off.head);
    ring->sq_tail = word(ring, params->sq_off.tail);
    ring->sq_flags = word(ring, params->sq_off.flags);
    ring->sq_size = params->sq_entries;
    ring->cq_head = word(ring, params->cq_off.head);
    ring->cq_tail = word(ring, params->cq_off.tail);
    ring->cq_mask = params->cq_entries - 1;
    ring->cqes = (struct io_uring_cqe *)word(ring, params->cq_off.cqes);
    for (unsigned i = 0; !(ring->setup & SM_SETUP_NO_SQARRAY) && i < ring->sq_size; i++)
        word(ring, params->sq_off.array)[i] = i;
}

int sm_uring_open(struct sm_uring *ring, unsigned sq_size, unsigned cq_size)
{
    struct io_uring_params params;
    *ring = (struct sm_uring){.fd = -1};
    int r = set_up(ring, &params, sq_size, cq_size);
    if (r < 0)
        return r;
    r = (ring->features & NEEDED) == NEEDED ? map_queues(ring, &params) : -EOPNOTSUPP;
    if (r < 0) {
        sm_close(ring->fd);
        return r;
    }
    find_words(ring, &params);
    if (ring->features & SM_FEAT_NO_IOWAIT)
        ring->enter_flags |= SM_ENTER_NO_IOWAIT;
    return 0;
}

void sm_uring_close(struct sm_uring *ring)
{
    sm_munmap(ring->sqes, ring->sqes_len);
    sm_munmap(ring->rings, ring->rings_len);
    sm_close(ring->fd);
}

int sm_uring_probe(struct sm_uring *ring)
{
    enum { OPS = 64 };
    uint64_t
        space[(sizeof(struct io_uring_probe) + OPS * sizeof(struct io_uring_probe_op))
              / 8] = {0};
    struct io_uring_probe *probe = (struct io_uring_probe *)space;
    int r = (int)sm_io_uring_register(ring->fd, SM_REGISTER_PROBE, probe, OPS);
    if (r < 0)
        return r;
    ring->known = 0;
    for (unsigned i = 0; i < OPS && i <= probe->last_op; i++)
        if (probe->ops[i].flags & SM_PROBE_SUPPORTED)
            ring->known |= UINT64_C(1) << i;
    return 0;
}

bool sm_uring_knows(const struct sm_uring *ring, unsigned opcode)
{
    return opcode < 64 && ring->known >> opcode & 1;
}

/* The registration saves a reference count of the descriptor with each call. It is the
 * thread's, and there are few (16): doing without is no error. */
static void register_fd(struct sm_uring *ring)
{
    struct {
        uint32_t index, reserved;
        uint64_t fd;
    } arg = {UINT32_MAX, 0, (uint64_t)ring->fd};
    if (sm_io_uring_register(ring->fd, SM_REGISTER_RING_FDS, &arg, 1) != 1)
        return;
    ring->enter_fd = (int)arg.index;
    ring->enter_flags |= SM_ENTER_REGISTERED_RING;
}

int sm_uring_start(struct sm_uring *ring)
{
    if (ring->started)
        return 0;
    int r = (int)sm_io_uring_register(ring->fd, SM_REGISTER_ENABLE_RINGS, NULL, 0);
    if (r < 0)
        return r;
    ring->started = true;
    register_fd(ring);
    return 0;
}

/* ---- submitting --------------------------------------------------------------------- */

/* The shared head is 32 bits wide; ours never wraps. */
static void see_consumed(struct sm_uring *ring)
{
    unsigned head = __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
    ring->consumed += head - (unsigned)ring->consumed;
}

struct io_uring_sqe *sm_uring_push(struct sm_uring *ring)
{
    if (ring->queued - ring->consumed == ring->sq_size)
        return NULL;
    struct io_uring_sqe *sqe = &ring->sqes[ring->queued++ & (ring->sq_size - 1)];
    memset(sqe, 0, sizeof *sqe);
    return sqe;
}

struct io_uring_sqe *sm_uring_still_queued(struct sm_uring *ring, uint64_t n)
{
    return n < ring->consumed ? NULL : &ring->sqes[n & (ring->sq_size - 1)];
}

static int enter(struct sm_uring *ring, unsigned wait_for, unsigned flags,
                 struct io_uring_getevents_arg *arg)
{
    unsigned n = (unsigned)(ring->queued - ring->consumed);
    int r = sm_uring_start(ring);
    if (r < 0)
        return r;
    __atomic_store_n(ring->sq_tail, (unsigned)ring->queued, __ATOMIC_RELEASE);
    r = (int)sm_io_uring_enter(ring->enter_fd, n, wait_for, ring->enter_flags | flags,
                               arg);
    see_consumed(ring);
    return r < 0 && r != -EINTR && r != -ETIME ? r : 0;
}

int sm_uring_submit(struct sm_uring *ring)
{
    return ring->queued == ring->consumed ? 0 : enter(ring, 0, 0, NULL);
}

int sm_uring_enter(struct sm_uring *ring, unsigned wait_for, int64_t timeout_ns)
{
    struct __kernel_timespec timeout = {timeout_ns / 1000000000,
                                        timeout_ns % 1000000000};
    struct io_uring_getevents_arg arg = {
        .sigmask_sz = 8,
        .ts = wait_for && timeout_ns >= 0 ? (uintptr_t)&timeout : 0,
    };
    return enter(ring, wait_for, SM_ENTER_GETEVENTS | SM_ENTER_EXT_ARG, &arg);
}

/* ---- completions -------------------------------------------------------------------- */

unsigned sm_uring_ready(const struct sm_uring *ring)
{
    return __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) - *ring->cq_head;
}

bool sm_uring_pop(struct sm_uring *ring, struct io_uring_cqe *cqe)
{
    unsigned head = *ring->cq_head;
    if (!sm_uring_ready(ring))
        return false;
    memcpy(cqe, &ring->cqes[head & ring->cq_mask], sizeof *cqe);
    __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
    return true;
}

/* Without TASKRUN_FLAG the kernel cannot be asked, only entered. */
bool sm_uring_has_news(const struct sm_uring *ring)
{
    const unsigned pending = SM_SQ_TASKRUN | SM_SQ_CQ_OVERFLOW;
    return !(ring->setup & SM_SETUP_TASKRUN_FLAG) || sm_uring_ready(ring)
           || __atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & pending;
}
