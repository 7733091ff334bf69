#!/usr/bin/env python3
"""Collectors that ask a service of the host, with stand-ins of the test's own: ntp, supervisord, runit, drm.

  services.py OURS          what the stand-ins say appears; silence and rubbish cost one collector
  services.py OURS PEER     beside the real node_exporter; 77 without one
"""

import os
import pathlib
import socket
import socketserver
import struct
import sys
import tempfile
import threading
import time
import xmlrpc.server

from netns import Exporter, headings, samples

SKIPPED = 77
NTP_EPOCH = 2208988800


class Ntp(socketserver.BaseRequestHandler):
    """A server of stratum 2, set a second ago. `mood` decides about the answer."""
    mood = "good"

    def handle(self):
        question, connection = self.request
        now = time.time() + NTP_EPOCH
        stamp = (int(now) << 32) | int(now % 1 * 2**32)
        answer = struct.pack(">BBbbIII", 0x24, 2, 6, -20, int(0.015 * 65536), int(0.002 * 65536), 0)
        answer += struct.pack(">Q", stamp - (1 << 32)) + question[40:48] + struct.pack(">QQ", stamp, stamp)
        if Ntp.mood == "short":
            answer = answer[:20]
        elif Ntp.mood == "other question":
            answer = answer[:24] + b"\1" * 8 + answer[32:]
        elif Ntp.mood == "not in sync":
            answer = bytes([0xE4]) + answer[1:]
        if Ntp.mood != "silent":
            connection.sendto(answer, self.client_address)


PROCESSES = [
    {"name": "web<1>", "group": "a&b", "start": 1700000000, "stop": 0, "now": 1700000100, "state": 20,
     "statename": "RUNNING", "spawnerr": "", "exitstatus": 0, "stdout_logfile": "/x", "stderr_logfile": "", "pid": 42},
    {"name": "job", "group": "job", "start": 1700000000, "stop": 1700000050, "now": 1700000100, "state": 100,
     "statename": "EXITED", "spawnerr": "no", "exitstatus": 3, "stdout_logfile": "", "stderr_logfile": "", "pid": 0},
]


class XmlRpcHandler(xmlrpc.server.SimpleXMLRPCRequestHandler):
    rpc_paths = ("/RPC2",)

    def address_string(self):  # a Unix socket's peer has no name
        return "peer"


class TcpServer(xmlrpc.server.SimpleXMLRPCServer):
    pass


class UnixServer(socketserver.UnixStreamServer, xmlrpc.server.SimpleXMLRPCDispatcher):
    def __init__(self, path):
        self.logRequests = False
        xmlrpc.server.SimpleXMLRPCDispatcher.__init__(self, False, None, False)
        socketserver.UnixStreamServer.__init__(self, path, UnixHandler)


class UnixHandler(XmlRpcHandler):
    disable_nagle_algorithm = False


def start(server):
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def make_files(folder):
    """Service folders of runit and a graphics card."""
    for name, when, wanted, state, down in (("web", 1700000000, b"u", 1, False), ("job", 1600000000, b"d", 0, True)):
        path = folder / "service" / name / "supervise"
        path.mkdir(parents=True)
        (path / "status").write_bytes(struct.pack(">QI", when + 4611686018427387914, 0) + struct.pack("<I", 4711) +
                                      b"\0" + wanted + b"\0" + bytes([state]))
        if down:
            (path / "down").touch()
    (folder / "service" / "fresh").mkdir()
    card = folder / "sys" / "class" / "drm" / "card0" / "device"
    card.mkdir(parents=True)
    for name, text in (("uevent", "DRIVER=amdgpu\nPCI_ID=1002\n"), ("gpu_busy_percent", "4\n"),
                       ("mem_info_gtt_total", "8573157376\n"), ("mem_info_gtt_used", "144560128\n"),
                       ("mem_info_vram_total", "8573157376\n"), ("mem_info_vram_used", "1490378752\n"),
                       ("mem_info_vram_vendor", "samsung\n"), ("power_dpm_force_performance_level", "manual\n"),
                       ("unique_id", "0123456789abcdef\n")):
        (card / name).write_text(text)
    other = folder / "sys" / "class" / "drm" / "card1" / "device"
    other.mkdir(parents=True)
    (other / "uevent").write_text("DRIVER=i915\n")
    (folder / "sys" / "class" / "drm" / "card0-DP-1").mkdir()


def want(got, series, value):
    assert got.get(series) == value, f"{series} is {got.get(series)}, not {value}"


def flags(folder, ntp_port, url):
    return ["--collector.ntp", f"--collector.ntp.server-port={ntp_port}", "--collector.supervisord",
            f"--collector.supervisord.url={url}", "--collector.runit", f"--collector.runit.servicedir={folder}/service",
            "--collector.drm", f"--path.sysfs={folder}/sys", "--collector.loadavg"]


def success(name):
    return f'node_scrape_collector_success{{collector="{name}"}}'


def check_whole(got):
    for name in ("ntp", "supervisord", "runit", "drm", "loadavg"):
        want(got, success(name), 1)
    want(got, "node_ntp_stratum", 2)
    want(got, "node_ntp_leap", 0)
    assert 0 <= got["node_ntp_rtt_seconds"] < 0.5 and abs(got["node_ntp_offset_seconds"]) < 0.5
    assert abs(got["node_ntp_reference_timestamp_seconds"] + 1 - time.time()) < 2
    assert abs(got["node_ntp_root_delay_seconds"] - 0.015) < 1e-4
    want(got, "node_ntp_sanity", 1)
    want(got, 'node_supervisord_up{group="a&b",name="web<1>"}', 1)
    want(got, 'node_supervisord_start_time_seconds{group="a&b",name="web<1>"}', 1700000000)
    want(got, 'node_supervisord_state{group="job",name="job"}', 100)
    want(got, 'node_supervisord_exit_status{group="job",name="job"}', 3)
    want(got, 'node_supervisord_up{group="job",name="job"}', 0)
    assert 'node_supervisord_start_time_seconds{group="job",name="job"}' not in got
    want(got, 'node_service_state{service="web",supervisor="runit"}', 1)
    want(got, 'node_service_desired_state{service="job",supervisor="runit"}', 0)
    want(got, 'node_service_normal_state{service="job",supervisor="runit"}', 0)
    want(got, 'node_service_state_last_change_timestamp_seconds{service="web",supervisor="runit"}', 1700000000)
    assert not any('"fresh"' in series for series in got)
    want(got, 'node_drm_memory_vram_used_bytes{card="card0"}', 1490378752)
    want(got, 'node_drm_memory_vis_vram_used_bytes{card="card0"}', 0)
    want(got, 'node_drm_card_info{card="card0",memory_vendor="samsung",power_performance_level="manual",'
         'unique_id="0123456789abcdef",vendor="amd"}', 1)
    assert not any("card1" in series for series in got)


def beside_the_peer(ours, peer, arguments):
    with Exporter(ours, arguments) as a, Exporter(peer, arguments) as b:
        own, theirs = a.page(), b.page()
    left, right = samples(own), samples(theirs)
    moving = ("duration_seconds", "build_info", "node_ntp_rtt", "node_ntp_offset", "node_ntp_reference", "node_load",
              "node_ntp_root")
    wrong = []
    for key in sorted(set(left) | set(right)):
        if "build_info" in key:
            continue
        same = key in left and key in right if any(word in key for word in moving) else left.get(key) == right.get(key)
        if not same:
            wrong.append(f"{key}: ours {left.get(key)}, theirs {right.get(key)}")
    wrong += sorted(line for line in headings(own) ^ headings(theirs) if "build_info" not in line)
    assert not wrong, "\n  ".join(["differences:"] + wrong)
    print(f"{len(left)} series equal")


def odd_services(ours, folder, ntp_port):
    """Nobody there, silence, rubbish: the rest of the page comes."""
    silent = socket.create_server(("127.0.0.1", 0))

    def rubbish(text):
        server = socket.create_server(("127.0.0.1", 0))

        def answer():
            while True:
                try:
                    peer = server.accept()[0]
                except OSError:
                    return
                peer.recv(65536)
                peer.sendall(text)
                peer.close()
        threading.Thread(target=answer, daemon=True).start()
        return server

    body = b"<methodResponse><params><param><value><array><data><value><struct><member><name>a"
    servers = [rubbish(b""), rubbish(b"\xff\x00" * 500), rubbish(b"HTTP/1.0 500 No\r\n\r\n"),
               rubbish(b"HTTP/1.0 200 OK\r\nContent-Length: 9999\r\n\r\n<?xml"),
               rubbish(b"HTTP/1.0 200 OK\r\n\r\n" + body), rubbish(b"HTTP/1.0 200 OK\r\n\r\n" + b"<value>" * 5000)]
    for server in servers + [silent]:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/RPC2"
        with Exporter(ours, flags(folder, ntp_port, url)) as exporter:
            started = time.monotonic()
            got = samples(exporter.page())
            assert time.monotonic() - started < 2.5
            want(got, success("supervisord"), 0)
            want(got, success("loadavg"), 1)
        server.close()
    url = "http://127.0.0.1:1/RPC2"
    for mood in ("silent", "short", "other question"):
        Ntp.mood = mood
        with Exporter(ours, flags(folder, ntp_port, url)) as exporter:
            got = samples(exporter.page())
            want(got, success("ntp"), 0)
            want(got, success("supervisord"), 0)
            want(got, success("runit"), 1)
    Ntp.mood = "not in sync"
    with Exporter(ours, flags(folder, ntp_port, url)) as exporter:
        got = samples(exporter.page())
        want(got, success("ntp"), 1)
        want(got, "node_ntp_leap", 3)
        want(got, "node_ntp_sanity", 0)
    Ntp.mood = "good"


def main():
    ours, peer = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    if peer and not os.access(peer, os.X_OK):
        print("skipped: no node_exporter to stand beside")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="drover-services-") as name:
        folder = pathlib.Path(name)
        make_files(folder)
        ntp = start(socketserver.UDPServer(("127.0.0.1", 0), Ntp))
        tcp = start(TcpServer(("127.0.0.1", 0), XmlRpcHandler, logRequests=False))
        unix = start(UnixServer(str(folder / "supervisor.sock")))
        for server in (tcp, unix):
            server.register_function(lambda: PROCESSES, "supervisor.getAllProcessInfo")
        ntp_port = ntp.server_address[1]
        for url in (f"http://127.0.0.1:{tcp.server_address[1]}/RPC2", f"unix://{folder}/supervisor.sock"):
            if peer:
                beside_the_peer(ours, peer, flags(folder, ntp_port, url))
                continue
            with Exporter(ours, flags(folder, ntp_port, url)) as exporter:
                check_whole(samples(exporter.page()))
        if not peer:
            odd_services(ours, folder, ntp_port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
