#!/usr/bin/env python3
"""drover-pushprox with a real Kubernetes API server: tokens bound to pods, reviewed, and gone with their pods.

Takes kube-apiserver and etcd from $PEERS_BIN; there is no kubelet, so pods and nodes are objects only.

usage: pushprox_apiserver.py BIN_FOLDER [case…]
"""

import base64
import json
import os
import pathlib
import re
import secrets
import socket
import ssl
import subprocess
import time
import urllib.request

import drover
from drover import Skip, Stack, free_port, wait_until
from pushprox import Authority, Target, digest, poll, read_answer, scrape, start

PEERS = pathlib.Path(os.environ.get("PEERS_BIN", "/nonexistent"))
EXAMPLE = pathlib.Path(__file__).parents[2] / "packaging/examples/pushprox-kubernetes.yml"


class ApiServer:
    """etcd and kube-apiserver on the loopback; `call` speaks REST as system:masters."""

    def __init__(self, stack, ca):
        for name in ("kube-apiserver", "etcd"):
            if not (PEERS / name).exists():
                raise Skip(f"no {name} in $PEERS_BIN")
        folder = self.folder = stack.folder
        ca.issue("kube", "IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc")
        subprocess.run(["openssl", "genrsa", "-out", "sa.key", "2048"], cwd=folder, check=True, capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"], cwd=folder, check=True, capture_output=True)
        self.admin = secrets.token_hex(16)
        (folder / "tokens.csv").write_text(f'{self.admin},admin,1,"system:masters"\n')
        client, peer, self.port = free_port(), free_port(), free_port()
        self.processes = []
        self.run("etcd", "--name=e1", f"--data-dir={folder}/etcd", "--unsafe-no-fsync", "--log-level=warn", f"--listen-client-urls=http://127.0.0.1:{client}",
                 f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                 f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=e1=http://127.0.0.1:{peer}")
        self.arguments = [
            f"--etcd-servers=http://127.0.0.1:{client}", "--bind-address=127.0.0.1", f"--secure-port={self.port}", "--advertise-address=127.0.0.1",
            "--service-cluster-ip-range=10.96.0.0/16", f"--tls-cert-file={folder}/kube.pem", f"--tls-private-key-file={folder}/kube.key",
            f"--token-auth-file={folder}/tokens.csv", "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local", f"--service-account-key-file={folder}/sa.pub",
            f"--service-account-signing-key-file={folder}/sa.key"]
        self.server = self.run("kube-apiserver", *self.arguments)
        self.context = ssl.create_default_context(cafile=folder / "ca.pem")
        wait_until(self.ready, 90, "the API server")

    def run(self, name, *arguments):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen([PEERS / name, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        self.processes.append(process)
        return process

    def ready(self):
        assert self.server.poll() is None, (self.folder / "kube-apiserver.log").read_text()[-2000:]
        try:
            return self.call("GET", "/readyz", raw=True) == "ok"
        except OSError:
            time.sleep(0.3)
            return False

    def call(self, method, path, body=None, raw=False):
        """`body` is an object, or YAML as text."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body else None
        kind = "application/yaml" if isinstance(body, str) else "application/json"
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", method=method, data=data,
                                         headers={"Authorization": f"Bearer {self.admin}", "Content-Type": kind, "Accept": "application/json"})
        with urllib.request.urlopen(request, context=self.context, timeout=10) as answer:
            text = answer.read().decode()
        return text if raw else json.loads(text)

    def token(self, account, pod=None, audience="drover-pushprox", seconds=3600):
        spec = {"expirationSeconds": seconds}
        if audience:
            spec["audiences"] = [audience]
        if pod:
            spec["boundObjectRef"] = {"kind": "Pod", "apiVersion": "v1", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
        made = self.call("POST", f"/api/v1/namespaces/monitoring/serviceaccounts/{account}/token",
                         {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": spec})
        return made["status"]["token"]

    def pod(self, name, node, account="drover"):
        return self.call("POST", "/api/v1/namespaces/monitoring/pods", {
            "kind": "Pod", "apiVersion": "v1", "metadata": {"name": name},
            "spec": {"nodeName": node, "serviceAccountName": account, "containers": [{"name": "c", "image": "none"}]}})

    def populate(self):
        self.call("POST", "/api/v1/namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "monitoring"}})
        for node in ("localhost", "node-b"):
            self.call("POST", "/api/v1/nodes", {"kind": "Node", "apiVersion": "v1", "metadata": {"name": node}})
        for account in ("drover", "proxy", "other"):
            self.call("POST", "/api/v1/namespaces/monitoring/serviceaccounts",
                      {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": account}})

    def let_proxy_review(self):
        self.call("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
            "kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "drover-pushprox-proxy"},
            "rules": [{"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]}]})
        self.call("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
            "kind": "ClusterRoleBinding", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "drover-pushprox-proxy"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "drover-pushprox-proxy"},
            "subjects": [{"kind": "ServiceAccount", "namespace": "monitoring", "name": "proxy"}]})

    def stop_server(self):
        self.server.terminate()
        self.server.wait(30)

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()


def bound_tokens():
    """A pod's token speaks for its node; another audience, account, name, and a pod that is gone do not."""
    with Stack() as stack:
        ca = Authority(stack.folder)
        kube = ApiServer(stack, ca)
        target = Target()
        try:
            kube.populate()
            folder = stack.folder
            stack.write("own", kube.token("proxy", audience=None))
            stack.write("readers", f"prom {digest('scraper')}\n")
            stack.write("access.yml", f"clients: {{kubernetes: {{service_accounts: [monitoring/drover], api_server: 'https://127.0.0.1:{kube.port}', "
                        f"token_file: {folder}/own, ca_file: {folder}/ca.pem, cache: 2s, names: ['{{node}}', '{{node}}_*']}}}}\n"
                        "scrapers: {tokens_file: readers}\nviewers: {tokens_file: readers}\n")
            proxy = start(stack, "proxy", [f"--access.config.file={folder}/access.yml", "--poll.away-wait=1s"])

            def code(name, token):
                """0: the poll is held."""
                with poll(proxy.port, name, f"Authorization: Bearer {token}\r\n") as peer:
                    peer.settimeout(3)
                    try:
                        return read_answer(peer)[0]
                    except TimeoutError:
                        return 0
            pod_a, pod_b = kube.pod("drover-a", "localhost"), kube.pod("drover-b", "node-b")
            other = kube.pod("other", "localhost", "other")
            token_a, token_b = kube.token("drover", pod_a), kube.token("drover", pod_b)
            assert code("localhost", token_a) == 503, "the proxy may not review yet"
            wait_until(lambda: "may not create tokenreviews" in proxy.read_log(), 5)
            kube.let_proxy_review()
            wait_until(lambda: code("localhost", token_a) == 0, 10, "the role to count")
            assert code("localhost_etcd", token_a) == 0
            assert code("node-b", token_b) == 0
            payload = json.loads(base64.urlsafe_b64decode(token_a.split(".")[1] + "=="))
            print(f"  token's own words: {sorted(payload)}; {len(token_a)} bytes")
            assert code("node-b", token_a) == 403 and code("localhost", token_b) == 403
            assert code("localhost", kube.token("drover", pod_a, audience=None)) == 403, "for the API server itself"
            assert code("localhost", kube.token("drover", pod_a, audience="other")) == 403
            assert code("localhost", kube.token("other", other)) == 403
            assert code("localhost", kube.token("drover")) == 403, "bound to no pod: no node"
            head, body, _ = token_a.split(".")
            assert code("localhost", f"{head}.{body}.{token_b.split('.')[2]}") == 403, "another's signature"
            assert code("localhost", kube.admin) == 403

            stack.write("token", token_a)
            client = start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=localhost", f"--allow-port={target.port}",
                                             f"--proxy.token-file={folder}/token"])
            url = f"http://localhost:{target.port}/metrics"

            def page():
                return scrape(proxy, url, headers="Proxy-Authorization: Bearer scraper\r\n")[0]
            wait_until(lambda: page() == 200, 5, "a scrape")
            # The API server away: what is known goes on.
            kube.stop_server()
            for _ in range(6):
                assert page() == 200
                time.sleep(1)
            assert code("node-b", kube_unknown(token_b)) == 503
            kube.server = kube.run("kube-apiserver", *kube.arguments)
            wait_until(kube.ready, 60, "the API server's return")
            assert page() == 200
            # The pod goes, and with it its token.
            kube.call("DELETE", "/api/v1/namespaces/monitoring/pods/drover-a?gracePeriodSeconds=0")
            gone = time.monotonic()
            wait_until(lambda: page() == 503, 90, "the token's end")
            print(f"  a deleted pod's token ended after {time.monotonic() - gone:.1f} s with a cache of 2 s")
            assert code("localhost", token_a) == 403
            client.terminate_well()
            proxy.terminate_well()
        finally:
            target.close()
            kube.close()


COLLECTIONS = {"Namespace": "/api/v1/namespaces", "ServiceAccount": "/api/v1/namespaces/monitoring/serviceaccounts",
               "ConfigMap": "/api/v1/namespaces/monitoring/configmaps", "Service": "/api/v1/namespaces/monitoring/services",
               "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
               "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
               "Deployment": "/apis/apps/v1/namespaces/monitoring/deployments", "DaemonSet": "/apis/apps/v1/namespaces/monitoring/daemonsets"}


def example_manifest():
    """packaging/examples/pushprox-kubernetes.yml: the API server takes it whole, and its programs work with its rights, arguments and files."""
    with Stack() as stack:
        ca = Authority(stack.folder)
        kube = ApiServer(stack, ca)
        try:
            folder = stack.folder
            made = {}
            for text in EXAMPLE.read_text().split("\n---\n"):
                kind = re.search(r"(?m)^kind: (\w+)$", text).group(1)
                found = kube.call("POST", COLLECTIONS[kind] + "?fieldValidation=Strict", text)
                made[kind, found["metadata"]["name"]] = found
            assert len(made) == 11, sorted(made)
            kube.call("POST", "/api/v1/nodes", {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "localhost"}})
            # The files of the pods, in a folder.
            ca.issue("server", "IP:127.0.0.1,DNS:localhost")
            for path in ("config", "tls", "readers", "token", "own", "host/var/lib/rancher/rke2/agent/pod-manifests"):
                (folder / path).mkdir(parents=True)
            for name, text in made["ConfigMap", "pushprox-proxy"]["data"].items():
                text = text.replace("/etc/pushprox", str(folder))
                if name == "access.yml":
                    text = text.replace("kubernetes: {", f"kubernetes: {{api_server: 'https://127.0.0.1:{kube.port}', token_file: {folder}/own/token, ca_file: {folder}/ca.pem, ")
                (folder / "config" / name).write_text(text)
            for name, source in (("tls.crt", "server.pem"), ("tls.key", "server.key"), ("ca.crt", "ca.pem")):
                (folder / "tls" / name).write_text((folder / source).read_text())
            (folder / "readers/readers").write_text(f"prometheus {digest('reader')}\n")
            (folder / "own/token").write_text(kube.token("pushprox-proxy", audience=None))
            (folder / "host/var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml").write_text("x")
            pod = kube.pod("client-1", "localhost", "pushprox-client")
            (folder / "token/token").write_text(kube.token("pushprox-client", pod))

            def arguments(kind, name, **more):
                spec = made[kind, name]["spec"]["template"]["spec"]["containers"][0]
                out = []
                for text in spec["args"][1:]:
                    for old, new in (("/etc/pushprox", str(folder)), ("/var/run/pushprox", f"{folder}/token"), ("$(NODE_NAME)", "localhost"),
                                     ("/host", f"{folder}/host"), *more.get("also", ())):
                        text = text.replace(old, new)
                    if not text.startswith(("--web.listen", "--metrics-addr")):
                        out.append(text)
                return out
            proxy = start(stack, "proxy", arguments("Deployment", "pushprox-proxy"), "https")
            client = start(stack, "client", arguments("DaemonSet", "pushprox-client", also=[("pushprox.monitoring.svc:8080", f"127.0.0.1:{proxy.port}")]))

            def get(target, header):
                trust = ssl.create_default_context(cafile=folder / "ca.pem")
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw, trust.wrap_socket(raw, server_hostname="127.0.0.1") as peer:
                    peer.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n{header}: Bearer reader\r\nX-Prometheus-Scrape-Timeout-Seconds: 3\r\n\r\n".encode())
                    return read_answer(peer)
            wait_until(lambda: b"kube-proxy" in get("/clients", "Authorization")[2], 10, "the client's registration")
            group, = json.loads(get("/clients", "Authorization")[2])
            assert group["targets"] == ["localhost:10249"] and group["labels"]["component"] == "kube-proxy" and group["labels"]["node"] == "localhost", group
            status, _, body = get("http://localhost:10249/metrics", "Proxy-Authorization")
            assert status == 502 and b"onnect" in body, "asked for, and nothing listens there"
            assert get("http://localhost:10250/metrics", "Proxy-Authorization")[0] == 403
            client.terminate_well()
            proxy.terminate_well()
        finally:
            kube.close()


def kube_unknown(token):
    """The same claims under another signature: a token that nobody has seen."""
    head, body, signature = token.split(".")
    return f"{head}.{body}.{signature[:-6]}AAAAAA"


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([bound_tokens, example_manifest])
