/* SPDX-License-Identifier: MIT */
#include "support/harness.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/sys.h"
#include "poll/op.h"
#include "poll/record.h"

static struct sm_op recv_of(int fd)
{
    return (struct sm_op){.fd = fd, .code = SM_OP_RECV};
}

TEST(an_empty_table_has_no_records)
{
    struct sm_records records = {0};

    ck_assert_ptr_null(sm_record_find(&records, 0));
    ck_assert_ptr_null(sm_record_find(&records, -1));
    ck_assert(!sm_record_is_busy(NULL, SM_OP_IN | SM_OP_OUT));
}

TEST(growing_keeps_what_is_known_and_adds_nothing)
{
    struct sm_records records = {0};
    struct sm_op op = recv_of(63);
    ck_assert_int_eq(sm_record_reserve(&records, 63), 0);
    sm_record_attach(&records, &op);

    ck_assert_int_eq(sm_record_reserve(&records, 5000), 0);

    ck_assert_ptr_eq(sm_record_find(&records, 63)->in, &op);
    for (int fd = 64; fd <= 5000; fd++) {
        const struct sm_record *record = sm_record_find(&records, fd);
        ck_assert(!record->in && !record->out && !record->mask && !record->empty);
    }
    ck_assert_ptr_null(sm_record_find(&records, records.capacity));
    sm_free(records.all);
}

TEST(directions_are_taken_and_freed_by_their_owner_only)
{
    struct sm_records records = {0};
    struct sm_op in = recv_of(3), other = in;
    struct sm_op both = {.fd = 4, .code = SM_OP_POLL, .flags = POLLIN | POLLOUT};
    ck_assert_int_eq(sm_record_reserve(&records, 4), 0);
    sm_record_attach(&records, &in);
    sm_record_attach(&records, &both);

    sm_record_detach(&records, &other);
    ck_assert(sm_record_is_busy(sm_record_find(&records, 3), SM_OP_IN));
    ck_assert(!sm_record_is_busy(sm_record_find(&records, 3), SM_OP_OUT));
    ck_assert(sm_record_is_busy(sm_record_find(&records, 4), SM_OP_IN));
    ck_assert(sm_record_is_busy(sm_record_find(&records, 4), SM_OP_OUT));

    sm_record_detach(&records, &in);
    sm_record_detach(&records, &both);
    for (int fd = 3; fd < 5; fd++)
        ck_assert(
            !sm_record_is_busy(sm_record_find(&records, fd), SM_OP_IN | SM_OP_OUT));
    sm_free(records.all);
}

#ifdef SIMUL_FAULTS
TEST(without_memory_the_table_stays_as_it_was)
{
    struct sm_records records = {0};
    struct sm_op op = recv_of(7);
    ck_assert_int_eq(sm_record_reserve(&records, 7), 0);
    sm_record_attach(&records, &op);
    int capacity = records.capacity;

    sm_fault_arm(1);
    ck_assert_int_eq(sm_record_reserve(&records, 1000), -ENOMEM);
    sm_fault_disarm();

    ck_assert_int_eq(records.capacity, capacity);
    ck_assert_ptr_eq(sm_record_find(&records, 7)->in, &op);
    sm_free(records.all);
}

/* A receive that fails to learn the kind of its socket is tried each time: slow, right. */
TEST(only_tcp_is_drained_by_a_short_read_and_the_kernel_is_asked_once)
{
    struct sm_record tcp = {0}, datagrams = {0}, unknown = {0};
    int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int dgram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    sm_fault_arm(0);
    ck_assert(sm_record_is_drained(&tcp, stream));
    ck_assert(sm_record_is_drained(&tcp, stream));
    ck_assert(!sm_record_is_drained(&datagrams, dgram));
    ck_assert(!sm_record_is_drained(&datagrams, dgram));
    ck_assert_int_eq(sm_fault_calls(), 2);
    ck_assert(!sm_record_is_drained(&unknown, -1));

    close(stream);
    close(dgram);
}
#endif

HARNESS_MAIN("poll: records")
