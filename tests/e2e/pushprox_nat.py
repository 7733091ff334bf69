#!/usr/bin/env python3
"""drover-pushprox where it is meant to stand: the proxy in one network, two nodes of the same private address behind NAT in others, each with an
etcd that wants a client certificate. Everything over TLS, with identities, discovered by /clients.

usage: pushprox_nat.py BIN_FOLDER
Skipped (77) without the right to make network namespaces or without nft. With etcd and prometheus in $PEERS_BIN those are the targets and the
scraper; otherwise a server and a scraper of this script are.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import drover
from drover import BIN, Skip, wait_until

PEERS = pathlib.Path(os.environ.get("PEERS_BIN", "/nonexistent"))
PID = os.getpid()
PUBLIC = f"drover-pub{PID}"
OUTSIDE = "10.98.0.1"
INSIDE = "192.168.7.2"
ETCD_STAND_IN = """
import http.server, ssl, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'etcd_server_has_leader 1\\n'
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(('192.168.7.2', 2379), Page)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain('etcd.crt', 'etcd.key')
tls.load_verify_locations('ca.crt')
tls.verify_mode = ssl.CERT_REQUIRED
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def ip(*arguments):
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False).returncode == 0


def must(*arguments):
    assert ip(*arguments), arguments


def inside(namespace, *command, **more):
    return subprocess.run(["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, timeout=20, check=False, **more)


def node_names(i):
    return f"drover-router{i}-{PID}", f"drover-node{i}-{PID}"


def build_networks(made):
    """A switch in the public namespace; behind it two routers with a node each, all nodes 192.168.7.2."""
    for name in [PUBLIC, *node_names(1), *node_names(2)]:
        if not ip("netns", "add", name):
            raise Skip("no right to make network namespaces")
        made.append(name)
        must("-n", name, "link", "set", "lo", "up")
    if inside(PUBLIC, "nft", "list", "ruleset").returncode != 0:
        raise Skip("no nft")
    must("-n", PUBLIC, "link", "add", "sw0", "type", "bridge")
    must("-n", PUBLIC, "addr", "add", f"{OUTSIDE}/24", "dev", "sw0")
    must("-n", PUBLIC, "link", "set", "sw0", "up")
    for i in (1, 2):
        router, node = node_names(i)
        must("link", "add", f"port{i}", "netns", PUBLIC, "type", "veth", "peer", "name", "wan0", "netns", router)
        must("-n", PUBLIC, "link", "set", f"port{i}", "master", "sw0", "up")
        must("link", "add", "lan0", "netns", router, "type", "veth", "peer", "name", "eth0", "netns", node)
        for where, device, address in ((router, "wan0", f"10.98.0.{10 + i}/24"), (router, "lan0", "192.168.7.1/24"), (node, "eth0", f"{INSIDE}/24")):
            must("-n", where, "addr", "add", address, "dev", device)
            must("-n", where, "link", "set", device, "up")
        must("-n", node, "route", "add", "default", "via", "192.168.7.1")
        assert inside(router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward").returncode == 0
        rules = "table ip nat { chain post { type nat hook postrouting priority 100; oifname \"wan0\" masquerade; }; }"
        assert inside(router, "nft", "-f", "-", input=rules).returncode == 0


def make_certificates(folder):
    """A CA, and what it signed: the proxy, etcd, etcd's scraper."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test ca")
    for name, address in (("proxy", OUTSIDE), ("etcd", INSIDE), ("scraper", "127.0.0.9")):
        openssl("req", "-x509", *key, "-CA", "ca.crt", "-CAkey", "ca.key", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}",
                "-addext", f"subjectAltName=IP:{address}", "-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", "basicConstraints=CA:FALSE")


def write_files(folder):
    def write(name, text):
        (folder / name).write_text(text)
    digest = {word: hashlib.sha256(word.encode()).hexdigest() for word in ("node-1-token", "node-2-token", "prom-token", "view-token")}
    write("web.yml", "tls_server_config: {cert_file: proxy.crt, key_file: proxy.key}\n")
    write("clients.tokens", f"node-1 {digest['node-1-token']}\nnode-2 {digest['node-2-token']}\n")
    write("scrapers.tokens", f"prometheus {digest['prom-token']}\n")
    write("viewers.tokens", f"prometheus {digest['view-token']}\n")
    write("access.yml", "clients: {tokens_file: clients.tokens}\nscrapers: {tokens_file: scrapers.tokens}\nviewers: {tokens_file: viewers.tokens}\n")
    for i in (1, 2):
        write(f"token{i}", f"node-{i}-token")
        write(f"client{i}.yml", f"""
proxy_url: https://{OUTSIDE}:8080
proxy_tls_config: {{ca_file: ca.crt}}
proxy_token_file: token{i}
fqdn: node-{i}
targets:
- component: kube-etcd
  port: 2379
  scheme: https
  address: {INSIDE}
  paths: [/metrics]
  tls_config: {{ca_file: ca.crt, cert_file: scraper.crt, key_file: scraper.key, server_name: {INSIDE}}}
""")
    write("prometheus.yml", f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: pushprox
  proxy_url: https://prometheus:prom-token@{OUTSIDE}:8080
  tls_config: {{ca_file: ca.crt}}
  http_sd_configs:
  - url: https://{OUTSIDE}:8080/clients
    refresh_interval: 1s
    basic_auth: {{username: prometheus, password: view-token}}
    tls_config: {{ca_file: ca.crt}}
  relabel_configs:
  - {{source_labels: [component], target_label: job}}
""")


def start_etcd(folder, start, node, i):
    if (PEERS / "etcd").is_file():
        start(node, str(PEERS / "etcd"), f"--data-dir={folder}/etcd{i}", f"--listen-client-urls=https://{INSIDE}:2379", f"--advertise-client-urls=https://{INSIDE}:2379",
              "--listen-peer-urls=http://127.0.0.1:2380", "--client-cert-auth", "--trusted-ca-file=ca.crt", "--cert-file=etcd.crt", "--key-file=etcd.key")
    else:
        start(node, sys.executable, "-c", ETCD_STAND_IN)


def curl(folder, *arguments):
    run = inside(PUBLIC, "curl", "-s", "-m", "8", "--cacert", "ca.crt", "--proxy-cacert", "ca.crt", "-w", "\n%{http_code}", *arguments, cwd=folder)
    body, _, code = run.stdout.rpartition("\n")
    return int(code or 0), body


def scrape(folder, name, *more, proxy=f"https://prometheus:prom-token@{OUTSIDE}:8080", url=None):
    return curl(folder, "--proxy", proxy, *more, url or f"http://{name}:2379/metrics")


def behind_nat():
    running = []
    with tempfile.TemporaryDirectory() as name, open(f"{name}/log", "wb") as log:
        folder = pathlib.Path(name)

        def start(where, *command):
            running.append(subprocess.Popen(["ip", "netns", "exec", where, *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder))
        made = []
        try:
            build_networks(made)
            make_certificates(folder)
            write_files(folder)
            program = str(BIN / "drover-pushprox")
            start(PUBLIC, program, "proxy", f"--web.listen-address={OUTSIDE}:8080", "--web.config.file=web.yml", "--access.config.file=access.yml")
            for i in (1, 2):
                node = node_names(i)[1]
                start_etcd(folder, start, node, i)
                start(node, program, "client", f"--config.file=client{i}.yml", "--metrics-addr=")
            check(folder, start)
        except AssertionError:
            print((folder / "log").read_text(errors="replace")[-3000:])
            raise
        finally:
            for one in running:
                one.kill()
                one.wait()
            for one in made:
                ip("netns", "del", one)


def check(folder, start):
    assert inside(PUBLIC, "curl", "-sk", "-m", "1", f"https://{INSIDE}:2379/metrics").returncode in (7, 28), "a node must not be reachable from outside"
    for node in ("node-1", "node-2"):
        wait_until(lambda: scrape(folder, node)[0] == 200, 20, f"a scrape of {node}")
        assert "etcd_server_has_leader 1" in scrape(folder, node)[1]
    # Identity: nobody scrapes, looks or registers without its own.
    assert scrape(folder, "node-1", proxy=f"https://{OUTSIDE}:8080")[0] == 407
    assert scrape(folder, "node-1", proxy=f"https://x:node-1-token@{OUTSIDE}:8080")[0] == 403
    assert curl(folder, f"https://{OUTSIDE}:8080/clients")[0] == 401
    assert curl(folder, "-u", "x:prom-token", f"https://{OUTSIDE}:8080/clients")[0] == 403
    thief = ("-H", "Authorization: Bearer node-2-token", "-d", "node-1", f"https://{OUTSIDE}:8080/poll")
    assert curl(folder, *thief)[0] == 403
    # The guard: other ports and paths of the node.
    assert scrape(folder, "node-1", url="http://node-1:2380/metrics")[0] == 403
    assert scrape(folder, "node-1", url="http://node-1:2379/v2/keys")[0] == 403
    assert scrape(folder, "node-3")[0] == 404
    status, body = curl(folder, "-u", "x:view-token", f"https://{OUTSIDE}:8080/clients")
    groups = {one["labels"]["node"]: one for one in json.loads(body)}
    assert status == 200 and set(groups) == {"node-1", "node-2"}, body
    assert groups["node-1"]["targets"] == ["node-1:2379"] and groups["node-1"]["labels"]["component"] == "kube-etcd", body
    if (PEERS / "prometheus").is_file():
        prometheus(folder, start)
    new_address(folder)


def prometheus(folder, start):
    start(PUBLIC, str(PEERS / "prometheus"), "--config.file=prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={OUTSIDE}:9090")

    def leaders():
        with contextlib.suppress(ValueError, KeyError):
            body = inside(PUBLIC, "curl", "-s", f"http://{OUTSIDE}:9090/api/v1/query?query=etcd_server_has_leader").stdout
            return {(one["metric"]["job"], one["metric"]["node"]) for one in json.loads(body)["data"]["result"]}
        return None
    wait_until(lambda: leaders() == {("kube-etcd", "node-1"), ("kube-etcd", "node-2")}, 30, "both etcd in Prometheus")


def new_address(folder):
    """The first router gets another address, as a line that dials in anew: what was connected is gone without a word."""
    router = node_names(1)[0]
    must("-n", router, "addr", "del", "10.98.0.11/24", "dev", "wan0")
    must("-n", router, "addr", "add", "10.98.0.21/24", "dev", "wan0")
    began = time.monotonic()
    codes = []

    def works():
        codes.append(scrape(folder, "node-1", "-H", "X-Prometheus-Scrape-Timeout-Seconds: 2")[0])
        return codes[-1] == 200
    wait_until(works, 30, "a scrape after the router's new address")
    print(f"  a new address of the router: {time.monotonic() - began:.1f} s, answers until then {codes[:-1]}")
    assert scrape(folder, "node-2")[0] == 200


if __name__ == "__main__":
    if shutil.which("ip") is None:
        print("skipped: no ip")
        sys.exit(77)
    drover.run([behind_nat])
