/* SPDX-License-Identifier: MIT */
/*
 * The queue. A task that is woken was promised an item, or a free place; it takes it when it
 * runs, and gives the promise on if it was cancelled (S32, and unlike asyncio's, where others
 * may come in between).
 *
 *  Q1. getters.promised <= items.count, but for those promised before they were dropped.
 *  Q2. While somebody waits for an item, all are promised: items.count <= getters.promised.
 *  Q3. The same of places: items.count + putters.promised >= limit.
 *  Q4. Shut down: limit is 0, so that there is never a place; no putter waits, and a getter
 *      only while there are items, all promised.
 *  Q5. Released: nobody waits, and it is freed by the last call that was promised something
 *      (which fails, as nothing is left) or is leaving: cancelled, told, or one of join().
 */
#include <simul/queue.h>

#include "base/log.h"
#include "base/sys.h"
#include "switch/switch.h"
#include "sync/items.h"
#include "sync/waitlist.h"

/* The tasks that wait for an item, or for a place. */
struct side {
    struct sm_waitlist waiters;
    size_t promised;  /* to those who were woken and have not run yet */
    const char *what; /* they do, for reports */
};

struct simul_queue {
    struct sm_items items;
    size_t limit; /* maxsize, or very many, or none (Q4) */
    size_t unfinished;
    struct side getters, putters;
    struct sm_waitlist joiners;
    size_t maxsize;
    simul_destroy_fn *destroy;
    size_t leaving; /* calls that were promised nothing and will still touch it (Q5) */
    bool is_shutdown, released;
};

/* ---- making and freeing ------------------------------------------------------------------ */

static simul_queue *make(size_t maxsize, simul_destroy_fn *destroy,
                         enum sm_items_order order, simul_compare_fn *compare)
{
    simul_queue *queue = sm_zalloc(sizeof *queue);
    if (!queue)
        return NULL;
    queue->items.order = order;
    queue->items.compare = compare;
    queue->maxsize = maxsize;
    queue->limit = maxsize ? maxsize : SIZE_MAX;
    queue->getters.what = "queue get";
    queue->putters.what = "queue put";
    queue->destroy = destroy;
    return queue;
}

simul_queue *simul_queue_new(size_t maxsize, simul_destroy_fn *destroy)
{
    return make(maxsize, destroy, SM_FIFO, NULL);
}

simul_queue *simul_lifo_queue_new(size_t maxsize, simul_destroy_fn *destroy)
{
    return make(maxsize, destroy, SM_LIFO, NULL);
}

simul_queue *simul_priority_queue_new(size_t maxsize, simul_destroy_fn *destroy,
                                      simul_compare_fn *compare)
{
    return compare ? make(maxsize, destroy, SM_PRIORITY, compare) : NULL;
}

/* The end of a call that was in the way of freeing (Q5). */
static void end_call(simul_queue *queue)
{
    if (!queue->released || queue->leaving || queue->getters.promised
        || queue->putters.promised)
        return;
    sm_items_finish(&queue->items);
    sm_free(queue);
}

static void leave(simul_queue *queue)
{
    queue->leaving--;
    end_call(queue);
}

/* Wake all with a result that is no promise. */
static void tell(simul_queue *queue, struct sm_waitlist *waiters, int result)
{
    while (sm_waitlist_wake(waiters, result))
        queue->leaving++;
}

static int check_all(const simul_queue *queue)
{
    int r = sm_waitlist_check(&queue->getters.waiters);
    if (r == 0)
        r = sm_waitlist_check(&queue->putters.waiters);
    return r < 0 ? r : sm_waitlist_check(&queue->joiners);
}

void simul_queue_release(simul_queue *queue)
{
    if (!queue)
        return;
    if (!sm_waitlist_empty(&queue->getters.waiters)
        || !sm_waitlist_empty(&queue->putters.waiters)
        || !sm_waitlist_empty(&queue->joiners))
        sm_log(SIMUL_LOG_ERROR, "queue %p was released while tasks wait at it",
               (void *)queue);
    queue->leaving++;
    if (simul_queue_shutdown(queue, true) == 0) { /* else it is lost, being another's */
        tell(queue, &queue->joiners, -SIMUL_ESHUTDOWN);
        queue->released = true;
    }
    leave(queue);
}

/* ---- promises ---------------------------------------------------------------------------- */

static inline bool has_item(const simul_queue *queue)
{
    return queue->items.count > queue->getters.promised;
}

static inline bool has_place(const simul_queue *queue)
{
    return queue->items.count + queue->putters.promised < queue->limit;
}

static inline bool is_over(const simul_queue *queue)
{
    return queue->is_shutdown && queue->items.count == 0;
}

static inline void promise(struct side *side)
{
    if (sm_waitlist_wake(&side->waiters, 0))
        side->promised++;
}

/* Somebody has not taken what he was promised, or never will (C6). */
static void promise_again(simul_queue *queue, const struct side *side)
{
    if (side == &queue->getters && has_item(queue))
        promise(&queue->getters);
    if (side == &queue->putters && has_place(queue))
        promise(&queue->putters);
}

/* ---- putting and getting ------------------------------------------------------------------- */

static __attribute__((noinline)) int put_slowly(simul_queue *queue, void *item)
{
    int r = sm_waitlist_check(&queue->getters.waiters);
    if (sm_likely(r == 0))
        r = sm_items_reserve(&queue->items);
    if (sm_unlikely(r < 0))
        return r;
    sm_items_put(&queue->items, item);
    queue->unfinished++;
    promise(&queue->getters); /* Q2 */
    return 0;
}

/* There is a place. Nobody waits for an item, and there is room: that is the usual case. */
static inline int put(simul_queue *queue, void *item)
{
    if (sm_unlikely(!sm_waitlist_empty(&queue->getters.waiters)
                    || !sm_items_put_quickly(&queue->items, item)))
        return put_slowly(queue, item);
    queue->unfinished++;
    return 0;
}

static __attribute__((noinline)) int get_slowly(simul_queue *queue, void **item)
{
    int r = sm_waitlist_check(&queue->putters.waiters);
    if (sm_unlikely(r < 0))
        return r;
    *item = sm_items_take(&queue->items);
    promise(&queue->putters); /* Q3 */
    if (sm_unlikely(is_over(queue)))
        tell(queue, &queue->getters.waiters, -SIMUL_ESHUTDOWN);
    return 0;
}

/* There is an item; nobody waits for a place, and more may come. */
static inline int get(simul_queue *queue, void **item)
{
    if (sm_unlikely(!sm_waitlist_empty(&queue->putters.waiters) || queue->is_shutdown
                    || queue->items.order != SM_FIFO))
        return get_slowly(queue, item);
    *item = sm_items_shift(&queue->items);
    return 0;
}

/* ---- waiting ---------------------------------------------------------------------------------- */

/* Nothing can be put any more, or got. */
static inline bool is_shut(const simul_queue *queue, const struct side *side)
{
    return queue->is_shutdown && (side == &queue->putters || queue->items.count == 0);
}

/* A task that waited here has run again, or, when the loop closes, never will (C6). Without a
 * promise it was leaving. */
static void end_wait(simul_queue *queue, const struct sm_waitnode *node)
{
    struct side *side = sm_container_of(node->list, struct side, waiters);
    if (node->list != &queue->joiners && sm_waitlist_woken(node)) {
        side->promised--;
        promise_again(queue, side);
    } else {
        queue->leaving--;
    }
    end_call(queue);
}

static void left(struct sm_waitnode *node)
{
    simul_queue *queue = (simul_queue *)node->wait.on;
    if (node->wait.finished)
        end_wait(queue, node);
    else if (!node->wait.task->sched->loop.closed)
        queue->leaving++;
}

/*
 * Wait until it is one's turn, and put or get. One function for both: when a task of each kind
 * takes turns with the other, the processor predicts all returns up to here, since they go to
 * the same places; and the last one, to the user's code, is a jump (switch.h).
 *
 * @param item  the item to put; or where to, a void **
 */
SM_RETURNS_BY_JUMP static __attribute__((noinline)) int
wait_turn(simul_queue *queue, void *item, struct side *side)
{
    if (sm_unlikely(is_shut(queue, side)))
        return -SIMUL_ESHUTDOWN;
    int r = sm_waitlist_check(&side->waiters);
    if (sm_unlikely(r < 0))
        return r;
    struct sm_waitnode node;
    sm_waitlist_enter(&side->waiters, &node, side->what, queue, left);
    r = (int)sm_wait_suspend(&node.wait);
    if (sm_likely(r == 0 && !is_shut(queue, side))) {
        side->promised--;
        r = side == &queue->getters ? get(queue, item) : put(queue, item);
        if (sm_unlikely(r < 0))
            promise_again(queue, side);
        return r;
    }
    end_wait(queue, &node);
    return r == 0 ? -SIMUL_ESHUTDOWN : r;
}

static inline int put_or_wait(simul_queue *queue, void *item)
{
    return has_place(queue) ? put(queue, item)
                            : wait_turn(queue, item, &queue->putters);
}

static __attribute__((noinline)) int put_checked(simul_queue *queue, void *item)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    return queue ? put_or_wait(queue, item) : -ENOMEM;
}

int simul_queue_put(simul_queue *queue, void *item)
{
    if (sm_unlikely(!queue || !sm_checkpoint_passed()))
        return put_checked(queue, item);
    return put_or_wait(queue, item);
}

int simul_queue_put_nowait(simul_queue *queue, void *item)
{
    if (!queue)
        return -ENOMEM;
    if (has_place(queue))
        return put(queue, item);
    return queue->is_shutdown ? -SIMUL_ESHUTDOWN : -EAGAIN;
}

static inline int get_or_wait(simul_queue *queue, void **item)
{
    return has_item(queue) ? get(queue, item) : wait_turn(queue, item, &queue->getters);
}

static __attribute__((noinline)) int get_checked(simul_queue *queue, void **item)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    return queue ? get_or_wait(queue, item) : -ENOMEM;
}

int simul_queue_get(simul_queue *queue, void **item)
{
    if (sm_unlikely(!queue || !sm_checkpoint_passed()))
        return get_checked(queue, item);
    return get_or_wait(queue, item);
}

int simul_queue_get_nowait(simul_queue *queue, void **item)
{
    if (!queue)
        return -ENOMEM;
    if (has_item(queue))
        return get(queue, item);
    return is_over(queue) ? -SIMUL_ESHUTDOWN : -EAGAIN;
}

/* ---- asking -------------------------------------------------------------------------------- */

size_t simul_queue_qsize(const simul_queue *queue)
{
    return queue ? queue->items.count : 0;
}

size_t simul_queue_maxsize(const simul_queue *queue)
{
    return queue ? queue->maxsize : 0;
}

bool simul_queue_empty(const simul_queue *queue)
{
    return !queue || !has_item(queue);
}

bool simul_queue_full(const simul_queue *queue)
{
    return queue && queue->maxsize
           && queue->items.count + queue->putters.promised >= queue->maxsize;
}

/* ---- work that is done ----------------------------------------------------------------------- */

static void finish_work(simul_queue *queue)
{
    if (queue->unfinished > 0 && --queue->unfinished == 0)
        tell(queue, &queue->joiners, 0);
}

int simul_queue_task_done(simul_queue *queue)
{
    if (!queue)
        return -ENOMEM;
    if (queue->unfinished == 0)
        return -SIMUL_ESTATE;
    int r = sm_waitlist_check(&queue->joiners);
    if (r == 0)
        finish_work(queue);
    return r;
}

int simul_queue_join(simul_queue *queue)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (!queue)
        return -ENOMEM;
    if (queue->unfinished == 0)
        return 0;
    r = sm_waitlist_check(&queue->joiners);
    if (r < 0)
        return r;
    struct sm_waitnode node;
    sm_waitlist_enter(&queue->joiners, &node, "queue join", queue, left);
    r = (int)sm_wait_suspend(&node.wait);
    end_wait(queue, &node);
    return r;
}

/* ---- shutting down ---------------------------------------------------------------------------- */

/* What destroy() does to the queue finds it shut down. */
static void drop_items(simul_queue *queue)
{
    while (queue->items.count > 0) {
        void *item = sm_items_take(&queue->items);
        finish_work(queue);
        if (queue->destroy)
            queue->destroy(item);
    }
}

int simul_queue_shutdown(simul_queue *queue, bool immediate)
{
    if (!queue)
        return -ENOMEM;
    int r = check_all(queue);
    if (r < 0)
        return r;
    queue->is_shutdown = true;
    queue->limit = 0;
    queue->leaving++; /* destroy() might release it */
    tell(queue, &queue->putters.waiters, -SIMUL_ESHUTDOWN);
    if (immediate)
        drop_items(queue);
    if (queue->items.count == 0)
        tell(queue, &queue->getters.waiters, -SIMUL_ESHUTDOWN);
    leave(queue);
    return 0;
}
