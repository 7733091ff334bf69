#!/usr/bin/env python3
"""The client of drover-pushprox inside drover-agent.

usage: pushprox_agent.py BIN_FOLDER [case…]
"""

import os
import pathlib
import re
import time

import drover
from drover import Stack, http as ask, wait_until
from pushprox import PAGE, Target, digest, scrape, start


def memory(program, key):
    return int(re.search(rf"{key}:\s+(\d+)", pathlib.Path(f"/proc/{program.process.pid}/status").read_text()).group(1))


def threads(program):
    return memory(program, "Threads")


def agent_serves():
    """Targets of the section and of the flavour are scraped through the proxy; the section changes by reload, and goes."""
    with Stack() as stack:
        target = Target()
        folder = stack.folder
        root = folder / "root/var/lib/rancher/rke2/agent/pod-manifests"
        root.mkdir(parents=True)
        (root / "kube-proxy.yaml").write_text("x")
        stack.write("token", "agent-token\n")
        stack.write("clients", f"node-a {digest('agent-token')}\nnode-b {digest('agent-token')}\n")
        stack.write("readers", f"prom {digest('scraper')}\n")
        stack.write("access.yml", "clients: {tokens_file: clients}\nscrapers: {tokens_file: readers}\nviewers: {tokens_file: readers}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={folder}/access.yml", "--poll.away-wait=500ms"])

        def config(name, more=""):
            return (f"exporters: {{self: {{enabled: false}}}}\npushprox:\n  proxy_url: {proxy.url}\n  fqdn: {name}\n  proxy_token_file: {folder}/token\n{more}"
                    f"  targets: [{{port: 9100, address: '127.0.0.1:{target.port}', paths: [/metrics], component: node-exporter}}]\n")

        def code(url):
            return scrape(proxy, url, headers="Proxy-Authorization: Bearer scraper\r\n")
        agent = stack.start("drover-agent", config("node-a", "  flavour: auto\n"), [f"--path.rootfs={folder}/root"])
        wait_until(lambda: code("http://node-a:9100/metrics")[0] == 200, 10, "a scrape through the agent")
        assert code("http://node-a:9100/metrics")[2] == PAGE
        assert code("http://node-a:9100/other")[0] == 403 and code("http://node-a:1/metrics")[0] == 403
        # Nothing listens at the port of the flavour's component, but it is allowed.
        assert code("http://node-a:10249/metrics")[0] == 502
        assert "kube-proxy.yaml" in agent.read_log()
        assert agent.metric("drover_pushprox_client_relayed_bytes_total") >= len(PAGE)
        assert agent.metric("pushprox_client_scrape_errors_total") >= 3
        # Another name by reload; a broken section changes nothing.
        path = agent.folder / "config.yml"
        path.write_text(config("node-b"))
        agent.hup()
        wait_until(lambda: code("http://node-b:9100/metrics")[0] == 200, 10, "the new name")
        assert code("http://node-b:10249/metrics")[0] == 403, "the flavour is gone"
        assert code("http://node-a:9100/metrics")[0] in (404, 503)
        path.write_text(config("node-b").replace("port: 9100", "port: 0"))
        agent.hup()
        wait_until(lambda: "port from 1 to 65535" in agent.read_log(), 5)
        assert code("http://node-b:9100/metrics")[0] == 200
        path.write_text("exporters: {self: {enabled: false}}\n")
        before = threads(agent)
        agent.hup()
        wait_until(lambda: code("http://node-b:9100/metrics")[0] == 503, 10, "the client's end")
        wait_until(lambda: threads(agent) < before, 5, "its threads' end")
        # A flavour that finds nothing leaves the agent running.
        path.write_text(f"pushprox: {{proxy_url: '{proxy.url}', flavour: k3s}}\n")
        agent.hup()
        wait_until(lambda: "nothing to scrape on this node" in agent.read_log(), 5)
        assert ask(agent.url + "/-/ready")[0] == 200
        assert "agent-token" not in agent.read_log()
        agent.terminate_well()
        proxy.terminate_well()
        target.close()


def costs_nothing_when_absent():
    """Without the section: no thread, no memory for it."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        without = stack.start("drover-agent", "exporters: {self: {enabled: false}}\n")
        having = stack.start("drover-agent", f"exporters: {{self: {{enabled: false}}}}\npushprox: {{proxy_url: '{proxy.url}', fqdn: node-a, targets: [{{port: 1}}]}}\n")
        wait_until(lambda: "node-a" in ask(proxy.url + "/clients")[1], 5)
        time.sleep(1)
        print(f"  RssAnon {memory(without, 'RssAnon')} KiB without, {memory(having, 'RssAnon')} KiB with; RSS {memory(without, 'VmRSS')} and "
              f"{memory(having, 'VmRSS')} KiB; threads {threads(without)} and {threads(having)}")
        assert threads(without) < threads(having) <= threads(without) + 2
        assert "pushprox" not in ask(without.url + "/metrics")[1]
        assert memory(having, "RssAnon") - memory(without, "RssAnon") < 2048


def components_later():
    """A component that comes after the start is served within a minute: by the client alone, and by an agent that had nothing to do."""
    with Stack() as stack:
        roots = [stack.folder / name for name in ("client-root", "agent-root")]
        for root in roots:
            (root / "var/lib/rancher/rke2/agent/pod-manifests").mkdir(parents=True)
        (roots[0] / "var/lib/rancher/rke2/agent/pod-manifests/kube-proxy.yaml").write_text("x")
        proxy = start(stack, "proxy", ["--insecure", "--poll.away-wait=500ms"])
        client = start(stack, "client", [f"--proxy-url={proxy.url}", "--fqdn=node-c", "--flavour=auto", f"--path.rootfs={roots[0]}"])
        agent = stack.start("drover-agent", f"exporters: {{self: {{enabled: false}}}}\npushprox: {{proxy_url: '{proxy.url}', fqdn: node-a, flavour: auto}}\n",
                            [f"--path.rootfs={roots[1]}"])
        wait_until(lambda: scrape(proxy, "http://node-c:10249/metrics")[0] == 502, 10, "the component that is there")
        assert scrape(proxy, "http://node-c:10259/metrics")[0] == 403
        assert "nothing to scrape on this node" in agent.read_log() and scrape(proxy, "http://node-a:10259/metrics")[0] == 404
        for root in roots:
            (root / "var/lib/rancher/rke2/agent/pod-manifests/kube-scheduler.yaml").write_text("x")
        for name in ("node-c", "node-a"):
            wait_until(lambda: scrape(proxy, f"http://{name}:10259/metrics")[0] == 502, 70, f"the new component of {name}")
        for program in (client, agent):
            assert re.search("components have changed.*kube-scheduler", program.read_log()), program.read_log()
        client.terminate_well()
        agent.terminate_well()


def mistakes():
    """The section is checked with the file: place and reason."""
    with Stack() as stack:
        for section, word in (("{}", "proxy_url"), ("{proxy_url: 'http://x', targets: [{port: 70000}]}", "port"),
                              ("{proxy_url: 'http://x', flavour: rke9}", "rke9"), ("{proxy_url: 'http://x', target: []}", "target"),
                              ("{proxy_url: 'http://x', components: [kubelet]}", "components")):
            try:
                stack.start("drover-agent", f"pushprox: {section}\n")
            except AssertionError as error:
                assert word in str(error), (section, error)
            else:
                raise AssertionError(f"{section} was taken")


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([agent_serves, costs_nothing_when_absent, mistakes, components_later])
