/* SPDX-License-Identifier: MIT */
#include "support/harness.h"

#include <errno.h>

#include "poll/op.h"

TEST(each_operation_has_its_directions)
{
    static const struct {
        int code, flags;
        unsigned directions;
    } table[] = {
        {SM_OP_RECV, 0, SM_OP_IN},
        {SM_OP_RECVMSG, 0, SM_OP_IN},
        {SM_OP_READ, 0, SM_OP_IN},
        {SM_OP_ACCEPT, 0, SM_OP_IN},
        {SM_OP_SEND, 0, SM_OP_OUT},
        {SM_OP_SENDMSG, 0, SM_OP_OUT},
        {SM_OP_WRITE, 0, SM_OP_OUT},
        {SM_OP_CONNECT, 0, SM_OP_OUT},
        {SM_OP_POLL, POLLIN, SM_OP_IN},
        {SM_OP_POLL, POLLPRI, SM_OP_IN},
        {SM_OP_POLL, POLLOUT, SM_OP_OUT},
        {SM_OP_POLL, POLLWRNORM, SM_OP_OUT},
        {SM_OP_POLL, POLLIN | POLLOUT, SM_OP_IN | SM_OP_OUT},
        {SM_OP_POLL, 0, SM_OP_IN}, /* for a hang-up only */
        {SM_OP_OPEN, 0, 0},
        {SM_OP_PREAD, 0, 0},
        {SM_OP_PWRITE, 0, 0},
        {SM_OP_FSYNC, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sm_op op = {.code = (uint8_t)table[i].code, .flags = table[i].flags};
        ck_assert_msg(sm_op_directions(&op) == table[i].directions, "row %zu", i);
    }
}

TEST(what_counts_as_a_short_read)
{
    struct iovec parts[] = {{NULL, 6}, {NULL, 4}};
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
    const struct {
        struct sm_op op;
        bool is_short;
    } table[] = {
        {{.code = SM_OP_RECV, .buf = {NULL, 10}, .result = 9}, true},
        {{.code = SM_OP_READ, .buf = {NULL, 10}, .result = 1}, true},
        {{.code = SM_OP_RECVMSG, .msg = &msg, .result = 7}, true},
        {{.code = SM_OP_RECVMSG, .msg = &msg, .result = 10}, false},
        {{.code = SM_OP_RECV, .buf = {NULL, 10}, .result = 10}, false},
        {{.code = SM_OP_RECV, .buf = {NULL, 10}, .result = 0}, false},
        {{.code = SM_OP_RECV, .buf = {NULL, 10}, .result = -EAGAIN}, false},
        {{.code = SM_OP_SEND, .buf = {NULL, 10}, .result = 9}, false},
        {{.code = SM_OP_RECV, .flags = MSG_PEEK, .buf = {NULL, 10}, .result = 9},
         false},
        {{.code = SM_OP_RECV, .flags = MSG_OOB, .buf = {NULL, 10}, .result = 1}, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(sm_op_was_short(&table[i].op) == table[i].is_short, "row %zu", i);
}

static int finished;

static void count(struct sm_op *op)
{
    ck_assert_int_eq(op->result, -ECANCELED);
    ck_assert_int_eq(op->state, SM_OP_IDLE);
    finished++;
}

static struct sm_list list;
static struct sm_op late = {.done = count};

static void add_another(struct sm_op *op)
{
    count(op);
    sm_list_push(&list, &late.link);
}

TEST(canceled_operations_are_finished_once_and_late_ones_the_next_time)
{
    struct sm_op first = {.done = add_another, .state = SM_OP_CANCEL};
    struct sm_op second = {.done = count, .state = SM_OP_PENDING};
    sm_list_init(&list);
    sm_list_push(&list, &first.link);
    sm_list_push(&list, &second.link);

    ck_assert_int_eq(sm_op_finish_canceled(&list), 2);
    ck_assert_int_eq(finished, 2);

    ck_assert_int_eq(sm_op_finish_canceled(&list), 1);
    ck_assert_int_eq(finished, 3);
    ck_assert(sm_list_empty(&list));
}

HARNESS_MAIN("poll: operations")
