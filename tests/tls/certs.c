/* SPDX-License-Identifier: MIT */
#include "tls/certs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "task/trace.h"

static char dir[] = "/tmp/simul-certs-XXXXXX";
static pid_t owner;

static const char script[] =
    "new_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }\n"
    "authority() { new_key $1; openssl req -x509 -new -key $1.key -out $1.crt -days 2"
    " -subj \"/CN=$2\"; }\n"
    /* file subject names days */
    "signed() { new_key $1; openssl req -new -key $1.key -out request -subj \"$2\";"
    " echo \"$3\" > names; openssl x509 -req -in request -CA ca.crt -CAkey ca.key"
    " -set_serial 0x4711 -extfile names -days $4 -out $1.crt; }\n"
    "set -e\n"
    "authority ca 'Test authority'\n"
    "authority ca2 'Another authority'\n"
    "signed good '/O=Test/CN=localhost'"
    " subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 2\n"
    "signed other /CN=other.example "
    "'subjectAltName=DNS:other.example,DNS:*.wild.example'"
    " 2\n"
    "signed expired /CN=localhost subjectAltName=DNS:localhost -1\n"
    "signed client /CN=somebody 'keyUsage=digitalSignature' 2\n"
    "signed odd /CN=odd.example subjectAltName=DER:04:01:00 2\n"
    "new_key self\n"
    "openssl req -x509 -new -key self.key -out self.crt -days 2 -subj /CN=localhost"
    " -addext subjectAltName=DNS:localhost\n"
    "cat good.crt ca.crt > chain.crt\n"
    "cp good.key chain.key\n"
    "cat good.crt good.key > good.pem\n"
    "openssl ec -in good.key -aes128 -passout pass:sesame -out locked.key\n";

static void remove_directory(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (getpid() == owner && system(command) != 0)
        perror(command);
}

void certs_make(void)
{
    harness_need_program("openssl");
    static char command[sizeof script + 200];
    if (!mkdtemp(dir))
        harness_skip("no directory: %s", dir);
    owner = getpid();
    atexit(remove_directory);
    snprintf(command, sizeof command, "cd %s && exec > log 2>&1\n%s", dir, script);
    if (system(command) != 0) {
        fprintf(stderr, "certificates could not be made: see %s/log\n", dir);
        owner = 0;
        exit(1);
    }
}

const char *cert(const char *name)
{
    static char paths[4][100];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

simul_tls_context *server_with(const char *name, simul_tls_opts opts)
{
    char file[2][32];
    snprintf(file[0], sizeof file[0], "%s.crt", name);
    snprintf(file[1], sizeof file[1], "%s.key", name);
    opts.cert_file = cert(file[0]);
    opts.key_file = cert(file[1]);
    simul_tls_context *context;
    int r = simul_tls_server_new(&context, &opts);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    return context;
}

simul_tls_context *client_with(simul_tls_opts opts)
{
    if (!opts.ca_file)
        opts.ca_file = cert("ca.crt");
    simul_tls_context *context;
    int r = simul_tls_client_new(&context, &opts);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    return context;
}

/* ---- handshakes ---------------------------------------------------------------------- */

struct end {
    simul_stream *stream;
    simul_tls_context *context;
    char *said;
};

static int serve(void *arg)
{
    struct end *end = arg;
    int r = simul_stream_start_tls(end->stream, end->context, NULL);
    snprintf(end->said, sizeof((struct handshake *)0)->server_said, "%s",
             simul_explain(r));
    return r;
}

struct handshake shake_hands(simul_stream *pair[2], simul_tls_context *client,
                             const char *host, simul_tls_context *server)
{
    static struct handshake result;
    static struct end end;
    end = (struct end){pair[1], server, result.server_said};
    simul_task *task = simul_create_task(serve, &end);
    result.client = simul_stream_start_tls(
        pair[0], client, &(simul_start_tls_opts){.server_hostname = host});
    snprintf(result.client_said, sizeof result.client_said, "%s",
             simul_explain(result.client));
    result.server = simul_await(task);
    simul_release(task);
    simul_tls_context_release(client);
    simul_tls_context_release(server);
    return result;
}

void tls_on_pair(simul_stream *pair[2])
{
    simul_tls_context *server = server_with("good", (simul_tls_opts){0});
    simul_tls_context *client = client_with((simul_tls_opts){0});
    struct handshake r = shake_hands(pair, client, "localhost", server);
    ck_assert_msg(r.client == 0, "%s", r.client_said);
    ck_assert_msg(r.server == 0, "%s", r.server_said);
}
