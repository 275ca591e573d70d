/* SPDX-License-Identifier: MIT */
/* Messages for people; where they go is the user's choice (simul_set_log). */
#ifndef SM_BASE_LOG_H
#define SM_BASE_LOG_H

#include "simul/base.h"

/** Format one message, without a newline at its end, and hand it to the sink. */
void sm_log(simul_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
