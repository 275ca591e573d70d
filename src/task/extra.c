/* SPDX-License-Identifier: MIT */
/* What few futures have: names, messages, values. Kept out of the control block. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"

struct sm_extra *sm_extra_of(struct simul_future *future)
{
    if (!future->extra)
        future->extra = sm_zalloc(sizeof *future->extra);
    return future->extra;
}

void sm_extra_free(struct simul_future *future)
{
    struct sm_extra *extra = future->extra;
    if (extra->destroy)
        extra->destroy(extra->value);
    sm_message_unref(extra->message);
    sm_message_unref(extra->cancel_message);
    sm_message_unref(extra->passing);
    sm_free(extra->name);
    sm_free(extra);
    future->extra = NULL;
}

/* ---- messages ----------------------------------------------------------------------- */

struct sm_message *sm_message_new(const char *text)
{
    size_t n = strlen(text) + 1;
    struct sm_message *message = sm_malloc(sizeof *message + n);
    if (!message)
        return NULL;
    message->refs = 1;
    memcpy(message->text, text, n);
    return message;
}

void sm_message_unref(struct sm_message *message)
{
    if (message && --message->refs == 0)
        sm_free(message);
}

static struct sm_message *message_ref(struct sm_message *message)
{
    if (message)
        message->refs++;
    return message;
}

static void replace(struct sm_message **slot, struct sm_message *message)
{
    struct sm_message *old = *slot;
    *slot = message;
    sm_message_unref(old);
}

/* What an error, or a cancel, said; NULL: nothing. */
static struct sm_message *message_of(const struct simul_future *future)
{
    const struct sm_extra *extra = future->extra;
    if (!extra)
        return NULL;
    bool cancelled = future->state == SM_CANCELLED && !extra->message;
    return cancelled ? extra->cancel_message : extra->message;
}

void sm_pass_message(struct simul_future *task, struct simul_future *from)
{
    struct sm_message *message = message_of(from);
    struct sm_extra *extra = message ? sm_extra_of(task) : task->extra;
    if (!extra)
        return; /* without memory, the error passes on without its text */
    replace(&extra->passing, message_ref(message));
    extra->passing_error = from->result;
}

void sm_keep_message(struct simul_future *task, int error)
{
    struct sm_extra *extra = task->extra;
    if (error == -ECANCELED && extra->cancel_message)
        replace(&extra->message, message_ref(extra->cancel_message));
    else if (!extra->message && extra->passing && extra->passing_error == error)
        replace(&extra->message, message_ref(extra->passing));
    else if (extra->message && extra->message_error != error)
        replace(&extra->message, NULL);
}

int simul_fail(int err, const char *fmt, ...)
{
    struct simul_future *task = sm_current();
    struct sm_extra *extra = task ? sm_extra_of(task) : NULL;
    if (!extra)
        return err;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    replace(&extra->message, sm_message_new(text));
    extra->message_error = err;
    return err;
}

const char *simul_explain(int err)
{
    struct simul_future *task = sm_current();
    const struct sm_extra *extra = task ? task->extra : NULL;
    if (extra && extra->message && extra->message_error == err)
        return extra->message->text;
    if (extra && extra->passing && extra->passing_error == err)
        return extra->passing->text;
    return simul_strerror(err);
}

void sm_cancel_message(struct simul_future *future, const char *text)
{
    struct sm_extra *extra = text || future->extra ? sm_extra_of(future) : NULL;
    if (extra)
        replace(&extra->cancel_message, text ? sm_message_new(text) : NULL);
}

const char *sm_cancel_text(const struct simul_future *future)
{
    const struct sm_extra *extra = future->extra;
    return extra && extra->cancel_message ? extra->cancel_message->text : NULL;
}

void sm_pass_cancel_message(struct simul_future *task)
{
    struct sm_extra *extra = task->extra;
    if (!extra)
        return;
    replace(&extra->passing, message_ref(extra->cancel_message));
    extra->passing_error = -ECANCELED;
}

const char *simul_message(simul_future *future)
{
    if (!future)
        return simul_strerror(-ENOMEM);
    const struct sm_extra *extra = future->extra;
    if (!sm_future_done(future))
        return extra && extra->cancel_message ? extra->cancel_message->text : "pending";
    future->asked = true;
    if (extra && extra->message && future->result < 0)
        return extra->message->text;
    if (future->state == SM_CANCELLED && extra && extra->cancel_message)
        return extra->cancel_message->text;
    return future->result < 0 ? simul_strerror(future->result) : "success";
}

/* ---- values and names --------------------------------------------------------------- */

int simul_return(void *value, simul_destroy_fn *destroy)
{
    struct simul_future *task = sm_current();
    struct sm_extra *extra = task ? sm_extra_of(task) : NULL;
    if (!extra) {
        if (destroy)
            destroy(value);
        return task ? -ENOMEM : -SIMUL_ENOTASK;
    }
    if (extra->destroy)
        extra->destroy(extra->value);
    extra->value = value;
    extra->destroy = destroy;
    return 0;
}

void sm_task_label(const struct simul_future *task, char *text, size_t size)
{
    if (task->extra && task->extra->name)
        snprintf(text, size, "%s", task->extra->name);
    else
        snprintf(text, size, "Task-%u", task->id);
}

const char *simul_task_name(simul_task *task)
{
    if (!task || !task->is_task)
        return "";
    if (!task->extra || !task->extra->name) {
        char label[32];
        sm_task_label(task, label, sizeof label);
        if (simul_task_set_name(task, label) < 0)
            return "Task";
    }
    return task->extra->name;
}

int simul_task_set_name(simul_task *task, const char *name)
{
    if (!name)
        return -EINVAL;
    struct sm_extra *extra = task ? sm_extra_of(task) : NULL;
    char *copy = extra ? sm_strdup(name) : NULL;
    if (!copy)
        return -ENOMEM;
    sm_free(extra->name);
    extra->name = copy;
    return 0;
}
