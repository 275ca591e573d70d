/* SPDX-License-Identifier: MIT */
/*
 * Queues between the tasks of one loop. (asyncio: the page "Queues".)
 *
 *     simul_queue *jobs = simul_queue_new(100, free);
 *     …
 *     r = simul_queue_put(jobs, job);              // waits while there are 100
 *     …
 *     void *job;
 *     while ((r = simul_queue_get(jobs, &job)) == 0) {
 *         work(job);
 *         simul_queue_task_done(jobs);
 *     }
 *
 * An item is a pointer, NULL included. Put hands it over, get hands it out; what is left in
 * a queue that is released, or shut down at once, goes to the function `destroy`.
 *
 * Tasks are served in the order in which they came. Who was woken has an item, or room for
 * his own, set aside: nobody else gets it before he runs. A call that returns -ECANCELED has
 * done nothing; what was set aside for it goes on to the next one.
 *
 * A queue that could not be made, NULL, gives -ENOMEM everywhere. No function here takes a
 * time limit: simul_within(0.5, simul_queue_get(queue, &item)).
 *
 * Threads: the loop's own. While a task of one loop waits at a queue, another thread's loop
 * gets -EXDEV from it.
 */
#ifndef SIMUL_QUEUE_H
#define SIMUL_QUEUE_H

#include <simul/future.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_queue simul_queue;

/**
 * A queue that gives out first what was put in first.
 *
 * @param maxsize  how many items there may be; 0: any number
 * @param destroy  for items that nobody took; NULL: they are not ours to free
 * @return         to be released with simul_queue_release(); NULL: no memory
 *
 * asyncio:  Queue(maxsize)
 */
SIMUL_API simul_queue *simul_queue_new(size_t maxsize, simul_destroy_fn *destroy);

/** A queue that gives out first what was put in last; else as simul_queue_new().
 *  asyncio: LifoQueue(maxsize) */
SIMUL_API simul_queue *simul_lifo_queue_new(size_t maxsize, simul_destroy_fn *destroy);

/** Which of two items comes first: < 0 the first one, > 0 the second; 0: the one that was put
 *  in first. Called when items are put and got; must not use the queue. */
typedef int simul_compare_fn(const void *a, const void *b);

/**
 * A queue that gives out the lowest item first; else as simul_queue_new().
 *
 * @return  NULL also if `compare` is
 *
 * asyncio:  PriorityQueue(maxsize)
 */
SIMUL_API simul_queue *simul_priority_queue_new(size_t maxsize,
                                                simul_destroy_fn *destroy,
                                                simul_compare_fn *compare);

/**
 * Destroy the items that are left and free the queue. Nobody should wait at it any more;
 * who does gets -SIMUL_ESHUTDOWN, and it is reported. NULL does nothing.
 *
 * Awaits:   never
 * asyncio:  (the name goes out of scope)
 */
SIMUL_API void simul_queue_release(simul_queue *queue);

/**
 * Put an item in; wait while the queue is full.
 *
 * @param item  the queue's, if this succeeds; else still the caller's
 * @return      0
 * @error -SIMUL_ESHUTDOWN  the queue is shut down
 * @error -ECANCELED        the task was cancelled
 * @error -ENOMEM           no memory for one more, or the queue is NULL
 * @error -EXDEV            tasks of another loop wait here
 * @error -SIMUL_ENOTASK    called outside of a task
 *
 * Awaits:   only if full
 * asyncio:  Queue.put()
 */
SIMUL_API int simul_queue_put(simul_queue *queue, void *item);

/**
 * Put an item in, without waiting.
 *
 * @param item  the queue's, if this succeeds; else still the caller's
 * @return      0
 * @error -EAGAIN           the queue is full
 * @error -SIMUL_ESHUTDOWN  the queue is shut down
 * @error -ENOMEM           no memory for one more, or the queue is NULL
 * @error -EXDEV            tasks of another loop wait here
 *
 * Awaits:   never; callbacks may call it
 * asyncio:  Queue.put_nowait()
 */
SIMUL_API int simul_queue_put_nowait(simul_queue *queue, void *item);

/**
 * Take an item out; wait while there is none.
 *
 * @param item  set on 0; the caller's
 * @return      0
 * @error -SIMUL_ESHUTDOWN  the queue is shut down, and empty
 * @error -ECANCELED        the task was cancelled; all items are still there
 * @error -ENOMEM           the queue is NULL
 * @error -EXDEV            tasks of another loop wait here
 * @error -SIMUL_ENOTASK    called outside of a task
 *
 * Awaits:   only if there is none
 * asyncio:  Queue.get()
 */
SIMUL_API int simul_queue_get(simul_queue *queue, void **item);

/**
 * Take an item out, without waiting.
 *
 * @param item  set on 0; the caller's
 * @return      0
 * @error -EAGAIN           there is none, or all are set aside for those who were woken
 * @error -SIMUL_ESHUTDOWN  the queue is shut down, and empty
 * @error -ENOMEM           the queue is NULL
 * @error -EXDEV            tasks of another loop wait here
 *
 * Awaits:   never; callbacks may call it
 * asyncio:  Queue.get_nowait()
 */
SIMUL_API int simul_queue_get_nowait(simul_queue *queue, void **item);

/** How many items are in it, those set aside included. asyncio: Queue.qsize() */
SIMUL_API size_t simul_queue_qsize(const simul_queue *queue);

/** How many there may be; 0: any number. asyncio: Queue.maxsize */
SIMUL_API size_t simul_queue_maxsize(const simul_queue *queue);

/** Whether get would wait: no item is there but those set aside. asyncio: Queue.empty() */
SIMUL_API bool simul_queue_empty(const simul_queue *queue);

/** Whether put would wait: no room is left but what is set aside. asyncio: Queue.full() */
SIMUL_API bool simul_queue_full(const simul_queue *queue);

/**
 * Say that the work for one item, which was got from the queue, is done.
 *
 * @return  0
 * @error -SIMUL_ESTATE  it was said for all items already
 * @error -ENOMEM        the queue is NULL
 * @error -EXDEV         tasks of another loop wait here
 *
 * Awaits:   never
 * asyncio:  Queue.task_done()
 */
SIMUL_API int simul_queue_task_done(simul_queue *queue);

/**
 * Wait until simul_queue_task_done() was called for each item that was put in.
 *
 * @return  0
 * @error -ECANCELED        the task was cancelled; nothing has changed
 * @error -SIMUL_ESHUTDOWN  the queue was released
 * @error -ENOMEM           the queue is NULL
 * @error -EXDEV            tasks of another loop wait here
 * @error -SIMUL_ENOTASK    called outside of a task
 *
 * Awaits:   only if something is not done
 * asyncio:  Queue.join()
 */
SIMUL_API int simul_queue_join(simul_queue *queue);

/**
 * Let nothing more in. Who waits to put, and who puts from now on, gets -SIMUL_ESHUTDOWN; so
 * does who gets, as soon as the queue is empty. Again: nothing, or `immediate`.
 *
 * @param immediate  destroy what is in it; each item counts as done
 * @return           0
 * @error -ENOMEM    the queue is NULL
 * @error -EXDEV     tasks of another loop wait here; nothing has changed
 *
 * Awaits:   never
 * asyncio:  Queue.shutdown(immediate)
 */
SIMUL_API int simul_queue_shutdown(simul_queue *queue, bool immediate);

#ifdef __cplusplus
}
#endif

#endif
