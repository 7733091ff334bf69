#!/usr/bin/env python3
"""Flags of drover-pushprox client as Rancher's and PushProx' users know them, and answers of targets that hardly fit.

usage: pushprox_flags.py BIN_FOLDER [case…]
"""

import contextlib
import socket
import subprocess
import threading

import drover
from drover import BIN, Stack, wait_until
from pushprox import PAGE, Authority, Target, listed, scrape, start
from pushprox_targets import server_context

KINDS = ("tunnel", "poll")


def refused(*args):
    """What a client that does not start says."""
    run = subprocess.run([BIN / "drover-pushprox", "client", "--proxy-url=http://127.0.0.1:1", "--fqdn=a", "--metrics-addr=", *args],
                         capture_output=True, text=True, timeout=10, check=False)
    assert run.returncode == 1, run
    return run.stderr


class Bytes:
    """A target that answers every request with the same bytes."""

    def __init__(self, *answer):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer = answer
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.recv(65536)
                for part in self.answer:
                    peer.sendall(part)
                    threading.Event().wait(0.05)


def use_localhost():
    """As in Rancher's fork the target is 127.0.0.1 then, and its certificate must say so."""
    with Stack() as stack:
        ca = Authority(stack.folder)
        ca.issue("local", "IP:127.0.0.1")
        ca.issue("named", "DNS:node-a")
        local, named = (Target(server_context(stack.folder, name)) for name in ("local", "named"))
        proxy = start(stack, "proxy", ["--insecure"])
        start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=node-a", "--use-localhost", f"--allow-port={local.port},{named.port}",
                                f"--tls.cacert={stack.folder}/ca.pem"])
        wait_until(listed(proxy, "node-a"), 5, "the registration")
        assert scrape(proxy, f"http://node-a:{local.port}/metrics?_scheme=https")[2] == PAGE
        status, _, body = scrape(proxy, f"http://node-a:{named.port}/metrics?_scheme=https")
        assert status == 502 and b"the certificate is not for 127.0.0.1" in body, (status, body)


def several_on_one_host():
    """The default address of metrics is taken: a client that was told none goes on without."""
    taken = None
    try:
        taken = socket.create_server(("", 9369))
    except OSError:
        pass  # by somebody else: as good
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        log = stack.folder / "client.log"
        with open(log, "wb") as out:
            client = subprocess.Popen([BIN / "drover-pushprox", "client", f"--proxy-url={proxy.url}", "--fqdn=node-a"], stdout=out, stderr=out)
        try:
            wait_until(listed(proxy, "node-a"), 5, "the registration")
            assert "no metrics page" in log.read_text()
        finally:
            client.kill()
            client.wait()
    if taken:
        taken.close()
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "listen" in refused(f"--metrics-addr=127.0.0.1:{other.getsockname()[1]}")


def nothing_is_ignored():
    assert "--allow-port is empty" in refused("--allow-port=")
    said = refused("--allow-port=9100", "--target.token=10250=/no/such/file")
    assert "--target.token: no --allow-port or --target.allow names 10250" in said, said


def heads_over_their_limit():
    """A target whose header is longer than is passed on: an answer, and the client goes on."""
    wide = b"".join(b"X-%d: " % i + b"x" * 7000 + b"\r\n" for i in range(10))
    target = Bytes(b"HTTP/1.1 200 OK\r\n" + wide + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nup 1\n\r\n", b"0\r\n\r\n")
    for kind in KINDS:
        with Stack() as stack:
            proxy = start(stack, "proxy", ["--insecure"])
            client = start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=localhost", f"--transport={kind}"])
            wait_until(listed(proxy, "localhost"), 5, "the registration")
            status, _, body = scrape(proxy, f"http://localhost:{target.port}/metrics")
            assert status == 502 and b"header of the answer over its limit" in body, (status, body)
            assert client.process.poll() is None


def head_requests():
    """HEAD has the length of what GET brings, over a tunnel; 204 has none."""
    pages = Target()
    empty = Bytes(b"HTTP/1.1 204 No Content\r\n\r\n")
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=localhost", "--transport=tunnel"])
        wait_until(listed(proxy, "localhost"), 5, "the registration")
        status, head, body = scrape(proxy, f"http://localhost:{pages.port}/metrics", method="HEAD")
        assert status == 200 and f"content-length: {len(PAGE)}" in head.lower() and body == b"", head
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as peer:
            peer.sendall(f"GET http://localhost:{empty.port}/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            got = b""
            while more := peer.recv(65536):
                got += more
        assert got.startswith(b"HTTP/1.1 204") and b"content-length" not in got.lower(), got


if __name__ == "__main__":
    drover.run([use_localhost, several_on_one_host, nothing_is_ignored, heads_over_their_limit, head_requests])
