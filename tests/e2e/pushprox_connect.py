#!/usr/bin/env python3
"""A real Prometheus scrapes targets with TLS by CONNECT: it checks their certificates itself, behind our pair.

usage: PEERS_BIN=FOLDER pushprox_connect.py BIN_FOLDER
The folder holds prometheus; without it the test is skipped (77).
"""

import hashlib
import json
import ssl
import sys
import time
import urllib.parse

import drover
from drover import Stack, free_port, http as ask, wait_until
from pushprox import Authority, Target, start
from pushprox_interop import PEERS, Peer


def prometheus_by_connect():
    with Stack() as stack:
        ca = Authority(stack.folder)
        contexts = {}
        for name, sans in (("good", "DNS:localhost"), ("other", "DNS:elsewhere")):
            ca.issue(name, sans)
            contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            contexts[name].load_cert_chain(stack.folder / f"{name}.pem", stack.folder / f"{name}.key")
        good, other, closed = Target(contexts["good"]), Target(contexts["other"]), Target(contexts["good"])

        def digest(token):
            return hashlib.sha256(token.encode()).hexdigest()
        stack.write("clients", f"localhost {digest('token-c')}\n")
        stack.write("scrapers", f"prom {digest('token-s')}\n")
        token = stack.write("token", "token-c")
        access = stack.write("access.yml", "clients: {tokens_file: clients}\nscrapers: {tokens_file: scrapers}\nviewers: {tokens_file: scrapers}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={access}"])
        proxy.get = lambda path: ask(proxy.url + path, headers={"Authorization": "Bearer token-s"})
        client = start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=localhost", f"--proxy.token-file={token}", "--transport=tunnel",
                                         f"--allow-port={good.port},{other.port}"])
        wait_until(lambda: proxy.metric("drover_pushprox_tunnels") == 1, 5, "the tunnel")
        jobs = {"good": good, "other": other, "closed": closed}
        config = stack.write("prometheus.yml", "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n" + "".join(
            f"- {{job_name: {job}, scheme: https, proxy_url: 'http://prom:token-s@127.0.0.1:{proxy.port}', tls_config: {{ca_file: ca.pem}}, "
            f"static_configs: [{{targets: ['localhost:{target.port}']}}]}}\n" for job, target in jobs.items()))
        port = free_port()
        prometheus = Peer(stack, "prometheus", port, [f"--config.file={config}", f"--storage.tsdb.path={stack.folder}/data",
                                                      f"--web.listen-address=127.0.0.1:{port}"], "/-/ready")

        def value(query):
            _, body = ask(prometheus.url + "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
            return {one["metric"].get("job", ""): float(one["value"][1]) for one in json.loads(body)["data"]["result"]}

        def errors():
            _, targets = ask(prometheus.url + "/api/v1/targets")
            return {one["labels"]["job"]: one["lastError"] for one in json.loads(targets)["data"]["activeTargets"]}
        wait_until(lambda: value("up") == {"good": 1, "other": 0, "closed": 0}, 20, "what can be scraped is up")
        time.sleep(6)
        assert value("count_over_time(up[5s]) - sum_over_time(up[5s])")["good"] == 0
        why = errors()
        assert why["good"] == "" and "certificate" in why["other"] and "Forbidden" in why["closed"], why
        # One connection is kept for all scrapes of a target; who failed leaves none behind.
        assert proxy.metric("drover_pushprox_relays") == 1, proxy.metric("drover_pushprox_relays")
        # The client goes and comes back: nothing has to be told to Prometheus.
        client.kill()
        wait_until(lambda: value("up").get("good") == 0, 10, "the loss")
        wait_until(lambda: proxy.metric("drover_pushprox_relays") == 0, 5)
        client.start()
        wait_until(lambda: value("up").get("good") == 1, 10, "the return")
        for one in jobs.values():
            one.close()


if __name__ == "__main__":
    if not (PEERS / "prometheus").is_file():
        print("skipped: no prometheus in $PEERS_BIN")
        sys.exit(77)
    drover.run([prometheus_by_connect])
