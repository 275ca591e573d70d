/* SPDX-License-Identifier: MIT */
/* https, against openssl's s_server with a certificate of an authority that the test makes. */
#include "http/session_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/simul-tls-XXXXXX";
static char ca_file[64];
static pid_t tls_pid;
static int tls_port;

/* ---- the server ------------------------------------------------------------------------ */

static void shell(const char *script)
{
    char command[2048];
    snprintf(command, sizeof command, "cd %s && { %s; } > log 2>&1", dir, script);
    if (system(command) != 0)
        ck_abort_msg("failed: %s (see %s/log)", script, dir);
}

/* A certificate for "localhost", and the authority that signed it. */
static void make_certificates(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(ca_file, sizeof ca_file, "%s/ca.crt", dir);
    shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
          "-keyout ca.key -out ca.crt -subj '/CN=Test authority' -days 2");
    shell("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
          "-keyout key -out request -subj /CN=localhost");
    shell("echo subjectAltName=DNS:localhost > names");
    shell("openssl x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial "
          "-extfile names -days 2 -out crt");
}

/* It says "ACCEPT address:port" when it listens. */
static int port_of(int out)
{
    char text[1024], *at;
    size_t len = 0;
    ssize_t n;
    while ((n = read(out, text + len, sizeof text - 1 - len)) > 0) {
        len += (size_t)n;
        text[len] = 0;
        at = strstr(text, "ACCEPT ");
        if (at && strchr(at, '\n') && (at = strrchr(at, ':')))
            return atoi(at + 1);
    }
    return 0;
}

static void start_tls_server(void)
{
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    tls_pid = fork();
    if (tls_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], STDOUT_FILENO);
        dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
        dup2(STDIN_FILENO, STDERR_FILENO);
        if (chdir(dir) == 0)
            execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                   "crt", "-key", "key", "-www", NULL);
        _exit(1);
    }
    close(out[1]);
    tls_port = port_of(out[0]);
    close(out[0]); /* what it says later it may keep to itself */
    ck_assert_int_gt(tls_port, 0);
}

static void with_tls_server(void (*fn)(void), simul_session_opts opts, bool trust)
{
    make_certificates();
    start_tls_server();
    opts.ca_file = trust ? ca_file : NULL;
    with_session(fn, &opts);
    kill(tls_pid, SIGKILL);
    waitpid(tls_pid, NULL, 0);
    shell("rm -rf $PWD");
}

static const char *tls_url(const char *host)
{
    static char url[128];
    snprintf(url, sizeof url, "https://%s:%d/", host, tls_port);
    return url;
}

/* ---- the tests ------------------------------------------------------------------------- */

static void succeeds(void)
{
    simul_response *response;
    int r = simul_session_get(&response, session, tls_url("localhost"), NULL);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    ck_assert_int_eq(simul_response_status(response), 200);
    ck_assert_has(text_of(response), "Ciphers");
    simul_response_release(response);
}

TEST(a_trusted_certificate_is_accepted)
{
    with_tls_server(succeeds, (simul_session_opts){0}, true);
}

static void is_refused(void)
{
    get_fails(
        tls_url("localhost"), -SIMUL_ECERTIFICATE,
        "the certificate was refused: SSL certificate problem: unable to get local "
        "issuer certificate");
}

TEST(an_unknown_authority_is_refused)
{
    with_tls_server(is_refused, (simul_session_opts){0}, false);
}

static void is_of_another_host(void)
{
    get_fails(
        tls_url("127.0.0.1"), -SIMUL_ECERTIFICATE,
        "the certificate was refused: SSL: no alternative certificate subject name "
        "matches target host name '127.0.0.1'");
}

TEST(a_certificate_for_another_host_is_refused)
{
    with_tls_server(is_of_another_host, (simul_session_opts){0}, true);
}

TEST(without_verification_any_certificate_will_do)
{
    with_tls_server(succeeds, (simul_session_opts){.no_verify = true}, false);
}

/* Plain HTTP where TLS is expected, and the other way round. */
static void is_no_tls(void)
{
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/hello", server.port);
    get_fails(url, -SIMUL_ETLS, "TLS failed");
}

TEST(a_server_without_tls_is_an_error)
{
    with_session(is_no_tls, NULL);
}

int main(void)
{
    harness_need_backend();
    harness_need_program("openssl");
    return harness_run("session_tls");
}
