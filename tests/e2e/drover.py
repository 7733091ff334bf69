"""Starting drover's programs in temporary folders and talking to them. Standard library only.

    with Stack() as stack:
        receiver = stack.start("drover-receiver", config="{}", args=["--web.enable-lifecycle"])
        agent = stack.start("drover-agent", config=...)
        wait_until(lambda: receiver.query("up"), 5)

Every program listens on a port of its own on the loopback, and none outlives the `with`.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

# The folder with the programs: the first argument of every test.
BIN = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release/bin").resolve()


def free_port():
    """A port outside the range from which the kernel takes those of outgoing connections: nobody gets it by chance."""
    while True:
        port = random.randint(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def http(url, body=None, timeout=5, method=None, headers=None):
    """Status and body; (0, reason) when there is no answer."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


def wait_until(probe, seconds, what="the condition"):
    """The first true answer of `probe`, asked every 20 ms."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


class Program:
    """One running program."""

    def __init__(self, name, folder, port, command):
        self.name = name
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.command = command
        self.process = None
        self.start()

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while http(self.url + "/-/ready", timeout=1)[0] != 200:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended: {self.read_log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self.name} was not ready within 10 s: {self.read_log()}")
            time.sleep(0.01)

    def read_log(self):
        return (self.folder / "log").read_text(errors="replace")

    def get(self, path):
        return http(self.url + path)

    def metric(self, series):
        """Value of a line of /metrics; None when absent."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(series + " "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def query(self, text, **params):
        """The result list of an instant query; [] when there is no answer."""
        params["query"] = text
        status, body = self.get("/api/v1/query?" + urllib.parse.urlencode(params))
        return json.loads(body)["data"]["result"] if status == 200 else []

    def value(self, text):
        found = self.query(text)
        return float(found[0]["value"][1]) if found else None

    def hup(self):
        self.process.send_signal(signal.SIGHUP)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def terminate(self):
        """SIGTERM: the exit code and how long it took."""
        started = time.monotonic()
        self.process.terminate()
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        return code, time.monotonic() - started

    def terminate_well(self):
        code, seconds = self.terminate()
        assert code == 0, f"{self.name} ended with {code}: {self.read_log()[-2000:]}"
        assert seconds <= 1, f"{self.name} took {seconds:.2f} s to end: {self.read_log()[-2000:]}"


class Stack:
    """Programs and folders of one test."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="drover-e2e-"))
        self.programs = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for program in self.programs:
            program.kill()
            if kind is not None:
                print(f"--- {program.name}'s log\n{program.read_log()[-4000:]}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_folder(self, name):
        folder = self.folder / f"{len(os.listdir(self.folder))}-{name}"
        folder.mkdir()
        return folder

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def start(self, name, config="", args=(), port=None, folder=None):
        folder = folder or self.new_folder(name)
        port = port or free_port()
        (folder / "config.yml").write_text(config)
        program = Program(name, folder, port, self.command(name, folder, port, args))
        self.programs.append(program)
        return program

    @staticmethod
    def command(name, folder, port, args=()):
        command = [str(BIN / name), f"--web.listen-address=127.0.0.1:{port}"]
        if name == "drover-agent":
            command += [f"--config.file={folder}/config.yml", f"--storage.path={folder}/data"]
        elif name == "drover-receiver":
            command += [f"--config.file={folder}/config.yml", f"--storage.tsdb.path={folder}/data",
                        "--web.enable-remote-write-receiver"]
        return command + list(args)


def agent_config(write_url, interval="1s", node=True, jobs="", self_metrics=True, more=""):
    text = f"global: {{scrape_interval: {interval}, scrape_timeout: {interval}}}\n"
    exporters = []
    if node:
        exporters.append("node: {}")
    if not self_metrics:
        exporters.append("self: {enabled: false}")
    text += "exporters: {" + ", ".join(exporters) + "}\n"
    text += f"remote_write: [{{name: central, url: '{write_url}'{more}}}]\n"
    if jobs:
        text += "scrape_configs:\n" + jobs
    return text


class Skip(Exception):
    """Something a test needs is not on this machine."""


def run(tests, by_name_only=()):
    """Runs the functions given, or those named on the command line behind the folder. 77 when all were skipped."""
    wanted = [a for a in sys.argv[2:] if not a.startswith("--")]
    chosen = [t for t in [*tests, *by_name_only] if t.__name__ in wanted] if wanted else tests
    failed = skipped = 0
    for test in chosen:
        started = time.monotonic()
        try:
            test()
            result = "passed"
        except Skip as reason:
            skipped += 1
            result = f"skipped: {reason}"
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            result = f"FAILED: {type(error).__name__}: {error}"
        print(f"{test.__name__}: {result} ({time.monotonic() - started:.1f} s)", flush=True)
    sys.exit(1 if failed or not chosen else 77 if skipped == len(chosen) else 0)


def option(name, default):
    for argument in sys.argv:
        if argument.startswith(f"--{name}="):
            return type(default)(argument.split("=", 1)[1])
    return default
