/* SPDX-License-Identifier: MIT */
/*
 * A chat: what one client says, all others hear. (asyncio: streams, Condition, TaskGroup)
 *
 * A room keeps the last lines that were said; each client has two tasks: one hears it, the
 * other sends it what it has not got yet. So only a client's own tasks touch its stream. Who
 * speaks waits until the slowest has got the line that has to make room: that is
 * back-pressure, from the slowest reader to all writers. Who holds the room up for five
 * seconds is thrown out.
 *
 * Usage: chat_server [PORT]; the first line that a client sends is its name.
 */
#include <simul.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINES = 64, LINE_SIZE = 512, NAME_SIZE = 32 };
static const double patience_s = 5.0;

struct client {
    struct client *next;
    struct room *room;
    simul_stream *stream;
    unsigned long got; /* lines, of all that were said */
    bool deaf;         /* gets no more: nobody waits for it */
    char name[NAME_SIZE];
};

struct room {
    struct client *clients;
    unsigned long said;
    simul_future *spoken, *heard; /* news, for those who wait for it */
    struct line {
        const struct client *from;
        int length;
        char text[LINE_SIZE];
    } lines[LINES];
};

/* ---- news: a future that is replaced each time it is done ------------------------------ */

static int wait_for(simul_future **news)
{
    if (!*news)
        *news = simul_create_future();
    if (!*news)
        return -ENOMEM;
    simul_future *future = simul_retain(*news);
    int r = simul_wait(&future, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_release(future);
    return r;
}

static void announce(simul_future **news)
{
    simul_future *future = *news;
    *news = NULL;
    simul_set_result(future, 0);
    simul_release(future);
}

/* ---- speaking -------------------------------------------------------------------------- */

static struct client *slowest(struct room *room)
{
    struct client *found = NULL;
    for (struct client *it = room->clients; it; it = it->next)
        if (!it->deaf && (!found || it->got < found->got))
            found = it;
    return found;
}

static bool is_full(struct room *room)
{
    const struct client *client = slowest(room);
    return client && room->said - client->got >= LINES;
}

/* To everybody but `from`; waits while the room is full. */
__attribute__((format(printf, 3, 4))) static int
say(struct room *room, const struct client *from, const char *fmt, ...)
{
    while (is_full(room)) {
        int r = simul_within(patience_s, wait_for(&room->heard));
        if (r < 0 && r != -ETIMEDOUT)
            return r;
        if (r == -ETIMEDOUT && is_full(room))
            simul_stream_abort(slowest(room)->stream);
    }
    struct line *line = &room->lines[room->said++ % LINES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line->text, LINE_SIZE, fmt, args);
    va_end(args);
    line->length = n < LINE_SIZE ? n : LINE_SIZE - 1;
    line->from = from;
    announce(&room->spoken);
    return 0;
}

/* ---- a client -------------------------------------------------------------------------- */

/* Its second task: what is said, to the client. */
static int send_lines(void *arg)
{
    struct client *me = arg;
    struct room *room = me->room;
    ssize_t r = 0;
    while (r >= 0) {
        if (me->got == room->said) {
            r = wait_for(&room->spoken);
            continue;
        }
        const struct line *line = &room->lines[me->got % LINES];
        if (line->from != me)
            r = simul_stream_write(me->stream, line->text, (size_t)line->length);
        if (r >= 0)
            me->got++;
        announce(&room->heard);
    }
    me->deaf = true;
    announce(&room->heard);
    return (int)r;
}

/* Its first one: what the client sends, to the room. */
static int hear(struct client *me)
{
    char *text;
    ssize_t n;
    while ((n = simul_stream_readline(me->stream, &text)) > 0) {
        int len = (int)strcspn(text, "\r\n");
        int r = say(me->room, me, "%s: %.*s\n", me->name, len, text);
        if (r < 0)
            return r;
    }
    return (int)n;
}

static int talk(struct client *me)
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, send_lines, me);
    int r = say(me->room, me, "* %s has come\n", me->name);
    if (r == 0)
        r = hear(me);
    simul_group_cancel(&group); /* send_lines() has nobody to send to */
    return simul_group_exit(&group, r);
}

static void enter(struct client *me)
{
    me->next = me->room->clients;
    me->room->clients = me;
    me->got = me->room->said;
}

static void leave(struct client *me)
{
    struct client **it = &me->room->clients;
    while (*it != me)
        it = &(*it)->next;
    *it = me->next;
    announce(&me->room->heard); /* it holds nobody up any more */
}

static int serve(simul_stream *stream, void *arg)
{
    struct client me = {.room = arg, .stream = stream};
    char *name;
    ssize_t n = simul_stream_readline(stream, &name);
    if (n <= 0)
        return (int)n;
    snprintf(me.name, sizeof me.name, "%.*s", (int)strcspn(name, "\r\n"), name);
    enter(&me);
    int r = talk(&me);
    leave(&me);
    int said = say(me.room, NULL, "* %s has gone\n", me.name);
    return r < 0 ? r : said;
}

/* ---- the room -------------------------------------------------------------------------- */

static int entry(void *port)
{
    struct room room = {0};
    simul_server *server;
    int r = simul_start_server(&server, "localhost", port, serve, &room, NULL);
    if (r < 0)
        return r;
    printf("serving at localhost:%d\n", simul_server_port(server));
    fflush(stdout);
    r = simul_server_serve_forever(server);
    simul_server_release(server);
    simul_release(room.spoken);
    simul_release(room.heard);
    return r;
}

int main(int argc, char **argv)
{
    return simul_exit(simul_run(entry, argc > 1 ? argv[1] : "7777"));
}
