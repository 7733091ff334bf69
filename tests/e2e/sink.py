"""A remote-write 1.0 receiver that remembers every sample, and a page for scrapes to read."""

import http.server
import struct
import threading


def uvarint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def snappy_decode(data):
    """A snappy block (google/snappy, format_description.txt)."""
    size, at = uvarint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        kind = tag & 3
        if kind == 0:
            length = tag >> 2
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(data[at:at + extra], "little")
                at += extra
            length += 1
            out += data[at:at + length]
            at += length
            continue
        if kind == 1:
            length = ((tag >> 2) & 7) + 4
            offset = (tag >> 5) << 8 | data[at]
            at += 1
        else:
            width = 2 if kind == 2 else 4
            length = (tag >> 2) + 1
            offset = int.from_bytes(data[at:at + width], "little")
            at += width
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size, "snappy: wrong length"
    return bytes(out)


def fields(data):
    """(number, value) of a protobuf message; value is an int or bytes."""
    at = 0
    while at < len(data):
        key, at = uvarint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = uvarint(data, at)
        elif kind == 1:
            value, at = data[at:at + 8], at + 8
        elif kind == 2:
            length, at = uvarint(data, at)
            value, at = data[at:at + length], at + length
        else:
            value, at = data[at:at + 4], at + 4
        yield key >> 3, value


def decode_write(body):
    """[(series, time, value)] of a request; series is a sorted tuple of label pairs."""
    out = []
    for number, value in fields(snappy_decode(body)):
        if number != 1:
            continue
        labels, samples = [], []
        for inner, part in fields(value):
            if inner == 1:
                pair = dict(fields(part))
                labels.append((pair.get(1, b"").decode(), pair.get(2, b"").decode()))
            elif inner == 2:
                sample = dict(fields(part))
                samples.append((sample.get(2, 0), struct.unpack("<d", sample.get(1, bytes(8)))[0]))
        key = tuple(sorted(labels))
        out += [(key, t, v) for t, v in samples]
    return out


class Sink:
    """Listens on `port`; `requests` are the decoded ones in order of arrival. stop() and start()
    make it go away and come back on the same port."""

    def __init__(self, port=0):
        self.requests = []
        self.bodies = []
        self.lock = threading.Lock()
        self.answer = 204
        self.server = None
        self.port = port
        self.start()

    def start(self):
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with sink.lock:
                    if sink.answer < 300:
                        sink.bodies.append(body)
                self.send_response(sink.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def samples(self):
        """Decoded requests, each a list of (series, time, value), metadata requests left out."""
        with self.lock:
            bodies = list(self.bodies)
        for body in bodies[len(self.requests):]:
            self.requests.append(decode_write(body))
        return [r for r in self.requests if r]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/write"


class Page:
    """A metrics page whose counter tells how often it was read."""

    def __init__(self, series=10):
        page = self
        self.reads = 0
        self.series = series

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page.reads += 1
                text = "# TYPE reads counter\n" + "".join(
                    f'reads{{i="{i}"}} {page.reads}\n' for i in range(page.series))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server.server_address[1]}"
