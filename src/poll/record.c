/* SPDX-License-Identifier: MIT */
#include "poll/record.h"

#include <netinet/in.h>

#include "base/sys.h"
#include "poll/op.h"

enum kind { UNKNOWN, TCP, OTHER };

int sm_record_reserve(struct sm_records *records, int fd)
{
    if (fd < records->capacity)
        return 0;
    size_t capacity = records->capacity ? records->capacity : 64;
    while (capacity <= (size_t)fd)
        capacity *= 2;
    struct sm_record *grown = sm_realloc(records->all, capacity * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    for (size_t i = records->capacity; i < capacity; i++)
        grown[i] = (struct sm_record){0};
    *records = (struct sm_records){grown, (int)capacity};
    return 0;
}

bool sm_record_is_busy(const struct sm_record *record, unsigned directions)
{
    return record
           && ((directions & SM_OP_IN && record->in)
               || (directions & SM_OP_OUT && record->out));
}

void sm_record_attach(struct sm_records *records, struct sm_op *op)
{
    struct sm_record *record = sm_record_find(records, op->fd);
    unsigned directions = sm_op_directions(op);
    sm_assert(record && !sm_record_is_busy(record, directions));
    if (directions & SM_OP_IN)
        record->in = op;
    if (directions & SM_OP_OUT)
        record->out = op;
}

void sm_record_detach(struct sm_records *records, struct sm_op *op)
{
    struct sm_record *record = sm_record_find(records, op->fd);
    if (record && record->in == op)
        record->in = NULL;
    if (record && record->out == op)
        record->out = NULL;
}

bool sm_record_is_drained(struct sm_record *record, int fd)
{
    int protocol = 0;
    socklen_t len = sizeof protocol;
    if (record->kind == UNKNOWN) {
        int r = (int)sm_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
        record->kind = r >= 0 && protocol == IPPROTO_TCP ? TCP : OTHER;
    }
    return record->kind == TCP;
}
