/* SPDX-License-Identifier: MIT */
/* Two streams, a task for each end. */
#include <simul.h>

#include "tls.h"

static void need(bool good, const char *what)
{
    if (!good)
        bench_fail(what);
}

static int read_all(simul_stream *stream, void *all)
{
    static char buffer[TLS_CHUNK];
    ssize_t n;
    do
        need((n = simul_stream_read(stream, buffer, sizeof buffer)) > 0, "reading");
    while (took((size_t)n));
    return simul_set_result(all, 0);
}

static simul_server *serve(const char *certificate, simul_future *all)
{
    simul_server *server;
    simul_tls_context *context;
    const simul_tls_opts opts = {.cert_file = certificate, .ciphersuites = TLS_CIPHER};
    need(simul_tls_server_new(&context, &opts) == 0, "simul_tls_server_new");
    need(simul_start_server(&server, "127.0.0.1", "0", read_all, all,
                            &(simul_server_opts){.tls = context})
             == 0,
         "simul_start_server");
    simul_tls_context_release(context);
    return server;
}

static simul_stream *dial(const simul_server *server)
{
    char port[16];
    simul_stream *stream;
    simul_tls_context *context;
    const simul_tls_opts opts = {.verify = SIMUL_TLS_VERIFY_NONE,
                                 .ciphersuites = TLS_CIPHER};
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    need(simul_tls_client_new(&context, &opts) == 0, "simul_tls_client_new");
    need(simul_open_connection(&stream, "127.0.0.1", port,
                               &(simul_connect_opts){.tls = context})
             == 0,
         "simul_open_connection");
    need(strcmp(simul_stream_tls_cipher(stream), TLS_CIPHER) == 0,
         "agreeing on the cipher");
    simul_tls_context_release(context);
    return stream;
}

static void round_of(const char *certificate)
{
    static char chunk[TLS_CHUNK];
    simul_future *all = simul_create_future();
    simul_server *server = serve(certificate, all);
    simul_stream *stream = dial(server);
    for (long long sent = 0; sent < run_.wanted; sent += sizeof chunk)
        need(simul_stream_write(stream, chunk, sizeof chunk) > 0, "writing");
    simul_await(all);
    simul_stream_close(stream);
    simul_stream_wait_closed(stream);
    simul_stream_release(stream);
    simul_server_close(server);
    simul_server_wait_closed(server);
    simul_server_release(server);
    simul_release(all);
}

static int entry(void *arg)
{
    tls_measure(*(struct bench *)arg, round_of);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
