"""An agent and a receiver: first samples, reload, refusal, ends, freshness."""

import os
import socket
import subprocess
import time

from drover import BIN, Stack, agent_config, free_port, http, run, wait_until
from sink import Page, Sink


def first_series_are_answered_within_5_s():
    with Stack() as stack:
        receiver = stack.start("drover-receiver")
        started = time.monotonic()
        agent = stack.start("drover-agent", agent_config(receiver.url + "/api/v1/write", "15s"))
        wait_until(lambda: receiver.query("node_memory_MemTotal_bytes"), 5, "first node series")
        print(f"  first node series after {time.monotonic() - started:.2f} s")
        [up] = receiver.query('up{job="node-exporter"}')
        assert up["value"][1] == "1", up
        assert up["metric"]["instance"] == socket.gethostname(), up
        wait_until(lambda: receiver.query('up{job="drover-agent"}'), 5, "the agent's own series")
        agent.terminate_well()
        receiver.terminate_well()


def a_broken_file_is_refused_by_reload_and_the_rest_goes_on():
    with Stack() as stack:
        sink = Sink()
        good = agent_config(sink.url, "1s")
        agent = stack.start("drover-agent", good, ["--web.enable-lifecycle"])
        receiver = stack.start("drover-receiver", "global: {scrape_interval: 15s}\n",
                               ["--web.enable-lifecycle"])
        for program, broken in ((agent, good + "\nremote_wrte: []\n"),
                                (receiver, "global:\n  scrape_intervall: 15s\n")):
            metric = "prometheus_config_last_reload_successful"
            assert program.metric(metric) == 1, program.name
            before = (program.folder / "config.yml").read_text()
            (program.folder / "config.yml").write_text(broken)
            status, body = http(program.url + "/-/reload", b"", method="POST")
            assert status == 500, (program.name, status, body)
            line = broken.count("\n")
            assert f"config.yml:{line}:" in body, (program.name, body)
            assert program.metric(metric) == 0, program.name
            program.hup()
            time.sleep(0.2)
            assert program.get("/-/healthy")[0] == 200
            (program.folder / "config.yml").write_text(before)
            program.hup()
            wait_until(lambda p=program: p.metric("prometheus_config_last_reload_successful") == 1,
                       5, "a reload by SIGHUP")
        count = len(sink.samples())
        wait_until(lambda: len(sink.samples()) > count, 5, "samples after the reload")


def a_bad_argument_of_an_exporter_is_refused_by_reload_before_anything_changes():
    with Stack() as stack:
        sink, page = Sink(), Page()
        jobs = f"- {{job_name: page, static_configs: [{{targets: ['{page.address}']}}]}}\n"
        good = agent_config(sink.url, "1s", jobs=jobs)
        agent = stack.start("drover-agent", good, ["--web.enable-lifecycle"])
        wait_until(lambda: page.reads > 1, 5, "scrapes")
        (agent.folder / "config.yml").write_text(
            agent_config(sink.url, "1s").replace("node: {}", "node: {args: [--no-such-flag]}"))
        status, body = http(agent.url + "/-/reload", b"", method="POST")
        assert status == 500 and "no-such-flag" in body, (status, body)
        reads = page.reads
        wait_until(lambda: page.reads > reads + 1, 5, "scrapes of the old configuration")


def a_reload_moves_to_another_endpoint():
    with Stack() as stack:
        old, new = Sink(), Sink()
        agent = stack.start("drover-agent", agent_config(old.url, "1s"))
        wait_until(old.samples, 5, "samples at the old endpoint")
        (agent.folder / "config.yml").write_text(
            agent_config(new.url, "1s").replace("central", "other"))
        agent.hup()
        wait_until(new.samples, 5, "samples at the new endpoint")
        count = len(old.samples())
        time.sleep(1.5)
        assert len(old.samples()) <= count + 1
        agent.terminate_well()


def reloads_do_not_hang_while_targets_answer():
    """A new forwarder each time, while appenders of the old one are in use on the HTTP client's thread."""
    with Stack() as stack:
        sink = Sink()
        pages = [Page(series=300) for _ in range(8)]
        jobs = "".join(f"- {{job_name: page{i}, static_configs: [{{targets: ['{page.address}']}}]}}\n"
                       for i, page in enumerate(pages))
        config = agent_config(sink.url, "100ms", jobs=jobs)
        agent = stack.start("drover-agent", config, ["--web.enable-lifecycle"])
        wait_until(lambda: all(page.reads for page in pages), 5, "scrapes")
        for turn in range(40):
            (agent.folder / "config.yml").write_text(
                config.replace("global: {", f"global: {{external_labels: {{turn: '{turn}'}}, "))
            status, body = http(agent.url + "/-/reload", b"", method="POST")
            assert status == 200, (turn, status, body)
        wait_until(lambda: any(("turn", "39") in key for key, _, _ in sink.samples()[-1]), 5, "samples of the last configuration")
        agent.terminate_well()


def a_reload_that_cannot_open_a_queue_is_made_good():
    with Stack() as stack:
        sink = Sink()
        config = agent_config(sink.url, "1s")
        agent = stack.start("drover-agent", config, ["--web.enable-lifecycle"])
        refused = "drover_forward_refused_samples_total"
        wait_until(sink.samples, 5, "samples")
        queues = agent.folder / "data/queue"

        def reload(text):
            (agent.folder / "config.yml").write_text(text)
            return http(agent.url + "/-/reload", b"", method="POST")

        # A new endpoint's queue cannot be opened: the old one goes on, without a gap.
        (queues / "other").write_text("in the way")
        status, body = reload(config.replace("central", "other"))
        assert status == 500 and "queue of other" in body, (status, body)
        count = len(sink.samples())
        wait_until(lambda: len(sink.samples()) > count + 2, 5, "samples of the old configuration")
        assert agent.metric(refused) == 0, agent.metric(refused)
        # The running endpoint's cannot be opened again: said, counted, and made good.
        (queues / "central").rename(queues / "away")
        (queues / "central").write_text("in the way")
        status, body = reload(config.replace("name: central", "name: central, remote_timeout: 7s"))
        assert status == 500 and "queue of central" in body, (status, body)
        assert agent.read_log().count("cannot be restored") == 1
        wait_until(lambda: agent.metric(refused) > 0, 5, "a count of what is lost")
        (queues / "central").unlink()
        (queues / "away").rename(queues / "central")
        count = len(sink.samples())
        wait_until(lambda: len(sink.samples()) > count + 2, 5, "samples again")
        assert "the queues are open again" in agent.read_log()
        # A queue that nothing uses any more is told.
        (queues / "other").unlink()
        assert reload(config.replace("central", "other"))[0] == 200
        assert any("no remote_write uses" in line and line.endswith("queue/central")
                   for line in agent.read_log().splitlines())


def each_program_ends_within_a_second_when_its_peers_are_away():
    with Stack() as stack:
        # One peer refuses, one takes the connection and says nothing, one has no such name.
        silent = socket.socket()
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        silent_address = f"127.0.0.1:{silent.getsockname()[1]}"
        targets = f"['127.0.0.1:{free_port()}', '{silent_address}', 'no-such-host.invalid:80']"
        jobs = f"- {{job_name: away, static_configs: [{{targets: {targets}}}]}}\n"
        for url in (f"http://127.0.0.1:{free_port()}/w", f"http://{silent_address}/w",
                    "http://no-such-host.invalid/w"):
            agent = stack.start("drover-agent", agent_config(url, "1s", jobs=jobs))
            time.sleep(1.2)
            agent.terminate_well()
        receiver = stack.start("drover-receiver")
        with socket.create_connection(("127.0.0.1", receiver.port)) as idle:
            idle.send(b"POST /api/v1/write HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
            time.sleep(0.1)
            receiver.terminate_well()
        exporter = stack.start("drover-node-exporter")
        assert exporter.get("/metrics")[0] == 200
        exporter.terminate_well()
        silent.close()


def a_stuck_collector_does_not_hold_up_the_end():
    with Stack() as stack:
        # A /proc whose loadavg is a pipe without a writer: the collector waits for it.
        folder = stack.new_folder("proc")
        os.mkfifo(folder / "loadavg")
        sink = Sink()
        agent = stack.start("drover-agent", agent_config(sink.url, "1s"),
                            [f"--path.procfs={folder}"])
        time.sleep(0.5)
        assert not any(dict(key)["__name__"] == "node_scrape_collector_success"
                       for r in sink.samples() for key, _, _ in r), "nothing was stuck"
        agent.terminate_well()


def mistakes_end_with_one_sentence_and_1():
    with Stack() as stack:
        port = free_port()
        taken = socket.socket()
        taken.bind(("127.0.0.1", port))
        taken.listen()
        folder = stack.new_folder("mistakes")
        (folder / "config.yml").write_text("")
        for name in ("drover-agent", "drover-receiver", "drover-node-exporter"):
            cases = {
                "a taken port": (stack.command(name, folder, port), str(port)),
                "a wrong flag": (stack.command(name, folder, 0, ["--no-such-flag"]),
                                 "no-such-flag"),
            }
            if name != "drover-node-exporter":
                cases["an absent file"] = (
                    stack.command(name, folder, 0, [f"--config.file={folder}/absent.yml"]),
                    "absent.yml")
            if name == "drover-receiver":
                cases["a retention of nothing"] = (
                    stack.command(name, folder, 0, ["--storage.tsdb.retention.time=0s"]), "retention.time must be above 0")
            for what, (command, word) in cases.items():
                command = [c for i, c in enumerate(command)
                           if not (c.startswith("--config.file=") and what == "an absent file"
                                   and i < len(command) - 1)]
                done = subprocess.run(command, capture_output=True, text=True, timeout=10,
                                      stdin=subprocess.DEVNULL, check=False)
                lines = done.stderr.strip().splitlines()
                told = [line for line in lines if word in line]
                assert done.returncode == 1, (name, what, done.returncode, done.stderr)
                assert len(told) == 1, (name, what, done.stderr)
                assert len([line for line in lines if "level=ERROR" in line]) <= 1, done.stderr
        taken.close()


def freshness_grows_after_the_agent_died_and_survives_a_restart():
    with Stack() as stack:
        receiver = stack.start("drover-receiver")
        agent = stack.start("drover-agent", agent_config(receiver.url + "/api/v1/write", "1s"))
        wait_until(lambda: receiver.query('up{job="node-exporter"}'), 5, "the agent's series")
        age = 'max(drover_target_last_sample_age_seconds{job="node-exporter"})'

        def page_age():
            for line in receiver.get("/metrics")[1].splitlines():
                if line.startswith("drover_target_last_sample_age_seconds{") and \
                        'job="node-exporter"' in line:
                    return float(line.rsplit(" ", 1)[1])
            return None

        def current():
            found = page_age()
            return found if found is not None else receiver.value(age)

        wait_until(lambda: current() is not None, 20, "the age of the target")
        agent.kill()
        first = current()
        time.sleep(2)
        wait_until(lambda: current() >= first + 1, 20, "the age to grow")
        grown = current()
        receiver.terminate_well()
        receiver.start()
        again = wait_until(current, 20, "the age after the restart")
        assert again >= grown - 0.5, (grown, again)


def quit_ends_a_program_where_the_lifecycle_is_on():
    with Stack() as stack:
        for name in ("drover-agent", "drover-receiver"):
            program = stack.start(name, "", ["--web.enable-lifecycle"])
            status, _ = http(program.url + "/-/quit", method="GET")
            assert status == 405, status
            status, text = http(program.url + "/-/quit", body=b"")
            assert status == 200 and "Goodbye" in text, (status, text)
            assert program.process.wait(timeout=2) == 0
            closed = stack.start(name, "")
            assert http(closed.url + "/-/quit", body=b"")[0] == 403
            assert closed.get("/-/healthy")[0] == 200


def a_second_agent_on_the_same_folder_is_refused():
    with Stack() as stack:
        sink = Sink()
        agent = stack.start("drover-agent", agent_config(sink.url, "1s"))
        done = subprocess.run(stack.command("drover-agent", agent.folder, free_port()),
                              capture_output=True, text=True, timeout=10, check=False)
        assert done.returncode == 1, done.returncode
        assert "in use by process" in done.stderr, done.stderr
        assert agent.get("/-/healthy")[0] == 200


if __name__ == "__main__":
    run([first_series_are_answered_within_5_s,
         reloads_do_not_hang_while_targets_answer,
         a_reload_that_cannot_open_a_queue_is_made_good,
         a_broken_file_is_refused_by_reload_and_the_rest_goes_on,
         a_bad_argument_of_an_exporter_is_refused_by_reload_before_anything_changes,
         a_reload_moves_to_another_endpoint,
         each_program_ends_within_a_second_when_its_peers_are_away,
         a_stuck_collector_does_not_hold_up_the_end,
         mistakes_end_with_one_sentence_and_1,
         freshness_grows_after_the_agent_died_and_survives_a_restart,
         quit_ends_a_program_where_the_lifecycle_is_on,
         a_second_agent_on_the_same_folder_is_refused])
