/* SPDX-License-Identifier: MIT */
#include "net/dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { A = 1, PTR = 12, AAAA = 28, HEADER = 12, SERVFAIL = 2, NXDOMAIN = 3 };

struct message {
    unsigned char bytes[512];
    size_t n;
};

static bool begins(const unsigned char *name, const char *label)
{
    size_t n = strlen(label);
    return name[0] == n && memcmp(name + 1, label, n) == 0;
}

/* A record about the name of the question, which stands at offset 12. */
static void add_record(struct message *answer, int type, const void *data, size_t n)
{
    const unsigned char head[] = {0xc0, HEADER, 0, (unsigned char)type, 0, 1, 0, 0,
                                  0,    60,     0, (unsigned char)n};
    memcpy(answer->bytes + answer->n, head, sizeof head);
    memcpy(answer->bytes + answer->n + sizeof head, data, n);
    answer->n += sizeof head + n;
    answer->bytes[7]++;
}

static void answer(struct message *message)
{
    static const unsigned char in[4] = {127, 0, 0, 1};
    static const unsigned char in6[16] = {[15] = 1};
    static const unsigned char host[] = "\4host\4test";
    unsigned char *name = message->bytes + HEADER, *end = name;
    while (*end)
        end += *end + 1;
    int type = end[1] << 8 | end[2];
    bool two = begins(name, "two"), none = begins(name, "none");
    message->n = (size_t)(end + 5 - message->bytes);
    message->bytes[2] = 0x81; /* an answer, recursion was desired … */
    message->bytes[3] = 0x80; /* … and is available */
    memset(message->bytes + 6, 0, 6);
    if (type == A && (two || begins(name, "one")))
        add_record(message, A, in, sizeof in);
    else if (type == PTR && begins(name, "7"))
        add_record(message, PTR, host, sizeof host);
    else if (type == AAAA && two)
        add_record(message, AAAA, in6, sizeof in6);
    else if (begins(name, "broken"))
        message->bytes[3] |= SERVFAIL;
    else if (!two && !none && !begins(name, "one"))
        message->bytes[3] |= NXDOMAIN;
}

static void on_question(void *arg)
{
    struct dns *dns = arg;
    struct message message;
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(dns->fd, message.bytes, sizeof message.bytes, MSG_DONTWAIT,
                         (struct sockaddr *)&from, &size);
    if (n < HEADER + 5)
        return;
    dns->asked++;
    message.n = (size_t)n;
    answer(&message);
    sendto(dns->fd, message.bytes, message.n, 0, (struct sockaddr *)&from, size);
}

void dns_start(struct dns *dns, bool mute)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    dns->asked = 0;
    ck_assert_int_eq(bind(dns->fd, (struct sockaddr *)&at, size), 0);
    ck_assert_int_eq(getsockname(dns->fd, (struct sockaddr *)&at, &size), 0);
    snprintf(dns->address, sizeof dns->address, "127.0.0.1:%d", ntohs(at.sin_port));
    if (!mute)
        dns_answer(dns);
}

void dns_answer(struct dns *dns)
{
    ck_assert_int_eq(simul_add_reader(NULL, dns->fd, on_question, dns), 0);
}

void dns_stop(struct dns *dns)
{
    simul_remove_reader(NULL, dns->fd);
    close(dns->fd);
}
