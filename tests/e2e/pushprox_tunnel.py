#!/usr/bin/env python3
"""drover-pushprox proxy with clients that speak the tunnel by hand, well and badly.

usage: pushprox_tunnel.py BIN_FOLDER [case…]
"""

import contextlib
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import threading
import time

import drover
import tunnel_peer as wire
from drover import Stack, http as ask, wait_until
from pushprox import PAGE, Authority, exchange, pair, poll, push, read_answer, rss, scrape, start
from tunnel_peer import Refused, TunnelPeer


def refused(proxy, reason):
    return proxy.metric(f'drover_pushprox_refused_total{{reason="{reason}"}}')


def until_refused(proxy, reason, count):
    wait_until(lambda: refused(proxy, reason) == count, 5, f"{count} of {reason}")


@contextlib.contextmanager
def open_proxy(*args):
    with Stack() as stack:
        yield start(stack, "proxy", ["--insecure", "--poll.away-wait=1s", *args])


class Later:
    """A call in a thread; `got` waits for what it answered."""

    def __init__(self, call, *args, **more):
        self.thread = threading.Thread(target=lambda: setattr(self, "value", call(*args, **more)))
        self.thread.start()

    def got(self):
        self.thread.join(30)
        return self.value


def plain(body):
    """A body without its chunks."""
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        if not int(size, 16):
            break
        out, body = out + body[:int(size, 16)], body[int(size, 16) + 2:]
    return out


@contextlib.contextmanager
def unread_scrape(proxy, name):
    """A scraper that does not read its answer."""
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", proxy.port))
        slow.sendall(f"GET http://{name}:1/ HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n".encode())
        yield


def read_and_drop(proxy, url):
    """The length of a scrape's body."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as peer:
        peer.sendall(f"GET {url} HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\nConnection: close\r\n\r\n".encode())
        got = peer.recv(1 << 16)
        size = len(got) - got.index(b"\r\n\r\n") - 4
        while more := peer.recv(1 << 20):
            size += len(more)
        return size


def handshakes():
    """What is no handshake is refused with the code that says why."""
    with open_proxy() as proxy:
        good = wire.handshake().decode()

        def status(old="", new=""):
            return exchange(proxy.port, good.replace(old, new, 1).encode())[0]
        assert status("Version: 13", "Version: 8") == 426
        assert status("drover-tunnel-1", "chat") == 426
        for old, new in (("GET", "POST"), ("HTTP/1.1", "HTTP/1.0"), ("Upgrade: websocket", "Upgrade: x"), ("Connection: Upgrade", "X: y"),
                         ("dGhl", "!!!!"), ("Sec-WebSocket-Key: ", "X: ")):
            assert status(old, new) == 400, new
        assert refused(proxy, "handshake") == 8
        TunnelPeer(proxy.port, headers="Sec-WebSocket-Extensions: permessage-deflate\r\n").close()  # an offer is no error
        # The first frames may come with the request, or byte by byte.
        both = good.encode() + wire.frame(wire.REGISTER, 0, wire.registration("early"))
        for step in (len(both), 7):
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as peer:
                for at in range(0, len(both), step):
                    peer.sendall(both[at:at + step])
                got = b""
                while b"accepted" not in got:
                    got += peer.recv(65536)


def scrapes():
    """One tunnel serves many scrapes at once, each as its target answered."""
    with open_proxy() as proxy:
        peer = TunnelPeer(proxy.port)
        assert peer.register("node-a", "node-b") == {"accepted": ["node-a", "node-b"], "refused": []}
        assert proxy.metric("drover_pushprox_tunnels") == 1 and proxy.metric("pushprox_proxy_clients") == 2
        names = [entry["targets"][0] for entry in json.loads(ask(proxy.url + "/clients")[1])]
        assert {name.split(":")[0] for name in names} == {"node-a", "node-b"}, names
        asked = [Later(scrape, proxy, f"http://node-{n}:9100/metrics?n={i}", headers="Id: forged\r\n") for i in range(10) for n in "ab"]
        for i in range(20):
            stream, head = peer.request()
            assert stream == i + 1 and "forged" not in head, head
            number = re.search(r"n=(\d)", head).group(1)
            peer.answer(stream, f"up {number}\n".encode() * 10_000)
        for i, one in enumerate(asked):
            status, head, body = one.got()
            assert (status, body) == (200, f"up {i // 2}\n".encode() * 10_000), (i, status, head, body[:99])
        # Without a length, without a body, a code of its own, and failures.
        for head, body, method, want, text in (
                ("HTTP/1.1 200 OK\r\n", b"a 1\n", "GET", 200, b"a 1\n"), ("HTTP/1.1 204 No Content\r\n", b"", "GET", 204, b""),
                ("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n", b"", "HEAD", 200, b""),
                ("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n", b"no\n", "GET", 404, b"no\n"),
                ("HTTP/1.1 403 Forbidden\r\nDrover-Failure: not-allowed\r\n", b"port\n", "GET", 403, b"port\n"),
                ("HTTP/1.1 504 Late\r\nDrover-Failure: timeout\r\n", b"late\n", "GET", 504, b"late\n"),
                ("HTTP/1.1 200 OK\r\nDrover-Failure: failed\r\n", b"dial\n", "GET", 502, b"dial\n")):
            one = Later(scrape, proxy, "http://node-a:9100/metrics", method=method)
            stream, _ = peer.request()
            peer.send(wire.ANSWER, stream, f"{head}X-Prometheus-Scrape-Timeout: 1\r\nConnection: X-Own\r\nX-Own: 1\r\n\r\n".encode())
            if body:
                peer.send(wire.DATA, stream, body)
            peer.send(wire.END, stream)
            status, got, answer = one.got()
            assert status == want and "X-Prometheus" not in got and "X-Own" not in got, (head, got)
            assert (plain(answer) if "chunked" in got else answer) == text, (head, answer)
        assert proxy.metric("drover_pushprox_scrapes_in_flight") == 0
        peer.close()
        wait_until(lambda: proxy.metric("drover_pushprox_tunnels") == 0, 5)


def failures():
    """502, 503 and 504, and answers that are none."""
    with open_proxy("--limit.scrapes-per-name=3") as proxy:
        peer = TunnelPeer(proxy.port)
        peer.register("node-a")
        one = Later(scrape, proxy, "http://node-a:1/", timeout="0.3")
        stream, head = peer.request()
        assert "X-Prometheus-Scrape-Timeout-Seconds: 0.3" in head, head
        number = re.search(r"\r\nId: (\S+)", head).group(1)
        assert push(proxy.port, number, "forged 1\n")[0] == 410  # it is not for a push to answer
        assert one.got()[0] == 504
        assert peer.receive() == (wire.RESET, stream, b"the scraper left")
        peer.answer(stream, b"late 1\n")  # nobody minds
        one = Later(scrape, proxy, "http://node-a:1/")
        stream, _ = peer.request()
        peer.send(wire.RESET, stream, b"out of files")
        status, _, body = one.got()
        assert status == 502 and b"out of files" in body, body
        for head, data in ((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"longer"), (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"shor"),
                           (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"), (b"garbage\r\n\r\n", b"x"),
                           (b"HTTP/1.1 101 Switching\r\n\r\n", b"x"), (b"HTTP/1.1 200 OK\r\n", b"x"),
                           (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b"x"), (b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", b"x")):
            one = Later(scrape, proxy, "http://node-a:1/")
            stream, _ = peer.request()
            for kind, body in ((wire.ANSWER, head), (wire.DATA, data), (wire.END, b"")):
                peer.send(kind, stream, body)
            status, got, body = one.got()
            broken = "Content-Length: 5" in got and len(body) < 5 or "Content-Length: 5" in got and status == 200 and body == b""
            assert status == 502 or broken, (head, status, got, body)
        # A fourth scrape at once is too many for one client.
        waiting = [Later(scrape, proxy, "http://node-a:1/") for _ in range(3)]
        for _ in range(3):
            stream, _ = peer.request()
        assert scrape(proxy, "http://node-a:1/")[0] == 503
        # The tunnel breaks: 502 for those without an answer, broken off for one with half of it.
        peer.send(wire.ANSWER, stream, b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")
        peer.send(wire.DATA, stream, b"half")
        time.sleep(0.1)
        peer.close()
        got = sorted((one.got()[0], one.got()[2]) for one in waiting)
        assert [status for status, _ in got] == [200, 502, 502] and got[0][1] == b"half", got
        assert b"connection broke" in got[1][1], got
        # Away, then back within the wait.
        one = Later(scrape, proxy, "http://node-a:1/")
        time.sleep(0.3)
        peer = TunnelPeer(proxy.port)
        peer.register("node-a")
        stream, _ = peer.request()
        peer.answer(stream, PAGE)
        assert one.got()[2] == PAGE
        peer.close()
        wait_until(lambda: proxy.metric("drover_pushprox_tunnels") == 0, 5)
        assert scrape(proxy, "http://node-a:1/")[0] == 503
        assert proxy.metric("drover_pushprox_scrapes_in_flight") == 0


def back_pressure():
    """A scraper that does not read stops its client after 256 KiB, and no other; leaving resets."""
    with open_proxy() as proxy:
        peer = TunnelPeer(proxy.port)
        peer.register("node-a")
        with unread_scrape(proxy, "node-a"):
            stream, _ = peer.request()
            peer.send(wire.ANSWER, stream, b"HTTP/1.1 200 OK\r\n\r\n")
            sent, credit = 0, 256 << 10
            peer.socket.settimeout(1)
            with contextlib.suppress(TimeoutError):
                while sent < 100 << 20:
                    if credit < wire.MAX_DATA:
                        kind, _, body = peer.receive()
                        assert kind == wire.CREDIT
                        credit += struct.unpack("!I", body)[0]
                    peer.send(wire.DATA, stream, b"x" * wire.MAX_DATA)
                    credit, sent = credit - wire.MAX_DATA, sent + wire.MAX_DATA
            assert 256 << 10 <= sent < 16 << 20, sent
            peer.socket.settimeout(10)
            one = Later(scrape, proxy, "http://node-a:1/other")
            other, _ = peer.request()
            peer.answer(other, PAGE)
            assert one.got()[2] == PAGE
        assert peer.receive()[:2] == (wire.RESET, stream)
        # All of a big page, at the pace of its reader, without growing.
        before, most, size = rss(proxy), 0, 100 << 20
        reader = Later(read_and_drop, proxy, "http://node-a:1/big")
        stream, _ = peer.request()
        peer.send(wire.ANSWER, stream, f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        data, credit = wire.frame(wire.DATA, stream, b"x" * wire.MAX_DATA), 256 << 10
        for i in range(size // wire.MAX_DATA):
            while credit < wire.MAX_DATA:
                kind, _, body = peer.receive()
                credit += struct.unpack("!I", body)[0]
            peer.socket.sendall(data)
            credit -= wire.MAX_DATA
            most = max(most, rss(proxy)) if i % 50 == 0 else most
        peer.send(wire.END, stream)
        assert reader.got() == size
        print(f"  100 MB: RSS grew by {(most - before) >> 10} KiB in the proxy")
        assert most - before < 2 << 20


def bad_frames():
    """Each offence ends that tunnel, is told, counted and logged; others go on."""
    with open_proxy() as proxy:
        good = TunnelPeer(proxy.port)
        good.register("good")
        answer = wire.frame(wire.ANSWER, 1, b"HTTP/1.1 200 OK\r\n\r\n")
        data = wire.frame(wire.DATA, 1, b"x" * wire.MAX_DATA)
        offences = {
            "a second answer": answer * 2, "data before its answer": data,
            "a frame of a stream that was never opened": wire.frame(wire.ANSWER, 2, b"HTTP/1.1 200 OK\r\n\r\n"),
            "a frame of a kind that must not come": wire.frame(wire.REQUEST, 1, b"GET / HTTP/1.1\r\n\r\n"),
            "data of a bad size": answer + wire.frame(wire.DATA, 1), "credit of a bad size": wire.frame(wire.CREDIT, 1, b"123"),
            "frame without mask": b"\x82\x01x", "text message": wire.websocket(b"hi", opcode=1),
            "message over its limit": wire.websocket(b"x" * 65_600), "control frame over 125 bytes": wire.websocket(b"x" * 126, wire.PING),
            "a frame without its head": wire.websocket(b"\x05"),
        }
        for count, (why, frames) in enumerate(offences.items(), 1):
            peer = TunnelPeer(proxy.port)
            peer.register("bad")
            one = Later(scrape, proxy, "http://bad:1/")
            peer.request()
            with contextlib.suppress(OSError):
                peer.socket.sendall(frames)
            while peer.receive() is not None:
                pass
            assert peer.closed == struct.pack("!H", 1002) + why.encode(), (why, peer.closed)
            status, got, body = one.got()
            assert status in (0, 502) or (status == 200 and not body.endswith(b"0\r\n\r\n")), (why, status, got)
            until_refused(proxy, "tunnel-protocol", count)
            assert count > 4 or why in proxy.read_log()  # ten lines a second
            peer.close()
        peer = TunnelPeer(proxy.port)
        peer.register("bad")
        with unread_scrape(proxy, "bad"):
            peer.request()
            with contextlib.suppress(OSError):
                peer.socket.sendall(answer + data * 1000)
            while peer.receive() not in (None, (wire.RESET, 1, b"")):
                pass
            assert b"beyond its credit" in peer.closed
        peer.close()
        # A registration that is none, and one too many.
        for body, why in ((b"{", ""), (wire.registration("a", "a"), ""), (b'{"names": [{"name": "x y"}]}', "")):
            peer = TunnelPeer(proxy.port)
            peer.send(wire.REGISTER, 0, body)
            reply = peer.receive()
            assert reply is None or json.loads(reply[2])["accepted"] == [], (body, reply)
            peer.close()
        peer = TunnelPeer(proxy.port)
        for _ in range(30):
            peer.register("often")
        peer.send(wire.REGISTER, 0, wire.registration("often"))
        assert peer.receive() is None and b"too often" in peer.closed
        # Pings without end whose pongs are not read.
        peer = TunnelPeer(proxy.port)
        peer.register("pinger")
        pings = wire.websocket(b"x" * 125, wire.PING) * 500
        peer.socket.settimeout(10)
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                peer.socket.sendall(pings)
            raise AssertionError("pings without end were taken")
        one = Later(scrape, proxy, "http://good:1/")
        stream, _ = good.request()
        good.answer(stream, PAGE)
        assert one.got()[2] == PAGE


def several():
    """The newest of several tunnels is asked; the fifth displaces the first; names come and go."""
    with open_proxy() as proxy:
        peers = [TunnelPeer(proxy.port) for _ in range(5)]
        for peer in peers:
            peer.register("shared")
        kind, _, body = peers[0].receive()
        assert kind == wire.REGISTERED and json.loads(body)["refused"][0]["name"] == "shared", body
        for newest in (4, 3, 2, 1):
            one = Later(scrape, proxy, "http://shared:1/")
            stream, _ = peers[newest].request()
            peers[newest].answer(stream, PAGE)
            assert one.got()[2] == PAGE
            peers[newest].close()
            wait_until(lambda left=newest: proxy.metric("drover_pushprox_tunnels") == left, 5)
        assert scrape(proxy, "http://shared:1/")[0] == 503
        peers[0].register("shared", "more")
        one = Later(scrape, proxy, "http://more:1/")
        stream, _ = peers[0].request()
        assert peers[0].register("shared")["accepted"] == ["shared"]
        peers[0].answer(stream, PAGE)  # under way when its name went: finished
        assert one.got()[2] == PAGE
        assert scrape(proxy, "http://more:1/")[0] == 503
        # A poll of the same name is asked when no tunnel is left.
        waiting = poll(proxy.port, "shared")
        peers[0].close()
        wait_until(lambda: proxy.metric("drover_pushprox_tunnels") == 0, 5)
        one = Later(scrape, proxy, "http://shared:1/", timeout="0.5")
        assert read_answer(waiting)[0] == 200
        assert one.got()[0] == 504


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def identity():
    """Names belong to tokens; a token that is withdrawn has no more scrapes."""
    with Stack() as stack:
        stack.write("clients", f"node-a {digest('token-a')}\nnode-b {digest('token-b')}\n")
        stack.write("scrapers", f"prom {digest('token-s')}\n")
        access = stack.write("access.yml", "clients: {tokens_file: clients}\nscrapers: {tokens_file: scrapers}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={access}", "--poll.away-wait=1s"])

        def bearer(token):
            return f"Authorization: Bearer {token}\r\n"

        def ask_for(name, token="token-s", method="GET"):
            url = f"http://{name}:1/" if method == "GET" else f"{name}:1"
            return scrape(proxy, url, method=method, headers=f"Proxy-Authorization: Bearer {token}\r\n", timeout="2")
        for headers, want in (("", 401), (bearer("guess"), 403), (bearer("token-s"), 403)):
            try:
                TunnelPeer(proxy.port, headers=headers)
                raise AssertionError(headers)
            except Refused as answer:
                assert answer.status == want
        a = TunnelPeer(proxy.port, headers=bearer("token-a"))
        said = a.register("node-a", "node-b")
        assert said["accepted"] == ["node-a"] and [one["name"] for one in said["refused"]] == ["node-b"], said
        assert ask_for("node-b")[0] == 404
        for method in ("GET", "CONNECT"):
            assert ask_for("node-a", token="guess", method=method)[0] == 403
            assert ask_for("node-a", token="token-a", method=method)[0] == 403
        one = Later(ask_for, "node-a")
        stream, head = a.request()
        assert "token-s" not in head and "Authorization" not in head, head
        a.answer(stream, PAGE)
        assert one.got()[2] == PAGE
        time.sleep(1.1)
        stack.write("clients", f"node-b {digest('token-b')}\n")
        time.sleep(1.1)
        assert ask_for("node-a")[0] in (404, 503)
        kind, _, body = a.receive()
        assert kind == wire.REGISTERED and json.loads(body)["refused"][0]["name"] == "node-a", body
        assert a.receive()[0] == wire.GOAWAY
        assert a.register("node-a")["accepted"] == []
        # A token that is replaced: the scrape waits for the tunnel with the new one.
        stack.write("clients", f"node-b {digest('token-b')}\n")
        time.sleep(1.1)
        b = TunnelPeer(proxy.port, headers=bearer("token-b"))
        b.register("node-b")
        stack.write("clients", f"node-b {digest('token-b2')}\n")
        time.sleep(1.1)
        one = Later(ask_for, "node-b")
        assert [b.receive()[0] for _ in range(2)] == [wire.REGISTERED, wire.GOAWAY]
        fresh = TunnelPeer(proxy.port, headers=bearer("token-b2"))
        fresh.register("node-b")
        stream, _ = fresh.request()
        fresh.answer(stream, PAGE)
        assert one.got()[2] == PAGE
        assert "token-" not in proxy.read_log()


def connected(proxy, authority="node-a:443", peer=None, headers=""):
    """A scraper's connection through the proxy and its stream at `peer`."""
    scraper = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    scraper.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{headers}\r\n".encode())
    stream, head = peer.request()
    assert head.startswith(f"CONNECT {authority} HTTP/1.1\r\n"), head
    peer.send(wire.ANSWER, stream, b"HTTP/1.1 200 Connection established\r\n\r\n")
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        got += scraper.recv(1)
    assert got.startswith(b"HTTP/1.1 200 "), got
    return scraper, stream


def connect():
    """CONNECT: bytes both ways, half-closes, codes before the connection stands, limits."""
    with open_proxy("--limit.relays=3") as proxy:
        def code(authority="node-a:443", headers="X-Prometheus-Scrape-Timeout-Seconds: 1\r\n"):
            return exchange(proxy.port, f"CONNECT {authority} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        assert code()[0] == 404
        for bad in ("node-a", "node-a:0", "node-a:99999", ":443", "a b:443", "::1:443", "http:443x"):
            assert code(bad)[0] == 400, bad
        waiting = poll(proxy.port, "polls")
        wait_until(lambda: proxy.metric("pushprox_proxy_clients") == 1, 5)
        status, _, body = code("polls:443")
        assert status == 501 and b"tunnel" in body, body
        waiting.close()
        peer = TunnelPeer(proxy.port)
        peer.register("node-a", "::1")
        scraper, stream = connected(proxy, peer=peer)
        six, _ = connected(proxy, "[::1]:443", peer)
        six.close()
        assert peer.receive()[0] == wire.END
        scraper.sendall(b"hello")
        assert peer.receive() == (wire.DATA, stream, b"hello")
        peer.send(wire.DATA, stream, b"\x00\xffworld")
        assert scraper.recv(100) == b"\x00\xffworld"
        scraper.shutdown(socket.SHUT_WR)
        assert peer.receive() == (wire.END, stream, b"")
        peer.send(wire.DATA, stream, b"bye")
        peer.send(wire.END, stream)
        assert scraper.recv(100) == b"bye" and scraper.recv(100) == b""
        scraper.close()
        # The other end first.
        scraper, stream = connected(proxy, peer=peer)
        peer.send(wire.END, stream)
        assert scraper.recv(100) == b""
        scraper.sendall(b"still")
        assert peer.receive() == (wire.DATA, stream, b"still")
        scraper.close()
        assert peer.receive()[:2] == (wire.END, stream)
        # Bytes that come with the request wait until the connection stands.
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as scraper:
            scraper.sendall(b"CONNECT node-a:443 HTTP/1.1\r\n\r\nearly")
            stream, _ = peer.request()
            peer.send(wire.ANSWER, stream, b"HTTP/1.1 200 OK\r\n\r\n")
            assert peer.receive() == (wire.DATA, stream, b"early")
            peer.send(wire.DATA, stream, b"soon")
            peer.send(wire.RESET, stream, b"target broke")
            with contextlib.suppress(ConnectionError):
                while scraper.recv(100):
                    pass
        # Who just goes resets.
        scraper, stream = connected(proxy, peer=peer)
        scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        scraper.close()
        assert peer.receive()[:2] == (wire.RESET, stream)
        # What the client says before the connection stands.
        for head, body, want in (("403 Forbidden\r\nDrover-Failure: not-allowed", b"port\n", 403), ("502 x\r\nDrover-Failure: failed", b"refused\n", 502),
                                 ("504 x\r\nDrover-Failure: timeout", b"late\n", 504), ("500 x", b"", 502)):
            one = Later(code)
            stream, _ = peer.request()
            peer.send(wire.ANSWER, stream, f"HTTP/1.1 {head}\r\n\r\n".encode())
            if body:
                peer.send(wire.DATA, stream, body)
            peer.send(wire.END, stream)
            status, _, text = one.got()
            assert status == want and body.strip() in text, (head, status, text)
            assert peer.receive()[:2] == (wire.RESET, stream)
        one = Later(code)
        stream, head = peer.request()
        assert one.got()[0] == 504
        assert peer.receive()[:2] == (wire.RESET, stream)
        # Back-pressure: an end that does not read stops the other one.
        wait_until(lambda: proxy.metric("drover_pushprox_relays") <= 1, 5)
        before = rss(proxy)
        scraper, stream = connected(proxy, peer=peer)
        scraper.settimeout(1)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 64 << 20:
                sent += scraper.send(b"y" * (1 << 16))
        assert sent < 32 << 20, sent
        assert rss(proxy) - before < 2 << 20
        got = 0
        while got < sent:
            kind, at, body = peer.receive()
            assert kind == wire.DATA and at == stream, (kind, at)
            got += len(body)
            peer.send(wire.CREDIT, stream, struct.pack("!I", len(body)))
        assert got == sent
        assert proxy.metric('drover_pushprox_connect_bytes_total{direction="to_target"}') >= sent
        more = [connected(proxy, peer=peer) for _ in range(3 - int(proxy.metric("drover_pushprox_relays")))]
        assert code()[0] == 503 and refused(proxy, "relays") == 1
        # The tunnel goes, and the connections with it.
        peer.close()
        for one, _ in [(scraper, stream), *more]:
            one.settimeout(5)
            with contextlib.suppress(ConnectionError):
                assert one.recv(100) == b""
        wait_until(lambda: proxy.metric("drover_pushprox_relays") == 0, 5)
        assert code()[0] == 503


def idle_connect():
    """A relayed connection lives as long as something goes through it."""
    with open_proxy("--connect.idle-timeout=1s") as proxy:
        peer = TunnelPeer(proxy.port)
        peer.register("node-a")
        scraper, stream = connected(proxy, peer=peer)
        for _ in range(4):
            time.sleep(0.5)
            scraper.sendall(b"x")
            assert peer.receive() == (wire.DATA, stream, b"x")
        started = time.monotonic()
        assert scraper.recv(10) == b""
        assert 0.5 < time.monotonic() - started < 3
        assert peer.receive()[:2] == (wire.RESET, stream)
        assert refused(proxy, "relay-idle") == 1 and proxy.metric("drover_pushprox_relays") == 0


def over_tls():
    """The same over TLS, where the name is the certificate's: scrapes, CONNECT with half-closes, memory."""
    with Stack() as stack:
        authority = Authority(stack.folder)
        authority.issue("server", "DNS:localhost,IP:127.0.0.1")
        authority.issue("node-a", "DNS:node-a")
        stack.write("scrapers", f"prom {digest('token-s')}\n")
        access = stack.write("access.yml", "clients: {certificates: true}\nscrapers: {tokens_file: scrapers}\n")
        web = stack.write("web.yml", "tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={access}", f"--web.config.file={web}"], scheme="https")
        mine, other = (ssl.create_default_context(cafile=stack.folder / "ca.pem") for _ in range(2))
        mine.load_cert_chain(stack.folder / "node-a.pem", stack.folder / "node-a.key")
        try:
            TunnelPeer(proxy.port, tls=other)
            raise AssertionError("a tunnel without a certificate")
        except Refused as answer:
            assert answer.status == 401
        before = rss(proxy)
        crowd = [TunnelPeer(proxy.port, tls=mine) for _ in range(100)]
        print(f"  idle over TLS: {(rss(proxy) - before) // len(crowd) >> 10} KiB each")
        for one in crowd:
            one.close()
        peer = TunnelPeer(proxy.port, tls=mine)
        assert peer.register("node-a", "node-b")["accepted"] == ["node-a"]
        credentials = "Proxy-Authorization: Bearer token-s\r\n"

        def dial():
            return other.wrap_socket(socket.create_connection(("127.0.0.1", proxy.port), timeout=10), server_hostname="localhost")

        def get(size):
            with dial() as scraper:
                scraper.sendall(f"GET http://node-a:1/ HTTP/1.1\r\n{credentials}\r\n".encode())
                return read_answer(scraper)
        for size in (1, 30_000, 250_000):
            one = Later(get, size)
            stream, _ = peer.request()
            peer.answer(stream, b"x" * size)
            status, _, body = one.got()
            assert status == 200 and len(body) == size, (status, len(body))
        scraper = dial()
        scraper.sendall(f"CONNECT node-a:443 HTTP/1.1\r\n{credentials}\r\n".encode())
        stream, _ = peer.request()
        peer.send(wire.ANSWER, stream, b"HTTP/1.1 200 OK\r\n\r\n")
        assert b"200" in scraper.recv(1000)
        scraper.sendall(b"z" * 100_000)
        got = b""
        while len(got) < 100_000:
            kind, _, body = peer.receive()
            got += body
        assert kind == wire.DATA and got == b"z" * 100_000
        peer.send(wire.DATA, stream, b"bye")
        peer.send(wire.END, stream)
        assert scraper.recv(100) == b"bye" and scraper.recv(100) == b""
        scraper.close()
        while (received := peer.receive())[0] == wire.CREDIT:
            pass
        assert received[0] in (wire.END, wire.RESET), received


def with_our_client():
    """The pair over a tunnel: pages, 100 MB through both, CONNECT to a target with TLS, and the client's end."""
    with pair(client_args=("--transport=tunnel",)) as (proxy, client, target, url):
        wait_until(lambda: proxy.metric("drover_pushprox_tunnels") == 1, 5)
        for path, want, body in (("/metrics?x=1", 200, PAGE), ("/missing", 404, b"no\n"), ("/chunked", 200, b"up 1\ndown 0\n"), ("/to_end", 200, PAGE)):
            status, head, got = scrape(proxy, url + path)
            assert (status, plain(got) if "chunked" in head else got) == (want, body), (path, status, got)
        status, head, got = scrape(proxy, url + "/metrics", method="HEAD")
        assert status == 200 and got == b"", head
        assert scrape(proxy, "http://localhost:1/")[0] == 502
        assert scrape(proxy, url + "/slow", timeout="0.5")[0] == 504
        target.slow.set()
        assert len(scrape(proxy, url + "/breaks")[2]) < 1000
        before, most = (rss(proxy), rss(client)), [0, 0]
        reader = Later(read_and_drop, proxy, url + "/big")
        while reader.thread.is_alive():
            most = [max(most[0], rss(proxy)), max(most[1], rss(client))]
            time.sleep(0.01)
        assert reader.got() == 100 << 20
        growth = [most[0] - before[0], most[1] - before[1]]
        print(f"  100 MB: RSS grew by {growth[0] >> 10} KiB in the proxy, {growth[1] >> 10} KiB in the client")
        assert max(growth) <= 2 << 20, growth
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as scraper:
            scraper.sendall(f"CONNECT localhost:{target.port} HTTP/1.1\r\n\r\n".encode())
            status = scraper.recv(1000)
            assert status == b"HTTP/1.1 200 Connection established\r\n\r\n", status
            for _ in range(3):
                scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                status, _, got = read_answer(scraper)
                assert (status, got) == (200, PAGE)
            assert proxy.metric("drover_pushprox_relays") == 1
            scraper.shutdown(socket.SHUT_WR)
            assert scraper.recv(100) == b""
        wait_until(lambda: proxy.metric("drover_pushprox_relays") == 0, 5)
        assert exchange(proxy.port, b"CONNECT localhost:1 HTTP/1.1\r\n\r\n")[0] == 502
        client.kill()
        started = time.monotonic()
        assert scrape(proxy, url + "/metrics", timeout="1")[0] == 503
        assert time.monotonic() - started < 3
        client.start()
        wait_until(lambda: proxy.metric("drover_pushprox_tunnels") == 1, 5, "the client's return")
        assert scrape(proxy, url + "/metrics")[0] == 200
        client.terminate_well()
        proxy.terminate_well()


def drain():
    """SIGTERM: GOAWAY at once, scrapes under way are finished, then the end."""
    with open_proxy() as proxy:
        peer = TunnelPeer(proxy.port)
        peer.register("node-a")
        scraper, _ = connected(proxy, peer=peer)
        one = Later(scrape, proxy, "http://node-a:1/")
        stream, _ = peer.request()
        proxy.process.terminate()
        assert peer.receive()[0] == wire.GOAWAY
        assert exchange(proxy.port, b"GET http://node-a:1/ HTTP/1.1\r\n\r\n")[0] == 503
        peer.answer(stream, PAGE)
        assert one.got()[2] == PAGE
        with contextlib.suppress(ConnectionError):
            assert scraper.recv(100) == b""
        with contextlib.suppress(ConnectionError):
            assert peer.receive() is None or peer.receive() is None
        assert proxy.process.wait(5) == 0


def idle_memory():
    """Tunnels that wait cost little."""
    count = 2000
    with open_proxy() as proxy:
        def entry(i):
            return {"name": f"node-{i}", "labels": {"node": f"node-{i}"}, "targets": [{"port": 9100, "path": "/metrics", "labels": {"component": "node"}}]}
        peers = []
        for i in range(20 + count):
            if i == 20:
                before = rss(proxy)
            peers.append(TunnelPeer(proxy.port))
            peers[-1].register(entry(i))
        each = (rss(proxy) - before) / count
        print(f"  {count} idle tunnels: {each:.0f} bytes each")
        assert each < 8192, each
        for peer in peers:
            peer.close()


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([handshakes, scrapes, failures, back_pressure, bad_frames, several, identity, connect, idle_connect, over_tls, with_our_client, drain, idle_memory])
