/* SPDX-License-Identifier: MIT */
/* A server that answers datagrams in capitals, and its client. (asyncio: "UDP Echo Server"
 * and "UDP Echo Client" of the page "Transports and Protocols") */
#include <ctype.h>
#include <simul.h>
#include <stdio.h>

static int serve(void *udp)
{
    char buf[1500];
    simul_address peer;
    for (;;) {
        ssize_t n = simul_datagram_recvfrom(udp, buf, sizeof buf, &peer);
        for (ssize_t i = 0; i < n; i++)
            buf[i] = (char)toupper((unsigned char)buf[i]);
        if (n >= 0)
            n = simul_datagram_sendto(udp, buf, (size_t)n, &peer);
        if (n < 0)
            return (int)n;
    }
}

/* A datagram may be lost: then it is sent again. */
static int ask(simul_datagram *udp, const char *text, size_t len)
{
    char buf[1500];
    ssize_t n = -ETIMEDOUT;
    for (int i = 0; i < 3 && n == -ETIMEDOUT; i++) {
        n = simul_datagram_sendto(udp, text, len, NULL);
        if (n >= 0)
            n = simul_within(1.0,
                             (int)simul_datagram_recvfrom(udp, buf, sizeof buf, NULL));
    }
    if (n >= 0)
        printf("%.*s\n", (int)n, buf);
    return n < 0 ? (int)n : 0;
}

static int talk(const char *port)
{
    simul_datagram *udp;
    int r = simul_datagram_open(
        &udp, &(simul_datagram_opts){.remote_host = "127.0.0.1", .remote_port = port});
    if (r < 0)
        return r;
    r = ask(udp, "hello", 5);
    if (r == 0)
        r = ask(udp, "still there?", 12);
    simul_datagram_release(udp);
    return r;
}

static int serve_and_talk(simul_datagram *server)
{
    char port[8];
    simul_address name;
    int r = simul_datagram_sockname(server, &name);
    if (r < 0)
        return r;
    snprintf(port, sizeof port, "%d", simul_address_port(&name));
    simul_task *serving = simul_create_task(serve, server);
    if (!serving)
        return -ENOMEM;
    r = talk(port);
    simul_cancel(serving);
    simul_release(serving);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    simul_datagram *server;
    int r =
        simul_datagram_open(&server, &(simul_datagram_opts){.local_host = "127.0.0.1"});
    if (r < 0)
        return r;
    r = serve_and_talk(server);
    simul_datagram_release(server);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
