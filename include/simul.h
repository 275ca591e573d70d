/* SPDX-License-Identifier: MIT */
/*
 * simul: asyncio for C. The umbrella header, in reading order; each header is named
 * after the page of asyncio's manual where a reader would look for it.
 *
 * Words that stand for the same everywhere:
 *   new/release   on the heap, counted          open/close    close may await
 *   init/finish   in the caller's memory        enter/exit    scopes on the stack
 *   try_…         never awaits                  is_/has_      bool
 * Errors are negative; 0 or a count is success; outputs are untouched on failure.
 * Times are seconds (double), monotonic.
 */
#ifndef SIMUL_H
#define SIMUL_H

#include <simul/error.h>
#include <simul/base.h>
#include <simul/run.h>
#include <simul/future.h>
#include <simul/task.h>
#include <simul/timeout.h>
#include <simul/group.h>
#include <simul/context.h>
#include <simul/sync.h>
#include <simul/gen.h>
#include <simul/queue.h>
#include <simul/loop.h>
#include <simul/thread.h>
#include <simul/file.h>
#include <simul/net.h>
#include <simul/stream.h>
#include <simul/server.h>
#include <simul/datagram.h>
#include <simul/sock.h>
#include <simul/tls.h>
#include <simul/transport.h>
#include <simul/process.h>
#include <simul/subprocess.h>
#include <simul/debug.h>

#endif
