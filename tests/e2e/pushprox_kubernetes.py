#!/usr/bin/env python3
"""Clients of drover-pushprox that show a Kubernetes ServiceAccount's token.

The API server is a hand-made one over TLS.

usage: pushprox_kubernetes.py BIN_FOLDER [case…]
"""

import base64
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time
import urllib.request

import drover
from drover import Stack, wait_until
from pushprox import PAGE, Authority, Target, digest, poll, push, read_answer, rss, scrape, start
from tunnel_peer import GOAWAY, Refused, TunnelPeer

AUDIENCE = "drover-pushprox"


def token_text(name, account="monitoring:drover", lives=3600, audience=AUDIENCE):
    """A token by its shape. Its signature is worth nothing: the hand-made server goes by the whole text."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    return ".".join([part({"alg": "RS256", "kid": "k"}), part({"sub": f"system:serviceaccount:{account}", "aud": [audience], "jti": name,
                                                                "exp": int(time.time()) + lives, "padding": "x" * 300}), "c2lnbmF0dXJl" * 28])


class Reviewer:
    """TokenReview over TLS. `tokens` has what is good: token to (username, extra, audiences)."""

    def __init__(self, folder, ca, own="own-token"):
        self.tokens = {}
        self.asked = []
        self.audiences = [AUDIENCE]
        self.status = 201
        self.wait = 0.0
        self.body = None
        self.most = self.now = 0
        lock = threading.Lock()
        outer = self
        ca.issue("apiserver", "IP:127.0.0.1,DNS:localhost")

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.now += 1
                    outer.most = max(outer.most, outer.now)
                    outer.asked.append(body["spec"]["token"])
                time.sleep(outer.wait)
                with lock:
                    outer.now -= 1
                assert self.path == "/apis/authentication.k8s.io/v1/tokenreviews", self.path
                assert body["kind"] == "TokenReview" and body["spec"]["audiences"] == outer.audiences, body
                status = outer.status if self.headers["Authorization"] == f"Bearer {own}" else 401
                found = outer.tokens.get(body["spec"]["token"])
                answer = {"kind": "TokenReview", "apiVersion": body["apiVersion"], "spec": body["spec"], "status": {"user": {}, "error": "invalid"}}
                if found:
                    answer["status"] = {"authenticated": True, "user": {"username": found[0], "extra": found[1]}, "audiences": found[2]}
                text = outer.body if outer.body is not None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

            def handle_error(self, *_):
                pass
        self.make = lambda port: self.listen(Server(("127.0.0.1", port), Handler), folder)
        self.make(0)

    def listen(self, server, folder):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "apiserver.pem", folder / "apiserver.key")
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.server = server
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def good(self, name, node="node-a", account="monitoring:drover", audiences=(AUDIENCE,), lives=3600):
        text = token_text(name, account, lives)
        extra = {"authentication.kubernetes.io/node-name": [node], "authentication.kubernetes.io/pod-name": [f"pod-{name}"]}
        self.tokens[text] = (f"system:serviceaccount:{account}", extra, list(audiences))
        return text

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Cluster:
    """A stack with a reviewer and a proxy that asks it."""

    def __init__(self, role="", ca_file="ca.pem"):
        self.role, self.ca_file = role, ca_file

    def __enter__(self):
        self.stack = Stack().__enter__()
        folder = self.stack.folder
        ca = Authority(folder)
        self.reviewer = Reviewer(folder, ca)
        ca.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=ca",
                   "-keyout", "stranger.key", "-out", "stranger.pem")
        self.stack.write("own", "own-token\n")
        self.stack.write("scrapers", f"prom {digest('scraper')}\n")
        self.stack.write("clients", f"node-static {digest('static-token')}\n")
        self.write_access(self.role)
        self.proxy = start(self.stack, "proxy", [f"--access.config.file={folder}/access.yml", "--poll.away-wait=1s"])
        return self

    def write_access(self, role):
        folder = self.stack.folder
        self.stack.write("access.yml", "clients:\n  tokens_file: clients\n  kubernetes: {service_accounts: [monitoring/drover], "
                         f"api_server: 'https://127.0.0.1:{self.reviewer.port}', token_file: {folder}/own, ca_file: {folder}/{self.ca_file}{role}}}\n"
                         "scrapers: {tokens_file: scrapers}\nviewers: {tokens_file: scrapers}\n")

    def __exit__(self, *what):
        self.reviewer.close()
        self.stack.__exit__(*what)

    def metric(self, series):
        request = urllib.request.Request(self.proxy.url + "/metrics", headers={"Authorization": "Bearer scraper"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(series + " "):
                    return float(line.rsplit(" ", 1)[1])
        return None

    def names(self):
        request = urllib.request.Request(self.proxy.url + "/clients", headers={"Authorization": "Bearer scraper"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()

    def poll(self, name, token):
        return poll(self.proxy.port, name, f"Authorization: Bearer {token}\r\n", 15)

    def refused(self, name, token):
        """The code of a poll that is not held."""
        with self.poll(name, token) as peer:
            return read_answer(peer)

    def reviews(self, result):
        return self.metric(f'drover_pushprox_token_reviews_total{{result="{result}"}}') or 0


def scrapes_by_token():
    """A client whose token's node is its name is scraped; another's name, account or audience is refused."""
    with Cluster() as c:
        target = Target()
        folder = c.stack.folder
        c.stack.write("token", c.reviewer.good("client", node="localhost"))
        client = start(c.stack, "client", [f"--proxy-url={c.proxy.url}", "--fqdn=localhost", f"--allow-port={target.port}",
                                           f"--proxy.token-file={folder}/token"])
        wait_until(lambda: "localhost" in c.names(), 5, "the registration")
        status, _, body = scrape(c.proxy, f"http://localhost:{target.port}/metrics", headers="Proxy-Authorization: Bearer scraper\r\n")
        assert (status, body) == (200, PAGE), (status, body)
        for _ in range(20):
            assert scrape(c.proxy, f"http://localhost:{target.port}/metrics", headers="Proxy-Authorization: Bearer scraper\r\n")[0] == 200
        assert len(c.reviewer.asked) == 1, "the answer is remembered"
        own = c.reviewer.good("own")
        assert c.refused("node-b", own)[0] == 403
        assert c.refused("node-a", c.reviewer.good("audience", audiences=["https://kubernetes.default.svc"]))[0] == 403
        assert c.refused("node-a", c.reviewer.good("nobody", node=""))[0] == 403
        assert c.refused("node-a", token_text("forged"))[0] == 403
        asked = len(c.reviewer.asked)
        for token in (c.reviewer.good("account", account="default:default"), token_text("old", lives=-3600), "garbage", "a.b.c",
                      token_text("audience", audience="other")):
            assert c.refused("node-a", token)[0] == 403
        assert len(c.reviewer.asked) == asked, "what cannot be good is not asked about"
        assert c.refused("node-a", "")[0] == 401
        # Tokens of the file go on beside it, without a review.
        with c.poll("node-static", "static-token"):
            wait_until(lambda: "node-static" in c.names(), 5)
        # A push with another's token brings nothing to the scraper.
        with c.poll("node-a", own) as peer:
            wait_until(lambda: "node-a" in c.names(), 5)
            answers = []
            thread = threading.Thread(target=lambda: answers.append(scrape(c.proxy, "http://node-a:1/", "3", headers="Proxy-Authorization: Bearer scraper\r\n")))
            thread.start()
            identity = re.search(rb"\r\nId: (\S+)", read_answer(peer)[2]).group(1).decode()
            other = c.reviewer.good("other", node="node-b")
            assert push(c.proxy.port, identity, "forged 1\n", f"Authorization: Bearer {other}\r\n")[0] == 403
            assert push(c.proxy.port, identity, "up 1\n", f"Authorization: Bearer {own}\r\n")[0] == 200
            thread.join()
            assert answers[0][0] == 200 and answers[0][2] == b"up 1\n", answers
        log = c.proxy.read_log()
        for token in c.reviewer.asked:
            assert token not in log and token[-40:] not in log
        assert "own-token" not in log
        client.terminate_well()
        c.proxy.terminate_well()
        target.close()


def withdrawn():
    """A token that the API server does not know any more ends within the cache's time."""
    with Cluster(", cache: 1s, names: ['{node}', '{node}_*']") as c:
        token = c.reviewer.good("a")
        with c.poll("node-a_etcd", token):
            wait_until(lambda: "node-a_etcd" in c.names(), 5)
        del c.reviewer.tokens[token]
        time.sleep(1.1)
        deadline = time.monotonic() + 2

        def ended():
            status = 0
            with c.poll("node-a", token) as peer:
                peer.settimeout(0.2)
                try:
                    status = read_answer(peer)[0]
                except OSError:
                    pass
            return status == 403
        wait_until(ended, 3)
        assert time.monotonic() < deadline + 1
        assert "a token that was good is refused now" in c.proxy.read_log()
        # The role can change by a reload, and what it says counts at once; where the server is cannot.
        good = c.reviewer.good("b")
        with c.poll("node-a", good):
            wait_until(lambda: '"node-a"' in c.names(), 5)
        c.write_access(", names: ['{pod}']")
        c.proxy.hup()
        wait_until(lambda: "access file reloaded" in c.proxy.read_log(), 5)
        assert c.refused("node-a", good)[0] == 403
        c.stack.write("access.yml", (c.stack.folder / "access.yml").read_text().replace("/ca.pem", "/apiserver.pem"))
        c.proxy.hup()
        wait_until(lambda: "at a restart only" in c.proxy.read_log(), 5)


def tunnels_end():
    """A tunnel outlives its token by no more than the cache: its names go, and it is told to come again with a newer one."""
    with Cluster(", cache: 1s, names: ['{node}', '{node}_*']") as c:
        def tunnel(token, *names):
            peer = TunnelPeer(c.proxy.port, headers=f"Authorization: Bearer {token}\r\n")
            return peer, peer.register(*names)

        def asks(name):
            answers = []
            thread = threading.Thread(target=lambda: answers.append(scrape(c.proxy, f"http://{name}:1/", "2", headers="Proxy-Authorization: Bearer scraper\r\n")[0]))
            thread.start()
            return thread, answers

        def expect(peer, kind, word):
            while True:
                got, _, body = peer.receive()
                if got == kind and word in body.decode():
                    return
        for bad in (token_text("forged"), "garbage", c.reviewer.good("audience", audiences=["x"])):
            try:
                tunnel(bad, "node-a")
                raise AssertionError("taken")
            except Refused as refused:
                assert refused.status == 403
        token = c.reviewer.good("a")
        peer, said = tunnel(token, "node-a", "node-a_etcd", "node-b", "node-a-x")
        assert said["accepted"] == ["node-a", "node-a_etcd"] and len(said["refused"]) == 2, said
        thread, answers = asks("node-a_etcd")
        peer.answer(peer.request()[0], b"up 1\n")
        thread.join()
        assert answers == [200]
        del c.reviewer.tokens[token]
        time.sleep(1.1)
        thread, answers = asks("node-a")  # starts the review, and still goes through
        peer.answer(peer.request()[0], b"up 1\n")
        thread.join()
        wait_until(lambda: "is refused now" in c.proxy.read_log(), 3)
        thread, answers = asks("node-a")
        thread.join()
        assert answers == [503], answers
        expect(peer, GOAWAY, "come again")
        c.proxy.hup()  # the other name goes with the next look, or a reload
        wait_until(lambda: c.metric('drover_pushprox_registered_names{state="tunnel"}') == 0, 5)
        assert c.metric('drover_pushprox_registered_names{state="away"}') == 2
        # One whose token is about to end is told so while it is still good.
        peer, said = tunnel(c.reviewer.good("short", lives=60), "node-a")
        assert said["accepted"] == ["node-a"]
        c.proxy.hup()
        expect(peer, GOAWAY, "ends soon")
        thread, answers = asks("node-a")
        peer.answer(peer.request()[0], b"up 1\n")
        thread.join()
        assert answers == [200]
        # A role that a reload takes away takes held polls and tunnels with it.
        with c.poll("node-a_x", c.reviewer.good("poller")) as held:
            wait_until(lambda: "node-a_x" in c.names(), 5)
            c.write_access(", names: ['{pod}']")
            c.proxy.hup()
            assert read_answer(held)[0] == 403
        expect(peer, GOAWAY, "not accepted")
        assert "role=client reason=client-identity code=403" in c.proxy.read_log()


def api_server_away():
    """Without it unknown tokens get 503, those known go on; it comes back."""
    with Cluster(", cache: 1s") as c:
        known, unknown = c.reviewer.good("known"), c.reviewer.good("unknown", node="node-b")
        with c.poll("node-a", known):
            wait_until(lambda: '"node-a"' in c.names(), 5)
        port = c.reviewer.port
        c.reviewer.status = 500
        status, head, _ = c.refused("node-b", unknown)
        assert status == 503 and "Retry-After: 5" in head, (status, head)
        c.reviewer.close()
        time.sleep(2.2)
        for _ in range(3):
            with c.poll("node-a", known) as peer:
                peer.settimeout(0.5)
                try:
                    assert False, read_answer(peer)
                except TimeoutError:
                    pass
            time.sleep(0.4)
        assert c.refused("node-b", unknown)[0] == 503
        assert c.metric("drover_pushprox_token_reviews_overdue_total") > 0
        assert c.metric('drover_pushprox_refused_total{reason="reviews-away"}') >= 2
        assert c.proxy.read_log().count("does not review tokens") == 1
        c.reviewer.status = 201
        c.reviewer.make(port)
        with c.poll("node-b", unknown):
            wait_until(lambda: "node-b" in c.names(), 5)
        wait_until(lambda: "reviews tokens again" in c.proxy.read_log(), 5)
        # Answers that are none, and one without end.
        for body in (b"", b"[]", b"{\"kind\":\"TokenReview\"}", b"\xff" * 100, b"{" * 100000, b" " * (1 << 20)):
            c.reviewer.body = body
            assert c.refused("node-c", c.reviewer.good(f"x{len(body)}{body[:3]}", node="node-c"))[0] == 503, body[:20]
        c.reviewer.body = None
        c.reviewer.status = 403
        assert c.refused("node-c", c.reviewer.good("y", node="node-c"))[0] == 503
        # A server that holds the answer back: the request ends, and with it what waits.
        c.reviewer.status = 201
        c.reviewer.wait = 12
        started = time.monotonic()
        assert c.refused("node-c", c.reviewer.good("z", node="node-c"))[0] == 503
        assert 9 < time.monotonic() - started < 12


def reloads():
    """The role comes, goes and comes again by reload."""
    with Cluster() as c:
        token = c.reviewer.good("a")
        c.stack.write("access.yml", "clients: {}\nscrapers: {tokens_file: scrapers}\nviewers: {tokens_file: scrapers}\n")
        proxy = start(c.stack, "proxy", [f"--access.config.file={c.stack.folder}/access.yml"])

        def code():
            with poll(proxy.port, "node-a", f"Authorization: Bearer {token}\r\n") as peer:
                peer.settimeout(0.3)
                try:
                    return read_answer(peer)[0]
                except TimeoutError:
                    return "held"

        def reload(times):
            proxy.hup()
            wait_until(lambda: proxy.read_log().count("access file reloaded") == times, 5)
        assert code() == 403 and not c.reviewer.asked
        c.write_access("")
        reload(1)
        assert code() == "held" and len(c.reviewer.asked) == 1
        with poll(proxy.port, "node-a", f"Authorization: Bearer {token}\r\n") as held:
            wait_until(lambda: "role=client" in proxy.read_log(), 5)
            c.stack.write("access.yml", "clients: {}\nscrapers: {tokens_file: scrapers}\nviewers: {tokens_file: scrapers}\n")
            reload(2)
            assert read_answer(held)[0] == 403
        assert code() == 403
        c.write_access(", audiences: [drover-pushprox, another]")
        c.reviewer.audiences.append("another")
        reload(3)
        wait_until(lambda: code() == "held", 12, "the role's return")
        proxy.terminate_well()


def memory():
    """What a waiting client costs with its token remembered."""
    count = 2000
    with Cluster(", reviews_per_second: 10000") as c:
        def wave(first, last):
            peers = []
            for i in range(first, last):
                peers.append(c.poll(f"node-{i}", c.reviewer.good(f"t{i}", node=f"node-{i}")))
                if i % 20 == 19:
                    wait_until(lambda n=i + 1: c.metric("drover_pushprox_tokens_known") >= n, 10)
            return peers
        peers = wave(0, 20)
        before = rss(c.proxy)
        peers += wave(20, 20 + count)
        each = (rss(c.proxy) - before) / count
        print(f"  {count} waiting clients with tokens of {len(token_text('t'))} bytes: {each:.0f} bytes each")
        assert each < 6144, each
        for peer in peers:
            peer.close()


def untrusted_api_server():
    """A server whose certificate another authority signed is not asked."""
    with Cluster(ca_file="stranger.pem") as c:
        pass_through = c.reviewer.good("a")
        assert c.refused("node-a", pass_through)[0] == 503
        assert not c.reviewer.asked
        assert "certificate" in c.proxy.read_log()


def flood():
    """Thousands of different tokens become few reviews; who is known goes on meanwhile."""
    with Cluster() as c:
        good = c.reviewer.good("good")
        with c.poll("node-a", good):
            wait_until(lambda: '"node-a"' in c.names(), 5)
        c.reviewer.wait = 0.3
        asked = len(c.reviewer.asked)
        peers = [c.poll("node-x", token_text(f"g{i}")) for i in range(600)]
        codes = []
        started = time.monotonic()
        with c.poll("node-a", good):
            answers = []
            thread = threading.Thread(target=lambda: answers.append(scrape(c.proxy, "http://node-a:1/", "0.5", headers="Proxy-Authorization: Bearer scraper\r\n")))
            thread.start()
            thread.join()
            assert answers[0][0] == 504, "handed over, not held up"
        for peer in peers:
            codes.append(read_answer(peer)[0])
            peer.close()
        reviews = len(c.reviewer.asked) - asked
        assert c.reviewer.most <= 64, c.reviewer.most
        assert reviews < 330 and set(codes) == {403, 503}, (reviews, set(codes))
        assert codes.count(503) == c.metric('drover_pushprox_refused_total{reason="reviews-busy"}')
        print(f"  600 tokens: {reviews} reviews, at most {c.reviewer.most} at once, {codes.count(503)} told to come again, "
              f"{time.monotonic() - started:.1f} s")
        # A peer that leaves while its token is reviewed leaves nothing behind.
        c.reviewer.wait = 0.5
        time.sleep(1)
        c.poll("node-a", c.reviewer.good("leaves")).close()
        time.sleep(1)
        assert c.metric("drover_pushprox_token_reviews_in_flight") == 0
        c.proxy.terminate_well()


def pipelined():
    """What comes behind a request whose token is being reviewed is kept and answered in turn."""
    with Cluster() as c:
        c.reviewer.wait = 0.3
        token = c.reviewer.good("a")
        request = f"POST /push HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer {token}\r\nContent-Length: 5\r\n\r\nhello"
        page = "GET /-/healthy HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n"
        with socket.create_connection(("127.0.0.1", c.proxy.port), timeout=5) as peer:
            peer.sendall((request + page).encode())
            got = b""
            while True:
                more = peer.recv(65536)
                if not more:
                    break
                got += more
        # A large body behind a request that is refused once the answer is there: the peer gets to read why.
        for token, line, want in ((token_text("forged"), "POST /push", 403), (token_text("forged2"), "PUT /push", 405)):
            with socket.create_connection(("127.0.0.1", c.proxy.port), timeout=5) as peer:
                peer.sendall(f"{line} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer {token}\r\nContent-Length: 300000\r\n\r\n".encode())
                peer.sendall(b"HTTP/1.1 200 OK\r\nId: x\r\n\r\n" + b"x" * (300_000 - 26))
                assert read_answer(peer)[0] == want, want
        assert got.count(b"HTTP/1.1 ") == 2 and b"HTTP/1.1 400" in got and b"HTTP/1.1 200" in got, got


def mistakes():
    """A role that cannot be is refused at the start, with the key."""
    with Stack() as stack:
        folder = stack.folder
        Authority(folder)
        stack.write("own", "t")
        for role, word in (("{}", "service_accounts"), ("{service_accounts: [x]}", "namespace/name"), ("{service_accounts: [a/b], names: ['*']}", "names"),
                           ("{service_accounts: [a/b]}", "api_server"), ("{service_accounts: [a/b], api_server: 'http://x'}", "https"),
                           ("{service_accounts: [a/b], api_server: 'https://x', token_file: /missing}", "/missing"),
                           (f"{{service_accounts: [a/b], api_server: 'https://x', token_file: {folder}/own, ca_file: {folder}/own}}", "own"),
                           ("{service_account: [a/b]}", "service_account")):
            stack.write("access.yml", f"clients: {{kubernetes: {role}}}\n")
            done = subprocess.run([drover.BIN / "drover-pushprox", "proxy", "--web.listen-address=127.0.0.1:0", f"--access.config.file={folder}/access.yml"],
                                  capture_output=True, text=True, timeout=10, check=False, env={k: v for k, v in os.environ.items() if "KUBERNETES" not in k})
            assert done.returncode == 1 and word in done.stderr, (role, done.stderr)


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([scrapes_by_token, withdrawn, tunnels_end, api_server_away, reloads, memory, untrusted_api_server, flood, pipelined, mistakes])
