/* SPDX-License-Identifier: MIT */
/* The event: the smallest example of something to wait for. */
#include <simul/sync.h>

#include "sync/waitlist.h"

static struct sm_waitlist *waiters(const simul_event *event)
{
    return sm_waitlist_of(event->_waiters);
}

int simul_event_wait(simul_event *event)
{
    int r = sm_checkpoint();
    if (r < 0 || event->_set)
        return r;
    r = sm_waitlist_check(waiters(event));
    if (r < 0)
        return r;
    struct sm_waitnode node;
    sm_waitlist_enter(waiters(event), &node, "event", event, NULL);
    return (int)sm_wait_suspend(&node.wait);
}

int simul_event_set(simul_event *event)
{
    int r = sm_waitlist_check(waiters(event));
    if (r < 0)
        return r;
    event->_set = true;
    sm_waitlist_wake_all(waiters(event), 0);
    return 0;
}

void simul_event_clear(simul_event *event)
{
    event->_set = false;
}

bool simul_event_is_set(const simul_event *event)
{
    return event->_set;
}
