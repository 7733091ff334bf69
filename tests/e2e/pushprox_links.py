#!/usr/bin/env python3
"""drover-pushprox client against proxies and balancers that are hostile, half there, or reached over several addresses.

usage: pushprox_links.py BIN_FOLDER [case…]
"""

import base64
import contextlib
import hashlib
import os
import re
import socket
import struct
import threading
import time

import drover
from drover import Stack, free_port, wait_until
from pushprox import Target, digest, rss, scrape, start
from pushprox_targets import TWO, ask_at, client_of, links, needs_own_hosts, reaches, start_at

TUNNEL_OPEN = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               b"Sec-WebSocket-Protocol: drover-tunnel-1\r\nSec-WebSocket-Accept: ")


class Server:
    """Each connection is given to `serve(peer)` on a thread of its own."""

    def __init__(self, serve, hosts=("127.0.0.1",), port=0, receive_buffer=0):
        self.serve, self.listeners, self.peers = serve, {}, []
        for host in hosts:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if receive_buffer:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            listener.bind((host, port))
            listener.listen(50)
            port = listener.getsockname()[1]
            self.listeners[host] = listener
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def accept(self, listener):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self.run, args=(peer,), daemon=True).start()

    def run(self, peer):
        with contextlib.suppress(OSError), peer:
            self.serve(peer)

    def close(self):
        for listener in self.listeners.values():
            listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


def read_head(peer):
    data = b""
    while b"\r\n\r\n" not in data:
        more = peer.recv(65536)
        if not more:
            raise OSError("the client left")
        data += more
    return data


def answer(peer, status, body=b""):
    peer.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


def hold(peer):
    while peer.recv(65536):
        pass


def frame(kind, stream, body=b""):
    payload = struct.pack(">BI", kind, stream) + body
    size = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + struct.pack(">H", len(payload))
    return b"\x82" + size + payload


def open_tunnel(peer):
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", read_head(peer)).group(1)
    peer.sendall(TUNNEL_OPEN + base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()) + b"\r\n\r\n")
    peer.sendall(frame(2, 0, b'{"accepted":["a"],"refused":[]}'))


def bad_token_at_reload():
    """New names come by SIGHUP while the token cannot be read and the address is not listed any more: told later, never at once."""
    needs_own_hosts()
    with Stack() as stack:
        held = Server(lambda peer: (read_head(peer), hold(peer)))  # and nobody at 127.0.0.2
        stack.write("token", "secret\n")
        config = "proxy_token_file: token\nfqdn: a\ntransport: poll\ntargets: [{port: 1}%s]\n"
        client = client_of(stack, f"http://proxy.test:{held.port}", config % "", hosts=TWO)
        wait_until(lambda: links(client, "poll") == 1 and links(client, "down") == 1, 10, "one link up, one down")
        (stack.folder / "hosts").write_text("127.0.0.2 proxy.test\n")
        time.sleep(6)  # the other link's losses have the name looked up
        stack.write("token", "")
        stack.write("client.yml", config % ", {name: b, port: 1}, {name: c, port: 1}, {name: d, port: 1}")
        client.hup()
        wait_until(lambda: "no token in it" in client.read_log(), 5, "the complaint")
        wait_until(lambda: "an address of the proxy is gone" in client.read_log(), 5, "the link's end")
        assert client.metric("pushprox_client_poll_errors_total") >= 1
        client.terminate_well()
        held.close()


def unread_answers():
    """A proxy asks and asks, reads nothing, says GOAWAY, and does so again on the next tunnel."""
    with Stack() as stack:
        page = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000

        def serve_page(peer):
            while True:
                read_head(peer)
                peer.sendall(page)
        target = Server(serve_page)
        tunnels = []

        def ask_all(peer):
            open_tunnel(peer)
            tunnels.append(time.monotonic())
            for number in range(1, 3001):
                peer.sendall(frame(3, number, b"GET http://a:1/ HTTP/1.1\r\nHost: a\r\nId: %d\r\nX-Prometheus-Scrape-Timeout-Seconds: 5\r\n\r\n" % number))
                if number % 40 == 0:
                    time.sleep(0.03)
            peer.sendall(frame(9, 0, b"bye"))
            while True:
                time.sleep(2)
                peer.sendall(b"\x89\x00")
        hostile = Server(ask_all, receive_buffer=4096)
        client = client_of(stack, hostile.url, f"fqdn: a\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n")
        most = 0
        until = time.monotonic() + 15
        while time.monotonic() < until:
            most = max(most, rss(client))
            time.sleep(0.25)
        print(f"  {len(tunnels)} tunnels, RSS {most >> 20} MiB at most")
        assert 2 <= len(tunnels) < 12 and most < 64 << 20, (len(tunnels), most)
        client.terminate_well()
        target.close()
        hostile.close()


def hasty_goaway():
    """A proxy that takes each registration and says GOAWAY at once is come back to later and later."""
    with Stack() as stack:
        tunnels = []

        def leave(peer):
            open_tunnel(peer)
            tunnels.append(time.monotonic())
            peer.sendall(frame(9, 0, b"bye"))
            hold(peer)
        proxy = Server(leave)
        client = client_of(stack, proxy.url, "fqdn: a\ntargets: [{port: 1}]\n")
        time.sleep(9)
        waits = [b - a for a, b in zip(tunnels, tunnels[1:])]
        assert 4 <= len(tunnels) <= 7 and waits[-1] > 2 * waits[0], waits
        client.terminate_well()
        proxy.close()


def refused_credential():
    """A new token that the proxy refuses leaves the tunnel of the old one; one that it takes replaces it."""
    with Stack() as stack:
        target = Target()
        stack.write("clients", f"a {digest('mine')}\na {digest('other')}\n")
        stack.write("readers", f"prom {digest('reader')}\n")
        access = stack.write("access.yml", "clients: {tokens_file: clients}\nscrapers: {tokens_file: readers}\nviewers: {tokens_file: readers}\n")
        stack.write("token", "mine\n")
        proxy = start(stack, "proxy", [f"--access.config.file={access}"])
        reader = {"headers": "Proxy-Authorization: Bearer reader\r\n"}
        client = client_of(stack, proxy, f"fqdn: a\nproxy_token_file: token\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n")
        reaches(proxy, "http://a:1/", **reader)
        stack.write("token", "wrong\n")
        client.hup()
        wait_until(lambda: "new credentials open no tunnel" in client.read_log(), 5, "the complaint")
        until = time.monotonic() + 11
        while time.monotonic() < until:
            assert scrape(proxy, "http://a:1/", **reader)[0] == 200
            time.sleep(0.3)
        assert links(client, "tunnel") == 1 and "polling it" not in client.read_log()
        stack.write("token", "other\n")
        client.hup()
        wait_until(lambda: client.read_log().count("new credentials: another tunnel") == 2, 5, "another tunnel")
        for _ in range(20):
            assert scrape(proxy, "http://a:1/", **reader)[0] == 200
            time.sleep(0.05)
        stack.write("clients", f"a {digest('other')}\n")
        time.sleep(1.5)
        assert scrape(proxy, "http://a:1/", **reader)[0] == 200, "over the new one"
        client.terminate_well()
        target.close()


def balancer_without_proxy():
    """A balancer that accepts and closes while the proxy restarts makes no tunnel a poll."""
    with Stack() as stack:
        target, port = Target(), free_port()
        down = threading.Event()

        def pump(one, other):
            with contextlib.suppress(OSError):
                while data := one.recv(65536):
                    other.sendall(data)
            for peer in (one, other):
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)

        def pass_on(peer):
            if down.is_set():
                return
            behind = socket.create_connection(("127.0.0.1", port))
            balancer.peers.append(behind)
            threading.Thread(target=pump, args=(behind, peer), daemon=True).start()
            pump(peer, behind)
        balancer = Server(pass_on)
        proxy = start_at(stack, f"127.0.0.1:{port}")
        client = client_of(stack, balancer.url, f"fqdn: a\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n")
        wait_until(lambda: links(client, "tunnel") == 1, 10, "the tunnel")
        down.set()
        for peer in list(balancer.peers):
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        time.sleep(8)
        assert links(client, "down") == 1 and "polling it" not in client.read_log(), client.read_log()
        down.clear()
        wait_until(lambda: ask_at(proxy, "http://a:1/") == 200, 4, "its return")
        assert links(client, "tunnel") == 1
        client.terminate_well()
        target.close()
        balancer.close()


def no_upgrade():
    """502 for each upgrade ends in polls; then the tunnel is tried again within seconds."""
    with Stack() as stack:
        asked = []

        def serve(peer):
            while True:
                head = read_head(peer)
                asked.append((time.monotonic(), head.split()[1]))
                if head.startswith(b"GET /tunnel"):
                    answer(peer, 502)
                else:
                    hold(peer)
        proxy = Server(serve)
        client = client_of(stack, proxy.url, "fqdn: a\ntargets: [{port: 1}]\n")
        wait_until(lambda: links(client, "poll") == 1, 15, "polls")
        polled = next(when for when, path in asked if path == b"/poll")
        wait_until(lambda: any(path == b"/tunnel" and when > polled for when, path in asked), 10, "another try")
        assert links(client, "poll") == 1
        client.terminate_well()
        proxy.close()


def standby_takes_over():
    """A stock proxy with two addresses: the one that stands by takes over when the other dies."""
    needs_own_hosts()
    with Stack() as stack:
        lock, polls, dead = threading.Lock(), [], set()

        def serve(peer):
            here = peer.getsockname()[0]
            if here in dead:
                return
            while True:
                if read_head(peer).startswith(b"GET /tunnel"):
                    answer(peer, 404)
                    continue
                with lock:
                    if polls and polls[-1] is not peer:
                        with contextlib.suppress(OSError):
                            answer(polls[-1], 408)
                    polls.append(peer)
        proxy = Server(serve, ("127.0.0.1", "127.0.0.2"))
        client = client_of(stack, f"http://proxy.test:{proxy.port}", "fqdn: a\ntargets: [{port: 1}]\n", hosts=TWO)
        wait_until(lambda: links(client, "poll") == 1 and links(client, "standby") == 1, 15, "one standing by")
        time.sleep(1.5)
        with lock:
            last = polls[-1].getsockname()[0]
            dead.add(last)
            polls[-1].shutdown(socket.SHUT_RDWR)
            count = len(polls)
        began = time.monotonic()
        wait_until(lambda: len(polls) > count and polls[-1].getsockname()[0] != last, 5, "the other address")
        print(f"  after {time.monotonic() - began:.2f} s")
        client.terminate_well()
        proxy.close()


def many_addresses():
    """Six addresses of one proxy: four tunnels, and two that stand by in peace."""
    needs_own_hosts()
    with Stack() as stack:
        target, port = Target(), free_port()
        proxy = start_at(stack, f":{port}")
        proxy.host = "127.0.0.1"
        hosts = "".join(f"127.0.0.{number} proxy.test\n" for number in range(1, 7))
        client = client_of(stack, f"http://proxy.test:{port}", f"fqdn: a\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n", hosts=hosts)
        wait_until(lambda: links(client, "tunnel") == 4 and links(client, "standby") == 2, 10, "four and two")
        said = client.read_log().count("registered with the proxy")
        for _ in range(20):
            assert ask_at(proxy, "http://a:1/") == 200
            time.sleep(0.2)
        assert links(client, "tunnel") == 4 and links(client, "standby") == 2
        assert client.read_log().count("registered with the proxy") == said and "refuses a name" not in client.read_log()
        proxy.kill()
        wait_until(lambda: links(client, "tunnel") == 0, 5, "the proxy's end")
        proxy.start()
        wait_until(lambda: links(client, "tunnel") == 4 and links(client, "standby") == 2, 15, "four and two again")
        client.terminate_well()
        target.close()


def answers_that_are_none():
    """200 without a request is no registration: it is waited, and said once."""
    with Stack() as stack:
        polls = []

        def serve(peer):
            while True:
                polls.append(read_head(peer))
                answer(peer, 200, b"hello")
        proxy = Server(serve)
        client = client_of(stack, proxy.url, "fqdn: a\ntransport: poll\ntargets: [{port: 1}]\n")
        time.sleep(5)
        assert 2 <= len(polls) <= 14, len(polls)
        log = client.read_log()
        assert "registered with the proxy" not in log and log.count("poll failed") == 1, log
        client.terminate_well()
        proxy.close()


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([bad_token_at_reload, unread_answers, hasty_goaway, refused_credential, balancer_without_proxy, no_upgrade,
                standby_takes_over, many_addresses, answers_that_are_none])
