/* SPDX-License-Identifier: MIT */
/* A name server on loopback, as a reader of the test's own loop. */
#ifndef SM_TESTS_DNS_H
#define SM_TESTS_DNS_H

#include "task/trace.h"

struct dns {
    int fd;
    char address[32]; /* "127.0.0.1:12345": what SIMUL_NAMESERVER takes */
    int asked;        /* questions that came */
};

/**
 * Start it. Names that begin with "one." have 127.0.0.1, "two." have 127.0.0.1 and ::1,
 * "none." exist without an address, "broken." is a failure of the server; every other one
 * does not exist. 192.0.2.7 is called host.test. Nothing is answered before dns_answer() if `mute`.
 */
void dns_start(struct dns *dns, bool mute);
void dns_answer(struct dns *dns);
void dns_stop(struct dns *dns);

#endif
