#!/usr/bin/env python3
"""drover-pushprox with a real Kubernetes API server: tokens bound to pods, reviewed, and gone with their pods.

Takes kube-apiserver and etcd from $PEERS_BIN; there is no kubelet, so pods and nodes are objects only.

usage: pushprox_apiserver.py BIN_FOLDER [case…]
"""

import base64
import json
import os
import pathlib
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import drover
from drover import Skip, Stack, free_port, wait_until
from pushprox import Authority, Target, digest, poll, read_answer, scrape, start

PEERS = pathlib.Path(os.environ.get("PEERS_BIN", "/nonexistent"))
NODE, POD = "authentication.kubernetes.io/node-name", "authentication.kubernetes.io/pod-name"


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
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", method=method, data=json.dumps(body).encode() if body else None,
                                         headers={"Authorization": f"Bearer {self.admin}", "Content-Type": "application/json"})
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


def kube_unknown(token):
    """The same claims under another signature: a token that nobody has seen."""
    head, body, signature = token.split(".")
    return f"{head}.{body}.{signature[:-6]}AAAAAA"


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([bound_tokens])
