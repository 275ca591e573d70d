# SPDX-License-Identifier: MIT
"""Two of asyncio's streams with ssl=; as in tls.h. The cipher is the one that OpenSSL takes
by itself, which is checked."""
import asyncio
import os
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from support import bench  # noqa: E402

CIPHER = "TLS_AES_256_GCM_SHA384"
CHUNK, MIB = 64 << 10, 1 << 20
WARM_UP = 4 * MIB


def contexts(folder):
    file, key = f"{folder}/crt", f"{folder}/key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", file,
                    "-days", "1", "-subj", "/CN=localhost"], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    return server, client


async def once(n, server_context, client_context):
    wanted, times = WARM_UP + n * MIB, asyncio.get_running_loop().create_future()

    async def read_all(reader, writer):
        got, start = 0, None
        while got < wanted:
            got += len(await reader.read(CHUNK))
            if start is None and got >= WARM_UP:
                start = bench.cpu()
        times.set_result(bench.cpu() - start)
        writer.close()

    server = await asyncio.start_server(read_all, "127.0.0.1", 0, ssl=server_context)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(),
                                              ssl=client_context)
    assert writer.get_extra_info("cipher")[0] == CIPHER
    chunk = bytes(CHUNK)
    for _ in range(wanted // CHUNK):
        writer.write(chunk)
        await writer.drain()
    took = await times
    writer.close()
    server.close()
    return took * 1e6 / n


def main():
    _, n, repetitions = bench.args()
    with tempfile.TemporaryDirectory() as folder:
        both = contexts(folder)
        raw = [asyncio.run(once(n, *both)) for _ in range(repetitions)]
    bench.show("tls.stream", "us", n, raw)


main()
