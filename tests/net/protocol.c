/* SPDX-License-Identifier: MIT */
#include "net/protocol.h"

#include <string.h>

#include "net/pair.h"

void seen_made(simul_transport *transport, void *user)
{
    struct seen *seen = user;
    seen->transport = transport;
    seen->made++;
    trace("made");
    if (seen->pause_at_once)
        simul_transport_pause_reading(transport);
    if (seen->close_at_once)
        simul_transport_close(transport);
}

void seen_data(simul_transport *transport, void *user, const void *data, size_t n)
{
    struct seen *seen = user;
    if (seen->got && seen->have + n <= seen->size)
        memcpy(seen->got + seen->have, data, n);
    seen->have += n;
    if (!seen->silent)
        trace("%.*s", (int)n, (const char *)data);
    if (seen->pause_on_data)
        simul_transport_pause_reading(transport);
    if (seen->abort_on_data)
        simul_transport_abort(transport);
}

int seen_eof(simul_transport *transport, void *user)
{
    const struct seen *seen = user;
    (void)transport;
    trace("eof");
    return seen->keep_open;
}

void seen_lost(simul_transport *transport, void *user, int error)
{
    struct seen *seen = user;
    ck_assert_ptr_eq(transport, seen->transport);
    seen->lost++;
    seen->error = error;
    simul_event_set(&seen->over);
    trace("lost:%d", error);
}

const simul_protocol tracing = {
    .connection_made = seen_made,
    .connection_lost = seen_lost,
    .data_received = seen_data,
    .eof_received = seen_eof,
    .pause_writing = trace_pause,
    .resume_writing = trace_resume,
};
