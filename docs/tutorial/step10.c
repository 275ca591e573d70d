/* SPDX-License-Identifier: MIT */
/* The server and the client of step 5, by TLS. Usage: step10 CERTIFICATE KEY */
#include <simul.h>
#include <stdio.h>

static int echo(simul_stream *client, void *arg)
{
    (void)arg;
    char buf[4096];
    ssize_t n;
    while ((n = simul_stream_read(client, buf, sizeof buf)) > 0)
        if ((n = simul_stream_write(client, buf, (size_t)n)) < 0)
            break;
    return (int)n; /* the server ends TLS and closes */
}

static int talk(const char *port, simul_tls_context *context)
{
    static const char text[] = "hello, server\n";
    simul_stream *stream;
    char *line;
    int r = simul_open_connection(&stream, "localhost", port,
                                  &(simul_connect_opts){.tls = context});
    if (r < 0)
        return r; /* simul_explain(r) says what was wrong with which certificate */
    ssize_t n = simul_stream_write(stream, text, sizeof text - 1);
    if (n >= 0)
        n = simul_stream_readline(stream, &line);
    if (n > 0)
        printf("by %s the server says: %.*s", simul_stream_tls_version(stream), (int)n,
               line);
    simul_stream_close(stream);
    r = simul_stream_wait_closed(stream);
    simul_stream_release(stream);
    return n < 0 ? (int)n : r;
}

/* The certificate has signed itself: so it is the one authority that is trusted. */
static int talk_trusting(const char *port, const char *certificate)
{
    simul_tls_context *context;
    int r = simul_tls_client_new(&context, &(simul_tls_opts){.ca_file = certificate});
    if (r < 0)
        return r;
    r = talk(port, context);
    simul_tls_context_release(context);
    return r;
}

static int serve_and_talk(simul_tls_context *context, const char *certificate)
{
    simul_server *server;
    char port[16];
    int r = simul_start_server(&server, "localhost", "0", echo, NULL,
                               &(simul_server_opts){.tls = context});
    if (r < 0)
        return r;
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    r = talk_trusting(port, certificate);
    simul_server_close(server);
    simul_server_wait_closed(server);
    simul_server_release(server);
    return r;
}

static int entry(void *arg)
{
    char **argv = arg;
    simul_tls_context *context;
    int r = simul_tls_server_new(
        &context, &(simul_tls_opts){.cert_file = argv[1], .key_file = argv[2]});
    if (r < 0)
        return r;
    r = serve_and_talk(context, argv[1]);
    simul_tls_context_release(context);
    return r;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: step10 CERTIFICATE KEY\n");
        return 2;
    }
    return simul_exit(simul_run(entry, argv));
}
