/* SPDX-License-Identifier: MIT */
/*
 * A server and a client that speak HTTP by TLS. (asyncio: start_server(ssl=…),
 * open_connection(ssl=…)) Usage: https CERTIFICATE KEY
 *
 * The certificate has to be for "localhost". The client trusts it, and nobody else, since it
 * has signed itself: then it asks for the page under another name, and is right to refuse.
 */
#include <simul.h>
#include <stdio.h>
#include <string.h>

static const char page[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello\n";

static int answer(simul_stream *client, void *arg)
{
    (void)arg;
    char *request;
    ssize_t n = simul_stream_readuntil(client, "\r\n\r\n", 4, &request);
    if (n > 0)
        n = simul_stream_write(client, page, sizeof page - 1);
    return n < 0 ? (int)n : 0; /* the server ends TLS and closes */
}

static int get(const char *port, const char *host, simul_tls_context *trust)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    simul_stream *stream;
    char *text;
    int r = simul_open_connection(
        &stream, "localhost", port,
        &(simul_connect_opts){.tls = trust, .server_hostname = host});
    if (r == -SIMUL_ECERTIFICATE)
        printf("%s\n", simul_explain(r));
    if (r < 0)
        return r;
    ssize_t n = simul_stream_write(stream, request, sizeof request - 1);
    if (n > 0)
        n = simul_stream_read_all(stream, &text, 1 << 20);
    if (n > 0)
        printf("%s by %s: %s", host, simul_stream_tls_version(stream),
               strstr(text, "\r\n\r\n") + 4);
    simul_stream_close(stream);
    r = simul_stream_wait_closed(stream);
    simul_stream_release(stream);
    return n < 0 ? (int)n : r;
}

/* Ask by the right name and by a wrong one. */
static int ask_twice(simul_server *server, const char *certificate)
{
    char port[8];
    simul_tls_context *trust;
    int r = simul_tls_client_new(&trust, &(simul_tls_opts){.ca_file = certificate});
    if (r < 0)
        return r;
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    r = get(port, "localhost", trust);
    if (r == 0 && get(port, "example.org", trust) != -SIMUL_ECERTIFICATE)
        r = -SIMUL_ECERTIFICATE;
    simul_tls_context_release(trust);
    return r;
}

static int entry(void *arg)
{
    char **argv = arg;
    const simul_tls_opts own = {.cert_file = argv[1], .key_file = argv[2]};
    simul_tls_context *context;
    simul_server *server;
    int r = simul_tls_server_new(&context, &own);
    if (r < 0)
        return r;
    r = simul_start_server(&server, "localhost", "0", answer, NULL,
                           &(simul_server_opts){.tls = context});
    simul_tls_context_release(context); /* the server holds it */
    if (r < 0)
        return r;
    r = ask_twice(server, argv[1]);
    simul_server_close(server);
    simul_server_release(server);
    return r;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s CERTIFICATE KEY\n", argv[0]);
        return 2;
    }
    return simul_exit(simul_run(entry, argv));
}
