#!/usr/bin/env python3
"""Each half of drover-pushprox with the real other half of PushProx, scraped by a real Prometheus.

usage: PEERS_BIN=FOLDER pushprox_interop.py BIN_FOLDER [case…]
The folder holds pushprox-proxy, pushprox-client and prometheus; without one of them the test is skipped (77).
"""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse

import drover
from drover import Stack, free_port, http as ask, wait_until
from pushprox import Target, listed, scrape, start

PEERS = pathlib.Path(os.environ.get("PEERS_BIN", "/nonexistent"))
NEEDED = ("pushprox-proxy", "pushprox-client", "prometheus")


class Peer:
    """A running peer."""

    def __init__(self, stack, name, port, args, ready):
        self.name, self.port, self.url = name, port, f"http://127.0.0.1:{port}"
        self.log_path = stack.new_folder(name) / "log"
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([PEERS / name, *args], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        stack.programs.append(self)
        wait_until(lambda: ask(self.url + ready, timeout=1)[0] == 200, 30, f"{name}'s start")

    def read_log(self):
        return self.log_path.read_text(errors="replace")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()


def start_proxy(stack, stock, hold="5s"):
    if not stock:
        return start(stack, "proxy", ["--insecure", f"--poll.hold={hold}"])
    port = free_port()
    return Peer(stack, "pushprox-proxy", port, [f"--web.listen-address=127.0.0.1:{port}"], "/clients")


def start_client(stack, stock, proxy, more=()):
    args = [f"--proxy-url={proxy.url}", "--fqdn=localhost", *more]
    if not stock:
        return start(stack, "client", args)
    port = free_port()
    return Peer(stack, "pushprox-client", port, [*args, f"--metrics-addr=127.0.0.1:{port}"], "/metrics")


def together(stock_proxy, stock_client):
    with Stack() as stack:
        target = Target()
        proxy = start_proxy(stack, stock_proxy)
        start_client(stack, stock_client, proxy)
        wait_until(listed(proxy, "localhost"), 10, "the registration")
        jobs = "".join(f"- {{job_name: {name}, proxy_url: '{proxy.url}', metrics_path: /{name}, static_configs: [{{targets: ['localhost:{target.port}']}}]}}\n"
                       for name in ("metrics", "chunked", "to_end", "missing"))
        config = stack.write("prometheus.yml", "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
                             + jobs.replace("proxy_url", "scrape_interval: 3s, scrape_timeout: 3s, fallback_scrape_protocol: PrometheusText0.0.4, proxy_url"))
        port = free_port()
        prometheus = Peer(stack, "prometheus", port, [f"--config.file={config}", f"--storage.tsdb.path={stack.folder}/data",
                                                      f"--web.listen-address=127.0.0.1:{port}"], "/-/ready")

        def value(query):
            _, body = ask(prometheus.url + "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
            return {one["metric"].get("job", ""): float(one["value"][1]) for one in json.loads(body)["data"]["result"]}
        wait_until(lambda: value("up") == {"metrics": 1, "chunked": 1, "to_end": 1, "missing": 0}, 20, "all targets up")
        time.sleep(12)
        lost = value("count_over_time(up[9s]) - sum_over_time(up[9s])")
        assert all(lost[job] == 0 for job in ("metrics", "chunked", "to_end")), lost
        assert value("down") == {"chunked": 0} and len(value("up{job='metrics'}")) == 1
        _, targets = ask(prometheus.url + "/api/v1/targets")
        errors = {one["labels"]["job"]: one["lastError"] for one in json.loads(targets)["data"]["activeTargets"]}
        assert "404" in errors["missing"], errors
        # What cannot be scraped gets its code from our proxy; upstream's says 500.
        status, _, body = scrape(proxy, "http://localhost:1/metrics")
        assert status == (500 if stock_proxy else 502) and b"refused" in body, (status, body)
        status = scrape(proxy, f"http://localhost:{target.port}/slow", timeout="1")[0]
        assert status == (500 if stock_proxy else 504), status
        target.close()


def our_pair():
    together(False, False)


def stock_client_our_proxy():
    together(False, True)


def our_client_stock_proxy():
    together(True, False)


def stock_pair():
    together(True, True)


if __name__ == "__main__":
    missing = [name for name in NEEDED if not (PEERS / name).is_file()]
    if missing:
        print("skipped: no " + ", ".join(missing) + " in $PEERS_BIN")
        sys.exit(77)
    drover.run([our_pair, stock_client_our_proxy, our_client_stock_proxy, stock_pair])
