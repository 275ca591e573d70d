/* SPDX-License-Identifier: MIT */
/*
 * The call graph as a tree, as asyncio prints it. A node that was printed is only named when
 * another way leads to it, and one that is being printed, when a circle does.
 */
#include <simul/debug.h>

#include "base/sys.h"
#include "task/backtrace.h"
#include "task/graph.h"

/* Depth first without recursion: the chain may be longer than a task's stack is deep. */
struct step {
    const simul_call_graph *node;
    size_t next; /* of its awaited_by */
};

struct printer {
    FILE *out;
    struct step *path; /* from the root to where we are */
    size_t depth;
    const simul_call_graph **seen; /* printed */
    size_t n_seen;
};

static void indent(const struct printer *p)
{
    enum { MOST = 40 }; /* from there on it is only deep */
    size_t depth = p->depth < MOST ? p->depth : MOST;
    fprintf(p->out, "%*s", (int)(4 * depth), "");
}

static void print_name(const struct printer *p, struct simul_future *future)
{
    char label[96];
    indent(p);
    if (future->is_task) {
        sm_task_label(future, label, sizeof label);
        fprintf(p->out, "* Task %s (made at %s)", label,
                future->where ? future->where : "?");
    } else {
        fprintf(p->out, "* Future %p", (void *)future);
    }
}

static void print_frames(const struct printer *p, const simul_call_graph *node)
{
    if (node->n_frames == 0)
        return;
    indent(p);
    fprintf(p->out, "  + Call stack:\n");
    for (size_t i = 0; i < node->n_frames; i++) {
        const simul_frame *f = &node->frames[i];
        indent(p);
        fprintf(p->out, "  |   ");
        sm_symbol_print(f->function, f->file, f->line, f->offset, p->out);
        fprintf(p->out, "\n");
    }
}

static bool on_path(const struct printer *p, const simul_call_graph *node)
{
    for (size_t i = 0; i < p->depth; i++)
        if (p->path[i].node == node)
            return true;
    return false;
}

static bool was_printed(const struct printer *p, const simul_call_graph *node)
{
    for (size_t i = 0; i < p->n_seen; i++)
        if (p->seen[i] == node)
            return true;
    return false;
}

/* Print one, and go into it if it is new. */
static void visit(struct printer *p, const simul_call_graph *node)
{
    print_name(p, node->future);
    if (was_printed(p, node)) {
        fprintf(p->out, on_path(p, node) ? ": a circle\n" : ": as above\n");
        return;
    }
    fprintf(p->out, "\n");
    print_frames(p, node);
    if (node->n_awaited_by > 0) {
        indent(p);
        fprintf(p->out, "  + Awaited by:\n");
    }
    p->seen[p->n_seen++] = node;
    p->path[p->depth++] = (struct step){.node = node};
}

static void print(struct printer *p, const simul_call_graph *root)
{
    visit(p, root);
    while (p->depth > 0) {
        struct step *step = &p->path[p->depth - 1];
        if (step->next < step->node->n_awaited_by)
            visit(p, step->node->awaited_by[step->next++]);
        else
            p->depth--;
    }
}

void simul_print_call_graph(simul_future *future, FILE *out)
{
    simul_call_graph *graph = sm_graph_capture(future, __builtin_return_address(0));
    if (!graph) {
        fprintf(out, "no task is running, or no memory for the call graph\n");
        return;
    }
    size_t n = sm_graph_size(graph);
    struct printer p = {.out = out};
    p.path = sm_malloc(n * sizeof *p.path);
    p.seen = sm_malloc(n * sizeof *p.seen);
    if (p.path && p.seen)
        print(&p, graph);
    else
        fprintf(out, "no memory for the call graph\n");
    sm_free(p.path);
    sm_free(p.seen);
    simul_call_graph_release(graph);
}
