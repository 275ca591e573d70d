/* SPDX-License-Identifier: MIT */
/* Contexts that cannot be made, and what is said of it. */
#include <string.h>
#include <unistd.h>

#include "net/pair.h"
#include "tls/certs.h"

static void fails(simul_tls_opts opts, int error, const char *why)
{
    simul_tls_context *context = NULL;
    int r = simul_tls_server_new(&context, &opts);
    const char *said = simul_explain(r);
    ck_assert_msg(r == error, "%s (%s)", simul_error_name(r), said);
    ck_assert_msg(strstr(said, why) != NULL, "\"%s\" has no \"%s\"", said, why);
    ck_assert_ptr_null(context);
}

NET_TEST(a_file_that_is_not_there_is_named)
{
    fails((simul_tls_opts){.cert_file = "/no/such.crt"}, -ENOENT,
          "cannot use the certificate in /no/such.crt: No such file");
    fails((simul_tls_opts){.cert_file = cert("good.crt"), .key_file = "/no/such.key"},
          -ENOENT, "cannot use the key in /no/such.key: No such file");
    fails(
        (simul_tls_opts){.ca_file = "/no/ca.crt", .verify = SIMUL_TLS_VERIFY_REQUIRED},
        -ENOENT, "cannot read the authorities in /no/ca.crt: No such file");
}

NET_TEST(a_file_with_something_else_in_it_is_named)
{
    fails((simul_tls_opts){.cert_file = cert("good.key")}, -SIMUL_ETLS,
          "good.key: nothing of the kind is in it");
    fails((simul_tls_opts){.cert_file = cert("good.crt")}, -SIMUL_ETLS,
          "good.crt: nothing of the kind is in it");
    fails((simul_tls_opts){.ca_file = cert("good.key"),
                           .verify = SIMUL_TLS_VERIFY_REQUIRED},
          -SIMUL_ETLS, "cannot read the authorities in ");
}

NET_TEST(a_key_has_to_fit_its_certificate)
{
    fails(
        (simul_tls_opts){.cert_file = cert("good.crt"), .key_file = cert("other.key")},
        -SIMUL_ETLS, "key values mismatch");
}

NET_TEST(a_locked_key_wants_its_password)
{
    simul_tls_opts opts = {.cert_file = cert("good.crt"),
                           .key_file = cert("locked.key")};
    simul_tls_context *context;
    fails(opts, -SIMUL_ETLS, "locked.key: it is locked, and no password is given");
    opts.key_password = "wrong";
    fails(opts, -SIMUL_ETLS, "locked.key: bad decrypt");
    opts.key_password = "sesame";
    ck_assert_int_eq(simul_tls_server_new(&context, &opts), 0);
    simul_tls_context_release(context);
}

NET_TEST(certificate_and_key_may_be_in_one_file)
{
    simul_tls_context *context;
    simul_tls_opts opts = {.cert_file = cert("good.pem")};
    ck_assert_int_eq(simul_tls_server_new(&context, &opts), 0);
    simul_tls_context_release(context);
}

NET_TEST(a_server_without_certificate_is_refused_at_once)
{
    fails((simul_tls_opts){0}, -EINVAL, "a server needs a certificate");
}

NET_TEST(arguments_that_make_no_sense_are_refused)
{
    const char *empty[] = {"", NULL}, *fine[] = {"h2", NULL};
    char longest[257] = "";
    const char *long_one[] = {memset(longest, 'x', 256), NULL};
    fails((simul_tls_opts){.alpn = empty}, -EINVAL, "");
    fails((simul_tls_opts){.alpn = long_one}, -EINVAL, "");
    fails((simul_tls_opts){.key_file = "x"}, -EINVAL, "");
    fails((simul_tls_opts){.minimum_version = 0x0301}, -EINVAL, "");
    fails((simul_tls_opts){.minimum_version = SIMUL_TLS_1_3,
                           .maximum_version = SIMUL_TLS_1_2},
          -EINVAL, "");
    fails((simul_tls_opts){.alpn = fine, .ciphers = "no such"}, -SIMUL_ETLS,
          "no such: no cipher match");
    fails((simul_tls_opts){.ciphersuites = "no such"}, -SIMUL_ETLS, "no such");
}

TEST(contexts_need_no_loop)
{
    simul_tls_context *context;
    ck_assert_int_eq(simul_tls_client_new(&context, NULL), 0);
    simul_tls_context_release(context);
    ck_assert_int_eq(
        simul_tls_client_new(&context, &(simul_tls_opts){.ca_file = "/no/such"}),
        -ENOENT);
    simul_tls_context_release(NULL);
}

int main(void)
{
    harness_need_backend();
    certs_make();
    return harness_run("tls context");
}
