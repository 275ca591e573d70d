/* SPDX-License-Identifier: MIT */
/*
 * Looking at what runs. (asyncio: the page "Call Graph Introspection", and the ps tool.)
 */
#ifndef SIMUL_DEBUG_H
#define SIMUL_DEBUG_H

#include <simul/loop.h>
#include <simul/task.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Write a report of all tasks of a loop: for each its name, state, what it waits for and
 * since when, where it was made, and its stack. NULL: the running loop.
 *
 * Threads:  the loop's
 * asyncio:  print_call_graph(), asyncio ps
 */
SIMUL_API void simul_dump_tasks(simul_loop *loop, FILE *out);

/**
 * Write that report to standard error whenever the process gets `signum`.
 * Errors as simul_add_signal_handler().
 *
 * Threads:  the loop's
 * asyncio:  (asyncio ps PID)
 */
SIMUL_API int simul_dump_tasks_on_signal(simul_loop *loop, int signum);

/* ---- the call graph -------------------------------------------------------------------- */

/** One function on a stack. asyncio: FrameCallGraphEntry */
typedef struct simul_frame {
    const void *address;  /* where it goes on */
    const char *function; /* NULL: not known */
    const char *file;     /* its source file if `line` is known; else the program or library
                             that it is in; NULL: not known */
    int line;             /* 0: not known */
    size_t offset;        /* from the beginning of the function; if that is not known, of the
                             program or library: what addr2line(1) wants */
} simul_frame;

/**
 * What a future is, what its task is suspended in, and who awaits it. asyncio:
 * FutureCallGraph
 *
 * A future that several others lead to is one node with several ways to it; if tasks await
 * each other in a circle, so do the nodes.
 */
typedef struct simul_call_graph simul_call_graph;
struct simul_call_graph {
    simul_future *future;       /* held by the graph */
    const simul_frame *frames;  /* innermost first; none if it is no task, has not begun or
                                   is done */
    size_t n_frames;
    simul_call_graph **awaited_by; /* the tasks and futures that wait for it */
    size_t n_awaited_by;
};

/**
 * Take down who awaits a future, who awaits those, and so on, with the stacks of all.
 *
 * Awaiting means: simul_await(), gather, wait, as_completed, wait_for, shield, a group that
 * it is a child of, and what simul_future_add_to_awaited_by() says. Functions have names and
 * lines as far as libdw (elfutils) is there and the debug information has them (-g; clang
 * wants -gdwarf-aranges, too, without which there are names, but no lines); else the names
 * that the dynamic linker knows (link with -rdynamic).
 *
 * @param future  NULL: the running task
 * @return        the graph, to be released; NULL: no memory, or no task is running
 *
 * Threads:  the loop's
 * asyncio:  capture_call_graph()
 */
SIMUL_API simul_call_graph *simul_capture_call_graph(simul_future *future);

/** The whole graph, given the node that simul_capture_call_graph() returned. NULL does
 *  nothing. Threads: the loop's. asyncio: del graph */
SIMUL_API void simul_call_graph_release(simul_call_graph *graph);

/**
 * Capture and write it, indented as asyncio does. NULL: the running task.
 *
 * Threads:  the loop's
 * asyncio:  print_call_graph(), format_call_graph()
 */
SIMUL_API void simul_print_call_graph(simul_future *future, FILE *out);

/**
 * For those who wait through callbacks: say that `waiter` awaits `future`, until it is done.
 * For the graph only; saying it twice is saying it once.
 *
 * @param waiter  held until then
 * @return        0, also if the future is done
 * @error -ENOMEM   or one of them is NULL; nothing has changed
 * @error -EXDEV    they are of different loops
 *
 * Threads:  the loop's
 * asyncio:  future_add_to_awaited_by()
 */
SIMUL_API int simul_future_add_to_awaited_by(simul_future *future, simul_future *waiter);

/** Take it back; does nothing if it was not said. Threads: the loop's.
 *  asyncio: future_discard_from_awaited_by() */
SIMUL_API void simul_future_discard_from_awaited_by(simul_future *future,
                                                    simul_future *waiter);

#ifdef __cplusplus
}
#endif

#endif
