#!/usr/bin/env python3
"""A pulled cable between drover-pushprox's clients and proxy, in two network namespaces: when scrapes say 503, and when they work again, over
a tunnel and over polls; also a stock client's where $PEERS_BIN has pushprox-client.

usage: pushprox_cable.py BIN_FOLDER
Needs the right to make network namespaces; without it the test is skipped (77).
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import drover
from drover import BIN, wait_until

STOCK = pathlib.Path(os.environ.get("PEERS_BIN", "/nonexistent")) / "pushprox-client"
KINDS = {"far": ("tunnel", 5), "localhost": ("poll", 15), "127.0.0.1": ("stock client", 15)}  # and the most seconds until it is back
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
import socket, sys
with socket.create_connection(('10.99.0.1', 8080), timeout=12) as peer:
    peer.sendall(b'GET http://' + sys.argv[1].encode() + b':9100/metrics HTTP/1.1\\r\\nHost: x\\r\\nX-Prometheus-Scrape-Timeout-Seconds: ' + sys.argv[2].encode() + b'\\r\\nConnection: close\\r\\n\\r\\n')
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


def scrape(name, seconds):
    run = subprocess.run(["ip", "netns", "exec", NAMES[0], sys.executable, "-c", SCRAPE, name, str(seconds)], capture_output=True, text=True, timeout=15, check=True)
    return int(run.stdout)


def cut_for(seconds, code, names):
    """What the scrapes said meanwhile, and how long after it the first worked, as text."""
    cut()
    began = time.monotonic()
    codes, first = {name: [] for name in names}, {}
    while time.monotonic() - began < seconds:
        for name in codes:
            asked = time.monotonic() - began
            codes[name].append(code(name))
            if codes[name][-1] == 503:
                first.setdefault(name, asked)
        time.sleep(0.5)
    mend()
    began = time.monotonic()
    back = {}
    while len(back) < len(names) and time.monotonic() - began < 20:
        for name in codes:
            if name not in back and code(name, 0.5) == 200:
                back[name] = time.monotonic() - began
    assert set(sum(codes.values(), [])) <= {502, 503, 504}, codes
    assert seconds < 45 or first["far"] < 45 and set(codes["far"][-3:]) == {503}, (first, codes)
    assert all(back.get(name, 99) <= KINDS[name][1] for name in names), (back, codes)
    return "; ".join(f"{KINDS[name][0]} {'503 after %.0f s, ' % first[name] if name in first else ''}back after {back[name]:.1f} s" for name in names)


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
            url = "--proxy-url=http://10.99.0.1:8080"
            start(NAMES[1], program, "client", url, "--fqdn=localhost", "--transport=poll", "--metrics-addr=")
            pathlib.Path(f"{folder}/client.yml").write_text("targets: [{name: far, port: 9100, address: 127.0.0.1}]\n")
            start(NAMES[1], program, "client", url, f"--config.file={folder}/client.yml", "--metrics-addr=")

            names = ["far", "localhost"]
            if STOCK.is_file():
                names.append("127.0.0.1")
                start(NAMES[1], str(STOCK), url, "--fqdn=127.0.0.1", "--metrics-addr=127.0.0.1:9370")

            def code(name, timeout=2):
                with contextlib.suppress(subprocess.SubprocessError):
                    return scrape(name, timeout)
                return 0
            for name in names:
                wait_until(lambda n=name: code(n) == 200, 10, f"the first scrape of {name}")
            for seconds in (7, 20, 60):
                back = cut_for(seconds, code, names)
                print(f"  cut for {seconds} s: {back}", flush=True)
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
