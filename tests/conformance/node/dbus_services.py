#!/usr/bin/env python3
"""systemd and logind over a D-Bus of the test's own, with objects by python3-dbusmock behind it.

  dbus_services.py OURS          what the objects say appears; a bus that hangs, goes, comes back costs one collector, not a page
  dbus_services.py OURS PEER     beside the real node_exporter: the same series, values, help and types

77 without dbus-daemon, dbusmock or (with PEER) node_exporter.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
try:
    import dbus
    import dbus.bus
    import dbusmock  # noqa: F401 (run as a program)
except ImportError:
    dbus = None

from netns import Exporter, headings, samples

SYSTEMD, LOGIND = "org.freedesktop.systemd1", "org.freedesktop.login1"
SYSTEMD_PATH, LOGIND_PATH = "/org/freedesktop/systemd1", "/org/freedesktop/login1"
MANAGER = SYSTEMD + ".Manager"

# name, load state, active state, [(interface, properties)]
UNITS = [
    ("web.service", "loaded", "active", [
        ("Service", {"Type": "notify", "NRestarts": ("u", 3), "TasksCurrent": ("t", 12), "TasksMax": ("t", 2**64 - 1)}),
        ("Unit", {"ActiveEnterTimestamp": ("t", 1700000000500000)})]),
    ("job.service", "loaded", "failed", [("Service", {"Type": "oneshot", "NRestarts": ("u", 0)})]),
    ("gone.service", "not-found", "inactive", []),
    ("new.service", "loaded", "activating", []),
    ("api.socket", "loaded", "active", [
        ("Socket", {"NAccepted": ("u", 9), "NConnections": ("u", 2), "NRefused": ("u", 1)}),
        ("Unit", {"ActiveEnterTimestamp": ("t", 1700000001000000)})]),
    ("daily.timer", "loaded", "active", [("Timer", {"LastTriggerUSec": ("t", 1600000000250000)})]),
    ("home.mount", "loaded", "active", [("Mount", {"Type": "ext4"})]),
    ("multi-user.target", "loaded", "active", []),
]
SEATS = ["seat0"]
# session, seat, remote, type, class
SESSIONS = [("c1", "seat0", False, "wayland", "user"), ("7", "", True, "tty", "user"), ("8", "", True, "tty", "user"),
            ("9", "seat0", False, "quantum", "manager")]


def typed(value):
    if isinstance(value, tuple):
        return {"u": dbus.UInt32, "t": dbus.UInt64}[value[0]](value[1])
    return dbus.Boolean(value) if isinstance(value, bool) else value


class Bus:
    """A dbus-daemon on a socket of its own and two mocked services."""

    def __init__(self, folder):
        self.socket = os.path.join(folder, "bus")
        self.address = f"unix:path={self.socket}"
        self.daemon = None
        self.mocks = []

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        self.daemon = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={self.address}", "--print-address"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.daemon.stdout.readline()
        self.connection = dbus.bus.BusConnection(self.address)

    def stop(self):
        for process in self.mocks + [self.daemon]:
            process.kill()
            process.wait()
        self.daemon.stdout.close()
        self.mocks = []

    def serve(self, name, path, interface):
        """A mock that owns `name`, with an object at `path`."""
        environment = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=self.address)
        self.mocks.append(subprocess.Popen([sys.executable, "-m", "dbusmock", name, path, interface],
                                           env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 10
        while not self.connection.name_has_owner(name):
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} did not come")
            time.sleep(0.02)
        return dbus.Interface(self.connection.get_object(name, path), "org.freedesktop.DBus.Mock")

    def mock(self, name, path):
        return dbus.Interface(self.connection.get_object(name, path), "org.freedesktop.DBus.Mock")

    def serve_systemd(self):
        manager = self.serve(SYSTEMD, SYSTEMD_PATH, MANAGER)
        manager.AddProperties(MANAGER, dbus.Dictionary(
            {"Version": "252.39-1~deb12u2", "Virtualization": "kvm", "SystemState": "running",
             "UnitsLoadTimestampMonotonic": dbus.UInt64(77)}, signature="sv"))
        rows = []
        for index, (name, load, active, interfaces) in enumerate(UNITS):
            path = f"{SYSTEMD_PATH}/unit/u{index}"
            # The path the peer makes out of the name, and the one that the list gives: both lead there.
            for where in {path, SYSTEMD_PATH + "/unit/" + escaped(name)}:
                manager.AddObject(where, SYSTEMD + ".Unit", dbus.Dictionary({}, signature="sv"),
                                  dbus.Array([], signature="(ssss)"))
                for interface, properties in interfaces:
                    values = {key: typed(value) for key, value in properties.items()}
                    self.mock(SYSTEMD, where).AddProperties(f"{SYSTEMD}.{interface}",
                                                            dbus.Dictionary(values, signature="sv"))
            rows.append((name, "what it is", load, active, "sub", "", path, 0, "", "/"))
        self.set_units(manager, rows)
        return manager

    @staticmethod
    def set_units(manager, rows, first=""):
        items = ", ".join("(%r, %r, %r, %r, %r, %r, dbus.ObjectPath(%r), dbus.UInt32(%d), %r, dbus.ObjectPath(%r))" % row
                          for row in rows)
        manager.AddMethod(MANAGER, "ListUnits", "", "a(ssssssouso)", f"{first}ret = [{items}]")

    def serve_logind(self):
        manager = self.serve(LOGIND, LOGIND_PATH, LOGIND + ".Manager")
        seats = ", ".join(f"({seat!r}, dbus.ObjectPath('{LOGIND_PATH}/seat/{seat}'))" for seat in SEATS)
        rows = []
        for session, seat, remote, kind, klass in SESSIONS:
            path = f"{LOGIND_PATH}/session/_{session}"
            rows.append(f"({session!r}, dbus.UInt32(1000), 'somebody', {seat!r}, dbus.ObjectPath({path!r}))")
            manager.AddObject(path, LOGIND + ".Session", dbus.Dictionary(
                {"Remote": dbus.Boolean(remote), "Type": kind, "Class": klass}, signature="sv"),
                dbus.Array([], signature="(ssss)"))
        manager.AddMethod(LOGIND + ".Manager", "ListSeats", "", "a(so)", f"ret = [{seats}]")
        manager.AddMethod(LOGIND + ".Manager", "ListSessions", "", "a(susso)", f"ret = [{', '.join(rows)}]")


def escaped(name):
    return "".join(c if c.isalnum() else f"_{ord(c):02x}" for c in name)


FLAGS = ["--collector.systemd", "--collector.logind", "--collector.systemd.enable-task-metrics",
         "--collector.systemd.enable-restarts-metrics", "--collector.systemd.enable-start-time-metrics"]


def beside_the_peer(ours, peer):
    for more in ([], ["--collector.systemd.unit-exclude=", "--collector.systemd.unit-include=.*(web|home).*"]):
        with Exporter(ours, FLAGS + more) as a, Exporter(peer, FLAGS + more) as b:
            a.page()
            own, theirs = a.page(), b.page()
        left, right = samples(own), samples(theirs)
        for page in (left, right):
            for series in [s for s in page if "duration_seconds" in s or "build_info" in s]:
                del page[series]
        wrong = [f"{key}: ours {left.get(key)}, theirs {right.get(key)}"
                 for key in sorted(set(left) | set(right)) if left.get(key) != right.get(key)]
        wrong += sorted(line for line in headings(own) ^ headings(theirs) if "build_info" not in line)
        assert not wrong, "\n  ".join(["differences:"] + wrong)
        print(f"{len(left)} series equal")


def want(got, series, value):
    assert got.get(series) == value, f"{series} is {got.get(series)}, not {value}"


def check_whole(got):
    success = 'node_scrape_collector_success{collector="%s"}'
    want(got, success % "systemd", 1)
    want(got, success % "logind", 1)
    want(got, 'node_systemd_unit_state{name="web.service",state="active",type="notify"}', 1)
    want(got, 'node_systemd_unit_state{name="web.service",state="failed",type="notify"}', 0)
    want(got, 'node_systemd_unit_state{name="job.service",state="failed",type="oneshot"}', 1)
    want(got, 'node_systemd_unit_state{name="new.service",state="activating",type=""}', 1)
    assert not any("gone.service" in series or "home.mount" in series for series in got)
    want(got, 'node_systemd_units{state="active"}', 5)
    want(got, 'node_systemd_units{state="deactivating"}', 0)
    want(got, 'node_systemd_service_restart_total{name="web.service"}', 3)
    want(got, 'node_systemd_unit_tasks_current{name="web.service"}', 12)
    assert 'node_systemd_unit_tasks_max{name="web.service"}' not in got, "infinity is no number of tasks"
    want(got, 'node_systemd_unit_start_time_seconds{name="web.service"}', 1700000000.5)
    want(got, 'node_systemd_unit_start_time_seconds{name="job.service"}', 0)
    want(got, 'node_systemd_socket_accepted_connections_total{name="api.socket"}', 9)
    want(got, 'node_systemd_socket_refused_connections_total{name="api.socket"}', 1)
    want(got, 'node_systemd_timer_last_trigger_seconds{name="daily.timer"}', 1600000000.25)
    want(got, 'node_systemd_version{version="252.39-1~deb12u2"}', 252.39)
    want(got, 'node_systemd_virtualization_info{virtualization_type="kvm"}', 1)
    want(got, "node_systemd_system_running", 1)
    want(got, 'node_logind_sessions{class="user",remote="true",seat="",type="tty"}', 2)
    want(got, 'node_logind_sessions{class="other",remote="false",seat="seat0",type="other"}', 1)
    want(got, 'node_logind_sessions{class="greeter",remote="false",seat="seat0",type="x11"}', 0)


def without_the_peer(ours, bus):
    failed = 'node_scrape_collector_success{collector="systemd"}'
    with Exporter(ours, FLAGS + ["--collector.loadavg"]) as exporter:
        check_whole(samples(exporter.page()))
        check_whole(samples(exporter.page()))  # over the same connection
        # A systemd that does not answer.
        manager = bus.mock(SYSTEMD, SYSTEMD_PATH)
        bus.set_units(manager, [], "import time; time.sleep(30); ")
        started = time.monotonic()
        got = samples(exporter.page())
        took = time.monotonic() - started
        want(got, failed, 0)
        want(got, 'node_scrape_collector_success{collector="loadavg"}', 1)
        want(got, 'node_scrape_collector_success{collector="logind"}', 1)
        assert took < 2.5, f"a hanging systemd held the page for {took:.1f} s"
        print(f"a hanging systemd: page after {took:.2f} s")
        # The bus goes: a failure without a wait. It comes back: all there in the first page.
        bus.stop()
        started = time.monotonic()
        want(samples(exporter.page()), failed, 0)
        assert time.monotonic() - started < 1, "no bus is no reason to wait"
        bus.start()
        bus.serve_systemd()
        bus.serve_logind()
        check_whole(samples(exporter.page()))
        # A new daemon behind the kept connection's back.
        bus.stop()
        bus.start()
        bus.serve_systemd()
        bus.serve_logind()
        check_whole(samples(exporter.page()))
    with Exporter(ours, FLAGS + ["--collector.systemd.private"]) as exporter:
        got = samples(exporter.page())  # there is no such socket where no systemd runs
        if not os.path.exists("/run/systemd/private"):
            want(got, failed, 0)


def main():
    if dbus is None or not shutil.which("dbus-daemon"):
        print("skipped: no dbus-daemon or dbusmock")
        return SKIPPED
    if len(sys.argv) > 2 and not os.access(sys.argv[2], os.X_OK):
        print("skipped: no node_exporter to stand beside")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="drover-dbus-") as folder:
        bus = Bus(folder)
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
        bus.start()
        try:
            bus.serve_systemd()
            bus.serve_logind()
            if len(sys.argv) > 2:
                beside_the_peer(sys.argv[1], sys.argv[2])
            else:
                without_the_peer(sys.argv[1], bus)
        finally:
            bus.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
