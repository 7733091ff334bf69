#!/usr/bin/env python3
"""drover-pushprox client with a table of targets, several names, and several proxies behind one name.

usage: pushprox_targets.py BIN_FOLDER [case…]
"""

import contextlib
import os
import pathlib
import re
import socket
import ssl
import subprocess
import threading
import time

import drover
from drover import BIN, Stack, free_port, http as ask, wait_until
from pushprox import PAGE, Authority, PushProx, Target, digest, pair, read_answer, rss, scrape, start, start_tls

KINDS = ("tunnel", "poll")


class StockProxy:
    """The proxy's end of PushProx by hand: polls wait for ever, pushes are kept, anything else is 404."""

    def __init__(self, to_tunnels=b"HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n"):
        self.to_tunnels = to_tunnels
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.changed = threading.Condition()
        self.polls, self.pushes, self.others, self.peers = {}, {}, [], []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        data = b""
        with contextlib.suppress(OSError):
            while True:
                while b"\r\n\r\n" not in data:
                    more = peer.recv(65536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                found = re.search(rb"(?i)content-length: (\d+)", head)
                size = int(found.group(1)) if found else 0
                while len(data) < size:
                    data += peer.recv(65536)
                body, data = data[:size], data[size:]
                with self.changed:
                    if head.startswith(b"POST /poll "):
                        self.polls[body.decode()] = peer
                    elif head.startswith(b"POST /push "):
                        self.pushes[re.search(rb"\r\nId: (\S+)", body).group(1).decode()] = body.decode("latin-1")
                        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    else:
                        self.others.append(head)
                        peer.sendall(self.to_tunnels)
                    self.changed.notify_all()

    def run(self, name, url, number, seconds=10):
        """What the client pushes for a scrape that its poll for `name` is answered with."""
        text = f"GET {url} HTTP/1.1\r\nHost: x\r\nId: {number}\r\nX-Prometheus-Scrape-Timeout-Seconds: 5\r\n\r\n"
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.polls, seconds), f"no poll for {name}: {list(self.polls)}"
            self.polls.pop(name).sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            assert self.changed.wait_for(lambda: number in self.pushes, seconds), "nothing was pushed"
            return self.pushes.pop(number)

    def close(self):
        self.listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()


def server_context(folder, name, ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if ca:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


TWO = "127.0.0.1 proxy.test\n127.0.0.2 proxy.test\n"


def needs_own_hosts():
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        raise drover.Skip("no right to give a process its own /etc/hosts")


def client_of(stack, proxy, config, *args, hosts=None):
    path = stack.write("client.yml", config)
    url = proxy if isinstance(proxy, str) else proxy.url
    before = ()
    if hosts:
        before = ("unshare", "-m", "sh", "-c", f'mount --bind {stack.write("hosts", hosts)} /etc/hosts && exec "$@"', "client")
    return start(stack, "client", [f"--proxy-url={url}", f"--config.file={path}", "--proxy.retry.initial-wait=100ms", *args], before=before)


def reaches(proxy, url, want=200, seconds=10, **more):
    wait_until(lambda: scrape(proxy, url, **more)[0] == want, seconds, f"{want} for {url}")


def links(client, state):
    return client.metric(f'drover_pushprox_client_links{{state="{state}"}}')


def table():
    """Each name and port is its own target: address, scheme, CA, certificate, token; nothing of one reaches another."""
    for kind in KINDS:
        with Stack() as stack:
            folder = stack.folder
            other_ca = folder / "other"
            other_ca.mkdir()
            ca, other = Authority(folder), Authority(other_ca)
            ca.issue("scheduler", "DNS:node-a")
            ca.issue("etcd-client", "DNS:client")
            other.issue("etcd", "DNS:etcd.local")
            for token in ("scheduler", "etcd"):
                stack.write(f"{token}.token", f"token-of-{token}\n")
            plain, six = Target(), Target(host="::1")
            scheduler = Target(server_context(folder, "scheduler"))
            etcd = Target(server_context(other_ca, "etcd", folder / "ca.pem"))
            proxy = start(stack, "proxy", ["--insecure", "--poll.away-wait=500ms"])
            client = client_of(stack, proxy, f"""
fqdn: node-a
targets:
  - {{port: 9100, address: '127.0.0.1:{plain.port}', paths: [/metrics, /probe], component: node-exporter, labels: {{zone: z1}}}}
  - {{port: 10259, address: '127.0.0.1:{scheduler.port}', scheme: https, component: kube-scheduler,
     authorization: {{credentials_file: scheduler.token}}, tls_config: {{ca_file: ca.pem}}}}
  - {{name: etcd-1, port: 2379, address: '127.0.0.1:{etcd.port}', scheme: https, authorization: {{type: Token, credentials_file: etcd.token}},
     tls_config: {{ca_file: other/ca.pem, cert_file: etcd-client.pem, key_file: etcd-client.key, server_name: etcd.local}}}}
  - {{name: etcd-1, port: 2380, address: '127.0.0.1:{etcd.port}', scheme: https, tls_config: {{ca_file: ca.pem}}}}
  - {{name: 'fd00::1', port: 9100, address: '[::1]:{six.port}'}}
""", f"--transport={kind}")
            reaches(proxy, "http://node-a:9100/metrics")
            reaches(proxy, "http://etcd-1:2379/metrics")
            reaches(proxy, "http://[fd00::1]:9100/metrics")
            table_of = (("http://node-a:9100/metrics", 200), ("http://node-a:9100/probe/x?a=b", 200), ("http://node-a:9100/other", 403),
                        ("http://node-a:9100/metrics/../other", 403), ("http://node-a:10259/any", 200),
                        ("http://node-a:10259/any?_scheme=https", 200), ("http://node-a:2379/metrics", 403), ("http://etcd-1:9100/metrics", 403),
                        ("http://etcd-1:2379/x?_scheme=https", 200), ("http://etcd-1:2380/metrics", 502), ("http://node-a/metrics", 403),
                        ("http://node-b:9100/metrics", 404), (f"http://node-a:{plain.port}/metrics", 403), ("http://127.0.0.1:9100/metrics", 404),
                        ("http://[fd00::1]:9100/x", 200), ("http://[fd00::2]:9100/x", 404), ("http://node-a:9100/metrics?_scheme=https", 502))
            for url, want in table_of:
                status, _, body = scrape(proxy, url)
                assert status == want, (kind, url, status, body)
            tokens = {id(one): {headers.get("Authorization") for _, _, headers in one.seen} for one in (plain, six, scheduler, etcd)}
            assert tokens[id(plain)] == tokens[id(six)] == {None}, tokens
            assert tokens[id(scheduler)] == {"Bearer token-of-scheduler"} and tokens[id(etcd)] == {"Token token-of-etcd"}, tokens
            # A scraper's own Authorization goes on where the table has none.
            assert scrape(proxy, "http://node-a:9100/metrics", headers="Authorization: Bearer mine\r\n")[0] == 200
            assert plain.seen[-1][2]["Authorization"] == "Bearer mine" and plain.seen[-1][2]["Host"] == "node-a:9100", plain.seen[-1]
            assert scrape(proxy, "http://node-a:10259/x", headers="Authorization: Bearer mine\r\n")[0] == 200
            assert scheduler.seen[-1][2]["Authorization"] == "Bearer token-of-scheduler", scheduler.seen[-1]
            assert "token-of" not in client.read_log() + proxy.read_log()
            if kind == "tunnel":
                listed = ask(proxy.url + "/clients")[1]
                for text in ('"node-a:9100"', '"component":"kube-scheduler"', '"zone":"z1"', '"etcd-1:2379"', '"node":"node-a"'):
                    assert text in listed, (text, listed)
                assert links(client, "tunnel") == 1
            else:
                assert links(client, "poll") == 1
            client.terminate_well()
            for one in (plain, six, scheduler, etcd):
                one.close()


def mistakes():
    """A bad file is refused with its place, at the start; at a reload it changes nothing."""
    with Stack() as stack:
        for text, says in (("targets: [{port: 1, scheme: ftp}]", ":1:29: scheme"), ("targets:\n  - port: 99999", ":2:11:"),
                           ("targets:\n  - {port: 1, tokn: x}", "tokn"), ("targets:\n  - {port: 1, authorization: {credentials_file: x}}", "https only"),
                           ("transport: fast", ":1:12:"), ("fqdn: [", "client.yml")):
            path = stack.write("client.yml", text + "\n")
            got = subprocess.run([BIN / "drover-pushprox", "client", "--proxy-url=http://127.0.0.1:1", f"--config.file={path}", "--metrics-addr="],
                                 capture_output=True, text=True, timeout=10)
            assert got.returncode == 1 and says in got.stderr, (text, got.stderr)


def reload():
    """SIGHUP: names and targets come and go without a gap for the others; a broken file leaves what was; another proxy too."""
    for kind in KINDS:
        with Stack() as stack:
            target = Target()
            proxy, second = (start(stack, "proxy", ["--insecure", "--poll.away-wait=300ms"]) for _ in range(2))

            def config(names, url=None):
                return f"proxy_url: {url or proxy.url}\nfqdn: node-a\ntargets:\n" + "".join(
                    f"  - {{name: {name}, port: 9100, address: '127.0.0.1:{target.port}'}}\n" for name in names)
            path = stack.write("client.yml", config(["a", "b"]))
            client = start(stack, "client", [f"--config.file={path}", f"--transport={kind}", "--proxy.retry.initial-wait=100ms"])
            for name in "ab":
                reaches(proxy, f"http://{name}:9100/")
            codes, stop = [], threading.Event()

            def keep_asking():
                while not stop.is_set():
                    codes.append(scrape(proxy, "http://b:9100/")[0])
            asking = threading.Thread(target=keep_asking)
            asking.start()
            stack.write("client.yml", config(["b", "c"]))
            client.hup()
            reaches(proxy, "http://c:9100/")
            wait_until(lambda: scrape(proxy, "http://a:9100/")[0] in (404, 503), 5, "the name that is gone")
            stop.set()
            asking.join()
            assert set(codes) == {200} and len(codes) > 3, (kind, codes)
            stack.write("client.yml", "targets: [{port: 0}]\n")
            client.hup()
            wait_until(lambda: "needs a port" in client.read_log(), 5, "the complaint")
            assert scrape(proxy, "http://c:9100/")[0] == 200
            stack.write("client.yml", config(["c"], second.url))
            client.hup()
            reaches(second, "http://c:9100/")
            wait_until(lambda: scrape(proxy, "http://c:9100/")[0] in (404, 503), 5, "the old proxy's end")
            client.terminate_well()
            target.close()


def rotated_certificates():
    """Certificates that change on disk are used without a restart; a half-written pair is not."""
    with Stack() as stack:
        folder = stack.folder
        old, new = folder / "old", folder / "new"
        for one in (old, new):
            one.mkdir()
            authority = Authority(one)
            authority.issue("target", "DNS:node-a")
            authority.issue("client", "DNS:client")
        for name in ("ca.pem", "client.pem", "client.key"):
            stack.write(name, (old / name).read_text())
        target = Target(server_context(old, "target", old / "ca.pem"))
        port = target.port
        proxy = start(stack, "proxy", ["--insecure"])
        client_of(stack, proxy, f"""
fqdn: node-a
targets: [{{port: 1, address: '127.0.0.1:{port}', scheme: https, tls_config: {{ca_file: ca.pem, cert_file: client.pem, key_file: client.key}}}}]
""")
        reaches(proxy, "http://node-a:1/")
        target.close()
        again = Target(server_context(new, "target", new / "ca.pem"), port=port)
        assert scrape(proxy, "http://node-a:1/")[0] == 200, "the connection that is kept"
        stack.write("client.pem", (new / "client.pem").read_text())  # without its key yet
        assert scrape(proxy, "http://node-a:1/to_end")[0] == 200, "which this one ends"
        status, _, body = scrape(proxy, "http://node-a:1/")
        assert status == 502 and b"certificate" in body, (status, body)
        for name in ("client.key", "ca.pem"):
            stack.write(name, (new / name).read_text())
        reaches(proxy, "http://node-a:1/", 200, 5)
        assert again.seen
        # The files change once more: the connection that is kept shows the old certificate, and is not used again.
        third = folder / "third"
        third.mkdir()
        Authority(third).issue("client", "DNS:client")
        for name in ("client.pem", "client.key"):
            stack.write(name, (third / name).read_text())
        wait_until(lambda: scrape(proxy, "http://node-a:1/")[0] == 502, 5, "the certificate that the target does not know")
        again.close()


def names_over_polls():
    """A stock proxy: 404 for the tunnel, then a poll for each name, and answers by their Id."""
    with Stack() as stack:
        target, stock = Target(), StockProxy()
        client = client_of(stack, f"http://127.0.0.1:{stock.port}", f"""
fqdn: node-a
targets:
  - {{port: 9100, address: '127.0.0.1:{target.port}'}}
  - {{name: b, port: 9100, address: '127.0.0.1:{target.port}', paths: [/metrics]}}
  - {{name: c, port: 9100, address: '127.0.0.1:1'}}
""")
        for number in range(2):
            for name, path, want in (("node-a", "/x", "HTTP/1.1 200 "), ("b", "/metrics", "HTTP/1.1 200 "), ("b", "/x", "not-allowed"),
                                     ("c", "/", "HTTP/1.1 500 ")):
                pushed = stock.run(name, f"http://{name}:9100{path}", f"id-{name}-{number}")
                assert want in pushed and "X-Prometheus-Scrape-Timeout: " in pushed, pushed
        assert stock.others and all(one.startswith(b"GET /tunnel HTTP/1.1") for one in stock.others), stock.others
        wait_until(lambda: links(client, "poll") == 1, 5)
        # A poll of one name does not answer for another.
        assert "not-allowed" in stock.run("b", "http://node-b:9100/metrics", "id-wrong")
        stock.close()
        wait_until(lambda: client.metric("pushprox_client_poll_errors_total") >= 3, 5, "the lost polls")
        # What comes back may know tunnels.
        proxy = start_at(stack, f"127.0.0.1:{stock.port}")
        wait_until(lambda: links(client, "tunnel") == 1, 20, "the tunnel")
        assert scrape(proxy, "http://b:9100/metrics")[0] == 200
        target.close()


def told_to_wait():
    """A proxy that is overrun is not run over: Retry-After counts. One that says nothing at all is polled, in the end."""
    with Stack() as stack:
        busy = StockProxy(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
        client = client_of(stack, f"http://127.0.0.1:{busy.port}", "targets: [{port: 1}]\n")
        wait_until(lambda: len(busy.others) == 1, 5)
        time.sleep(2.5)
        assert len(busy.others) == 1 and not busy.polls, (len(busy.others), busy.polls)
        wait_until(lambda: len(busy.others) == 2, 3, "the next try")
        wait_until(lambda: client.metric("drover_pushprox_client_tunnel_errors_total") == 2, 2)
        busy.close()
        closes, got = socket.create_server(("127.0.0.1", 0)), []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = closes.accept()
                    got.append(peer.recv(4096).split(b" ")[1])
                    peer.close()
        threading.Thread(target=serve, daemon=True).start()
        client_of(stack, f"http://127.0.0.1:{closes.getsockname()[1]}", "targets: [{port: 1}]\n")
        wait_until(lambda: b"/poll" in got, 10, "a poll")
        assert got[:3] == [b"/tunnel"] * 3, got
        closes.close()


def start_at(stack, listen, *args):
    """A proxy on an address of its own."""
    folder = stack.new_folder("proxy")
    program = PushProx.__new__(PushProx)
    program.start = lambda: start_tls(program)
    PushProx.__init__(program, "drover-pushprox proxy", folder, int(listen.rpartition(":")[2]),
                      [str(BIN / "drover-pushprox"), "proxy", f"--web.listen-address={listen}", "--insecure", "--poll.away-wait=500ms", *args])
    host = listen.rpartition(":")[0]
    program.url = f"http://{listen}"
    program.host = host.strip("[]")
    stack.programs.append(program)
    return program


def ask_at(proxy, url):
    """The status of a scrape through a proxy on a loopback address of its own; 0 when nobody listens."""
    with contextlib.suppress(ConnectionError), socket.create_connection((proxy.host, proxy.port), timeout=10) as peer:
        peer.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 3\r\nConnection: close\r\n\r\n".encode())
        return read_answer(peer)[0]
    return 0


def two_proxies():
    """Every address behind the proxy's name is used; one that dies takes nothing with it, and is used again when it is back."""
    needs_own_hosts()
    for kind in KINDS:
        with Stack() as stack:
            target, port = Target(), free_port()
            four, six = start_at(stack, f"127.0.0.1:{port}"), start_at(stack, f"127.0.0.2:{port}")
            client = client_of(stack, f"http://proxy.test:{port}", f"fqdn: node-a\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n",
                               f"--transport={kind}", hosts=TWO)
            wait_until(lambda: links(client, kind) == 2, 10, "both links")
            url = "http://node-a:1/metrics"
            for proxy in (four, six):
                wait_until(lambda p=proxy: ask_at(p, url) == 200, 5, "a scrape")
            four.kill()
            codes = [ask_at(six, url) for _ in range(30)]
            assert set(codes) == {200}, codes
            wait_until(lambda: links(client, kind) == 1, 5, "the lost link")
            four.start()
            began = time.monotonic()
            wait_until(lambda: ask_at(four, url) == 200, 10, "its return")
            print(f"  {kind}: the proxy that came back was used after {time.monotonic() - began:.1f} s")
            # An orderly end: it says so, and the other serves.
            six.process.terminate()
            codes = [ask_at(four, url) for _ in range(30)]
            assert set(codes) == {200}, codes
            six.kill()
            client.terminate_well()
            target.close()


def drained():
    """A proxy that ends says so: what is under way ends as it should, and the client stays with the other."""
    needs_own_hosts()
    with Stack() as stack:
        target, port = Target(), free_port()
        one, two = start_at(stack, f"127.0.0.1:{port}"), start_at(stack, f"127.0.0.2:{port}")
        client = client_of(stack, f"http://proxy.test:{port}", f"fqdn: node-a\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n", hosts=TWO)
        wait_until(lambda: links(client, "tunnel") == 2, 10)
        codes = []
        slow = threading.Thread(target=lambda: codes.append(ask_at(one, "http://node-a:1/slow")))
        slow.start()
        wait_until(lambda: client.metric("drover_pushprox_client_scrapes_in_flight") == 1, 5)
        one.process.terminate()
        wait_until(lambda: "the proxy ends a tunnel" in client.read_log(), 3)
        assert ask_at(two, "http://node-a:1/metrics") == 200
        target.slow.set()
        slow.join()
        assert codes == [200] and one.process.wait(5) == 0, codes
        wait_until(lambda: links(client, "tunnel") == 1 and links(client, "down") == 1, 5, "the link's end")
        target.close()


def rotated_identity():
    """By name only (a minute): another client certificate for the proxy is shown over another tunnel, without a lost scrape."""
    with Stack() as stack:
        folder, target = stack.folder, Target()
        authority = Authority(folder)
        for name, sans in (("proxy", "IP:127.0.0.1"), ("prom", "DNS:prom"), ("node", "DNS:node-a"), ("next", "DNS:node-a")):
            authority.issue(name, sans)
        stack.write("web.yml", "tls_server_config: {cert_file: proxy.pem, key_file: proxy.key, client_ca_file: ca.pem, "
                               "client_auth_type: VerifyClientCertIfGiven}\n")
        stack.write("access.yml", "clients: {certificates: true}\nscrapers: {certificate_names: [prom]}\nviewers: {certificate_names: [prom]}\n")
        proxy = start(stack, "proxy", [f"--web.config.file={folder}/web.yml", f"--access.config.file={folder}/access.yml"], "https")
        client = client_of(stack, f"https://127.0.0.1:{proxy.port}", f"""
fqdn: node-a
proxy_tls_config: {{ca_file: ca.pem, cert_file: node.pem, key_file: node.key}}
targets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]
""")
        trust = ssl.create_default_context(cafile=folder / "ca.pem")
        trust.load_cert_chain(folder / "prom.pem", folder / "prom.key")

        def code():
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as raw, trust.wrap_socket(raw, server_hostname="127.0.0.1") as peer:
                peer.sendall(b"GET http://node-a:1/ HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 3\r\nConnection: close\r\n\r\n")
                return read_answer(peer)[0]
        wait_until(lambda: code() == 200, 10)
        for end in ("pem", "key"):
            (folder / f"next.{end}").replace(folder / f"node.{end}")
        codes = []
        deadline = time.monotonic() + 70
        while "new credentials" not in client.read_log() and time.monotonic() < deadline:
            codes.append(code())
            time.sleep(0.1)
        codes += [code() for _ in range(100)]
        assert client.read_log().count("registered with the proxy") == 2 and set(codes) == {200}, (set(codes), client.read_log())
        assert links(client, "tunnel") == 1
        target.close()


def names_change():
    """A proxy's name that is not there yet; an address that comes, and one that goes with its tunnel."""
    needs_own_hosts()
    with Stack() as stack:
        target, port = Target(), free_port()
        one, two = start_at(stack, f"127.0.0.1:{port}"), start_at(stack, f"127.0.0.2:{port}")
        client = client_of(stack, f"http://proxy.test:{port}", f"fqdn: node-a\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n",
                           hosts="127.0.0.1 localhost\n")
        wait_until(lambda: client.metric("drover_pushprox_client_resolve_errors_total") >= 2, 20, "look-ups that fail")
        assert client.read_log().count("cannot be resolved") == 1
        (stack.folder / "hosts").write_text("127.0.0.1 proxy.test\n")
        wait_until(lambda: links(client, "tunnel") == 1, 20, "the first address")
        (stack.folder / "hosts").write_text("127.0.0.2 proxy.test\n")
        wait_until(lambda: links(client, "tunnel") == 2, 35, "the second address")
        assert ask_at(one, "http://node-a:1/") == ask_at(two, "http://node-a:1/") == 200
        (stack.folder / "hosts").write_text("\n")
        one.kill()
        wait_until(lambda: "an address of the proxy is gone" in client.read_log(), 5, "the first link's end")
        wait_until(lambda: client.read_log().count("cannot be resolved") == 2, 5, "the resolver's complaint")
        assert links(client, "tunnel") == 1 and links(client, "down") == 0
        assert ask_at(two, "http://node-a:1/") == 200, "what there is stays"
        target.close()


def one_proxy_twice():
    """Two addresses of one proxy do not displace each other's polls for ever."""
    needs_own_hosts()
    with Stack() as stack:
        target, port = Target(), free_port()
        proxy = start_at(stack, f":{port}")
        proxy.url, proxy.host = f"http://127.0.0.1:{port}", "127.0.0.1"
        client = client_of(stack, f"http://proxy.test:{port}", f"fqdn: node-a\ntargets: [{{port: 1, address: '127.0.0.1:{target.port}'}}]\n",
                           "--transport=poll", hosts=TWO)
        wait_until(lambda: links(client, "standby") == 1 and links(client, "poll") == 1, 10, "one address standing by")
        errors = client.metric("pushprox_client_poll_errors_total")
        for _ in range(20):
            assert ask_at(proxy, "http://node-a:1/") == 200
            time.sleep(0.1)
        assert client.metric("pushprox_client_poll_errors_total") == errors
        target.close()


def refused_names():
    """A name that the proxy refuses is said once; the others are served; it comes when its right has come."""
    with Stack() as stack:
        target = Target()
        stack.write("clients", f"a {digest('mine')}\n")
        stack.write("readers", f"prom {digest('reader')}\n")
        access = stack.write("access.yml", "clients: {tokens_file: clients}\nscrapers: {tokens_file: readers}\nviewers: {tokens_file: readers}\n")
        stack.write("token", "mine\n")
        proxy = start(stack, "proxy", [f"--access.config.file={access}"])
        reader = {"headers": "Proxy-Authorization: Bearer reader\r\n"}
        client = client_of(stack, proxy, f"proxy_token_file: token\ntargets:\n" + "".join(
            f"  - {{name: {name}, port: 1, address: '127.0.0.1:{target.port}'}}\n" for name in "ab"))
        reaches(proxy, "http://a:1/", **reader)
        wait_until(lambda: "refuses a name" in client.read_log(), 5, "the complaint")
        assert client.metric("drover_pushprox_client_refused_names_total") >= 1
        assert scrape(proxy, "http://b:1/", **reader)[0] == 404
        client.hup()
        wait_until(lambda: client.metric("drover_pushprox_client_refused_names_total") >= 2, 5)
        stack.write("clients", f"a {digest('mine')}\nb {digest('mine')}\n")
        time.sleep(1.2)  # the proxy looks at its files once a second
        client.hup()
        reaches(proxy, "http://b:1/", **reader)
        assert client.read_log().count("refuses a name") == 1, "said once"
        # Another token for all: what the old one opened ends, and the file has the new one.
        stack.write("token", "other\n")
        stack.write("clients", f"a {digest('other')}\nb {digest('other')}\n")
        time.sleep(1.2)
        for name in "ab":
            reaches(proxy, f"http://{name}:1/", **reader)
        assert "mine" not in client.read_log() + proxy.read_log() and "other\n" not in client.read_log()
        target.close()


class Echo:
    """Sends back what comes, with its end last; keeps what it got."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        with contextlib.suppress(OSError), peer:
            while True:
                data = peer.recv(65536)
                if not data:
                    peer.sendall(b"bye")
                    return
                peer.sendall(data)


def connect(proxy, where, seconds=10):
    peer = socket.create_connection(("127.0.0.1", proxy.port), timeout=seconds)
    peer.sendall(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        more = peer.recv(1)
        if not more:
            break
        got += more
    return peer, int(got.split(b" ")[1])


def connects():
    """CONNECT reaches what allows any path or says so, raw, with halves ended one by one; nothing else."""
    with Stack() as stack:
        folder = stack.folder
        Authority(folder).issue("target", "DNS:node-a")
        target, echo = Target(server_context(folder, "target")), Echo()
        proxy = start(stack, "proxy", ["--insecure"])
        client = client_of(stack, proxy, f"""
fqdn: node-a
targets:
  - {{port: 443, address: '127.0.0.1:{target.port}'}}
  - {{port: 7, address: '127.0.0.1:{echo.port}', paths: [/metrics], connect: true}}
  - {{port: 8, address: '127.0.0.1:{echo.port}', paths: [/metrics]}}
  - {{port: 9, address: '127.0.0.1:1'}}
""", "--limit.relays=3")
        wait_until(lambda: links(client, "tunnel") == 1, 10)
        for where, want in (("node-a:8", 403), ("node-a:22", 403), ("node-b:7", 404), ("node-a:9", 502)):
            peer, status = connect(proxy, where)
            peer.close()
            assert status == want, (where, status)
        raw, status = connect(proxy, "node-a:443")
        assert status == 200, status
        trust = ssl.create_default_context(cafile=folder / "ca.pem")
        with trust.wrap_socket(raw, server_hostname="node-a") as peer:
            peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: node-a\r\n\r\n")
            assert read_answer(peer)[2] == PAGE
        peer, status = connect(proxy, "node-a:7", 30)
        assert status == 200
        data = os.urandom(8 << 20)
        sender = threading.Thread(target=lambda: (peer.sendall(data), peer.shutdown(socket.SHUT_WR)))
        time.sleep(0.1)
        before = rss(client)
        sender.start()
        got = bytearray()
        time.sleep(1)  # nothing is read meanwhile: all must wait
        grown = rss(client) - before
        while True:
            more = peer.recv(1 << 16)
            if not more:
                break
            got += more
        sender.join()
        assert bytes(got) == data + b"bye", len(got)
        print(f"  8 MiB through CONNECT while the scraper does not read: client grew by {grown >> 10} KiB")
        assert grown < 3 << 20, grown
        wait_until(lambda: client.metric("drover_pushprox_client_connects") == 0, 5, "the relays' end")
        held = [connect(proxy, "node-a:7") for _ in range(3)]
        assert [status for _, status in held] == [200] * 3
        late, status = connect(proxy, "node-a:7")
        assert status == 502, status
        late.close()
        for peer, _ in held:
            peer.close()
        wait_until(lambda: client.metric("drover_pushprox_client_connects") == 0, 5, "the relays' end")
        client.terminate_well()
        target.close()


def over_a_tunnel():
    """What a pair does over polls it does over a tunnel: framings, codes, scrapers that leave, 100 MB that are not held."""
    with pair(transport="tunnel") as (proxy, client, target, url):
        for path, want in (("/metrics?x=1", 200), ("/missing", 404), ("/to_end", 200), ("/metrics", 200)):
            status, head, _ = scrape(proxy, url + path)
            assert status == want and "X-Prometheus" not in head and "\nId:" not in head, (path, status, head)
        assert re.sub(rb"(?m)^[0-9a-f]+\r\n|\r\n", b"", scrape(proxy, url + "/chunked")[2]) == b"up 1\ndown 0\n"
        status, _, got = scrape(proxy, url + "/metrics", method="HEAD")
        assert status == 200 and got == b"", (status, got)
        assert scrape(proxy, "http://localhost:1/metrics")[0] == 502
        assert scrape(proxy, url + "/slow", timeout="0.5")[0] == 504
        assert len(scrape(proxy, url + "/breaks")[2]) < 1000, "a page that breaks off is not completed"
        wait_until(lambda: client.metric("drover_pushprox_client_scrapes_in_flight") == 0, 5)
        peer = socket.create_connection(("127.0.0.1", proxy.port))
        peer.sendall(f"GET {url}/slow HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 20\r\n\r\n".encode())
        wait_until(lambda: client.metric("drover_pushprox_client_scrapes_in_flight") == 1, 5)
        peer.close()
        wait_until(lambda: client.metric("drover_pushprox_client_scrapes_in_flight") == 0, 5, "the scrape's end")
        target.slow.set()
        before = rss(proxy), rss(client)
        most = list(before)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as peer:
            peer.sendall(f"GET {url}/big HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\nConnection: close\r\n\r\n".encode())
            time.sleep(1)
            got, rounds = 0, 0
            while True:
                more = peer.recv(1 << 20)
                if not more:
                    break
                got, rounds = got + len(more), rounds + 1
                if rounds % 50 == 1:
                    most = [max(most[0], rss(proxy)), max(most[1], rss(client))]
        assert got > 100 << 20, got
        growth = [now - then for now, then in zip(most, before)]
        print(f"  100 MB: RSS grew by {growth[0] >> 10} KiB in the proxy, {growth[1] >> 10} KiB in the client")
        assert max(growth) <= 2 << 20, growth
        client.terminate_well()
        assert scrape(proxy, url + "/metrics")[0] == 503


def idle_memory():
    """A client alone, with a tunnel over TLS."""
    with Stack() as stack:
        Authority(stack.folder).issue("proxy", "IP:127.0.0.1")
        stack.write("web.yml", "tls_server_config: {cert_file: proxy.pem, key_file: proxy.key}\n")
        proxy = start(stack, "proxy", ["--insecure", f"--web.config.file={stack.folder}/web.yml"], "https")
        client = client_of(stack, f"https://127.0.0.1:{proxy.port}", "proxy_tls_config: {ca_file: ca.pem}\ntargets: [{port: 1}]\n")
        wait_until(lambda: links(client, "tunnel") == 1, 10)
        time.sleep(1)
        text = (pathlib.Path("/proc") / str(client.process.pid) / "status").read_text()
        size = {key: int(re.search(rf"{key}:\s+(\d+)", text).group(1)) for key in ("VmRSS", "RssAnon")}
        print(f"  {size['RssAnon']} KiB anonymous, {size['VmRSS']} KiB resident")
        assert size["RssAnon"] <= 4096 and size["VmRSS"] <= 18 << 10, size


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([table, mistakes, reload, rotated_certificates, names_over_polls, told_to_wait, two_proxies, drained, names_change, one_proxy_twice, refused_names, connects, over_a_tunnel, idle_memory], [rotated_identity])
