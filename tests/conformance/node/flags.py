#!/usr/bin/env python3
"""All flags of node_exporter 1.12.1 (flags.tsv of the vectors) are taken by drover-node-exporter.

  flags.py PROGRAM

Each is given in turn, in the forms that its kind has, together with an address that cannot be listened on: the program
must come as far as that. Flags that steer Go's runtime and old spellings must give a warning. The vectors are in $DROVER_DATA,
else in ../shared/data beside the checkout; without them: 77.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

BAD_ADDRESS = "unix:/nonexistent/x.sock"  # the program ends when it comes to listen
WITHOUT_EFFECT = {"runtime.gomaxprocs"}
# A value that makes sense where the default is empty or would begin something else.
VALUES = {"web.listen-address": BAD_ADDRESS, "collector.ntp.server": "127.0.0.1", "web.config.file": "",
          "collector.supervisord.url": "http://127.0.0.1:1/RPC2", "collector.pcidevice.idsfile": "",
          "collector.perf.cpus": "0", "collector.perf.tracepoint": "sched:sched_switch", "collector.sysctl.include": "a.b",
          "collector.sysctl.include-info": "a.b", "collector.textfile.directory": "/nonexistent"}
PATTERN = "^x$"


def run(program, arguments):
    return subprocess.run([program] + arguments + ["--web.listen-address=" + BAD_ADDRESS], capture_output=True, text=True,
                          timeout=30)


def forms(row):
    name, kind, default = row[0], row[1], row[2]
    if kind == "bool":
        return [["--" + name], ["--no-" + name]]
    value = VALUES.get(name, default or PATTERN)
    if value == "" or name.endswith(".fixtures"):
        return []  # needs a file: other tests give it one
    return [[f"--{name}={value}"], ["--" + name, value]]


def check(program, row):
    name, hidden, text = row[0], row[4] == "yes", row[5]
    for form in forms(row):
        if form[0].startswith("--no-web.systemd") or form[0] == "--web.systemd-socket":
            continue  # tests/exporters/node_exporter_program_test.cc
        got = run(program, form)
        if name in ("help", "version"):
            return ("passed" if got.returncode == 0 and got.stdout else "FAILED"), form, got.stderr
        if got.returncode != 1 or "listen on " + BAD_ADDRESS not in got.stderr:
            return "FAILED", form, got.stderr.strip()[-300:]
        if ("DEPRECATED" in text or name in WITHOUT_EFFECT) and not re.search(r"level=warn", got.stderr, re.I):
            return "FAILED", form, "no warning: " + got.stderr.strip()[-300:]
    return "passed", [], ""


def main():
    root = pathlib.Path(__file__).resolve().parents[3]
    program = sys.argv[1]
    vectors = pathlib.Path(os.environ.get("DROVER_DATA") or root.parent / "shared/data") / "node_exporter" / "flags.tsv"
    if not vectors.exists():
        print("skipped: no vectors")
        sys.exit(77)
    with open(vectors, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    assert len(rows) == 183, len(rows)
    counts = {"passed": 0, "FAILED": 0}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for row, (outcome, form, text) in zip(rows, pool.map(lambda r: check(program, r), rows)):
            counts[outcome] += 1
            if outcome != "passed":
                print(outcome, row[0], " ".join(form), text)
    print(counts)
    sys.exit(1 if counts["FAILED"] else 0)


main()
