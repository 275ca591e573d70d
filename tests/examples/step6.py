#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A web server with one page."""
import http.server
import sys
import threading

from driver import Example

PAGE = b"hello, " * 1000


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # the program gave up


server = Server(("127.0.0.1", 0), Pages)
threading.Thread(target=server.serve_forever, daemon=True).start()
example = Example(f"http://127.0.0.1:{server.server_port}/")
for line in example.process.stdout:
    print(line, end="")
sys.exit(example.status())
