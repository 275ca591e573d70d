/* SPDX-License-Identifier: MIT */
/* What conditions need of locks. */
#ifndef SM_SYNC_LOCK_H
#define SM_SYNC_LOCK_H

#include <simul/sync.h>

/** Take it in any case: a cancel stays pending, and is the caller's to deliver. */
void sm_lock_take(simul_lock *lock);

#endif
