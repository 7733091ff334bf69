#!/usr/bin/env python3
"""drover-pushprox proxy and client against each other and against hand-made peers.

usage: pushprox.py BIN_FOLDER [case…]
"""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import threading
import time

import drover
from drover import BIN, Stack, free_port, http as ask, wait_until

PAGE = b"# TYPE up gauge\nup 1\n"


class Target:
    """Something to scrape, on the loopback. `seen` has the requests' heads."""

    def __init__(self, tls=None, host="127.0.0.1", port=0):
        outer = self
        self.seen = []
        self.slow = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.seen.append((self.command, self.path, dict(self.headers)))
                path = self.path.split("?")[0]
                if path == "/chunked":
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for part in (b"up 1\n", b"down 0\n"):
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.write(b"0\r\n\r\n")
                elif path == "/to_end":
                    self.close_connection = True
                    self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + PAGE)
                elif path == "/missing":
                    self.answer(404, b"no\n")
                elif path == "/slow":
                    outer.slow.wait(20)
                    self.answer(200, PAGE)
                elif path == "/big":
                    size = 100 << 20
                    self.send_response(200)
                    self.send_header("Content-Length", str(size))
                    self.end_headers()
                    block = b"x" * (1 << 16)
                    with contextlib.suppress(OSError):
                        for _ in range(size // len(block)):
                            self.wfile.write(block)
                elif path == "/breaks":
                    self.send_response(200)
                    self.send_header("Content-Length", "1000")
                    self.end_headers()
                    self.wfile.write(PAGE)
                    self.close_connection = True
                else:
                    self.answer(200, PAGE)

            do_HEAD = do_GET

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        family = type("Server", (http.server.ThreadingHTTPServer,), {"address_family": socket.AF_INET6 if ":" in host else socket.AF_INET})
        self.server = family((host, port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # peers leave in the middle of answers
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.slow.set()
        self.server.shutdown()
        self.server.server_close()


class PushProx(drover.Program):
    """drover-pushprox proxy, or client by its metrics page."""


def start(stack, command, args, scheme="http", before=()):
    folder = stack.new_folder(command)
    port = free_port()
    flag = "web.listen-address" if command == "proxy" else "metrics-addr"
    line = [*before, str(BIN / "drover-pushprox"), command, f"--{flag}=127.0.0.1:{port}", *args]
    program = PushProx.__new__(PushProx)
    if scheme == "https":
        program.start = lambda: PushProx.start_tls(program)
    PushProx.__init__(program, f"drover-pushprox {command}", folder, port, line)
    stack.programs.append(program)
    return program


def start_tls(program):
    program.log = open(program.folder / "log", "ab")
    program.process = subprocess.Popen(program.command, stdout=program.log, stderr=program.log, stdin=subprocess.DEVNULL)
    wait_until(lambda: "is running" in program.read_log() or program.process.poll() is not None, 10, "the proxy's start")
    assert program.process.poll() is None, program.read_log()


PushProx.start_tls = staticmethod(start_tls)


def exchange(port, data, seconds=10, until_closed=False):
    """Bytes sent and the answer's (status, headers as text, body)."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as peer:
        peer.sendall(data)
        return read_answer(peer, head="HEAD " in data[:5].decode("latin-1"))


def read_answer(peer, head=False):
    """One answer from a connection."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = peer.recv(65536)
        if not more:
            return 0, "", got
        got += more
    top, body = got.split(b"\r\n\r\n", 1)
    text = top.decode("latin-1")
    status = int(text.split(" ", 2)[1])
    length = re.search(r"(?im)^content-length: (\d+)", text)
    while not head and (len(body) < int(length.group(1)) if length else not body.endswith(b"0\r\n\r\n")):
        more = peer.recv(65536)
        if not more:
            break
        body += more
    return status, text, body


def scrape(proxy, url, timeout="5", method="GET", headers=""):
    return exchange(proxy.port, f"{method} {url} HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: {timeout}\r\n"
                    f"{headers}Connection: close\r\n\r\n".encode(), float(timeout) + 10)


def poll(port, name, headers="", seconds=10):
    """A connection on which a stock client's poll waits."""
    peer = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    peer.sendall(f"POST /poll HTTP/1.1\r\nHost: p\r\n{headers}Content-Length: {len(name)}\r\n\r\n{name}".encode())
    return peer


def push(port, identity, body="up 1\n", headers="", inner=""):
    text = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nId: {identity}\r\n{inner}X-Prometheus-Scrape-Timeout: 9.8\r\n\r\n{body}"
    return exchange(port, f"POST /push HTTP/1.1\r\nHost: p\r\n{headers}Content-Length: {len(text)}\r\n\r\n{text}".encode())


def listed(proxy, name):
    return lambda: name in ask(proxy.url + "/clients")[1]


@contextlib.contextmanager
def pair(proxy_args=("--insecure",), client_args=(), transport="poll"):
    """A proxy, a client named localhost, and a target."""
    with Stack() as stack:
        target = Target()
        try:
            proxy = start(stack, "proxy", proxy_args)
            client = start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=localhost", "--proxy.retry.initial-wait=100ms",
                                             f"--transport={transport}", *client_args])
            wait_until(listed(proxy, "localhost"), 5, "the client's registration")
            yield proxy, client, target, f"http://localhost:{target.port}"
        finally:
            target.close()


def rss(program):
    text = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024


def pages_pass():
    """Each way a target may frame its page, HEAD, and its own status codes."""
    with pair() as (proxy, client, target, url):
        for path, want, body in (("/metrics?x=1", 200, PAGE), ("/missing", 404, b"no\n"), ("/metrics", 200, PAGE)):
            status, head, got = scrape(proxy, url + path)
            assert (status, got) == (want, body), (path, status, got)
            assert "X-Prometheus" not in head and "\nId:" not in head, head
        for path, want in (("/chunked", b"up 1\ndown 0\n"), ("/to_end", PAGE)):
            status, head, got = scrape(proxy, url + path)
            parts = re.sub(rb"(?m)^[0-9a-f]+\r\n|\r\n", b"", got)
            assert status == 200 and parts == want and "chunked" in head, (path, status, got)
        status, head, got = scrape(proxy, url + "/metrics", method="HEAD")
        assert status == 200 and got == b"", (status, head, got)
        method, path, headers = target.seen[0]
        assert path == "/metrics?x=1" and headers["Host"] == f"localhost:{target.port}", target.seen[0]
        assert headers["X-Prometheus-Scrape-Timeout-Seconds"].startswith(("5", "4.9")), headers
        assert json.loads(ask(proxy.url + "/clients")[1]) == [{"targets": ["localhost"], "labels": None}]
        assert proxy.metric("pushprox_proxy_clients") == 1
        assert proxy.metric('pushproxy_proxied_requests_total{code="404"}') == 1
        assert proxy.metric('pushprox_http_requests_total{code="200",path="/push"}') >= 6
        assert client.metric("pushprox_client_push_errors_total") == 0
        client.terminate_well()
        proxy.terminate_well()


def honest_codes():
    """404, 405, 502, 503, 504, and 500 for all with --compat.status-codes."""
    for compat in (False, True):
        args = ("--insecure", "--poll.away-wait=1s") + (("--compat.status-codes",) if compat else ())
        with pair(args) as (proxy, client, target, url):
            def code(want):
                return 500 if compat else want
            started = time.monotonic()
            assert scrape(proxy, "http://nobody:9100/metrics")[0] == code(404)
            assert time.monotonic() - started < 1, "an unknown name is known at once"
            assert scrape(proxy, "http://localhost:1/metrics")[0] == code(502)
            assert scrape(proxy, url + "/slow", timeout="0.5")[0] == code(504)
            assert scrape(proxy, url + "/x", method="POST", headers="Content-Length: 0\r\n")[0] == code(405)
            assert scrape(proxy, url + "/x", method="POST", headers="Content-Length: 3\r\n")[0] in (405, 413, 500)
            assert client.metric("pushprox_client_scrape_errors_total") == 2
            client.kill()
            started = time.monotonic()
            assert scrape(proxy, url + "/metrics")[0] == code(503)
            assert 0.8 < time.monotonic() - started < 4


def stock_client():
    """A client that speaks as PushProx' does, byte for byte as it was seen to."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure", "--poll.hold=1s"])
        waiting = poll(proxy.port, "node-a")
        wait_until(listed(proxy, "node-a"), 5)
        answers = []
        scraper = threading.Thread(target=lambda: answers.append(scrape(proxy, "http://node-a:9100/metrics", headers="Id: forged\r\nProxy-Authorization: Basic eDp5\r\n")))
        scraper.start()
        status, head, body = read_answer(waiting)
        text = body.decode()
        assert status == 200 and text.startswith("GET http://node-a:9100/metrics HTTP/1.1\r\nHost: node-a:9100\r\n"), text
        assert text.lower().count("\r\nid:") == 1 and "forged" not in text and "Proxy-Auth" not in text, text
        identity = re.search(r"\r\nId: (\S+)", text).group(1)
        assert push(proxy.port, "0b9c6e0e-1111-4222-8333-444455556666", "stolen 1\n")[0] == 410
        status, head, body = push(proxy.port, identity)
        assert status == 200 and body == b"" and "Content-Length: 0" in head, head
        scraper.join()
        assert answers[0][0] == 200 and answers[0][2] == b"up 1\n", answers
        assert push(proxy.port, identity)[0] == 410, "an Id serves once"

        # The hold is over: 408, and a scrape that comes meanwhile waits for the next poll.
        waiting = poll(proxy.port, "node-a")
        assert read_answer(waiting)[0] == 408
        scraper = threading.Thread(target=lambda: answers.append(scrape(proxy, "http://node-a:9100/metrics")))
        scraper.start()
        time.sleep(1)
        identity = re.search(rb"\r\nId: (\S+)", read_answer(poll(proxy.port, "node-a"))[2]).group(1).decode()
        # A failure as PushProx writes it: no such version, no length.
        text = f"HTTP/0.0 500 Internal Server Error\r\nId: {identity}\r\n\r\nno such host"
        assert exchange(proxy.port, f"POST /push HTTP/1.1\r\nHost: p\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())[0] == 200
        scraper.join()
        assert answers[1][0] == 502 and b"no such host" in answers[1][2], answers[1]

        first = poll(proxy.port, "node-b")
        wait_until(listed(proxy, "node-b"), 5)
        second = poll(proxy.port, "node-b")
        assert read_answer(first)[0] == 408, "another poll of the name takes its place"
        second.close()


def scraper_gone():
    """Who leaves is not waited for, and the client does not go on."""
    with pair() as (proxy, client, target, url):
        peer = socket.create_connection(("127.0.0.1", proxy.port))
        peer.sendall(f"GET {url}/slow HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 20\r\n\r\n".encode())
        wait_until(lambda: proxy.metric("drover_pushprox_scrapes_in_flight") == 1, 5)
        peer.close()
        wait_until(lambda: proxy.metric("drover_pushprox_scrapes_in_flight") == 0, 5, "the scrape's end")
        target.slow.set()
        wait_until(lambda: client.metric("pushprox_client_push_errors_total") == 1, 5, "the refused push")
        peer = socket.create_connection(("127.0.0.1", proxy.port))
        peer.sendall(f"GET {url}/big HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 20\r\n\r\n".encode())
        peer.recv(1000)
        peer.close()
        wait_until(lambda: client.metric("pushprox_client_push_errors_total") == 2, 5, "the cancelled push")
        assert scrape(proxy, url + "/metrics")[0] == 200


def big_page():
    """100 MB pass without being held, also when the scraper reads slowly."""
    with pair() as (proxy, client, target, url):
        scrape(proxy, url + "/metrics")
        before = rss(proxy), rss(client)
        most = [0, 0]
        peer = socket.create_connection(("127.0.0.1", proxy.port), timeout=30)
        peer.sendall(f"GET {url}/big HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\nConnection: close\r\n\r\n".encode())
        time.sleep(1)
        got = 0
        while True:
            more = peer.recv(1 << 20)
            if not more:
                break
            got += len(more)
            most = [max(most[0], rss(proxy)), max(most[1], rss(client))] if got % 7 == 0 else most
        most = [max(most[0], rss(proxy)), max(most[1], rss(client))]
        assert got > 100 << 20, got
        growth = [most[0] - before[0], most[1] - before[1]]
        print(f"  100 MB: RSS grew by {growth[0] >> 10} KiB in the proxy, {growth[1] >> 10} KiB in the client")
        assert max(growth) <= 3 << 20, growth
        status, _, body = scrape(proxy, url + "/breaks")
        assert len(body) < 1000, "a page that breaks off is not completed"
    with pair(("--insecure", "--scrape.max-bytes=1MB")) as (proxy, client, target, url):
        status, _, body = scrape(proxy, url + "/big")
        assert len(body) < 3 << 20, len(body)
        assert proxy.metric('drover_pushprox_refused_total{reason="page-too-large"}') == 1
        assert scrape(proxy, url + "/metrics")[0] == 200


def hostile():
    """What is malformed, too much or too slow gets its code and a counter, and others go on."""
    with pair(("--insecure", "--limit.names=10", "--limit.scrapes-per-name=2", "--poll.away-wait=3s")) as (proxy, client, target, url):
        def refused(reason):
            return proxy.metric(f'drover_pushprox_refused_total{{reason="{reason}"}}') or 0

        def send(text):
            return exchange(proxy.port, text.encode("latin-1"))[0]
        assert send("POST /poll HTTP/1.1\r\nContent-Length: 9\r\n\r\na\r\nX: y z") == 400
        assert send("POST /poll HTTP/1.1\r\nContent-Length: 0\r\n\r\n") == 400
        assert send("POST /poll HTTP/1.1\r\nContent-Length: 4000\r\n\r\n" + "a" * 4000) == 413
        assert send("GET /clients HTTP/1.1\r\nA: " + "x" * 100_000 + "\r\n\r\n") == 431
        assert send("POST /push HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") == 400
        assert send("POST /push HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello") == 400
        assert send("POST /push HTTP/1.1\r\nContent-Length: 0\r\n\r\n") == 400
        assert send("POST /push HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") == 400
        assert send("POST /push HTTP/1.1\r\nContent-Length: 200000\r\n\r\nHTTP/1.1 200 OK\r\nA: " + "x" * 150_000) == 431
        assert send("GET http://a%0d%0ab:9100/ HTTP/1.1\r\n\r\n") == 400
        assert send("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n") == 501
        assert send("garbage\r\n\r\n") == 400
        assert send("GET /nothing HTTP/1.1\r\n\r\n") == 404
        assert refused("malformed") >= 5 and refused("header-too-large") == 2 and refused("connect") == 1
        # Names: bounded for those who register, not stored for those who ask.
        polls = [poll(proxy.port, f"n{i}") for i in range(20)]
        wait_until(lambda: refused("names") == 11, 5, "11 of 21 names refused")
        assert proxy.metric("pushprox_proxy_clients") == 10
        with socket.create_connection(("127.0.0.1", proxy.port)) as peer:
            for i in range(2000):
                peer.sendall(f"GET http://unknown{i}:1/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                assert read_answer(peer)[0] == 404
        assert proxy.metric("pushprox_proxy_clients") == 10
        assert proxy.read_log().count("reason=unknown-name") < 200, "the log is not flooded"
        # Many scrapes for one client that is between two polls.
        for peer in polls:
            peer.close()
        wait_until(lambda: proxy.metric("drover_pushprox_connections") < 8, 5)
        codes = []
        threads = [threading.Thread(target=lambda: codes.append(scrape(proxy, "http://n0:1/")[0])) for _ in range(6)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert codes == [503] * 6 and refused("scrapes") == 4, (codes, refused("scrapes"))
        # Pipelined requests are answered in order.
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as peer:
            peer.sendall(f"GET {url}/metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /clients HTTP/1.1\r\n\r\n".encode())
            first = read_answer(peer)
            rest = first[2][len(PAGE):] or peer.recv(1000)
            assert first[0] == 200 and rest.startswith(b"HTTP/1.1 200"), (first, rest)
        assert scrape(proxy, url + "/metrics")[0] == 200
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure", "--limit.connections=5"])
        held = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(5)]
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as late:
            with contextlib.suppress(ConnectionError):
                assert late.recv(1) == b"", "the sixth connection is closed"
        held[0].sendall(b"GET /clients HT")
        wait_until(lambda: held[0].recv(1) == b"", 15, "the end of a head that never comes")
        for peer in held:
            peer.close()


def client_guard():
    """What a client does not allow is 403, whatever the proxy asks for."""
    with Stack() as stack:
        target, other = Target(), Target()
        proxy = start(stack, "proxy", ["--insecure"])
        start(stack, "client", [f"--proxy-url={proxy.url}/", "--fqdn=node-a", "--use-localhost", f"--target.allow={target.port}/metrics",
                                "--allow-port=1"])
        wait_until(listed(proxy, "node-a"), 5)
        port = target.port
        for url, want in ((f"http://node-a:{port}/metrics", 200), (f"http://node-a:{port}/metrics/x", 200), (f"http://node-a:{port}/secret", 403),
                          (f"http://node-a:{port}/metrics/../secret", 403), (f"http://node-a:{port}/metrics/%2e%2e/secret", 403),
                          (f"http://node-a:{other.port}/metrics", 403), ("http://node-a/metrics", 403), ("http://node-a/metrics?_scheme=https", 403),
                          ("http://node-a:1/metrics", 502)):
            status = scrape(proxy, url)[0]
            assert status == want, (url, status)
        assert other.seen == [] and all(path.startswith("/metrics") and ".." not in path for _, path, _ in target.seen), target.seen
        refused = subprocess.run([BIN / "drover-pushprox", "client", "--proxy-url=http://x", "--token-path=/t", "--metrics-addr="],
                                 capture_output=True, text=True, timeout=10)
        assert refused.returncode == 1 and "--allow-port" in refused.stderr, refused.stderr
        target.close()
        other.close()


def deny_by_default():
    refused = subprocess.run([BIN / "drover-pushprox", "proxy", "--web.listen-address=127.0.0.1:0"], capture_output=True, text=True, timeout=10)
    assert refused.returncode == 1 and "--insecure" in refused.stderr and "--access.config.file" in refused.stderr, refused.stderr
    for arguments, code in (([], 1), (["--help"], 0), (["--version"], 0), (["proxy", "--help"], 0), (["client", "--help"], 0), (["nonsense"], 1)):
        assert subprocess.run([BIN / "drover-pushprox", *arguments], capture_output=True, timeout=10).returncode == code, arguments
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        assert "whoever reaches this port" in proxy.read_log()


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def identity():
    """Role by token: who may poll, push, scrape and look, as a table."""
    with Stack() as stack:
        target = Target()
        stack.write("clients", f"node-a {digest('token-a')}\nnode-b {digest('token-b')}\nlocalhost {digest('token-l')}\n")
        stack.write("scrapers", f"prom {digest('token-s')}\n")
        stack.write("viewers", f"ann {digest('token-v')}\n")
        access = stack.write("access.yml", "clients: {tokens_file: clients}\nscrapers: {tokens_file: scrapers}\nviewers: {tokens_file: viewers}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={access}", "--poll.hold=200ms", "--poll.away-wait=100ms"])
        identities = {"nobody": None, "a": "token-a", "b": "token-b", "scraper": "token-s", "viewer": "token-v", "wrong": "guess"}

        def header(field, token, basic):
            if token is None:
                return ""
            value = "Basic " + base64.b64encode(f"user:{token}".encode()).decode() if basic else f"Bearer {token}"
            return f"{field}: {value}\r\n"
        for basic in (False, True):
            for who, token in identities.items():
                unknown = 401 if token is None else 403
                mine = header("Authorization", token, basic)
                assert read_answer(poll(proxy.port, "node-a", mine))[0] == (408 if who == "a" else unknown), ("poll", who)
                got = exchange(proxy.port, f"GET /clients HTTP/1.1\r\n{mine}\r\n".encode())[0]
                assert got == (200 if who == "viewer" else unknown), ("clients", who, got)
                got = exchange(proxy.port, f"GET /metrics HTTP/1.1\r\n{mine}\r\n".encode())[0]
                assert got == (200 if who == "viewer" else unknown), ("metrics", who, got)
                got = push(proxy.port, "0b9c6e0e-1111-4222-8333-444455556666", headers=mine)[0]
                assert got == (410 if who in "ab" else unknown), ("push", who, got)
                got = scrape(proxy, "http://unknown:1/", headers=header("Proxy-Authorization", token, basic))[0]
                assert got == (404 if who == "scraper" else 407 if token is None else 403), ("scrape", who, got)
                # Credentials for the target are none for the proxy.
                assert scrape(proxy, "http://unknown:1/", headers=mine)[0] == 407, ("scrape", who)
        # B cannot answer for A, and A still can.
        answers = []
        waiting = poll(proxy.port, "node-a", header("Authorization", "token-a", False))
        time.sleep(0.05)
        scraper = threading.Thread(target=lambda: answers.append(
            scrape(proxy, "http://node-a:1/", headers=header("Proxy-Authorization", "token-s", True))))
        scraper.start()
        number = re.search(rb"\r\nId: (\S+)", read_answer(waiting)[2]).group(1).decode()
        assert push(proxy.port, number, "forged 1\n", header("Authorization", "token-b", False))[0] == 403
        assert push(proxy.port, number, "up 1\n", header("Authorization", "token-a", False))[0] == 200
        scraper.join()
        assert answers[0][2] == b"up 1\n", answers
        # Our client with its token file, and with the token in the URL as stock clients do it.
        stack.write("token", "token-l\n")
        for where in ([f"--proxy-url={proxy.url}", f"--proxy.token-file={stack.folder}/token"],
                      [f"--proxy-url=http://localhost:token-l@127.0.0.1:{proxy.port}"]):
            client = start(stack, "client", [*where, "--fqdn=localhost", "--proxy.retry.initial-wait=100ms"])
            wait_until(lambda: scrape(proxy, f"http://localhost:{target.port}/metrics", headers=header("Proxy-Authorization", "token-s", True))[0] == 200, 5)
            assert "token-l" not in client.read_log()
            client.terminate_well()
        assert not any(token in proxy.read_log() for token in identities.values() if token), "no token in the log"
        # A token that is taken away is refused soon.
        stack.write("scrapers", "")
        wait_until(lambda: scrape(proxy, "http://unknown:1/", headers=header("Proxy-Authorization", "token-s", True))[0] == 403, 5, "the token's end")
        target.close()


class Authority:
    """Certificates for one test."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=ca",
                     "-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key", "-out", "ca.pem")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=30)

    def issue(self, name, sans):
        (self.folder / "san").write_text(f"subjectAltName={sans}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                     "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san",
                     "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


def certificates():
    """TLS at the proxy; a client's certificate speaks for its names only; a target with TLS."""
    with Stack() as stack:
        ca = Authority(stack.folder)
        for name, sans in (("proxy", "IP:127.0.0.1"), ("node", "DNS:localhost"), ("prom", "DNS:prom.example.com"), ("target", "DNS:localhost")):
            ca.issue(name, sans)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(stack.folder / "target.pem", stack.folder / "target.key")
        target = Target(context)
        stack.write("web.yml", "tls_server_config: {cert_file: proxy.pem, key_file: proxy.key, client_ca_file: ca.pem, "
                               "client_auth_type: VerifyClientCertIfGiven}\n")
        stack.write("access.yml", "clients: {certificates: true}\nscrapers: {certificate_names: [prom.example.com]}\n"
                                  "viewers: {certificate_names: [prom.example.com]}\n")
        proxy = start(stack, "proxy", [f"--web.config.file={stack.folder}/web.yml", f"--access.config.file={stack.folder}/access.yml"], "https")
        url = f"https://127.0.0.1:{proxy.port}"
        folder = stack.folder
        args = [f"--proxy-url={url}", f"--proxy.tls.cacert={folder}/ca.pem", f"--proxy.tls.cert={folder}/node.pem", f"--proxy.tls.key={folder}/node.key",
                f"--tls.cacert={folder}/ca.pem", f"--target.allow={target.port}", f"--target.token={target.port}={folder}/token"]
        stack.write("token", "sesame")
        client = start(stack, "client", args + ["--fqdn=localhost"])
        thief = start(stack, "client", args + ["--fqdn=node-b", "--proxy.retry.initial-wait=100ms"])

        def over_tls(data, certificate):
            trust = ssl.create_default_context(cafile=folder / "ca.pem")
            if certificate:
                trust.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw, trust.wrap_socket(raw, server_hostname="127.0.0.1") as peer:
                peer.sendall(data.encode())
                return read_answer(peer)
        request = f"GET http://localhost:{target.port}/metrics?_scheme=https HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 5\r\n\r\n"
        wait_until(lambda: over_tls(request, "prom")[0] == 200, 10, "a scrape through TLS")
        assert over_tls(request, "prom")[2] == PAGE
        assert target.seen[-1][2]["Authorization"] == "Bearer sesame", target.seen[-1]
        assert over_tls(request, None)[0] == 407 and over_tls(request, "node")[0] == 403
        assert over_tls("GET /clients HTTP/1.1\r\n\r\n", "node")[0] == 403
        assert "node-b" not in over_tls("GET /clients HTTP/1.1\r\n\r\n", "prom")[2].decode()
        wait_until(lambda: "refuses a name" in thief.read_log(), 5, "the refused name")
        # The token's port is not asked in the clear.
        assert over_tls(request.replace("?_scheme=https", ""), "prom")[0] == 403
        # A certificate that nobody verified says nothing: such a configuration is refused.
        stack.write("weak.yml", "tls_server_config: {cert_file: proxy.pem, key_file: proxy.key, client_auth_type: RequestClientCert}\n")
        weak = subprocess.run([BIN / "drover-pushprox", "proxy", "--web.listen-address=127.0.0.1:0", f"--web.config.file={folder}/weak.yml",
                               f"--access.config.file={folder}/access.yml"], capture_output=True, text=True, timeout=10)
        assert weak.returncode == 1 and "client_auth_type" in weak.stderr, weak.stderr
        # Neither leg takes a certificate that its CA did not sign, and skipping that for targets does not skip it for the proxy.
        stranger = start(stack, "client", [f"--proxy-url={url}", "--fqdn=stranger", "--insecure-skip-verify"])
        wait_until(lambda: "trying again" in stranger.read_log() and "certificate" in stranger.read_log(), 5, "the untrusted proxy")
        client.terminate_well()
        args[4] = f"--tls.cacert={folder}/prom.pem"
        client = start(stack, "client", args + ["--fqdn=localhost"])
        wait_until(lambda: over_tls(request, "prom")[0] == 502, 10, "the untrusted target")
        assert b"certificate" in over_tls(request, "prom")[2]
        client.terminate_well()
        client = start(stack, "client", [*args, "--fqdn=localhost", "--insecure-skip-verify"])
        wait_until(lambda: over_tls(request, "prom")[0] == 200, 10, "the target that is taken unverified")
        client.terminate_well()
        proxy.terminate_well()
        target.close()


def restarts():
    """Either side may end and come back."""
    with pair() as (proxy, client, target, url):
        proxy.kill()
        proxy.start()
        wait_until(lambda: scrape(proxy, url + "/metrics")[0] == 200, 8, "the client's return")
        client.kill()
        client.start()
        wait_until(lambda: scrape(proxy, url + "/metrics")[0] == 200, 8, "the client's return")
        assert "registered with the proxy" in client.read_log()


def drain():
    """SIGTERM: polls are answered, scrapes that a client has are finished, others are 503."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        answers = []
        taken, idle, away = poll(proxy.port, "node-a"), poll(proxy.port, "node-b"), poll(proxy.port, "node-c")
        wait_until(lambda: proxy.metric("pushprox_proxy_clients") == 3, 5)
        away.close()
        wait_until(lambda: proxy.metric("drover_pushprox_connections") == 3, 5)
        threads = [threading.Thread(target=lambda n=name: answers.append(scrape(proxy, f"http://{n}:1/"))) for name in ("node-a", "node-c")]
        for one in threads:
            one.start()
        identity = re.search(rb"\r\nId: (\S+)", read_answer(taken)[2]).group(1).decode()
        wait_until(lambda: proxy.metric("drover_pushprox_scrapes_in_flight") == 2, 5)
        proxy.process.terminate()
        assert read_answer(idle)[0] == 503
        assert push(proxy.port, identity)[0] == 200
        for one in threads:
            one.join()
        assert sorted(a[0] for a in answers) == [200, 503], answers
        assert proxy.process.wait(5) == 0


def idle_memory():
    """Connections that wait cost little."""
    count = 2000
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        peers = [poll(proxy.port, f"node-{i}") for i in range(20)]
        wait_until(lambda: proxy.metric("pushprox_proxy_clients") == 20, 5)
        before = rss(proxy)
        peers += [poll(proxy.port, f"node-{i}") for i in range(20, 20 + count)]
        wait_until(lambda: proxy.metric("pushprox_proxy_clients") == 20 + count, 20)
        each = (rss(proxy) - before) / count
        print(f"  {count} waiting clients: {each:.0f} bytes each")
        assert each < 4096, each
        for peer in peers:
            peer.close()


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([pages_pass, honest_codes, stock_client, scraper_gone, big_page, hostile, client_guard, deny_by_default, identity, certificates,
                restarts, drain, idle_memory])
