/* SPDX-License-Identifier: MIT */
/*
 * Bytes through TLS 1.3 over loopback, both ends in this process: the CPU time of both for a
 * MiB. One end writes chunks, the other reads into a buffer of the same size and counts.
 *
 * The includer gives round(certificate), in which the end that reads tells took() of what
 * came, until that says that it was all. `certificate` is a file with a certificate and its
 * key.
 */
#ifndef TLS_H
#define TLS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "support/bench.h"

#define TLS_CIPHER "TLS_AES_256_GCM_SHA384"

enum { TLS_CHUNK = 64 << 10, TLS_MIB = 1 << 20, TLS_WARM_UP = 4 * TLS_MIB };

static struct {
    long long got, wanted;
    double start, end;
} run_;

/** False: that was all. */
static inline bool took(size_t n)
{
    long long before = run_.got;
    run_.got += (long long)n;
    if (before < TLS_WARM_UP && run_.got >= TLS_WARM_UP)
        run_.start = bench_cpu();
    if (run_.got < run_.wanted)
        return true;
    run_.end = bench_cpu();
    return false;
}

static void sign(X509 *x509, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
    X509_set_pubkey(x509, key);
    if (!X509_sign(x509, key, EVP_sha256()))
        bench_fail("X509_sign");
}

/** One of our own, on P-256. */
static void make_certificate(int fd)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = X509_new();
    FILE *file = fdopen(fd, "w");
    if (!key || !x509 || !file)
        bench_fail("making a certificate");
    sign(x509, key);
    if (!PEM_write_X509(file, x509)
        || !PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
        || fclose(file) != 0)
        bench_fail("writing a certificate");
    X509_free(x509);
    EVP_PKEY_free(key);
}

static void tls_measure(struct bench bench, void (*round)(const char *certificate))
{
    double raw[BENCH_REPETITIONS_MAX];
    char path[] = "/tmp/bench-tls-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        bench_fail("mkstemp");
    make_certificate(fd);
    for (int i = 0; i < bench.repetitions; i++) {
        run_.got = 0;
        run_.wanted = TLS_WARM_UP + bench.n * TLS_MIB;
        round(path);
        raw[i] = (run_.end - run_.start) * 1e6 / (double)bench.n;
    }
    unlink(path);
    bench_print("tls.stream", "us", bench.n, bench.repetitions, raw);
}

#endif
