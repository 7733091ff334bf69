#!/usr/bin/env python3
"""What drover-pushprox's proxy tells about its clients: HTTP service discovery and the page.

usage: pushprox_discovery.py BIN_FOLDER [case…]
"""

import json
import os

import drover
from drover import Stack, http as ask, wait_until
from pushprox import digest, listed, poll, start


def polling_clients():
    """Clients that poll stand there as PushProx lists them; one is asked for by name."""
    with Stack() as stack:
        proxy = start(stack, "proxy", ["--insecure"])
        assert ask(proxy.url + "/clients") == (200, "[]\n")
        with poll(proxy.port, "node-a"), poll(proxy.port, "fd00::1"):
            wait_until(lambda: listed(proxy, "node-a")() and listed(proxy, "fd00::1")(), 5)
            assert json.loads(ask(proxy.url + "/clients")[1]) == [{"targets": ["fd00::1"], "labels": None}, {"targets": ["node-a"], "labels": None}]
            assert json.loads(ask(proxy.url + "/clients/node-a")[1]) == [{"targets": ["node-a"], "labels": None}]
            assert json.loads(ask(proxy.url + "/clients/fd00::1")[1])[0]["targets"] == ["fd00::1"]
            assert json.loads(ask(proxy.url + "/clients/fd00%3A%3A1")[1])[0]["targets"] == ["fd00::1"]
            assert ask(proxy.url + "/clients/node-b")[0] == 404
            assert ask(proxy.url + "/clients?component=kubelet") == (200, "[]\n")
            for path in ("/", "/clients.html"):
                status, page = ask(proxy.url + path)
                assert status == 200 and "2 names, 2 alive" in page and "node-a" in page, page
            assert "node-a" not in ask(proxy.url + "/?search=fd00")[1].split("<table>")[1]
        proxy.terminate_well()


def viewers_only():
    """Nobody else sees the list, also not by its other paths."""
    with Stack() as stack:
        folder = stack.folder
        stack.write("viewers", f"prom {digest('viewer')}\n")
        stack.write("scrapers", f"prom {digest('scraper')}\n")
        stack.write("clients", f"node-a {digest('client')}\n")
        stack.write("access.yml", "clients: {tokens_file: clients}\nviewers: {tokens_file: viewers}\nscrapers: {tokens_file: scrapers}\n")
        proxy = start(stack, "proxy", [f"--access.config.file={folder}/access.yml"])
        with poll(proxy.port, "node-a", "Authorization: Bearer client\r\n"):
            for path in ("/", "/clients", "/clients/node-a", "/clients.html", "/metrics", "/clients/", "//clients", "/./clients", "/%2Fclients"):
                assert ask(proxy.url + path)[0] == 401, path
                for token in ("client", "scraper", "x"):
                    assert ask(proxy.url + path, headers={"Authorization": f"Bearer {token}"})[0] == 403, (path, token)
            viewer = {"Authorization": "Bearer viewer"}
            wait_until(lambda: "node-a" in ask(proxy.url + "/clients", headers=viewer)[1], 5)
            for path in ("/", "/clients/node-a", "/clients.html", "/metrics"):
                assert ask(proxy.url + path, headers=viewer)[0] == 200, path


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    drover.run([polling_clients, viewers_only])
