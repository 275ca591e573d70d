/* SPDX-License-Identifier: MIT */
/* OpenSSL on sockets that block, a thread for each end. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "tls.h"

static const char *certificate;
static struct sockaddr_in address;

static void need(bool good, const char *what)
{
    if (!good)
        bench_fail(what);
}

static int listen_somewhere(void)
{
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    need(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0
             && listen(fd, 1) == 0
             && getsockname(fd, (struct sockaddr *)&address, &size) == 0,
         "listening");
    return fd;
}

static SSL *new_ssl(const SSL_METHOD *method, int fd)
{
    SSL_CTX *context = SSL_CTX_new(method);
    need(context && SSL_CTX_set_ciphersuites(context, TLS_CIPHER), "SSL_CTX_new");
    SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context, certificate, SSL_FILETYPE_PEM);
    SSL *ssl = SSL_new(context);
    need(ssl && SSL_set_fd(ssl, fd), "SSL_new");
    SSL_CTX_free(context);
    return ssl;
}

static void *read_all(void *listener)
{
    static char buffer[TLS_CHUNK];
    int fd = accept(*(int *)listener, NULL, NULL), n;
    SSL *ssl = new_ssl(TLS_server_method(), fd);
    need(SSL_accept(ssl) == 1, "SSL_accept");
    do
        need((n = SSL_read(ssl, buffer, sizeof buffer)) > 0, "SSL_read");
    while (took((size_t)n));
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
    return NULL;
}

static void write_all(void)
{
    static char chunk[TLS_CHUNK];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    need(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connecting");
    SSL *ssl = new_ssl(TLS_client_method(), fd);
    need(SSL_connect(ssl) == 1, "SSL_connect");
    need(strcmp(SSL_get_cipher(ssl), TLS_CIPHER) == 0, "agreeing on the cipher");
    for (long long sent = 0; sent < run_.wanted; sent += sizeof chunk)
        need(SSL_write(ssl, chunk, sizeof chunk) > 0, "SSL_write");
    SSL_shutdown(ssl);
    while (SSL_read(ssl, chunk, sizeof chunk) > 0)
        ; /* until the other end has read all: closed before, the connection is reset */
    SSL_free(ssl);
    close(fd);
}

static void round_of(const char *path)
{
    pthread_t reader;
    certificate = path;
    int listener = listen_somewhere();
    need(pthread_create(&reader, NULL, read_all, &listener) == 0, "pthread_create");
    write_all();
    pthread_join(reader, NULL);
    close(listener);
}

int main(int argc, char **argv)
{
    tls_measure(bench_args(argc, argv), round_of);
    return 0;
}
