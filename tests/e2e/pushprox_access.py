#!/usr/bin/env python3
"""Who gets which answer: identity x method x path at drover-pushprox's proxy, as a table.

usage: pushprox_access.py BIN_FOLDER [case…]
"""

import os
import socket
import ssl

import drover
from drover import Stack
from pushprox import Authority, digest, read_answer, start
from pushprox_kubernetes import Reviewer

HELD = 0
# What an identity shows: (Authorization or Proxy-Authorization, certificate).
IDENTITIES = {"nobody": ("", ""), "stranger": ("wrong", ""), "client-a": ("token-a", ""), "client-b": ("token-b", ""), "kube-a": ("kube", ""),
              "scraper": ("token-s", ""), "viewer": ("token-v", ""), "cert-a": ("", "cert-a"), "cert-scraper": ("", "cert-scraper"),
              "cert-viewer": ("", "cert-viewer"), "forged-cert": ("", "forged")}
CLIENTS = {"client-a", "client-b", "kube-a", "cert-a", "cert-scraper", "cert-viewer"}  # of some name
PUSH = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nId: 0b9c6e0e-1111-4222-8333-444455556666\r\n\r\nup 1\n"
UPGRADE = ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
           "Sec-WebSocket-Protocol: drover-tunnel-1\r\n")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")


def by_role(identity, allowed, good, nobody=401, others=403):
    if identity in allowed:
        return good
    return nobody if identity in ("nobody", "forged-cert") else others


def table():
    """(what, request line, more fields, body, header of the token, {identity: code})."""
    rows = []

    def row(line, codes, field="Authorization", more="", body=""):
        rows.append((line, more, body, field, {i: codes(i) for i in IDENTITIES}))
    for method in METHODS:
        if method == "POST":
            row("POST /poll", lambda i: by_role(i, {"client-a", "kube-a", "cert-a"}, HELD), body="node-a")
            row("POST /push", lambda i: by_role(i, CLIENTS, 410), body=PUSH)
        else:
            row(f"{method} /poll", lambda i: 405, body="node-a" if method in ("PUT", "PATCH") else "")
            row(f"{method} /push", lambda i: 405, body=PUSH if method in ("PUT", "PATCH") else "")
        if method == "GET":
            row("GET /tunnel", lambda i: by_role(i, CLIENTS, 101), more=UPGRADE)
        read = method in ("GET", "HEAD")
        for path in ("/", "/clients", "/clients.html", "/metrics"):
            row(f"{method} {path}", lambda i: by_role(i, {"viewer", "cert-viewer"}, 200 if read else 405))
        row(f"{method} /clients/node-x", lambda i: by_role(i, {"viewer", "cert-viewer"}, 404 if read else 405))
        row(f"{method} /nothing", lambda i: by_role(i, {"viewer", "cert-viewer"}, 404))
        for path in ("/-/healthy", "/-/ready"):
            row(f"{method} {path}", lambda i: 200 if read else 405)
        row(f"{method} http://node-x:1/metrics", lambda i: by_role(i, {"scraper", "cert-scraper"}, 404 if read else 405, 407), "Proxy-Authorization")
    row("CONNECT node-x:443", lambda i: by_role(i, {"scraper", "cert-scraper"}, 404, 407), "Proxy-Authorization")
    # A token in the other header says nothing.
    by_certificate = {"cert-a", "cert-scraper", "cert-viewer"}
    row("POST /poll", lambda i: HELD if i == "cert-a" else 403 if i in by_certificate else 401, "Proxy-Authorization", body="node-a")
    row("GET /clients", lambda i: 200 if i == "cert-viewer" else 403 if i in by_certificate else 401, "Proxy-Authorization")
    row("GET http://node-x:1/metrics", lambda i: 404 if i == "cert-scraper" else 403 if i in by_certificate else 407)
    row("CONNECT node-x:443", lambda i: 404 if i == "cert-scraper" else 403 if i in by_certificate else 407)
    return rows


def every_cell():
    """The whole table through the real program, over TLS."""
    with Stack() as stack:
        folder = stack.folder
        ca = Authority(folder)
        for name, sans in (("proxy", "IP:127.0.0.1"), ("cert-a", "DNS:node-a"), ("cert-scraper", "DNS:prom.example.com"), ("cert-viewer", "DNS:eye.example.com")):
            ca.issue(name, sans)
        ca.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=node-a",
                   "-addext", "subjectAltName=DNS:node-a", "-keyout", "forged.key", "-out", "forged.pem")
        reviewer = Reviewer(folder, ca)
        kube = reviewer.good("a")
        stack.write("own", "own-token")
        stack.write("web.yml", "tls_server_config: {cert_file: proxy.pem, key_file: proxy.key, client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven}\n")
        stack.write("clients", f"node-a {digest('token-a')}\nnode-b {digest('token-b')}\n")
        stack.write("scrapers", f"s {digest('token-s')}\n")
        stack.write("viewers", f"v {digest('token-v')}\n")
        stack.write("access.yml", "clients:\n  certificates: true\n  tokens_file: clients\n  kubernetes: {service_accounts: [monitoring/drover], "
                    f"api_server: 'https://127.0.0.1:{reviewer.port}', token_file: {folder}/own, ca_file: {folder}/ca.pem}}\n"
                    "scrapers: {tokens_file: scrapers, certificate_names: [prom.example.com]}\n"
                    "viewers: {tokens_file: viewers, certificate_names: [eye.example.com]}\n")
        proxy = start(stack, "proxy", [f"--web.config.file={folder}/web.yml", f"--access.config.file={folder}/access.yml"], "https")
        contexts = {}
        for token, name in IDENTITIES.values():
            context = ssl.create_default_context(cafile=folder / "ca.pem")
            if name:
                context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
            contexts[name] = context

        def code(line, more, body, field, identity):
            token, certificate = IDENTITIES[identity]
            token = kube if token == "kube" else token
            head = f"{line} HTTP/1.1\r\nHost: p\r\n{more}" + (f"{field}: Bearer {token}\r\n" if token else "")
            head += f"Content-Length: {len(body)}\r\n" if body else ""
            try:
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as raw, \
                        contexts[certificate].wrap_socket(raw, server_hostname="127.0.0.1") as peer:
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    peer.sendall(f"{head}\r\n{body}".encode())
                    peer.settimeout(0.15 if line.endswith("/poll") and line.startswith("POST") else 5)
                    got = b""
                    while b"\r\n\r\n" not in got:
                        more_bytes = peer.recv(65536)
                        if not more_bytes:
                            return "closed"
                        got += more_bytes
                    return int(got.split(b" ", 2)[1])
            except TimeoutError:
                return HELD
            except (ssl.SSLError, ConnectionError):
                return "no TLS"
        wrong, cells, codes = [], 0, {}
        for line, more, body, field, wanted in table():
            for identity, want in wanted.items():
                want = "no TLS" if identity == "forged-cert" else want
                got = code(line, more, body, field, identity)
                cells += 1
                codes[got] = codes.get(got, 0) + 1
                if got != want:
                    wrong.append(f"{identity}: {line} ({field}): {got}, not {want}")
        print(f"  {cells} cells: {codes}")
        assert not wrong, "\n" + "\n".join(wrong)
        log = proxy.read_log()
        for secret in ("token-a", "token-b", "token-s", "token-v", kube[-30:], "own-token"):
            assert secret not in log, secret
        reviewer.close()


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([every_cell])
