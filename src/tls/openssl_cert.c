/* SPDX-License-Identifier: MIT */
/* What a certificate says, as text, in one block of memory. */
#include <string.h>
#include <time.h>

#include "tls/openssl.h"

/* Nothing in a certificate can move the cursor or end the text early. */
enum { TEXT_FLAGS = ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB };

/* ---- pieces ---------------------------------------------------------------------------- */

static void put_ip(BIO *out, const ASN1_OCTET_STRING *ip)
{
    const unsigned char *b = ASN1_STRING_get0_data(ip);
    int n = ASN1_STRING_length(ip);
    BIO_puts(out, "IP Address:");
    if (n == 4)
        BIO_printf(out, "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
    for (int i = 0; n == 16 && i < 16; i += 2)
        BIO_printf(out, "%s%X", i > 0 ? ":" : "", b[i] << 8 | b[i + 1]);
}

static bool put_name(BIO *out, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
        BIO_puts(out, "DNS:");
        break;
    case GEN_EMAIL:
        BIO_puts(out, "email:");
        break;
    case GEN_URI:
        BIO_puts(out, "URI:");
        break;
    case GEN_IPADD:
        put_ip(out, name->d.iPAddress);
        return true;
    default:
        return false;
    }
    ASN1_STRING_print_ex(out, name->d.ia5, TEXT_FLAGS);
    return true;
}

/* With `end` behind each; how many. */
static size_t put_names(BIO *out, X509 *cert, const char *end, int end_len)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t n = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        if (!put_name(out, sk_GENERAL_NAME_value(names, i)))
            continue;
        BIO_write(out, end, end_len);
        n++;
    }
    GENERAL_NAMES_free(names);
    return n;
}

static void put_x509_name(BIO *out, const X509_NAME *name)
{
    X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253);
}

static void describe(X509 *cert, bool names, char *text, size_t size)
{
    BIO *out = cert && !SM_FAULT("BIO_new", ENOMEM) ? BIO_new(BIO_s_mem()) : NULL;
    if (!out)
        return;
    if (!names || put_names(out, cert, " ", 1) == 0)
        put_x509_name(out, X509_get_subject_name(cert));
    int n = BIO_read(out, text, (int)size - 1);
    n = n < 0 ? 0 : n;
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    BIO_free(out);
}

void sm_openssl_describe(X509 *cert, bool names, char *text, size_t size)
{
    text[0] = '\0';
    ERR_set_mark();
    describe(cert, names, text, size);
    ERR_pop_to_mark();
}

/* ---- all of it ---------------------------------------------------------------------------- */

struct block {
    simul_tls_certificate certificate;
    const char *names[];
};

/* subject, issuer, serial, the names; each with its '\0'. */
static size_t put_texts(BIO *out, X509 *cert)
{
    put_x509_name(out, X509_get_subject_name(cert));
    BIO_write(out, "", 1);
    put_x509_name(out, X509_get_issuer_name(cert));
    BIO_write(out, "", 1);
    i2a_ASN1_INTEGER(out, X509_get0_serialNumber(cert));
    BIO_write(out, "", 1);
    return put_names(out, cert, "", 1);
}

static const char *next(const char **at)
{
    const char *text = *at;
    *at += strlen(text) + 1;
    return text;
}

static int64_t seconds(const ASN1_TIME *time)
{
    struct tm tm;
    return ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) : 0;
}

static void fill(struct block *block, X509 *cert, const char *text, size_t n_names,
                 unsigned char *der, size_t der_len)
{
    unsigned char *end = der;
    const char *subject = next(&text), *issuer = next(&text), *serial = next(&text);
    for (size_t i = 0; i < n_names; i++)
        block->names[i] = next(&text);
    i2d_X509(cert, &end);
    block->certificate = (simul_tls_certificate){
        .subject = subject,
        .issuer = issuer,
        .names = block->names,
        .n_names = n_names,
        .serial = serial,
        .not_before = seconds(X509_get0_notBefore(cert)),
        .not_after = seconds(X509_get0_notAfter(cert)),
        .der = der,
        .der_len = der_len,
    };
}

static struct block *new_block(BIO *texts, X509 *cert, size_t n_names)
{
    char *from;
    size_t size = (size_t)BIO_get_mem_data(texts, &from);
    int der_len = i2d_X509(cert, NULL);
    if (der_len < 0)
        return NULL;
    size_t head = sizeof(struct block) + n_names * sizeof(char *);
    struct block *block = sm_malloc(head + size + (size_t)der_len);
    if (!block)
        return NULL;
    char *text = (char *)block + head;
    memcpy(text, from, size);
    fill(block, cert, text, n_names, (unsigned char *)text + size, (size_t)der_len);
    return block;
}

static struct block *read_all(X509 *cert)
{
    BIO *texts = SM_FAULT("BIO_new", ENOMEM) ? NULL : BIO_new(BIO_s_mem());
    struct block *block = NULL;
    if (texts)
        block = new_block(texts, cert, put_texts(texts, cert));
    BIO_free(texts);
    return block;
}

int sm_ssl_peercert(const struct sm_ssl *ssl, simul_tls_certificate **certificate)
{
    X509 *cert = SSL_get0_peer_certificate(ssl->ssl);
    if (!cert)
        return -ENODATA;
    ERR_set_mark();
    struct block *block = read_all(cert);
    ERR_pop_to_mark();
    if (!block)
        return -ENOMEM;
    *certificate = &block->certificate;
    return 0;
}
