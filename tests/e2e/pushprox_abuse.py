#!/usr/bin/env python3
"""Peers of drover-pushprox proxy that leave at the worst moment, ask for more than they read, or answer what is none.

usage: pushprox_abuse.py BIN_FOLDER [case…]
"""

import contextlib
import os
import pathlib
import re
import signal
import socket
import ssl
import struct
import time

import drover
from drover import Stack, wait_until
from pushprox import Authority, exchange, poll, read_answer, rss, start
from tunnel_peer import ANSWER, CREDIT, DATA, END, RESET, TunnelPeer


@contextlib.contextmanager
def open_proxy(*args, scheme="http"):
    with Stack() as stack:
        yield start(stack, "proxy", ["--insecure", *args], scheme)


def ask(proxy, text, seconds=8):
    peer = socket.create_connection(("127.0.0.1", proxy.port), timeout=seconds)
    peer.sendall(text)
    return peer


def get(proxy, url, version="1.1", timeout="5"):
    return ask(proxy, f"GET {url} HTTP/{version}\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: {timeout}\r\n\r\n".encode())


def read_all(peer):
    """What comes, and how it ends."""
    got = b""
    try:
        while more := peer.recv(65536):
            got += more
        return got, "end"
    except TimeoutError:
        return got, "silence"
    except ConnectionError:
        return got, "reset"


def cpu(program):
    fields = pathlib.Path(f"/proc/{program.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def relay_left_over_tls():
    """A scraper says goodbye by TLS and resets the connection while the target's bytes wait for it."""
    with Stack() as stack:
        Authority(stack.folder).issue("server", "IP:127.0.0.1,DNS:localhost")
        web = stack.write("web.yml", "tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
        proxy = start(stack, "proxy", ["--insecure", f"--web.config.file={web}"], "https")
        trust = ssl.create_default_context(cafile=str(stack.folder / "ca.pem"))
        peer = TunnelPeer(proxy.port, tls=trust)
        peer.register("node-a")
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", proxy.port))
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trust.wrap_bio(into, out, server_hostname="localhost")

        def pump(call, *args):
            while True:
                try:
                    done = call(*args)
                    raw.sendall(out.read())
                    return done
                except ssl.SSLWantReadError:
                    raw.sendall(out.read())
                    into.write(raw.recv(65536))
        pump(tls.do_handshake)
        pump(tls.write, b"CONNECT node-a:9100 HTTP/1.1\r\nHost: node-a:9100\r\n\r\n")
        stream, _ = peer.request()
        peer.send(ANSWER, stream, b"HTTP/1.1 200 OK\r\n\r\n")
        assert pump(tls.read, 4096).startswith(b"HTTP/1.1 200")
        with contextlib.suppress(ssl.SSLError):
            tls.unwrap()
        raw.sendall(out.read())
        assert peer.receive() == (END, stream, b"")
        peer.socket.settimeout(1)
        left = 256 << 10
        with contextlib.suppress(TimeoutError):
            while True:
                while left >= 16384:
                    peer.send(DATA, stream, b"x" * 16384)
                    left -= 16384
                kind, _, body = peer.receive()
                left += struct.unpack("!I", body)[0] if kind == CREDIT else 0
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()
        peer.socket.settimeout(10)
        while peer.receive()[0] != RESET:
            pass
        before = cpu(proxy)
        time.sleep(1)
        assert cpu(proxy) - before < 0.2, "the proxy spins"
        proxy.terminate_well()


def pipelined_pages():
    """Who asks again and again and reads nothing gets one answer at a time."""
    with open_proxy() as proxy:
        peer = TunnelPeer(proxy.port)
        labels = {f"l{i}": "<" * 250 for i in range(16)}
        peer.register({"name": "wide", "labels": labels, "targets": [{"port": i} for i in range(1, 30)]})
        size = len(exchange(proxy.port, b"GET /clients HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[2])
        before = rss(proxy)
        greedy = ask(proxy, b"GET /clients HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
        time.sleep(1)
        assert rss(proxy) - before < (8 << 20), f"{(rss(proxy) - before) >> 20} MiB more"
        got = 0
        while got < 400 * size:
            got += len(greedy.recv(1 << 20))
        heads = got - 400 * size  # so far
        greedy.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while True:
                heads += len(greedy.recv(1 << 20))
        assert heads % 400 == 0 and 0 < heads < 400 * 500, (got, size)


def relays_are_limited():
    """Also those that waited for a client to come back; and the gauges know them."""
    with open_proxy("--limit.relays=2") as proxy:
        first = TunnelPeer(proxy.port)
        first.register("node-a")
        first.close()
        wait_until(lambda: proxy.metric("drover_pushprox_tunnels") == 0, 5, "the tunnel's end")
        waiting = [ask(proxy, b"CONNECT node-a:9100 HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(5)]
        again = TunnelPeer(proxy.port)
        again.register("node-a")
        for _ in range(2):
            stream, _ = again.request()
            again.send(ANSWER, stream, b"HTTP/1.1 200 OK\r\n\r\n")
        codes = sorted(one.recv(100)[9:12] for one in waiting)
        assert codes == [b"200", b"200", b"503", b"503", b"503"], codes
        assert proxy.metric("drover_pushprox_relays") == 2 and proxy.metric("drover_pushprox_scrapes_in_flight") == 0


def relays_get_time_at_the_end():
    with open_proxy() as proxy:
        peer = TunnelPeer(proxy.port)
        peer.register("node-a")
        scraper = ask(proxy, b"CONNECT node-a:9100 HTTP/1.1\r\nHost: x\r\n\r\n")
        stream, _ = peer.request()
        peer.send(ANSWER, stream, b"HTTP/1.1 200 OK\r\n\r\n")
        assert scraper.recv(100).startswith(b"HTTP/1.1 200")
        proxy.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        peer.send(DATA, stream, b"the rest")
        peer.send(END, stream)
        scraper.shutdown(socket.SHUT_WR)
        assert read_all(scraper)[0] == b"the rest"
        assert proxy.process.wait(5) == 0


def push_without_right():
    """Nothing of a push is taken from who is no client, however slowly it comes."""
    with Stack() as stack:
        access = stack.write("access.yml", "clients: {tokens_file: none.tokens}\n")
        stack.write("none.tokens", "")
        proxy = start(stack, "proxy", [f"--access.config.file={access}"])
        peer = ask(proxy, b"POST /push HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\nH")
        assert read_answer(peer)[0] == 401


def push_with_a_slow_head():
    with open_proxy() as proxy:
        peer = ask(proxy, b"POST /push HTTP/1.1\r\nHost: p\r\nContent-Length: 1000000\r\n\r\nHTTP", 20)
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 16:
                peer.sendall(b"x")
                time.sleep(0.5)
        took = time.monotonic() - began
        assert 8 < took < 14, took


def answers_that_are_none():
    with open_proxy() as proxy:
        peer = TunnelPeer(proxy.port)
        peer.register("node-a")

        def answered(head, *frames, version="1.1"):
            scraper = get(proxy, "http://node-a:1/metrics", version)
            stream, _ = peer.request()
            peer.send(ANSWER, stream, head)
            for kind, body in frames:
                peer.send(kind, stream, body)
            return scraper
        # What ends with the connection must not look whole when it breaks.
        broken = answered(b"HTTP/1.1 200 OK\r\n\r\n", (DATA, b"up 1\n"), version="1.0")
        assert broken.recv(1000).startswith(b"HTTP/1.1 200")
        peer.send(RESET, 1, b"the target broke off")
        assert read_all(broken)[1] == "reset"
        # A failure has a body of its own, whatever its head said.
        status, head, body = read_answer(answered(b"HTTP/1.1 204 No Content\r\nDrover-Failure: failed\r\n\r\n", (END, b"")))
        assert status == 502 and "content-length: 0" in head.lower() and body == b"", head
        status, head, _ = read_answer_without_body(answered(b"HTTP/1.1 204 No Content\r\nContent-Length: 50\r\n\r\n", (END, b"")))
        assert status == 204 and "content-length" not in head.lower(), head
        # A pushed answer that is not the last one.
        waiting = poll(proxy.port, "node-p")
        wait_until(lambda: "node-p" in proxy.get("/clients")[1], 5, "the poll")
        scraper = get(proxy, "http://node-p:1/metrics", timeout="1")
        number = re.search(rb"\r\nId: (\S+)", read_answer(waiting)[2]).group(1).decode()
        text = f"HTTP/1.1 100 Continue\r\nId: {number}\r\n\r\n"
        assert exchange(proxy.port, f"POST /push HTTP/1.1\r\nHost: p\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())[0] == 400
        assert read_answer(scraper)[0] == 504


def read_answer_without_body(peer):
    return read_answer(peer, head=True)


def words_of_the_newest():
    """An older tunnel that registers again does not speak for the name."""
    with open_proxy() as proxy:
        def entry(word):
            return {"name": "node-b", "targets": [{"port": 1, "labels": {"component": word}}]}
        older, newer = TunnelPeer(proxy.port), TunnelPeer(proxy.port)
        for peer, word in ((older, "old"), (newer, "new"), (older, "old")):
            peer.register(entry(word))
        assert '"component":"new"' in proxy.get("/clients/node-b")[1]


def secrets_of_a_url_stay_out_of_the_log():
    with open_proxy() as proxy:
        assert read_answer(get(proxy, "http://user:geheim@node-x:1/metrics?api_key=geheim"))[0] == 404
        wait_until(lambda: "unknown-name" in proxy.read_log(), 5, "the log line")
        assert "geheim" not in proxy.read_log() and "http://node-x:1/metrics" in proxy.read_log()


if __name__ == "__main__":
    drover.run([relay_left_over_tls, pipelined_pages, relays_are_limited, relays_get_time_at_the_end, push_without_right, push_with_a_slow_head,
                answers_that_are_none, words_of_the_newest, secrets_of_a_url_stay_out_of_the_log])
