#!/usr/bin/env python3
"""A FUSE mount that never answers, and drover-node-exporter beside it.

  stuck_mount.py PROGRAM

In a mount and process namespace of its own: /dev/fuse is opened and mounted, and nobody ever reads it, so that statfs
hangs. The first page and every later one must come within the deadline (--collector.filesystem.mount-timeout) + 50 ms (250 ms under sanitizers),
with every series of a page without that mount, and say which mount hangs. Ends with 77 where there is no /dev/fuse or
no right to mount.
"""
import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

DEADLINE = 1.0
SLACK = 0.25 if "DROVER_SANITIZED" in os.environ else 0.05  # sanitizers cannot keep the figure
LIBC = ctypes.CDLL(None, use_errno=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Exporter:
    def __init__(self, program):
        self.port = free_port()
        self.process = subprocess.Popen(
            [program, f"--web.listen-address=127.0.0.1:{self.port}",
             f"--collector.filesystem.mount-timeout={int(DEADLINE * 1000)}ms"], stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).read()
                return
            except OSError:
                time.sleep(0.02)
        sys.exit("the exporter does not answer")

    def page(self):
        start = time.monotonic()
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30).read().decode()
        return time.monotonic() - start, text

    def end(self):
        self.process.kill()
        self.process.wait()


def series(text):
    # What comes and goes by itself: the exporter's own requests, devices of other tests.
    own = re.compile(r"^(#|promhttp_|process_|drover_|node_(network|arp|softnet|cpu_frequency|thermal|hwmon)_)")
    return {line.rsplit(" ", 1)[0] for line in text.splitlines() if not own.match(line)}


def mount_stuck(folder):
    fd = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
    if LIBC.mount(b"stuck", folder.encode(), b"fuse.stuck", 0, options) != 0:
        print("skipped: cannot mount:", os.strerror(ctypes.get_errno()))
        sys.exit(77)
    return fd


def inner(program):
    healthy = Exporter(program)
    healthy.page()
    usual = min(healthy.page()[0] for _ in range(3))
    want = series(healthy.page()[1])
    healthy.end()
    folder = tempfile.mkdtemp()
    fd = mount_stuck(folder)
    failed = []
    firsts = []
    for _ in range(3):  # a busy machine may be late once
        exporter = Exporter(program)
        first, text = exporter.page()
        firsts.append(first)
        later = []
        for _ in range(5):
            took, text_later = exporter.page()
            later.append(took)
            if want - series(text_later):
                failed.append(f"missing later: {sorted(want - series(text_later))[:5]}")
        exporter.end()
        if want - series(text):
            failed.append(f"missing at first: {sorted(want - series(text))[:5]}")
        for page in (text, text_later):
            if not re.search(r'node_filesystem_device_error\{.*fstype="fuse.stuck".*mountpoint="%s"\} 1' % folder, page):
                failed.append("the stuck mount is not marked")
        if first <= DEADLINE + SLACK and max(later) <= DEADLINE + SLACK:
            break
    print(f"usual page {usual * 1e3:.1f} ms; first page beside the stuck mount {first * 1e3:.0f} ms, "
          f"later ones {min(later) * 1e3:.1f} to {max(later) * 1e3:.1f} ms; {len(want)} series all there")
    if min(firsts) > DEADLINE + SLACK or max(later) > DEADLINE + SLACK:
        failed.append(f"later than {DEADLINE + SLACK} s")
    os.close(fd)  # ends the hang
    LIBC.umount2(folder.encode(), 2)
    shutil.rmtree(folder, ignore_errors=True)
    for line in failed:
        print("FAILED", line)
    sys.exit(1 if failed else 0)


def main():
    if len(sys.argv) > 2:
        inner(sys.argv[1])
    if not os.path.exists("/dev/fuse") or os.geteuid() != 0 or not shutil.which("unshare"):
        print("skipped: wants root, /dev/fuse and unshare(1)")
        sys.exit(77)
    probe = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"], capture_output=True)
    if probe.returncode != 0:
        print("skipped: no namespaces:", probe.stderr.decode().strip())
        sys.exit(77)
    sys.exit(subprocess.run(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable,
                             __file__, sys.argv[1], "inner"]).returncode)


main()
