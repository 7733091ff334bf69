#!/usr/bin/env python3
"""Programs under --web.config.file: TLS, client certificates, users; asked by Python and by each other.

usage: tls_test.py BIN_FOLDER
"""
import base64
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

BIN = os.path.abspath(sys.argv[1])
FAILED = []
RUNNING = []  # ended at the end, whatever happens
# bcrypt of these passwords, cost 4
PASSWORD, HASH = "secret-2b", "$2b$04$abcdefghijklmnopqrstu.lYCx04GQo153nzKUfcV5On12krTewnm"
PASSWORD2, HASH2 = "secret-2y", "$2y$04$abcdefghijklmnopqrstu.u/yhMoASLKhNhbKBDC86bTL9GoKV6da"


def check(what, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + what + ("" if condition else f": {detail}"), flush=True)
    if not condition:
        FAILED.append(what)


class Folder:
    def __init__(self, path):
        self.path = path

    def __call__(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text):
        with open(self(name) + ".new", "w") as out:
            out.write(text)
        os.rename(self(name) + ".new", self(name))
        return self(name)

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.path, check=True, capture_output=True, timeout=30)

    def ca(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                     f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign", "-keyout", f"{name}.key", "-out", f"{name}.pem")

    def certificate(self, name, ca, sans):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key.new", "-out", f"{name}.csr")
        self.write("san", f"subjectAltName={sans}\n")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2",
                     "-extfile", "san", "-out", f"{name}.pem.new")
        os.rename(self(f"{name}.key.new"), self(f"{name}.key"))
        os.rename(self(f"{name}.pem.new"), self(f"{name}.pem"))


class Program:
    def __init__(self, folder, name, *arguments):
        self.name = name
        self.log_path = folder(f"{name}-{time.monotonic_ns()}.log")
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen([os.path.join(BIN, name), *arguments], stdout=log, stderr=log, cwd=folder.path)
        RUNNING.append(self.process)
        found = self.wait_for(r"address=\S*?:(\d+)")
        self.port = int(found.group(1)) if found else 0
        check(f"{name} runs", self.port > 0, self.log())

    def log(self):
        with open(self.log_path) as log:
            return log.read()

    def wait_for(self, pattern):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            found = re.search(pattern, self.log())
            if found or self.process.poll() is not None:
                return found
            time.sleep(0.05)
        return None

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        check(f"{self.name} ends with 0", code == 0, self.log())
        leaked = [secret for secret in (PASSWORD, HASH[7:], HASH2[7:], "PRIVATE KEY") if secret in self.log()]
        check(f"{self.name} logs no secret", not leaked, leaked)


def get(url, ca=None, user=None, password=PASSWORD, certificate=None):
    """(status, body); status 0 when there was no answer, the reason as body."""
    request = urllib.request.Request(url)
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    context = None
    if url.startswith("https"):
        context = ssl.create_default_context(cafile=ca)
        if certificate:
            context.load_cert_chain(certificate + ".pem", certificate + ".key")
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return False


def node_exporter(folder):
    tls = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
    config = folder.write("node.yml", tls + f"basic_auth_users: {{ann: {HASH}}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}\n")
    program = Program(folder, "drover-node-exporter", "--web.listen-address=127.0.0.1:0", f"--web.config.file={config}",
                      "--collector.disable-defaults", "--collector.loadavg")
    url = f"https://127.0.0.1:{program.port}"
    ca = folder("ca.pem")
    status, body = get(url + "/metrics", ca, "ann")
    check("the right user gets the page", status == 200 and "node_load1 " in body, (status, body[:200]))
    for path in ("/metrics", "/", "/-/healthy", "/-/ready"):
        check(f"{path} without a user is 401", get(url + path, ca)[0] == 401)
    check("a wrong password is 401", get(url + "/metrics", ca, "ann", "guess")[0] == 401)
    check("an unknown user is 401", get(url + "/metrics", ca, "bob")[0] == 401)
    status, body = get(url.replace("https", "http") + "/metrics", user="ann")
    check("plain HTTP is refused", status == 400 and "HTTPS" in body, (status, body))
    check("another CA does not know the server", get(url + "/metrics", folder("other.pem"), "ann")[0] == 0)

    folder.certificate("server", "other", "IP:127.0.0.1")
    check("a renewed certificate is served", until(lambda: get(url + "/metrics", folder("other.pem"), "ann")[0] == 200))
    folder.write("node.yml", tls + "basic_auth_users: {ann: nothing}\n")
    time.sleep(1.1)
    check("a broken file changes nothing", get(url + "/metrics", folder("other.pem"), "ann")[0] == 200)
    check("and is said", program.log().count("web configuration not reloaded") == 1, program.log())
    folder.write("node.yml", tls + f"basic_auth_users: {{bob: {HASH2}}}\n")
    check("a new user passes", until(lambda: get(url + "/metrics", folder("other.pem"), "bob", PASSWORD2)[0] == 200))
    check("the old one does not", get(url + "/metrics", folder("other.pem"), "ann")[0] == 401)
    program.end()
    folder.certificate("server", "ca", "IP:127.0.0.1")

    for text, want in ((tls + "tls: x\n", "node.yml:2:1: unknown key"), ("tls_server_config: {cert_file: gone, key_file: gone}", "No such file")):
        folder.write("node.yml", text)
        run = subprocess.run([os.path.join(BIN, "drover-node-exporter"), f"--web.config.file={config}", "--web.listen-address=127.0.0.1:0"],
                             capture_output=True, text=True, timeout=20)
        check(f"a start with a mistake ends with 1: {want}", run.returncode == 1 and want in run.stderr, run.stderr)


def example(folder):
    """The packaged example starts a program, with its commented lines too."""
    with open(os.path.join(os.path.dirname(__file__), "../../packaging/examples/web-config.yml")) as file:
        text = file.read()
    shutil.copy(folder("ca.pem"), folder("clients-ca.pem"))
    every_line = re.sub(r"(?m)^( *)# (client_allowed|min_version|basic_auth_users|  prometheus)", r"\1\2", text).replace("$2y$10$...", HASH)
    for what, content in (("as it is", text), ("with every line", every_line)):
        folder.write("example.yml", content)
        program = Program(folder, "drover-node-exporter", "--web.listen-address=127.0.0.1:0", f"--web.config.file={folder('example.yml')}",
                          "--collector.disable-defaults", "--collector.loadavg")
        url = f"https://127.0.0.1:{program.port}/metrics"
        check(f"the example {what} refuses a client without certificate", get(url, folder("ca.pem"))[0] == 0)
        program.end()


def agent_to_receiver(folder):
    folder.certificate("edge", "ca", "DNS:edge.example")
    folder.certificate("stranger", "ca", "DNS:stranger.example")
    web = folder.write("receiver-web.yml", "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  client_ca_file: ca.pem\n"
                       "  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: [edge.example]\n"
                       f"basic_auth_users: {{edge: {HASH}}}\n")
    config = folder.write("receiver.yml", "global: {evaluation_interval: 1s}\n")
    receiver = Program(folder, "drover-receiver", f"--config.file={config}", f"--storage.tsdb.path={folder('receiver')}",
                       "--web.listen-address=127.0.0.1:0", f"--web.config.file={web}")
    url = f"https://127.0.0.1:{receiver.port}"
    ca, edge = folder("ca.pem"), folder("edge")
    check("without a client certificate no answer", get(url + "/-/ready", ca, "edge")[0] == 0)
    check("with another name no answer", get(url + "/-/ready", ca, "edge", certificate=folder("stranger"))[0] == 0)
    check("with a certificate alone 401", get(url + "/-/ready", ca, certificate=edge)[0] == 401)
    check("with both ready", get(url + "/-/ready", ca, "edge", certificate=edge)[0] == 200)

    folder.write("password", PASSWORD + "\n")
    agent_config = folder.write("agent.yml", f"""global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: receiver
    scheme: https
    basic_auth: {{username: edge, password_file: password}}
    tls_config: {{ca_file: ca.pem, cert_file: edge.pem, key_file: edge.key}}
    static_configs: [{{targets: ['127.0.0.1:{receiver.port}']}}]
remote_write:
  - url: {url}/api/v1/write
    basic_auth: {{username: edge, password_file: password}}
    tls_config: {{ca_file: ca.pem, cert_file: edge.pem, key_file: edge.key}}
    queue_config: {{batch_send_deadline: 1s}}
""")
    agent_web = folder.write("agent-web.yml", f"tls_server_config: {{cert_file: server.pem, key_file: server.key}}\nbasic_auth_users: {{ann: {HASH2}}}\n")
    agent = Program(folder, "drover-agent", f"--config.file={agent_config}", f"--storage.path={folder('agent')}",
                    "--web.listen-address=127.0.0.1:0", f"--web.config.file={agent_web}")
    agent_url = f"https://127.0.0.1:{agent.port}/metrics"
    check("the agent's pages are behind its own users", get(agent_url, ca)[0] == 401 and get(agent_url, ca, "ann", PASSWORD2)[0] == 200)

    def query(expression):
        status, body = get(url + "/api/v1/query?query=" + urllib.parse.quote(expression), ca, "edge", certificate=edge)
        return json.loads(body)["data"]["result"] if status == 200 else []

    arrived = until(lambda: query('up{job="receiver"} == 1'))
    check("what the agent scraped and sent by HTTPS, certificate and password arrived", arrived, agent.log() + receiver.log())
    agent.end()
    receiver.end()


def main():
    if shutil.which("openssl") is None:
        print("skipped: no openssl command")
        return 77
    with tempfile.TemporaryDirectory() as path:
        try:
            folder = Folder(path)
            folder.ca("ca")
            folder.ca("other")
            folder.certificate("server", "ca", "IP:127.0.0.1")
            node_exporter(folder)
            example(folder)
            agent_to_receiver(folder)
        finally:
            for process in RUNNING:
                if process.poll() is None:
                    process.kill()
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
