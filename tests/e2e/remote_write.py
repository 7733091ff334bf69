"""Remote write 1.0 by hand: protobuf messages in snappy blocks of literals."""

import struct

from drover import http


def uvarint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def snappy_encode(data):
    """Literals only."""
    out = bytearray(uvarint(len(data)))
    for at in range(0, len(data), 65536):
        part = data[at:at + 65536]
        out += b"\xf4" + struct.pack("<H", len(part) - 1) + part
    return bytes(out)


def field(number, payload):
    return uvarint(number << 3 | 2) + uvarint(len(payload)) + payload


def series(labels, t_ms, value):
    """One series with one sample, as it stands in a request."""
    message = b"".join(field(1, field(1, k.encode()) + field(2, v.encode())) for k, v in sorted(labels.items()))
    return field(1, message + field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + uvarint(t_ms)))


def send(receiver, messages):
    """Status and body of the answer to a request of these series."""
    return http(receiver.url + "/api/v1/write", snappy_encode(b"".join(messages)),
                headers={"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                         "X-Prometheus-Remote-Write-Version": "0.1.0"})
