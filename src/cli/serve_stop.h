/* SPDX-License-Identifier: MIT */
/* The end of `simul serve`. */
#ifndef SM_CLI_SERVE_STOP_H
#define SM_CLI_SERVE_STOP_H

#include "http/http_server.h"

/* Seconds for what is under way when it is told to stop. */
extern const double serve_grace_s;

/** Take no new clients, answer what is under way, let idle ones go, and wait until all have
 *  left. False: a further signal has cut that short. */
bool serve_stop(simul_server *server, struct sm_http_service *service);

#endif
