#!/usr/bin/env python3
"""What drover-pushprox's proxy tells about its clients: HTTP service discovery and the page.

usage: pushprox_discovery.py BIN_FOLDER [case…]
"""

import json
import os
import pathlib
import socket
import subprocess
import threading
import time
import urllib.parse

import drover
from drover import Skip, Stack, free_port, http as ask, wait_until
from pushprox import digest, listed, poll, scrape, start
from tunnel_peer import TunnelPeer

PEERS = pathlib.Path(os.environ.get("PEERS_BIN", "/nonexistent"))
EXAMPLE = pathlib.Path(__file__).parents[2] / "packaging/examples/prometheus-pushprox.yml"


def node(name, *targets, **labels):
    """A name as it is registered; targets are (port, path, component)."""
    return {"name": name, "labels": {"node": name, **labels}, "targets": [{"port": p, "path": path, "labels": {"component": c}} for p, path, c in targets]}


NODE_A = node("node-a", (10257, "/metrics", "kube-controller-manager"), (10250, "/metrics/cadvisor", "kubelet"), (10250, "/metrics", "kubelet"))


class Node(threading.Thread):
    """A client on a tunnel that answers every scrape with which it was."""

    def __init__(self, port, entry, headers=""):
        super().__init__(daemon=True)
        self.peer = TunnelPeer(port, headers=headers)
        assert self.peer.register(entry)["accepted"] == [entry["name"]]
        self.start()

    def run(self):
        try:
            while True:
                stream, head = self.peer.request()
                url = urllib.parse.urlsplit(head.split(" ")[1])
                self.peer.answer(stream, f'asked{{url_path="{url.path}",url_port="{url.port}"}} 1\n'.encode())
        except (OSError, TypeError):
            pass

    def leave(self):
        self.peer.socket.shutdown(socket.SHUT_RDWR)  # close alone does nothing while another thread reads
        self.join(5)
        self.peer.close()


def polling_clients():
    """Clients that poll stand there as PushProx lists them; one is asked for by name."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        assert ask(proxy.url + "/clients") == (200, "[]\n")
        with poll(proxy.port, "node-a"), poll(proxy.port, "fd00::1"):
            wait_until(lambda: listed(proxy, "node-a")() and listed(proxy, "fd00::1")(), 5)
            assert json.loads(ask(proxy.url + "/clients")[1]) == [{"targets": ["fd00::1"], "labels": None}, {"targets": ["node-a"], "labels": None}]
            assert json.loads(ask(proxy.url + "/clients/node-a")[1]) == [{"targets": ["node-a"], "labels": None}]
            assert json.loads(ask(proxy.url + "/clients/fd00::1")[1])[0]["targets"] == ["fd00::1"]
            assert json.loads(ask(proxy.url + "/clients/fd00%3A%3A1")[1])[0]["targets"] == ["fd00::1"]
            assert ask(proxy.url + "/clients/node-b")[0] == 404
            assert ask(proxy.url + "/clients?component=kubelet") == (200, "[]\n")
            for path in ("/", "/clients.html"):
                status, page = ask(proxy.url + path)
                assert status == 200 and "2 names, 2 alive" in page and "node-a" in page, page
            assert "node-a" not in ask(proxy.url + "/?search=fd00")[1].split("<table>")[1]
        proxy.terminate_well()


def viewers_only():
    """Nobody else sees the list, also not by its other paths."""
    with Stack() as stack:
        folder = stack.folder
        stack.write("viewers", f"prom {digest('viewer')}\n")
        stack.write("scrapers", f"prom {digest('scraper')}\n")
        stack.write("clients", f"node-a {digest('client')}\n")
        stack.write("access.yml", "clients: {tokens_file: clients}\nviewers: {tokens_file: viewers}\nscrapers: {tokens_file: scrapers}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={folder}/access.yml"])
        with poll(proxy.port, "node-a", "Authorization: Bearer client\r\n"):
            for path in ("/", "/clients", "/clients/node-a", "/clients.html", "/metrics", "/clients/", "//clients", "/./clients", "/%2Fclients"):
                assert ask(proxy.url + path)[0] == 401, path
                for token in ("client", "scraper", "x"):
                    assert ask(proxy.url + path, headers={"Authorization": f"Bearer {token}"})[0] == 403, (path, token)
            viewer = {"Authorization": "Bearer viewer"}
            wait_until(lambda: "node-a" in ask(proxy.url + "/clients", headers=viewer)[1], 5)
            for path in ("/", "/clients/node-a", "/clients.html", "/metrics"):
                assert ask(proxy.url + path, headers=viewer)[0] == 200, path


def tunnels():
    """Ports, paths and labels of what a tunnel registers, alive by the connection; what is not a client's to say is left out."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure", "--registration.timeout=2s"])
        hostile = node("node-b", (1, "/m?x=1&y=a%20b", "c"), job="prod", instance="x", pushprox_client="node-a", port="7")
        first, second = Node(proxy.port, NODE_A), Node(proxy.port, hostile)
        groups = json.loads(ask(proxy.url + "/clients")[1])
        assert [g["targets"][0] for g in groups] == ["node-a:10257", "node-a:10250", "node-a:10250", "node-b:1"], groups
        assert groups[1]["labels"] == {"node": "node-a", "component": "kubelet", "pushprox_client": "node-a", "port": "10250", "path": "/metrics/cadvisor",
                                       "__metrics_path__": "/metrics/cadvisor"}, groups[1]
        assert groups[3]["labels"] == {"node": "node-b", "component": "c", "pushprox_client": "node-b", "port": "1", "path": "/m?x=1&y=a%20b",
                                       "__metrics_path__": "/m", "__param_x": "1", "__param_y": "a b"}, groups[3]
        assert len(json.loads(ask(proxy.url + "/clients?component=kubelet")[1])) == 2
        assert len(json.loads(ask(proxy.url + "/clients/node-a?component=kube-controller-manager")[1])) == 1
        assert proxy.metric('drover_pushprox_registered_names{state="tunnel"}') == 2
        assert proxy.metric('drover_pushprox_requests_in_flight{role="client"}') == 2
        assert proxy.metric('drover_pushprox_requests_in_flight{role="viewer"}') == 1, "this one"
        sent = proxy.metric('drover_pushprox_sent_bytes_total{role="scraper"}')
        status, head, body = scrape(proxy, "http://node-a:1/metrics")
        assert status == 200 and proxy.metric('drover_pushprox_sent_bytes_total{role="scraper"}') - sent == len(head) + 4 + len(body)
        assert proxy.metric('drover_pushprox_request_duration_seconds_count{role="scraper"}') == 1
        assert proxy.metric('drover_pushprox_requests_in_flight{role="scraper"}') == 0
        assert proxy.metric('drover_pushprox_received_bytes_total{role="client"}') > 300
        page = ask(proxy.url + "/")[1]
        assert "2 names, 2 alive" in page and "tunnel" in page and "kube-controller-manager :10257/metrics" in page, page
        second.leave()
        wait_until(lambda: "2 names, 1 alive" in ask(proxy.url + "/")[1] or "1 names" in ask(proxy.url + "/")[1], 5, "the tunnel's end")
        wait_until(lambda: ask(proxy.url + "/clients/node-b")[0] == 404, 6, "the name's end")
        assert len(json.loads(ask(proxy.url + "/clients")[1])) == 3
        first.leave()


def many():
    """10,000 targets: the list comes at once, and scrapes do not wait for it."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        peer = [TunnelPeer(proxy.port) for _ in range(40)]
        for i, one in enumerate(peer):
            one.register(*[node(f"node-{i}-{k}", *[(p, "/metrics", "c") for p in range(1, 5)]) for k in range(64)])
        started = time.monotonic()
        status, body = ask(proxy.url + "/clients")
        took = time.monotonic() - started
        print(f"  {len(json.loads(body))} groups, {len(body) >> 20} MiB in {took:.2f} s")
        assert status == 200 and len(json.loads(body)) == 40 * 64 * 4 and took < 2
        started = time.monotonic()
        ask(proxy.url + "/metrics")
        assert time.monotonic() - started < 0.2
        for one in peer:
            one.close()


def prometheus():
    """packaging/examples/prometheus-pushprox.yml under a real Prometheus: one job scrapes every target of every client."""
    if not (PEERS / "prometheus").exists():
        raise Skip("no prometheus in $PEERS_BIN")
    with Stack() as stack:
        folder = stack.folder
        for role in ("viewer", "scraper", "client"):
            stack.write(role + ".token", role)
            stack.write(role + "s", "".join(f"{n} {digest(role)}\n" for n in ("node-a", "node-b", "node-c")))
        stack.write("access.yml", "clients: {tokens_file: clients}\nviewers: {tokens_file: viewers}\nscrapers: {tokens_file: scrapers}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={folder}/access.yml"])
        token = "Authorization: Bearer client\r\n"
        nodes = [Node(proxy.port, NODE_A, token), Node(proxy.port, node("node-b", (2381, "/metrics", "kube-etcd")), token)]
        text = EXAMPLE.read_text()
        for old, new in (("SCRAPER-TOKEN", "scraper"), ("https://", "http://"), ("pushprox.example.com:8080", f"127.0.0.1:{proxy.port}"),
                         ("/etc/prometheus/pushprox-viewer.token", f"{folder}/viewer.token"), ("refresh_interval: 30s", "refresh_interval: 1s")):
            assert old in text, old
            text = text.replace(old, new)
        path = stack.write("prometheus.yml", "global: {scrape_interval: 1s}\n" + text)
        if (PEERS / "promtool").exists():
            subprocess.run([PEERS / "promtool", "check", "config", path], check=True, capture_output=True)
            subprocess.run([PEERS / "promtool", "check", "config", "--syntax-only", EXAMPLE], check=True, capture_output=True)
        port = free_port()
        with open(folder / "prometheus.log", "ab") as log:
            server = subprocess.Popen([PEERS / "prometheus", f"--config.file={path}", f"--storage.tsdb.path={folder}/tsdb",
                                       f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

        def series(query):
            status, body = ask(f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
            return json.loads(body)["data"]["result"] if status == 200 else []

        def up():
            return sorted((s["metric"]["job"], s["metric"]["instance"], s["metric"]["metrics_path"], s["metric"]["node"], s["value"][1]) for s in series("up"))
        wanted = [("kube-controller-manager", "node-a:10257", "/metrics", "node-a", "1"), ("kube-etcd", "node-b:2381", "/metrics", "node-b", "1"),
                  ("kubelet", "node-a:10250", "/metrics", "node-a", "1"), ("kubelet", "node-a:10250", "/metrics/cadvisor", "node-a", "1")]
        try:
            with poll(proxy.port, "node-c", token):  # says nothing of ports: not a target
                wait_until(lambda: up() == wanted, 30, f"the targets: {up()}")
                assert {s["metric"]["url_path"] for s in series('asked{job="kubelet"}')} == {"/metrics", "/metrics/cadvisor"}
                assert {"port", "path", "pushprox_client"}.isdisjoint(series("up")[0]["metric"])
                nodes[1].leave()
                wait_until(lambda: ("kube-etcd", "node-b:2381", "/metrics", "node-b", "0") in up(), 15, "node-b down")
        finally:
            server.terminate()
            server.wait(20)
            nodes[0].leave()


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([polling_clients, viewers_only, tunnels, many, prometheus])
