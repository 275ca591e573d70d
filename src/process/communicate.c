/* SPDX-License-Identifier: MIT */
/*
 * Feeding a child and reading what it says, all at once (S47): a task for each pipe, in a
 * group. Cancelled, nothing is lost: what was read stays in the streams until all is over, and
 * what was written is counted, in pieces small enough to be written as a whole or not at all.
 */
#include <simul/group.h>

#include "process/process.h"

enum { IN, OUT, ERR, PIECE = 32 << 10 };

struct talk {
    struct simul_process *process;
    const char *input;
    size_t len;
};

/* It has left, or has closed its input, or somebody here has. */
static bool is_unwanted(ssize_t error)
{
    return error == -EPIPE || error == -ECONNRESET || error == -SIMUL_ESTATE;
}

static int feed(void *arg)
{
    struct talk *talk = arg;
    struct simul_process *process = talk->process;
    struct simul_stream *in = process->streams[IN];
    ssize_t r = 0;
    while (r >= 0 && process->fed < talk->len) {
        size_t left = talk->len - process->fed;
        r = simul_stream_write(in, talk->input + process->fed,
                               left < PIECE ? left : PIECE);
        if (r > 0)
            process->fed += (size_t)r;
    }
    if (r < 0 && !is_unwanted(r))
        return (int)r;
    in->told = true; /* that the rest is not wanted, too */
    simul_stream_close(in);
    return 0;
}

static int read_out(void *talk)
{
    return sm_stream_keep_all(((struct talk *)talk)->process->streams[OUT]);
}

static int read_err(void *talk)
{
    return sm_stream_keep_all(((struct talk *)talk)->process->streams[ERR]);
}

static int talk_to(struct talk *talk)
{
    static simul_fn *const of_stream[3] = {feed, read_out, read_err};
    simul_group group;
    int r = simul_group_enter(&group);
    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++)
        if (talk->process->streams[i])
            simul_group_create_task(&group, of_stream[i], talk);
    return simul_group_exit(&group, simul_process_wait(talk->process, NULL));
}

static void take(struct simul_stream *stream, char **data, size_t *len)
{
    *data = NULL;
    *len = stream ? sm_stream_take_kept(stream, data) : 0;
}

int simul_process_communicate(simul_process *process, const void *input, size_t len,
                              simul_output *output)
{
    if (!process || (len > 0 && (!input || !process->streams[IN])))
        return -EINVAL;
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    r = talk_to(&(struct talk){.process = process, .input = input, .len = len});
    if (r < 0 || !output)
        return r;
    take(process->streams[OUT], &output->out, &output->out_len);
    take(process->streams[ERR], &output->err, &output->err_len);
    return 0;
}
