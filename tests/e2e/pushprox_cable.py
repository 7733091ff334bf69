#!/usr/bin/env python3
"""A pulled cable between drover-pushprox's client and proxy, in two network namespaces: when scrapes say 503, and when they work again.

usage: pushprox_cable.py BIN_FOLDER
Needs the right to make network namespaces; without it the test is skipped (77).
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time

import drover
from drover import BIN, wait_until

NAMES = f"drover-a{os.getpid()}", f"drover-b{os.getpid()}"
PAGE_SERVER = """
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '5')
        self.end_headers()
        self.wfile.write(b'up 1\\n')
http.server.HTTPServer(('127.0.0.1', 9100), Page).serve_forever()
"""
SCRAPE = """
import socket
with socket.create_connection(('10.99.0.1', 8080), timeout=12) as peer:
    peer.sendall(b'GET http://localhost:9100/metrics HTTP/1.1\\r\\nHost: x\\r\\nX-Prometheus-Scrape-Timeout-Seconds: 2\\r\\nConnection: close\\r\\n\\r\\n')
    print(peer.recv(100).decode().split(' ')[1])
"""


def ip(*arguments):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False).returncode == 0


def cut():
    """Frames go to an address that nobody has: nothing comes, and nobody is told."""
    assert ip("-n", NAMES[0], "neigh", "replace", "10.99.0.2", "lladdr", "02:00:00:00:00:99", "dev", "drover0", "nud", "permanent")
    assert ip("-n", NAMES[1], "neigh", "replace", "10.99.0.1", "lladdr", "02:00:00:00:00:98", "dev", "drover1", "nud", "permanent")


def mend():
    assert ip("-n", NAMES[0], "neigh", "del", "10.99.0.2", "dev", "drover0") and ip("-n", NAMES[1], "neigh", "del", "10.99.0.1", "dev", "drover1")


def scrape():
    run = subprocess.run(["ip", "netns", "exec", NAMES[0], sys.executable, "-c", SCRAPE], capture_output=True, text=True, timeout=15, check=True)
    return int(run.stdout)


def pulled_cable():
    running = []
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/log", "wb") as log:
        def start(where, *command):
            running.append(subprocess.Popen(["ip", "netns", "exec", where, *command], stdout=log, stderr=log))
        try:
            for name in NAMES:
                assert ip("-n", name, "link", "set", "lo", "up")
            assert ip("link", "add", "drover0", "netns", NAMES[0], "type", "veth", "peer", "name", "drover1", "netns", NAMES[1])
            for name, link, address in zip(NAMES, ("drover0", "drover1"), ("10.99.0.1/24", "10.99.0.2/24")):
                assert ip("-n", name, "addr", "add", address, "dev", link) and ip("-n", name, "link", "set", link, "up")
            program = str(BIN / "drover-pushprox")
            start(NAMES[0], program, "proxy", "--insecure", "--web.listen-address=10.99.0.1:8080")
            start(NAMES[1], sys.executable, "-c", PAGE_SERVER)
            start(NAMES[1], program, "client", "--proxy-url=http://10.99.0.1:8080", "--fqdn=localhost", "--metrics-addr=")

            def code():
                with contextlib.suppress(subprocess.SubprocessError):
                    return scrape()
                return 0
            wait_until(lambda: code() == 200, 10, "the first scrape")
            cut()
            began = time.monotonic()
            codes = []
            while time.monotonic() - began < 45:
                codes.append(code())
                time.sleep(2)
            first = codes.index(503)
            assert set(codes[:first]) <= {504} and set(codes[first:]) == {503}, codes
            began = time.monotonic()
            mend()
            wait_until(lambda: code() == 200, 10, "a scrape after the cable is back")
            print(f"  503 from scrape {first + 1} on; works {time.monotonic() - began:.1f} s after the cable is back")
        finally:
            for one in running:
                one.kill()
                one.wait()


if __name__ == "__main__":
    made = [name for name in NAMES if ip("netns", "add", name)]
    try:
        if len(made) < 2:
            print("skipped: no right to make network namespaces")
            sys.exit(77)
        drover.run([pulled_cable])
    finally:
        for name in made:
            ip("netns", "del", name)
