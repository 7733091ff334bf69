#!/usr/bin/env python3
"""Clients and scrapers of drover-pushprox behind a load balancer that cuts whatever is idle too long: no scrape may fail.

usage: pushprox_balancer.py BIN_FOLDER [--idle=8] [--seconds=40] [case…]
The figures of docs/pushprox.md: --idle=30 --seconds=600. With $PEERS_BIN a stock client of PushProx stands there too.
"""

import asyncio
import random
import socket
import sys
import threading
import time

import drover
from drover import Skip, Stack, option, wait_until
from pushprox import Target, listed, scrape, start
from pushprox_interop import PEERS, Peer

IDLE, SECONDS = option("idle", 8), option("seconds", 40)


class Balancer:
    """Passes TCP on to `port`; closes both sides of what is silent for IDLE seconds."""

    def __init__(self, port):
        self.target = port
        self.cut = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True).start()

    async def run(self):
        server = await asyncio.start_server(self.serve, sock=self.listener)
        async with server:
            await server.serve_forever()

    async def serve(self, reader, writer):
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        last = time.monotonic()

        async def pump(source, sink):
            nonlocal last
            try:
                while data := await source.read(65536):
                    last = time.monotonic()
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
        pumps = [asyncio.create_task(pump(reader, up_writer)), asyncio.create_task(pump(up_reader, writer))]
        while not any(one.done() for one in pumps):
            await asyncio.wait(pumps, timeout=max(0.05, last + IDLE - time.monotonic()), return_when=asyncio.FIRST_COMPLETED)
            if time.monotonic() - last >= IDLE:
                self.cut += 1
                break
        for one in pumps:
            one.cancel()
        writer.close()
        up_writer.close()


def behind(make_client, pings):
    """Scrapes one name every half second and another so rarely that only what keeps the connection alive helps."""
    with Stack() as stack:
        target = Target()
        proxy = start(stack, "proxy", ["--insecure", f"--poll.hold={IDLE * 25 // 30}s"])
        balancer = Balancer(proxy.port)
        for name in ("localhost", "127.0.0.1"):
            make_client(stack, name, balancer.port)
            wait_until(listed(proxy, name), 15, f"the registration of {name}")
        failed, done, rare = [], 0, time.monotonic() + 1.2 * IDLE
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            names = ["localhost"]
            if time.monotonic() > rare:
                names.append("127.0.0.1")
                rare = time.monotonic() + IDLE * random.uniform(0.9, 1.6)
            for name in names:
                status, _, body = scrape(proxy, f"http://{name}:{target.port}/metrics", timeout="8")
                done += 1
                if status != 200:
                    failed.append((round(time.monotonic() - end + SECONDS, 1), name, status, body[:100]))
            time.sleep(0.5)
        target.close()
        print(f"  {done} scrapes in {SECONDS} s, {len(failed)} failed; the balancer cut {balancer.cut} idle connections")
        assert not failed, failed
        assert not pings or balancer.cut == 0, balancer.cut


def ours(transport, pings):
    def make(stack, name, port):
        start(stack, "client", [f"--proxy-url=http://127.0.0.1:{port}", f"--fqdn={name}", f"--transport={transport}"])
    behind(make, pings)


def polls():
    ours("poll", False)


def tunnel():
    ours("tunnel", True)


def stock_polls():
    if not (PEERS / "pushprox-client").is_file():
        raise Skip("no pushprox-client in $PEERS_BIN")

    def make(stack, name, port):
        metrics = drover.free_port()
        Peer(stack, "pushprox-client", metrics, [f"--proxy-url=http://127.0.0.1:{port}", f"--fqdn={name}", f"--metrics-addr=127.0.0.1:{metrics}"], "/metrics")
    behind(make, False)


if __name__ == "__main__":
    drover.run([polls, tunnel, stock_polls])
