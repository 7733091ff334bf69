"""A file system of 12 MiB that runs full: refused with 503 and told once, nothing acknowledged is lost, goes on with room.

Needs the right to mount a tmpfs; skipped (77) without.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from drover import Stack, agent_config, run, wait_until
from remote_write import send, series
from sink import Page, Sink


class SmallDisk:
    """A tmpfs in a folder of its own."""

    def __init__(self, mebibytes):
        self.path = tempfile.mkdtemp(prefix="drover-small-disk-")
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "drover-test", self.path],
                              capture_output=True, text=True, check=False)
        self.reason = "" if made.returncode == 0 else made.stderr.strip()

    def __enter__(self):
        return self

    def fill(self, leave):
        """A file that takes all but `leave` bytes."""
        free = os.statvfs(self.path)
        left = free.f_bavail * free.f_frsize - leave
        with open(f"{self.path}/filler", "wb", buffering=0) as filler:
            try:
                while left > 0:
                    left -= filler.write(b"x" * left)
            except OSError:
                if leave:
                    raise
                # A program took room meanwhile: full it is.

    def make_room(self):
        os.remove(f"{self.path}/filler")

    def __exit__(self, *_):
        if not self.reason:
            subprocess.run(["umount", "-l", self.path], check=True)
        shutil.rmtree(self.path, ignore_errors=True)


def a_receiver_refuses_what_it_cannot_keep():
    with SmallDisk(12) as disk, Stack() as stack:
        receiver = stack.start("drover-receiver", args=[f"--storage.tsdb.path={disk.path}/data"])
        started = int(time.time() * 1000)
        acknowledged = []  # numbers of requests

        def write(number):
            return send(receiver, [series({"__name__": "load", "i": str(i), "much": "x" * 100}, started + number, number) for i in range(200)])

        for number in range(1, 20):
            assert write(number)[0] == 204
            acknowledged.append(number)
        disk.fill(leave=20_000)
        refused, text = [], ""
        for number in range(20, 400):
            status, body = write(number)
            if status == 204:
                acknowledged.append(number)
                continue
            assert status == 503, (status, body)
            refused.append(number)
            text = body
            if len(refused) == 5:
                break
        assert len(refused) == 5, "the disk never ran full"
        assert "No space left" in text, text
        assert receiver.get("/-/healthy")[0] == 200
        told = [line for line in receiver.read_log().splitlines() if "No space left" in line and "write" in line]
        assert 1 <= len(told) <= 3, told
        assert int(receiver.value("load{i='7'}")) == acknowledged[-1]

        disk.make_room()
        again = wait_until(lambda: write(refused[0])[0] == 204, 5, "a write after there was room")
        assert again
        acknowledged.append(refused[0])
        receiver.kill()
        receiver.start()
        [found] = receiver.query("load{i='7'}[1h]")
        assert [int(value) for _, value in found["values"]] == acknowledged, (found["values"], acknowledged)
        print(f"  {len(acknowledged)} requests acknowledged, all there after kill -9; refused with: {text.strip()}")


def an_agent_says_so_counts_and_goes_on():
    with SmallDisk(8) as disk, Stack() as stack:
        sink = Sink()
        agent = stack.start("drover-agent", agent_config(sink.url, "1s"), [f"--storage.path={disk.path}/data"])
        wait_until(lambda: sink.samples(), 5, "first samples")
        disk.fill(leave=0)
        wait_until(lambda: "No space left" in agent.read_log(), 15, "a word about the disk")
        assert agent.get("/-/healthy")[0] == 200
        lost = wait_until(lambda: [line for line in agent.get("/metrics")[1].splitlines()
                                   if "dropped_total{" in line and not line.endswith(" 0")], 5, "a count of the samples that could not be kept")
        disk.make_room()
        seen = len(sink.samples())
        wait_until(lambda: len(sink.samples()) > seen + 3, 15, "samples again")
        print("  while it was full: " + "; ".join(lost))
        agent.terminate_well()


def an_agent_whose_queue_filled_the_disk_drains_frees_and_restarts():
    """No filler: the queue itself, with a cap far above the volume, takes everything."""
    with SmallDisk(3) as disk, Stack() as stack:
        sink, page = Sink(), Page(series=20_000)
        sink.stop()
        jobs = f"- {{job_name: page, static_configs: [{{targets: ['{page.address}']}}]}}\n"
        agent = stack.start("drover-agent", agent_config(sink.url, "250ms", node=False, jobs=jobs), [f"--storage.path={disk.path}/data"])
        wait_until(lambda: "No space left" in agent.read_log(), 30, "a word about the disk")
        free = os.statvfs(disk.path)
        with open(f"{disk.path}/filler", "wb", buffering=0) as filler:
            try:
                filler.write(b"x" * (free.f_bavail * free.f_frsize))
            except OSError:
                pass
        agent.kill()
        agent.start()  # on a full disk
        waiting = agent.metric('prometheus_remote_storage_samples_pending{remote_name="central",url="' + sink.url + '"}')
        assert agent.get("/-/healthy")[0] == 200
        page.series = 1000
        sink.start()
        wait_until(lambda: len(sink.samples()) > 3, 15, "samples again")
        newest = max(t for request in sink.samples() for _, t, _ in request)
        wait_until(lambda: max(t for _, t, _ in sink.samples()[-1]) > newest + 3000, 20, "fresh samples: the queue takes blocks again")
        used = sum(entry.stat().st_size for entry in pathlib.Path(disk.path, "data", "queue", "central").iterdir())
        assert used < 1_500_000, f"{used} bytes in the queue after it was sent"
        told = agent.read_log().count("cursor cannot be written")
        assert told <= 4, told
        print(f"  {waiting} samples waited at the restart; {used} bytes are left in the folder")
        agent.terminate_well()


if __name__ == "__main__":
    with SmallDisk(1) as probe:
        if probe.reason:
            print(f"skipped: {probe.reason}")
            sys.exit(77)
    run([a_receiver_refuses_what_it_cannot_keep, an_agent_says_so_counts_and_goes_on,
         an_agent_whose_queue_filled_the_disk_drains_frees_and_restarts])
