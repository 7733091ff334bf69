#!/usr/bin/env python3
"""Recorded exchanges of real PushProx, with each half of drover-pushprox in turn in the place of the real one.

usage: exchanges.py BIN_FOLDER [case…]
The recordings are $DROVER_DATA/pushprox/exchanges.json (else ../shared/data beside the checkout); without them: skipped (77).
Identifiers, ports, dates and lengths that depend on them are replaced; what ours does otherwise on purpose is listed below.
"""

import json
import os
import pathlib
import re
import socket
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import drover  # noqa: E402
from drover import Stack, wait_until  # noqa: E402
from pushprox import Target, listed, read_answer, start  # noqa: E402

DATA = pathlib.Path(os.environ.get("DROVER_DATA", ROOT.parent / "shared/data")) / "pushprox/exchanges.json"
# Ours passes on GET and HEAD only, replaces a scraper's own Id, and takes CONNECT with name:port instead of a URL.
DIFFERENT = {"post": 405, "own_id_header": 200, "connect": 400}
HONEST = {"target_refused": 502, "https_scheme": 502, "no_timeout_header": 502, "target_slow": 504, "unknown_name": 404}


def message(data):
    """(first line, {lower-case name: [values]}, body) of an HTTP message."""
    head, _, body = data.partition("\r\n\r\n")
    lines = head.split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip())
    return lines[0], fields, body


def plain_body(fields, body):
    if fields.get("transfer-encoding") != ["chunked"]:
        return body
    out = ""
    while True:
        size, _, rest = body.partition("\r\n")
        count = int(size, 16)
        if count == 0:
            return out
        out, body = out + rest[:count], rest[count + 2:]


def part(case, sender, what):
    for one in case["client_proxy_exchange"]:
        if one["from"] == sender and what in one["bytes"]:
            return one["bytes"]
    return None


def ours_as_proxy(case, compat):
    """The recorded client and scraper talk to our proxy."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure", "--poll.away-wait=1s"] + (["--compat.status-codes"] if compat else []))
        recorded_poll = RECORDED["first_poll"][0]["bytes"]
        waiting = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        waiting.sendall(recorded_poll.encode("latin-1"))
        wait_until(listed(proxy, "localhost"), 5)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as scraper:
            began = time.monotonic()
            scraper.sendall(case["scraper_request"].encode("latin-1"))
            handed = part(case, "proxy", "X-Prometheus" if case["case"] != "no_timeout_header" else "Id:")
            number = None
            if handed and case["case"] != "post":
                status, head, body = read_answer(waiting)
                line, fields, _ = message(body.decode("latin-1"))
                want_line, want, _ = message(message(handed)[2])
                assert status == 200 and message(head)[1]["content-type"] == ["text/plain; charset=utf-8"], head
                assert line == want_line, (line, want_line)
                number = fields.pop("id")
                assert len(number) == 1 and len(number[0]) == 36, number
                for gone in ("id", "connection"):
                    want.pop(gone, None)
                seconds = float(fields.pop("x-prometheus-scrape-timeout-seconds")[0])
                limit = float(want.pop("x-prometheus-scrape-timeout-seconds", ["15"])[0])
                assert limit - 1 < seconds <= limit, (seconds, limit)
                assert fields == want, (fields, want)
            pushed = part(case, "client", "POST /push")
            if pushed and number:
                inner = re.sub(r"(?m)^Id: \S+", "Id: " + number[0], message(pushed)[2], count=1)
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as pusher:
                    head = re.sub(r"Content-Length: \d+", f"Content-Length: {len(inner)}", message_head(pushed))
                    pusher.sendall((head + inner).encode("latin-1"))
                    status, head, body = read_answer(pusher)
                    assert status == 200 and body == b"", (status, body)
            status, head, body = read_answer(scraper)
            took = time.monotonic() - began
        _, want, want_body = message(case["scraper_response"])
        _, got, _ = message(head)
        code = int(case["scraper_response"].split(" ")[1])
        if case["case"] in DIFFERENT:
            expected = 500 if compat and case["case"] in ("post", "connect") else DIFFERENT[case["case"]]
            assert status == expected, (status, expected)
            return
        assert status == (code if compat else HONEST.get(case["case"], code)), (status, code)
        if case["case"] == "unknown_name":
            assert took < 0.9, took
        if pushed:
            assert plain_body(got, body.decode("latin-1")) == want_body, (body, want_body)
            for field in ("content-type", "server", "date"):
                if field in message(message(pushed)[2])[1]:
                    assert got.get(field) == want.get(field), (field, got, want)
            assert "id" not in got and "x-prometheus-scrape-timeout" not in got, got


def message_head(data):
    return data.partition("\r\n\r\n")[0] + "\r\n\r\n"


class PlayedProxy:
    """Answers polls with what it is given, and keeps what is pushed."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.tasks, self.polls, self.pushes = [], [], []
        self.changed = threading.Condition()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = peer.recv(65536)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            while (len(data) < int(length.group(1)) if length else not data.endswith(b"\r\n0\r\n\r\n")):
                data += peer.recv(65536)
            count = int(length.group(1)) if length else len(data)
            body, data = data[:count], data[count:]
            _, fields, _ = message(head.decode("latin-1") + "\r\n\r\n")
            with self.changed:
                if head.startswith(b"POST /poll "):
                    self.polls.append(body.decode())
                    self.changed.wait_for(lambda: self.tasks)
                    peer.sendall(self.tasks.pop(0).encode("latin-1"))
                else:
                    self.pushes.append(plain_body(fields, body.decode("latin-1")))
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                self.changed.notify_all()

    def run(self, answer):
        with self.changed:
            self.tasks.append(answer)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.pushes, 10), "nothing was pushed"
            return self.pushes.pop()


def ours_as_client(cases):
    """Our client gets the recorded polls' answers, and a target that answers as the recorded one did."""
    with Stack() as stack:
        target, played = Target(), PlayedProxy()
        start(stack, "client", [f"--proxy-url=http://127.0.0.1:{played.port}", "--fqdn=localhost", "--transport=poll"])
        for case in cases:
            handed = part(case, "proxy", "Id:")
            pushed = part(case, "client", "POST /push")
            if not handed or case["case"] in ("own_id_header", "no_timeout_header"):
                continue
            request = message(handed)[2].replace(":9100", f":{target.port}").replace("/metrics", "/recorded")
            inner = played.run(f"HTTP/1.1 200 OK\r\nContent-Length: {len(request)}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{request}")
            line, fields, body = message(inner)
            assert fields["id"] == message(request)[1]["id"] and len(fields["x-prometheus-scrape-timeout"]) == 1, fields
            if case["case"] in ("target_slow", "target_refused", "https_scheme", "post"):
                assert line.startswith("HTTP/1.1 500 ") and fields["drover-failure"], (case["case"], inner)
                continue
            want_line, want, want_body = message(message(pushed)[2])
            assert line == want_line, (line, want_line)
            if case["case"] == "chunked":
                assert plain_body(fields, body) == plain_body(want, want_body), (body, want_body)
                assert fields["transfer-encoding"] == ["chunked"]
        assert set(played.polls) == {"localhost"}
        target.close()


RECORDED = json.loads(DATA.read_text()) if DATA.is_file() else None


def as_proxy():
    for case in RECORDED["cases"]:
        for compat in (False, True):
            try:
                ours_as_proxy(case, compat)
            except AssertionError as error:
                raise AssertionError(f"{case['case']}, compat {compat}: {error}") from error


def as_client():
    ours_as_client(RECORDED["cases"])


def clients_page():
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        with socket.create_connection(("127.0.0.1", proxy.port)) as waiting:
            waiting.sendall(RECORDED["first_poll"][0]["bytes"].encode("latin-1"))
            wait_until(lambda: drover.http(proxy.url + "/clients")[1] == RECORDED["clients"], 5, "the recorded /clients")


def metric_names():
    with Stack() as stack:
        target = Target()
        proxy = start(stack, "proxy", ["--insecure"])
        client = start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=localhost"])
        wait_until(listed(proxy, "localhost"), 5)
        with socket.create_connection(("127.0.0.1", proxy.port)) as scraper:
            scraper.sendall(f"GET http://localhost:{target.port}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert read_answer(scraper)[0] == 200
        for program, names in ((proxy, "proxy_metrics"), (client, "client_metrics")):
            page = program.get("/metrics")[1]
            for name in RECORDED[names]:
                assert f"# TYPE {name}\n" in page, name
        target.close()


if __name__ == "__main__":
    if RECORDED is None:
        print(f"skipped: no {DATA}")
        sys.exit(77)
    drover.run([as_proxy, as_client, clients_page, metric_names])
