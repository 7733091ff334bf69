#!/usr/bin/env python3
"""Drives the real droverctl: files that are right and wrong, and a receiver it asks.

usage: droverctl_test.py BIN_FOLDER
"""
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

BIN = sys.argv[1]
FAILED = []


def ctl(*arguments, code=0):
    run = subprocess.run([os.path.join(BIN, "droverctl"), *arguments], capture_output=True, text=True, timeout=30)
    if run.returncode != code:
        FAILED.append(f"droverctl {' '.join(arguments)}: exit {run.returncode}, wanted {code}\n{run.stdout}{run.stderr}")
    return run.stdout + run.stderr


def check(what, condition):
    print(("ok      " if condition else "FAILED  ") + what)
    if not condition:
        FAILED.append(what)


def main():
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            path = os.path.join(folder, name)
            with open(path, "w") as out:
                out.write(text)
            return path

        check("no command: usage and 2", "usage: droverctl" in ctl(code=2))
        check("--help lists commands", "query range" in ctl("--help"))
        check("the first word alone lists what may follow", "silence expire" in ctl("silence", "--help") and "check rules" in ctl("check", code=2))
        check("an unknown command is named", 'unknown command "frob"' in ctl("frob", code=2))

        good = write("prometheus.yml", "global: {scrape_interval: 15s}\nrule_files: []\nscrape_configs:\n  - job_name: a\n    static_configs: [{targets: ['x:1']}]\n")
        out = ctl("check", "config", good)
        check("check config says who uses what", "drover-agent takes it; uses: global, scrape_configs" in out and "drover-receiver takes it; uses: global, rule_files" in out)
        bad = write("bad.yml", "scrape_configs:\n  - job_name: a\n    scrape_intervall: 5s\n")
        out = ctl("check", "config", bad, code=1)
        check("a wrong key has its place and the right one", 'bad.yml:3:5: unknown key "scrape_intervall", did you mean "scrape_interval"?' in out)

        rules = write("rules.yml", "groups:\n  - name: g\n    rules:\n      - {alert: A, expr: up == 0}\n      - {record: b, expr: sum(up)}\n")
        check("check rules counts", "1 group, 1 alerting rule, 1 recording rule" in ctl("check", "rules", rules))
        wrong = write("wrong.yml", "groups:\n  - name: g\n    rules:\n      - {alert: A, expr: 'sum('}\n")
        check("a wrong expression has its place", "wrong.yml:4:" in ctl("check", "rules", wrong, code=1))

        alerting = write("alertmanager.yml", "route:\n  receiver: a\n  routes:\n    - {receiver: b, matchers: [severity=\"page\"]}\nreceivers: [{name: a}, {name: b}]\n")
        check("check alerting counts", "2 receivers" in ctl("check", "alerting", alerting))
        slack = write("slack.yml", "route: {receiver: a}\nreceivers:\n  - name: a\n    slack_configs: [{api_url: 'http://127.0.0.1:1/', channel: x}]\n")
        out = ctl("check", "alerting", slack, code=1)
        check("check alerting refuses what the receiver refuses", "would not start" in out and "slack.yml:4:" in out and "SUCCESS" not in out)
        write("bad.tmpl", "{{ define \"x\" }}{{ nosuchfunction }}{{ end }}")
        broken = write("broken.yml", "route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: [bad.tmpl]\n")
        check("check alerting reads templates", "bad.tmpl" in ctl("check", "alerting", broken, code=1))
        classic = write("classic.yml", "route: {receiver: a, routes: [{receiver: a, matchers: ['x=']}]}\nreceivers: [{name: a}]\n")
        check("check alerting passes warnings on", "WARNING: " + classic + ":1:" in ctl("check", "alerting", classic))
        check("a folder is no alertmanager.yml", "FAILED" in ctl("check", "alerting", folder, code=1))
        check("routes test finds the receiver", ctl("routes", "test", alerting, "severity=page").strip() == "b")
        check("routes test verifies", "expected a" in ctl("routes", "test", "--verify.receivers=a", alerting, "severity=page", code=1))
        check("routes show draws the tree", "severity" in ctl("routes", "show", alerting))

        check("no receiver: said with what to do", "is it running?" in ctl("query", "instant", "--url=http://127.0.0.1:1", "up", code=1))
        config = write("receiver.yml", "global: {evaluation_interval: 1s}\n")
        log = open(os.path.join(folder, "log"), "w+")
        receiver = subprocess.Popen([os.path.join(BIN, "drover-receiver"), "--config.file", config, "--storage.tsdb.path",
                                     os.path.join(folder, "data"), "--web.listen-address=127.0.0.1:0"], stderr=log)
        try:
            address = None
            for _ in range(100):
                log.seek(0)
                for line in log.read().splitlines():
                    if "drover-receiver is running" in line:
                        address = line.split("address=")[1].split()[0]
                if address:
                    break
                time.sleep(0.1)
            url = "--url=http://" + (address or "")
            for _ in range(50):
                if "drover-receiver" in ctl("query", "instant", url, "up"):
                    break
                time.sleep(0.1)
            check("query instant prints series and value", 'job="drover-receiver"}  1' in ctl("query", "instant", url, "up"))
            check("query range prints a table when it is no terminal", " @ 20" in ctl("query", "range", url, "--range=1m", "up"))
            check("a wrong expression is the server's error", "parse error" in ctl("query", "instant", url, "sum(", code=1))
            check("alerts", "nothing is pending or firing" in ctl("alerts", url))
            check("--json is the answer as it came", ctl("query", "instant", url, "--json", "vector(1)").startswith('{"status":"success"'))
        finally:
            receiver.terminate()
            check("SIGTERM ends the receiver with 0", receiver.wait(10) == 0)

        sink = subprocess.Popen([os.path.join(BIN, "droverctl"), "webhook", "--listen=127.0.0.1:0"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        listening = sink.stderr.readline()
        target = listening.split()[-1]
        body = b'{"status":"firing","receiver":"a","groupKey":"{}:{}","alerts":[{"status":"firing","labels":{"alertname":"Down","instance":"x"},"annotations":{"summary":"x is down"}}]}'
        urllib.request.urlopen(urllib.request.Request(target, data=body), timeout=5).read()
        sink.terminate()
        text, _ = sink.communicate(timeout=5)
        check("webhook prints alerts", "firing Down  instance=x" in text and "summary: x is down" in text)
        check("webhook ends with 0", sink.returncode == 0)
    for failure in FAILED:
        print("FAILED:", failure)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
