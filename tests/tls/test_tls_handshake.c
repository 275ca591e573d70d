/* SPDX-License-Identifier: MIT */
/* Who is let in, who is not, and what is said of it. */
#include <openssl/pem.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pair.h"
#include "tls/certs.h"
#include "tls/openssl.h"

static simul_stream *ends[2];

static void release_pair(void)
{
    for (int i = 0; i < 2; i++)
        simul_stream_close(ends[i]);
    for (int i = 0; i < 2; i++)
        finish(ends[i]);
}

static struct handshake shake(simul_tls_context *client, const char *host,
                              simul_tls_context *server)
{
    unix_pair(ends);
    return shake_hands(ends, client, host, server);
}

static void accepted(simul_tls_context *client, const char *host,
                     simul_tls_context *server)
{
    struct handshake r = shake(client, host, server);
    ck_assert_msg(r.client == 0, "%s: %s", host, r.client_said);
    ck_assert_msg(r.server == 0, "%s: %s", host, r.server_said);
    char data[5];
    ck_assert_int_eq(simul_stream_write(ends[0], "hello", 5), 5);
    ck_assert_int_eq(simul_stream_readexactly(ends[1], data, 5), 5);
    ck_assert(memcmp(data, "hello", 5) == 0);
    release_pair();
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" has no \"%s\"", text, part);
}

/* The client refuses, says why, and tells the server. */
static void refused(simul_tls_context *client, const char *host,
                    simul_tls_context *server, const char *why, const char *alert)
{
    struct handshake r = shake(client, host, server);
    ck_assert_int_eq(r.client, -SIMUL_ECERTIFICATE);
    has(r.client_said, why);
    has(r.client_said, host);
    ck_assert_int_eq(r.server, -SIMUL_ECERTIFICATE);
    has(r.server_said, alert);
    ck_assert(simul_stream_is_closing(ends[0]) && simul_stream_is_closing(ends[1]));
    ck_assert_ptr_null(simul_stream_tls_version(ends[0]));
    release_pair();
}

#define SERVER(name_) server_with(name_, (simul_tls_opts){0})
#define CLIENT(...)   client_with((simul_tls_opts){__VA_ARGS__})
#define NOTHING       .sni_arg = NULL

/* ---- certificates of servers ------------------------------------------------------------- */

NET_TEST(a_certificate_for_the_host_is_accepted)
{
    accepted(CLIENT(NOTHING), "localhost", SERVER("good"));
    accepted(CLIENT(NOTHING), "localhost.", SERVER("good"));
    accepted(CLIENT(NOTHING), "127.0.0.1", SERVER("good"));
    accepted(CLIENT(NOTHING), "::1", SERVER("good"));
    accepted(CLIENT(NOTHING), "any.wild.example", SERVER("other"));
}

NET_TEST(an_expired_certificate_is_refused)
{
    refused(CLIENT(NOTHING), "localhost", SERVER("expired"),
            "certificate has expired (it is for CN=localhost)", "certificate expired");
}

NET_TEST(a_certificate_that_signed_itself_is_refused)
{
    refused(CLIENT(NOTHING), "localhost", SERVER("self"), "self-signed certificate",
            "unknown CA");
}

NET_TEST(a_certificate_of_an_unknown_authority_is_refused)
{
    refused(CLIENT(.ca_file = cert("ca2.crt")), "localhost", SERVER("good"),
            "unable to get local issuer certificate", "unknown CA");
}

NET_TEST(the_systems_store_is_what_is_trusted_by_default)
{
    simul_tls_context *client;
    ck_assert_int_eq(simul_tls_client_new(&client, NULL), 0);
    refused(client, "localhost", SERVER("good"),
            "unable to get local issuer certificate", "unknown CA");
}

NET_TEST(a_certificate_for_another_host_is_refused)
{
    refused(CLIENT(NOTHING), "localhost", SERVER("other"),
            "hostname mismatch (it is for DNS:other.example DNS:*.wild.example)",
            "bad certificate");
    refused(CLIENT(NOTHING), "127.0.0.2", SERVER("good"), "IP address mismatch",
            "bad certificate");
    refused(CLIENT(NOTHING), "a.b.wild.example", SERVER("other"), "hostname mismatch",
            "bad certificate");
}

/* That they cannot be read is left out, and not left for others to find: it would be taken
 * for what was wrong with the handshake. */
TEST(names_that_cannot_be_read_are_no_error_of_the_connection)
{
    char text[100];
    BIO *file = BIO_new_file(cert("odd.crt"), "r");
    X509 *odd = PEM_read_bio_X509(file, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(odd);
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 1);
    sm_openssl_describe(odd, true, text, sizeof text);
    ck_assert_str_eq(text, "CN=odd.example");
    ck_assert_int_eq(ERR_GET_LIB(ERR_get_error()), ERR_LIB_USER);
    ck_assert_uint_eq(ERR_peek_error(), 0);
    X509_free(odd);
    BIO_free(file);
}

NET_TEST(what_was_asked_not_to_be_looked_at_is_not)
{
    accepted(CLIENT(.no_check_hostname = true), "localhost", SERVER("other"));
    accepted(CLIENT(NOTHING), "", SERVER("other"));
    accepted(CLIENT(.verify = SIMUL_TLS_VERIFY_NONE), "localhost", SERVER("self"));
}

NET_TEST(without_the_hosts_name_the_authority_still_counts)
{
    struct handshake r =
        shake(CLIENT(.no_check_hostname = true), "localhost", SERVER("self"));
    ck_assert_int_eq(r.client, -SIMUL_ECERTIFICATE);
    release_pair();
}

/* ---- certificates of clients ------------------------------------------------------------- */

static simul_tls_context *asking(simul_tls_verify verify)
{
    return server_with("good",
                       (simul_tls_opts){.ca_file = cert("ca.crt"), .verify = verify});
}

static simul_tls_context *showing(const char *file, const char *key)
{
    return CLIENT(.cert_file = cert(file), .key_file = cert(key));
}

NET_TEST(a_clients_certificate_is_seen)
{
    simul_tls_certificate *seen;
    struct handshake r = shake(showing("client.crt", "client.key"), "localhost",
                               asking(SIMUL_TLS_VERIFY_REQUIRED));
    ck_assert_msg(r.client == 0 && r.server == 0, "%s", r.server_said);
    ck_assert_int_eq(simul_stream_tls_peercert(ends[1], &seen), 0);
    ck_assert_str_eq(seen->subject, "CN=somebody");
    ck_assert_uint_eq(seen->n_names, 0);
    simul_tls_certificate_release(seen);
    release_pair();
}

NET_TEST(a_client_may_show_none_if_it_is_optional)
{
    simul_tls_certificate *seen;
    struct handshake r =
        shake(CLIENT(NOTHING), "localhost", asking(SIMUL_TLS_VERIFY_OPTIONAL));
    ck_assert_int_eq(r.server, 0);
    ck_assert_int_eq(simul_stream_tls_peercert(ends[1], &seen), -ENODATA);
    release_pair();
}

/* With TLS 1.3 a client hears of it when it first reads. */
static void not_let_in(simul_tls_context *client, simul_tls_verify verify,
                       const char *why, const char *alert)
{
    char data[8];
    struct handshake r = shake(client, "localhost", asking(verify));
    ck_assert_int_eq(r.server, -SIMUL_ECERTIFICATE);
    has(r.server_said, why);
    ck_assert_int_eq(r.client, 0);
    ck_assert_int_eq(simul_stream_read(ends[0], data, sizeof data),
                     -SIMUL_ECERTIFICATE);
    has(simul_explain(-SIMUL_ECERTIFICATE), "the peer has ended the TLS connection");
    has(simul_explain(-SIMUL_ECERTIFICATE), alert);
    ck_assert_int_eq(simul_stream_read(ends[0], data, sizeof data),
                     -SIMUL_ECERTIFICATE);
    ck_assert_int_lt(simul_stream_write(ends[0], "x", 1), 0);
    release_pair();
}

NET_TEST(a_client_without_certificate_is_refused_where_one_is_required)
{
    not_let_in(CLIENT(NOTHING), SIMUL_TLS_VERIFY_REQUIRED, "has shown no certificate",
               "certificate required");
}

NET_TEST(a_clients_certificate_has_to_hold_also_if_it_is_optional)
{
    not_let_in(showing("self.crt", "self.key"), SIMUL_TLS_VERIFY_OPTIONAL,
               "the certificate of a client was refused: self-signed certificate",
               "unknown CA");
}

/* ---- what is agreed on --------------------------------------------------------------------- */

NET_TEST(the_peers_certificate_can_be_read)
{
    simul_tls_certificate *seen;
    struct handshake r = shake(CLIENT(NOTHING), "localhost", SERVER("good"));
    ck_assert_int_eq(r.client, 0);
    ck_assert_int_eq(simul_stream_tls_peercert(ends[0], &seen), 0);
    ck_assert_str_eq(seen->subject, "CN=localhost,O=Test");
    ck_assert_str_eq(seen->issuer, "CN=Test authority");
    ck_assert_str_eq(seen->serial, "4711");
    ck_assert_uint_eq(seen->n_names, 3);
    ck_assert_str_eq(seen->names[0], "DNS:localhost");
    ck_assert_str_eq(seen->names[1], "IP Address:127.0.0.1");
    ck_assert_str_eq(seen->names[2], "IP Address:0:0:0:0:0:0:0:1");
    ck_assert(seen->not_after == seen->not_before + 2 * 86400);
    ck_assert_uint_eq(seen->der[0], 0x30);
    ck_assert_uint_gt(seen->der_len, 200);
    simul_tls_certificate_release(seen);
    ck_assert_int_eq(simul_stream_tls_peercert(ends[1], &seen), -ENODATA);
    release_pair();
}

static void agree_on(simul_tls_opts client, simul_tls_opts server, const char *version)
{
    struct handshake r =
        shake(client_with(client), "localhost", server_with("good", server));
    ck_assert_msg(r.client == 0, "%s", r.client_said);
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(simul_stream_tls_version(ends[i]), version);
}

NET_TEST(the_newest_version_is_taken)
{
    agree_on((simul_tls_opts){0}, (simul_tls_opts){0}, "TLSv1.3");
    has(simul_stream_tls_cipher(ends[0]), "TLS_");
    release_pair();
}

NET_TEST(versions_and_ciphers_can_be_chosen)
{
    agree_on((simul_tls_opts){.maximum_version = SIMUL_TLS_1_2,
                              .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
             (simul_tls_opts){0}, "TLSv1.2");
    ck_assert_str_eq(simul_stream_tls_cipher(ends[1]), "ECDHE-ECDSA-AES128-GCM-SHA256");
    release_pair();
    agree_on((simul_tls_opts){.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256"},
             (simul_tls_opts){.minimum_version = SIMUL_TLS_1_3}, "TLSv1.3");
    ck_assert_str_eq(simul_stream_tls_cipher(ends[1]), "TLS_CHACHA20_POLY1305_SHA256");
    release_pair();
}

NET_TEST(no_version_in_common_is_an_error_on_both_ends)
{
    struct handshake r =
        shake(CLIENT(.maximum_version = SIMUL_TLS_1_2), "localhost",
              server_with("good", (simul_tls_opts){.minimum_version = SIMUL_TLS_1_3}));
    ck_assert_int_eq(r.client, -SIMUL_ETLS);
    has(r.client_said, "protocol version");
    ck_assert_int_eq(r.server, -SIMUL_ETLS);
    has(r.server_said, "unsupported protocol");
    release_pair();
}

NET_TEST(the_servers_favourite_of_the_protocols_in_common_is_taken)
{
    const char *clients[] = {"http/1.1", "h2", "spdy", NULL};
    const char *servers[] = {"h3", "h2", "http/1.1", NULL};
    agree_on((simul_tls_opts){.alpn = clients}, (simul_tls_opts){.alpn = servers},
             "TLSv1.3");
    ck_assert_str_eq(simul_stream_tls_alpn(ends[0]), "h2");
    ck_assert_str_eq(simul_stream_tls_alpn(ends[1]), "h2");
    release_pair();
}

NET_TEST(without_a_protocol_in_common_it_goes_on_without)
{
    const char *clients[] = {"http/1.1", NULL}, *servers[] = {"h2", NULL};
    agree_on((simul_tls_opts){.alpn = clients}, (simul_tls_opts){.alpn = servers},
             "TLSv1.3");
    ck_assert_ptr_null(simul_stream_tls_alpn(ends[0]));
    ck_assert_ptr_null(simul_stream_tls_alpn(ends[1]));
    release_pair();
}

/* ---- names (SNI) ------------------------------------------------------------------------------ */

NET_TEST(the_server_is_told_the_name)
{
    agree_on((simul_tls_opts){0}, (simul_tls_opts){0}, "TLSv1.3");
    ck_assert_str_eq(simul_stream_tls_hostname(ends[1]), "localhost");
    release_pair();
    struct handshake r = shake(CLIENT(NOTHING), "127.0.0.1", SERVER("good"));
    ck_assert_int_eq(r.client, 0);
    ck_assert_ptr_null(simul_stream_tls_hostname(ends[1]));
    release_pair();
}

static simul_tls_context *by_name(const char *name, void *arg)
{
    return name && strcmp(name, "other.example") == 0 ? arg : NULL;
}

NET_TEST(a_server_may_have_a_certificate_for_each_name)
{
    simul_tls_context *other = SERVER("other");
    simul_tls_opts opts = {.sni = by_name, .sni_arg = other};
    accepted(CLIENT(NOTHING), "other.example", server_with("good", opts));
    accepted(CLIENT(NOTHING), "localhost", server_with("good", opts));
    simul_tls_context_release(other);
}

/* ---- peers that do not speak it ----------------------------------------------------------------- */

static int try_tls(simul_stream *stream, double timeout)
{
    simul_tls_context *client = CLIENT(NOTHING);
    int r =
        simul_stream_start_tls(stream, client,
                               &(simul_start_tls_opts){.server_hostname = "localhost",
                                                       .handshake_timeout = timeout});
    simul_tls_context_release(client);
    return r;
}

NET_TEST(a_peer_without_tls_is_an_error)
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
    ck_assert_int_eq(try_tls(stream, 0), -SIMUL_ETLS);
    has(simul_explain(-SIMUL_ETLS), "wrong version number");
    finish(stream);
    close(peer);
}

NET_TEST(a_peer_that_goes_in_the_middle_is_an_error) /* S44 */
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
    ck_assert_int_eq(try_tls(stream, 0), -ECONNRESET);
    has(simul_explain(-ECONNRESET), "during the TLS handshake");
    finish(stream);
    close(peer);
}

static int wait_for_a_silent_peer(void *unused)
{
    int peer;
    (void)unused;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    ck_assert_int_eq(try_tls(stream, 0.01), -ECONNABORTED);
    has(simul_explain(-ECONNABORTED), "took longer than 0.01 seconds");
    ck_assert(simul_stream_is_closing(stream));
    finish(stream);
    close(peer);
    return 0;
}

NET_TEST(a_handshake_has_its_time) /* S44 */
{
    wait_for_a_silent_peer(NULL);
}

/* The read that waits holds the clock on which it is to be interrupted. */
TEST(a_handshake_has_its_time_on_a_virtual_clock)
{
    ck_assert_int_eq(run_like_asyncio(wait_for_a_silent_peer, NULL), 0);
}

static int handshake_of(void *stream)
{
    return try_tls(stream, 0);
}

NET_TEST(a_cancelled_handshake_closes_the_stream) /* S44 */
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    simul_task *task = simul_create_task(handshake_of, stream);
    let_run(3);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    ck_assert(simul_stream_is_closing(stream));
    ck_assert_int_eq(finish(stream), 0);
    close(peer);
}

NET_TEST(closing_in_the_middle_aborts_the_handshake) /* S44 */
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    simul_task *task = simul_create_task(handshake_of, stream);
    let_run(3);
    ck_assert_int_eq(simul_stream_write(stream, "x", 1), -SIMUL_ESTATE);
    simul_stream_close(stream);
    ck_assert_int_eq(simul_await(task), -ECONNABORTED);
    simul_release(task);
    ck_assert_int_eq(finish(stream), 0);
    close(peer);
}

int main(void)
{
    harness_need_backend();
    certs_make();
    return harness_run("tls handshake");
}
