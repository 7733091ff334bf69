#!/usr/bin/env python3
"""The exporter in a network namespace made for the test, where every device, route, neighbour and socket is known.

  netns.py OURS            the known things appear with the right values, also while devices come and go
  netns.py OURS PEER       beside the real node_exporter: the same series, help and types; values where they stand still

Needs root and `ip netns`; 77 where there is none (or no PEER). What the kernel lacks (bond, dummy, tc) is left out.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

SKIPPED = 77
ADDRESS = "02:00:5e:00:53:01"


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.returncode == 0


def make_namespace(name):
    """Devices d0 and d1 (a veth pair), br0 over d1; bond0 and dummy0 where the kernel has such."""
    def ip(text, check=True):
        return run("ip", "-n", name, *text.split(), check=check)

    if not run("ip", "netns", "add", name, check=False):
        return False
    ip("link set lo up")
    ip(f"link add d0 address {ADDRESS} mtu 1400 txqueuelen 500 type veth peer name d1")
    run("ip", "-n", name, "link", "set", "d0", "alias", "up link")
    ip("link set d0 group 7")
    ip("link property add dev d0 altname drover-other-name", check=False)
    ip("link add br0 type bridge", check=False) and ip("link set d1 master br0")
    ip("link add bond0 type bond", check=False)
    ip("link add dummy0 type dummy", check=False)
    ip("addr add 10.99.0.1/24 dev d0")
    ip("addr add fd00:99::1/64 dev d0 nodad")
    for device in ("d0", "d1", "br0"):
        ip(f"link set {device} up", check=device != "br0")
    ip("link add down0 type veth peer name down1")
    ip("route add 10.98.0.0/16 via 10.99.0.9 metric 50 proto static")
    ip("route add default via 10.99.0.9")
    ip("route add 10.97.0.0/16 nexthop via 10.99.0.7 weight 1 nexthop via 10.99.0.8 weight 5")
    ip("-6 route add fd00:98::/64 via fd00:99::9 metric 77")
    for last in (2, 3):
        ip(f"neigh add 10.99.0.{last} lladdr 02:00:5e:00:53:{last:02x} nud permanent dev d0")
    ip("-6 neigh add fd00:99::2 lladdr 02:00:5e:00:53:02 nud permanent dev d0")
    if shutil.which("tc"):
        run("tc", "-n", name, "qdisc", "add", "dev", "d0", "root", "pfifo", "limit", "9", check=False)
    return True


class Exporter:
    def __init__(self, path, flags):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = tempfile.TemporaryFile("w+")
        command = [path, f"--web.listen-address=127.0.0.1:{self.port}", "--collector.disable-defaults", *flags]
        self.process = subprocess.Popen(command, stderr=self.log, stdout=self.log)

    def __enter__(self):
        deadline = time.monotonic() + 10
        while True:
            try:
                self.page()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{self.process.args[0]} does not answer: {self.read_log()}")
                time.sleep(0.02)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def page(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()


def samples(page):
    """{series: value} of the node_ families."""
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in page.split("\n") if line.startswith("node_")}


def headings(page):
    return {line for line in page.split("\n") if line.startswith(("# HELP node_", "# TYPE node_"))}


@contextlib.contextmanager
def sockets():
    """Five connections, one of them half closed and one with 1000 unread bytes, and an IPv6 listener."""
    with contextlib.ExitStack() as stack:
        def keep(one):
            return stack.enter_context(one)
        listener = keep(socket.create_server(("127.0.0.1", 0)))
        keep(socket.create_server(("::1", 0), family=socket.AF_INET6))
        pairs = []
        for _ in range(5):
            client = keep(socket.create_connection(listener.getsockname()))
            pairs.append((client, keep(listener.accept()[0])))
        pairs[0][0].shutdown(socket.SHUT_WR)
        pairs[1][0].sendall(b"x" * 1000)
        time.sleep(0.05)
        yield


def flags_of(collectors, *more):
    return ["--collector." + name for name in collectors] + list(more)


TRACEPOINT = "--collector.perf.tracepoint=sched:sched_process_exec"
TRACEPOINT_ID = "/sys/kernel/tracing/events/sched/sched_process_exec/id"
NETWORK = ("arp", "netdev", "netclass", "qdisc", "tcpstat", "network_route", "ethtool")


class Checks:
    def __init__(self, ours):
        self.ours = ours
        deadline = time.monotonic() + 5  # a bridge takes its time to come up
        while True:
            listed = json.loads(subprocess.check_output(["ip", "-j", "-s", "-d", "link"], text=True))
            self.links = {link["ifname"]: link for link in listed}
            moving = [link for link in listed if link["operstate"] != "UP" and link["ifname"] in ("d0", "d1", "br0")]
            if not moving or time.monotonic() > deadline:
                break
            time.sleep(0.05)

    def want(self, got, series, value, exporter=None):
        assert series in got, f"{series} is not there" + (exporter.read_log() if exporter else "")
        assert got[series] == value, f"{series} is {got[series]}, not {value}"

    def known_things_appear(self):
        with sockets(), Exporter(self.ours, flags_of(NETWORK)) as exporter:
            exporter.page()
            got = samples(exporter.page())
            self.check_common(got)
            self.want(got, 'node_arp_entries{device="d0"}', 2)
            for name, link in self.links.items():
                self.want(got, f'node_network_iface_id{{device="{name}"}}', link["ifindex"])
                self.want(got, f'node_network_carrier_changes_total{{device="{name}"}}', got[
                    f'node_network_carrier_up_changes_total{{device="{name}"}}'] + got[
                    f'node_network_carrier_down_changes_total{{device="{name}"}}'])
            self.want(got, 'node_network_info{address="%s",adminstate="up",broadcast="ff:ff:ff:ff:ff:ff",device="d0",'
                      'duplex="full",ifalias="up link",operstate="up"}' % ADDRESS, 1)
            self.want(got, 'node_network_carrier{device="d0"}', 1)
            assert 'node_network_carrier{device="down0"}' not in got, "a carrier of a device that is down"
            self.want(got, 'node_network_protocol_type{device="lo"}', 772)
            self.want(got, 'node_ethtool_info{bus_info="",device="d0",driver="veth",expansion_rom_version="",'
                      'firmware_version="",version="1.0"}', 1)
            self.want(got, 'node_ethtool_peer_ifindex{device="d0"}', self.links["d1"]["ifindex"])
            route = 'node_network_route_info{dest="%s",device="%s",gw="%s",priority="%s",proto="%s",src="%s",weight="%s"}'
            for row in (("10.99.0.0/24", "d0", "", "0", "kernel", "10.99.0.1", ""),
                        ("10.98.0.0/16", "d0", "10.99.0.9", "50", "static", "", ""),
                        ("default", "d0", "10.99.0.9", "0", "boot", "", ""),
                        ("10.97.0.0/16", "d0", "10.99.0.7", "0", "boot", "", "1"),
                        ("10.97.0.0/16", "d0", "10.99.0.8", "0", "boot", "", "5"),
                        ("fd00:98::/64", "d0", "fd00:99::9", "77", "boot", "", "")):
                self.want(got, route % row, 1)
            state = 'node_tcp_connection_states{state="%s"}'
            self.want(got, state % "close_wait", 1)
            self.want(got, state % "fin_wait2", 1)
            assert got[state % "established"] >= 8, "four whole connections have eight ends"
            assert got[state % "listen"] >= 3, "two of ours and the exporter's"
            assert got[state % "rx_queued_bytes"] >= 1000, "unread bytes"
            if self.links["d0"].get("qdisc") == "pfifo":
                assert 'node_qdisc_drops_total{device="d0",kind="pfifo"}' in got, "the root queue"

    def check_common(self, got):
        for series, value in got.items():
            if series.startswith("node_scrape_collector_success"):
                assert value == 1, f"{series} {value}"
        for name, link in self.links.items():
            device = f'{{device="{name}"}}'
            stats = link["stats64"]
            self.want(got, "node_network_mtu_bytes" + device, link["mtu"])
            self.want(got, "node_network_net_dev_group" + device, 7 if name == "d0" else 0)
            self.want(got, "node_network_up" + device, 1 if link["operstate"] == "UP" else 0)
            if name != "lo":
                assert got[f"node_network_receive_packets_total{device}"] >= stats["rx"]["packets"]
                assert got[f"node_network_transmit_bytes_total{device}"] >= stats["tx"]["bytes"]

    def netlink_properties(self):
        flags = ("--collector.netclass.netlink", "--collector.netclass_rtnl.with-stats", "--no-collector.netdev")
        with Exporter(self.ours, flags_of(NETWORK, *flags)) as exporter:
            got = samples(exporter.page())
            self.check_common(got)
            if self.links["d0"].get("altnames"):
                self.want(got, 'node_network_altnames_info{altname="drover-other-name",device="d0"}', 1)
            self.want(got, 'node_network_info{address="%s",broadcast="ff:ff:ff:ff:ff:ff",device="d0",duplex="Full",'
                      'ifalias="up link",operstate="up"}' % ADDRESS, 1)
            self.want(got, 'node_network_speed_bytes{device="d0"}', 1.25e9)
            self.want(got, 'node_network_name_assign_type{device="d0"}', 3)
            self.want(got, 'node_network_transmit_queue_length{device="d0"}', 500)

    def tracepoints_count(self):
        flags = ["--collector.perf", "--collector.perf.disable-hardware-profilers",
                 "--collector.perf.disable-cache-profilers", TRACEPOINT, "--collector.perf.tracepoint=no:such"]
        with Exporter(self.ours, flags) as exporter:
            got = samples(exporter.page())
            if 'node_scrape_collector_success{collector="perf"}' not in got or not os.path.exists(TRACEPOINT_ID):
                print("no tracepoints here")
                return
            assert "tracepoint left out" in exporter.read_log(), exporter.read_log()
            name = "node_perf_sched_sched_process_exec{"
            before = sum(value for series, value in got.items() if series.startswith(name))
            for _ in range(5):
                run("true")
            got = samples(exporter.page())
            after = sum(value for series, value in got.items() if series.startswith(name))
            assert after >= before + 5, f"five programs were started: {before} to {after}"

    def devices_come_and_go(self):
        """A device that vanishes in mid-read takes nothing else with it."""
        end = threading.Event()

        def churn():
            number = 0
            while not end.is_set():
                number += 1
                name = f"churn{number % 8}"
                run("ip", "link", "add", name, "type", "veth", "peer", "name", f"peer{number % 8}", check=False)
                run("ip", "link", "delete", name, check=False)

        for flags in ((), ("--collector.netclass.netlink",)):
            end.clear()
            thread = threading.Thread(target=churn)
            thread.start()
            try:
                with Exporter(self.ours, flags_of(NETWORK, *flags)) as exporter:
                    seen = 0
                    for _ in range(60):
                        got = samples(exporter.page())
                        seen += any("churn" in series for series in got)
                        for series, value in got.items():
                            if series.startswith("node_scrape_collector_success"):
                                assert value == 1, f"{series} {value}: {exporter.read_log()[-2000:]}"
                        self.want(got, 'node_network_up{device="d0"}', 1, exporter)
                    print(f"60 pages, {seen} of them with a passing device")
            finally:
                end.set()
                thread.join()


# Values that stand still; of the others only the series are compared.
STILL = re.compile(r"^node_(arp|network_(?!receive|transmit_(?!queue)|multicast|collisions)|qdisc_(?!bytes|packets)|uname|ethtool|os_|"
                   r"processes_max|timex_(tick|tai|pps|status|sync)|filesystem_(files|size|readonly|device_error|mount))")
# Series that come and go from one moment to the next.
FLEETING = re.compile(r"^node_(processes_(state|threads_state)|tcp_connection_states|exporter_build_info)")


def same_pages(ours, peer, flags):
    with sockets(), Exporter(ours, flags) as a, Exporter(peer, flags) as b:
        b.page(), a.page()
        theirs, own = b.page(), a.page()
    own_values, their_values = samples(own), samples(theirs)
    wrong = []
    for series in sorted(set(own_values) ^ set(their_values)):
        if not FLEETING.match(series):
            wrong.append(("theirs alone: " if series in their_values else "ours alone: ") + series)
    for line in sorted(headings(own) ^ headings(theirs)):
        if "build_info" not in line:
            wrong.append(("theirs alone: " if line in headings(theirs) else "ours alone: ") + line)
    still = 0
    for series in sorted(set(own_values) & set(their_values)):
        if STILL.match(series):
            still += 1
            if own_values[series] != their_values[series]:
                wrong.append(f"{series}: ours {own_values[series]}, theirs {their_values[series]}")
    states = [v for v in (own_values, their_values)]
    for name in ("established", "listen", "close_wait"):
        key = f'node_tcp_connection_states{{state="{name}"}}'
        if key in states[0] and abs(states[0][key] - states[1].get(key, -99)) > 4:
            wrong.append(f"{key}: ours {states[0][key]}, theirs {states[1].get(key)}")
    print(f"{len(own_values)} series, {still} with equal values required: {' '.join(flags)}")
    assert not wrong, "\n  ".join(["differences:"] + wrong)


def beside_the_peer(ours, peer):
    collectors = NETWORK + ("timex", "uname", "filesystem", "processes", "interrupts", "time", "perf")
    same_pages(ours, peer, flags_of(collectors, *([TRACEPOINT] if os.path.exists(TRACEPOINT_ID) else [])))
    same_pages(ours, peer, flags_of(collectors, "--collector.netclass.netlink", "--no-collector.arp.netlink",
                                    "--no-collector.netdev.netlink", "--collector.netdev.address-info",
                                    "--collector.ethtool.device-include=^d[01]$",
                                    "--collector.interrupts.name-exclude=^[0-9]+;",
                                    "--no-collector.interrupts.include-zeros"))
    same_pages(ours, peer, flags_of(("netclass", "qdisc", "ethtool", "netdev"),
                                    "--collector.netdev.enable-detailed-metrics",
                                    "--collector.netdev.label-ifalias",
                                    "--collector.netclass.ignore-invalid-speed",
                                    "--collector.netclass.ignored-devices=^(lo|d1)$",
                                    "--collector.qdisc.device-exclude=^lo$",
                                    "--collector.ethtool.metrics-include=^peer"))
    same_pages(ours, peer, flags_of(("netclass",), "--collector.netclass.netlink",
                                    "--collector.netclass_rtnl.with-stats"))


def inside(ours, peer):
    run("mount", "-t", "tracefs", "nodev", "/sys/kernel/tracing", check=False)  # of this namespace alone
    if peer:
        beside_the_peer(ours, peer)
        return
    checks = Checks(ours)
    checks.known_things_appear()
    checks.netlink_properties()
    checks.tracepoints_count()
    checks.devices_come_and_go()


def main():
    if sys.argv[1] == "--inside":
        inside(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
        return 0
    if len(sys.argv) > 2 and not os.access(sys.argv[2], os.X_OK):
        print("skipped: no node_exporter to stand beside")
        return SKIPPED
    name = f"drover-test-{os.getpid()}"
    if os.geteuid() != 0 or not shutil.which("ip") or not make_namespace(name):
        print("skipped: no ip netns here")
        return SKIPPED
    try:
        return subprocess.run(["ip", "netns", "exec", name, sys.executable, __file__, "--inside", *sys.argv[1:]],
                              timeout=100).returncode
    finally:
        run("ip", "netns", "delete", name, check=False)


if __name__ == "__main__":
    sys.exit(main())
