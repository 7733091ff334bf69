"""The client's end of drover-pushprox's tunnel by hand (docs/formats/tunnel.md), for tests and benchmarks. Standard library only.

    peer = TunnelPeer(proxy.port)
    peer.register("node-a")
    stream, head = peer.request()
    peer.answer(stream, b"up 1\\n")
"""

import base64
import hashlib
import json
import os
import socket
import struct

REGISTER, REGISTERED, REQUEST, ANSWER, DATA, END, RESET, CREDIT, GOAWAY = range(1, 10)
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
MAX_DATA = 16 << 10


def handshake(host="p", path="/tunnel", headers="", key="dGhlIHNhbXBsZSBub25jZQ=="):
    return (f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: drover-tunnel-1\r\n{headers}\r\n").encode()


def accept_of(key):
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


def websocket(payload, opcode=BINARY, mask=b"\0\0\0\0", fin=True):
    """One frame of a client. A mask of zeros is one too, and costs nothing."""
    size = len(payload)
    top = bytes([(0x80 if fin else 0) | opcode])
    top += bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size) if size < 65536 else b"\xff" + struct.pack("!Q", size)
    if mask != b"\0\0\0\0":
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return top + mask + payload


def frame(kind, stream=0, body=b""):
    return websocket(struct.pack("!BI", kind, stream) + body)


def registration(*names):
    """Names as texts, or whole entries."""
    return json.dumps({"names": [{"name": one} if isinstance(one, str) else one for one in names]}).encode()


def answer_frames(stream, body, head="HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"):
    out = frame(ANSWER, stream, f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
    for at in range(0, len(body), MAX_DATA):
        out += frame(DATA, stream, body[at:at + MAX_DATA])
    return out + frame(END, stream)


def take_frame(data):
    """(opcode, payload, rest) of a proxy's frame at the front of `data`, or None."""
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    if size == 126:
        size, at = struct.unpack_from("!H", data, 2)[0] if len(data) >= 4 else 1 << 40, 4
    elif size == 127:
        size, at = struct.unpack_from("!Q", data, 2)[0] if len(data) >= 10 else 1 << 40, 10
    if len(data) < at + size:
        return None
    return data[0] & 0x0F, data[at:at + size], data[at + size:]


class Refused(Exception):
    """The proxy did not open the tunnel. `status` is its answer's."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class TunnelPeer:
    """One tunnel. Pings are answered while waiting for something else."""

    def __init__(self, port, headers="", tls=None, seconds=10, name="localhost"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=name)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(handshake(headers=headers, key=key))
        got = b""
        while b"\r\n\r\n" not in got:
            more = self.socket.recv(65536)
            if not more:
                break
            got += more
        head, _, self.data = got.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1]) if head.startswith(b"HTTP/1.1 ") else 0
        if status != 101:
            self.socket.close()
            raise Refused(status, got.decode("latin-1"))
        assert accept_of(key).encode() in head and b"drover-tunnel-1" in head, head

    def send(self, kind, stream=0, body=b""):
        self.socket.sendall(frame(kind, stream, body))

    def receive(self):
        """(type, stream, body) of the next message; None at the end, with the close frame's payload in `closed`."""
        while True:
            found = take_frame(self.data)
            if found is None:
                more = self.socket.recv(1 << 16)
                if not more:
                    return None
                self.data += more
                continue
            opcode, payload, self.data = found
            if opcode == PING:
                self.socket.sendall(websocket(payload, PONG))
            elif opcode == CLOSE:
                self.closed = payload
                return None
            elif opcode == BINARY:
                kind, stream = struct.unpack_from("!BI", payload)
                return kind, stream, payload[5:]

    def register(self, *names):
        """What the proxy says to it: {"accepted": [...], "refused": [...]}."""
        self.send(REGISTER, 0, registration(*names))
        kind, _, body = self.receive()
        assert kind == REGISTERED, (kind, body)
        return json.loads(body)

    def request(self):
        """The next scrape or CONNECT: (stream, head as text)."""
        while True:
            kind, stream, body = self.receive()
            if kind == REQUEST:
                return stream, body.decode("latin-1")

    def answer(self, stream, body, **more):
        self.socket.sendall(answer_frames(stream, body, **more))

    def close(self):
        self.socket.close()
