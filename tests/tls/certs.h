/* SPDX-License-Identifier: MIT */
/* Certificates for tests, made by openssl's command line, in a directory of their own. */
#ifndef SM_TESTS_CERTS_H
#define SM_TESTS_CERTS_H

#include <simul/tls.h>

/**
 * Make them; to be called by main(), which is the parent of all tests. The directory is
 * removed when that exits. Without openssl the program is skipped.
 *
 *   ca.crt       an authority            ca2.crt     another one
 *   good.crt     of ca, for "localhost", 127.0.0.1 and ::1
 *   chain.crt    the same with ca.crt behind it
 *   other.crt    of ca, for "other.example" and "*.wild.example"
 *   expired.crt  of ca, for "localhost", since yesterday
 *   self.crt     of itself, for "localhost"
 *   client.crt   of ca, for nobody: "CN=somebody"
 *   odd.crt      of ca, for "odd.example", but its names are no list of names
 *   locked.key   that of good.crt, its password is "sesame"
 *
 * and a .key for each .crt; good.pem is both in one.
 */
void certs_make(void);

/** The path of one; good for four calls. */
const char *cert(const char *name);

/** A server's context with NAME.crt, and a client's that trusts ca.crt (or `opts`). */
simul_tls_context *server_with(const char *name, simul_tls_opts opts);
simul_tls_context *client_with(simul_tls_opts opts);

/** Go over to TLS on both ends of a pair: pair[0] is the client, or fails the test. */
void tls_on_pair(simul_stream *pair[2]);

/** The same with contexts that are given up: what both ends said. */
struct handshake {
    int client, server;
    char client_said[300], server_said[300];
};
struct handshake shake_hands(simul_stream *pair[2], simul_tls_context *client,
                             const char *host, simul_tls_context *server);

#endif
