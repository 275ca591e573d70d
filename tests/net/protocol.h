/* SPDX-License-Identifier: MIT */
/* A protocol that traces what it is told, for the tests of transports. */
#ifndef SM_TESTS_PROTOCOL_H
#define SM_TESTS_PROTOCOL_H

#include <simul/sync.h>
#include <simul/transport.h>

/* What a protocol is told to do, and what it has seen: the user pointer of the callbacks. */
struct seen {
    simul_transport *transport;
    bool keep_open, pause_at_once, close_at_once, abort_on_data;
    bool pause_on_data, silent;
    int made, lost, error;
    char *got; /* where bytes are kept, `size` at most; NULL: nowhere */
    size_t size, have;
    simul_event over; /* set when it is lost */
};

void seen_made(simul_transport *transport, void *seen);
void seen_data(simul_transport *transport, void *seen, const void *data, size_t n);
int seen_eof(simul_transport *transport, void *seen);
void seen_lost(simul_transport *transport, void *seen, int error);

/* "made", the bytes, "eof", "lost:ERROR", "pause", "resume". */
extern const simul_protocol tracing;

#endif
