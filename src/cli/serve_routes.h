/* SPDX-License-Identifier: MIT */
/* The routes of `simul serve`, and what they share. */
#ifndef SM_CLI_SERVE_ROUTES_H
#define SM_CLI_SERVE_ROUTES_H

#include "http/http_server.h"

struct serve {
    struct sm_http_service service;
    double latency;    /* seconds before each answer */
    uint64_t answered; /* requests of a known path, to their end */
};

/** The handler; arg is a struct serve. */
int serve_route(struct sm_http_exchange *exchange, void *arg);

#endif
