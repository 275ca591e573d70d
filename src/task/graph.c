/* SPDX-License-Identifier: MIT */
/*
 * The call graph: from a future to those that await it, and on from there, breadth first.
 * Each future is one node, so neither circles nor many ways to the same one are in the way.
 */
#include "task/graph.h"

#include <simul/debug.h>
#include <string.h>

#include "base/sys.h"
#include "task/backtrace.h"

enum { FRAMES_MAX = 64, NODES_FIRST = 16 };

struct graph;

struct node {
    struct simul_call_graph public;
    struct graph *graph;
};

struct graph {
    struct node **nodes; /* owned, and what they point to; the first is the root */
    struct node **table; /* by future: open addressing, twice as large as nodes */
    size_t n, max;
};

/* ---- nodes by future --------------------------------------------------------------------- */

static struct node **place_of(struct graph *graph, const struct simul_future *future)
{
    size_t mask = 2 * graph->max - 1; /* a power of two */
    size_t i = ((uintptr_t)future >> 6) & mask;
    while (graph->table[i] && graph->table[i]->public.future != future)
        i = (i + 1) & mask;
    return &graph->table[i];
}

static int grow(struct graph *graph)
{
    size_t max = graph->max ? 2 * graph->max : NODES_FIRST;
    struct node **nodes = sm_realloc(graph->nodes, max * sizeof *nodes);
    if (!nodes)
        return -ENOMEM;
    graph->nodes = nodes;
    struct node **table = sm_zalloc(2 * max * sizeof *table);
    if (!table)
        return -ENOMEM;
    sm_free(graph->table);
    graph->table = table;
    graph->max = max;
    for (size_t i = 0; i < graph->n; i++)
        *place_of(graph, nodes[i]->public.future) = nodes[i];
    return 0;
}

/* The node of a future, made if there is none; NULL: no memory. */
static struct node *node_of(struct graph *graph, struct simul_future *future)
{
    if (graph->n == graph->max && grow(graph) < 0)
        return NULL;
    struct node **place = place_of(graph, future);
    if (*place)
        return *place;
    struct node *node = sm_zalloc(sizeof *node);
    if (!node)
        return NULL;
    node->graph = graph;
    node->public.future = simul_retain(future);
    graph->nodes[graph->n++] = node;
    return *place = node;
}

/* ---- who awaits it ------------------------------------------------------------------------ */

static struct simul_future *awaiter_of(struct sm_waiter *waiter)
{
    static struct simul_future *(*const kinds[])(struct sm_waiter *) = {
        sm_await_awaiter,        sm_gather_awaiter, sm_wait_awaiter,
        sm_as_completed_awaiter, sm_shield_awaiter, sm_edge_awaiter,
    };
    struct simul_future *awaiter = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !awaiter; i++)
        awaiter = kinds[i](waiter);
    return awaiter;
}

static int add_awaiter(struct node *node, struct simul_future *awaiter)
{
    struct simul_call_graph *graph = &node->public;
    if (!awaiter)
        return 0;
    struct node *other = node_of(node->graph, awaiter);
    if (!other)
        return -ENOMEM;
    for (size_t i = 0; i < graph->n_awaited_by; i++)
        if (graph->awaited_by[i] == &other->public)
            return 0; /* it gathers this one twice, say */
    graph->awaited_by[graph->n_awaited_by++] = &other->public;
    return 0;
}

static size_t count_waiters(const struct simul_future *future)
{
    size_t n = 0;
    sm_list_each (it, &future->waiters)
        n++;
    return n;
}

static int find_awaiters(struct node *node)
{
    struct simul_future *future = node->public.future;
    if (sm_future_done(future))
        return 0;
    size_t n = count_waiters(future) + 1; /* its group's parent */
    node->public.awaited_by = sm_malloc(n * sizeof(struct simul_call_graph *));
    if (!node->public.awaited_by)
        return -ENOMEM;
    int r = add_awaiter(node, sm_group_parent(future));
    sm_list_each (it, &future->waiters)
        if (r == 0)
            r = add_awaiter(node,
                            awaiter_of(sm_container_of(it, struct sm_waiter, link)));
    return r;
}

/* ---- what it is suspended in --------------------------------------------------------------- */

static char *text_or_null(const char *text, bool *failed)
{
    char *copy = text[0] ? sm_strdup(text) : NULL;
    *failed |= text[0] && !copy;
    return copy;
}

static int fill_frame(simul_frame *frame, const void *address,
                      struct sm_symbols *symbols)
{
    struct sm_symbol symbol;
    bool failed = false;
    sm_symbols_find(symbols, address, &symbol);
    frame->address = address;
    frame->function = text_or_null(symbol.function, &failed);
    frame->file = text_or_null(symbol.file, &failed);
    frame->line = symbol.line;
    frame->offset = symbol.offset;
    return failed ? -ENOMEM : 0;
}

static int find_frames(struct node *node, struct sm_symbols *symbols, const void *from)
{
    void *addresses[FRAMES_MAX];
    struct simul_future *future = node->public.future;
    if (!future->is_task || sm_future_done(future))
        return 0;
    int n = sm_task_frames(future, from, addresses, FRAMES_MAX), r = 0;
    simul_frame *frames = n > 0 ? sm_zalloc((size_t)n * sizeof *frames) : NULL;
    if (n > 0 && !frames)
        return -ENOMEM;
    node->public.frames = frames;
    node->public.n_frames = (size_t)n;
    for (int i = 0; i < n && r == 0; i++)
        r = fill_frame(&frames[i], addresses[i], symbols);
    return r;
}

/* ---- capture ------------------------------------------------------------------------------- */

static void node_free(struct node *node)
{
    for (size_t i = 0; i < node->public.n_frames; i++) {
        sm_free((char *)node->public.frames[i].function);
        sm_free((char *)node->public.frames[i].file);
    }
    sm_free((simul_frame *)node->public.frames);
    sm_free(node->public.awaited_by);
    simul_release(node->public.future);
    sm_free(node);
}

static void graph_free(struct graph *graph)
{
    for (size_t i = 0; i < graph->n; i++)
        node_free(graph->nodes[i]);
    sm_free(graph->nodes);
    sm_free(graph->table);
    sm_free(graph);
}

/* Nodes come to the end of the array while it is gone through. */
static int fill(struct graph *graph, struct sm_symbols *symbols, const void *from)
{
    int r = 0;
    for (size_t i = 0; i < graph->n && r == 0; i++) {
        r = find_awaiters(graph->nodes[i]);
        if (r == 0)
            r = find_frames(graph->nodes[i], symbols, from);
    }
    return r;
}

struct simul_call_graph *sm_graph_capture(struct simul_future *future, const void *from)
{
    future = future ? future : sm_current();
    struct graph *graph = future ? sm_zalloc(sizeof *graph) : NULL;
    if (!graph)
        return NULL;
    int r = -ENOMEM;
    if (node_of(graph, future)) {
        struct sm_symbols *symbols = sm_symbols_open();
        r = fill(graph, symbols, from);
        sm_symbols_close(symbols);
    }
    if (r == 0)
        return &graph->nodes[0]->public;
    graph_free(graph);
    return NULL;
}

simul_call_graph *simul_capture_call_graph(simul_future *future)
{
    return sm_graph_capture(future, __builtin_return_address(0));
}

void simul_call_graph_release(simul_call_graph *graph)
{
    if (graph)
        graph_free(sm_container_of(graph, struct node, public)->graph);
}

/* ---- for printing ---------------------------------------------------------------------------- */

size_t sm_graph_size(const struct simul_call_graph *graph)
{
    return sm_container_of(graph, struct node, public)->graph->n;
}
