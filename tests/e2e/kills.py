"""kill -9 of the agent while its receiver is away, and of the receiver under load.

    kills.py BIN [--kills=50]
"""

import json
import random
import threading
import time
import urllib.parse

from drover import Stack, agent_config, http, option, run, wait_until
from remote_write import send, series, snappy_encode
from sink import Page, Sink, snappy_decode


def sent_while_the_receiver_was_away_and_the_agent_killed():
    with Stack() as stack:
        sink, page = Sink(), Page(series=20)
        jobs = f"- {{job_name: page, static_configs: [{{targets: ['{page.address}']}}]}}\n"
        config = agent_config(sink.url, "1s", node=False, jobs=jobs, self_metrics=False)
        agent = stack.start("drover-agent", config)
        wait_until(lambda: page.reads >= 2 and sink.samples(), 10, "first samples")
        sink.stop()
        away = option("away", 15)
        time.sleep(away / 2)
        # A scrape that has been read and not committed may be lost: wait for a quiet moment.
        reads = page.reads
        wait_until(lambda: page.reads > reads, 5, "a scrape")
        time.sleep(0.3)
        at_kill = page.reads
        agent.kill()
        agent.start()
        time.sleep(away / 2)
        sink.start()
        wait_until(lambda: page.reads > at_kill + 3, 20, "scrapes after the kill")
        last = page.reads
        wait_until(lambda: any(v == last for r in sink.samples() for _, _, v in r), 10,
                   "the newest sample")
        requests = sink.samples()
        values = {}  # by series, first arrivals in order
        seen, twice = set(), []
        for number, request in enumerate(requests):
            again = [s for s in request if s[:2] in seen]
            if again:
                assert len(again) == len(request), "a block came again in part"
                twice.append(number)
            for key, t, v in request:
                if (key, t) not in seen and dict(key)["__name__"] == "reads":
                    values.setdefault(key, []).append((t, v))
                seen.add((key, t))
        assert len(twice) <= 1, f"{len(twice)} blocks came twice"
        assert len(values) == page.series, len(values)
        for key, ordered in values.items():
            times = [t for t, _ in ordered]
            assert times == sorted(times), f"{key}: not in order"
            missing = set(range(1, last + 1)) - {v for _, v in ordered}
            assert not missing, f"{key}: scrapes {missing} never came"
        print(f"  {len(seen)} samples of {last} scrapes, {len(twice)} block twice, none lost")


def write_request(writer, number, t_ms, count):
    return [series({"__name__": "load", "i": str(i), "writer": str(writer)}, t_ms, number) for i in range(count)]


def the_receiver_killed_under_load_keeps_what_it_acknowledged():
    kills, writers, count = option("kills", 5), 4, 50
    assert snappy_decode(snappy_encode(b"ab" * 50000)) == b"ab" * 50000
    with Stack() as stack:
        receiver = stack.start("drover-receiver")
        start_ms = int(time.time() * 1000)
        done = threading.Event()
        acknowledged = [dict() for _ in range(writers)]  # number -> time
        refused = []

        def write(writer):
            number, t_ms = 0, start_ms
            while not done.is_set():
                number += 1
                t_ms = max(t_ms + 1, int(time.time() * 1000))
                status, text = send(receiver, write_request(writer, number, t_ms, count))
                if status in (200, 204):
                    acknowledged[writer][number] = t_ms
                elif status == 0 or status >= 500:
                    time.sleep(0.005)
                else:
                    refused.append((status, text))

        threads = [threading.Thread(target=write, args=(w,)) for w in range(writers)]
        for thread in threads:
            thread.start()
        for _ in range(kills):
            time.sleep(0.15 + random.random() * 0.4)
            receiver.kill()
            receiver.start()
        time.sleep(0.3)
        done.set()
        for thread in threads:
            thread.join()
        receiver.kill()
        receiver.start()
        assert not refused, refused[:3]
        total = lost = 0
        seconds = int(time.time() - start_ms / 1000) + 60
        for writer in range(writers):
            parameters = urllib.parse.urlencode({
                "query": f'load{{writer="{writer}"}}[{seconds}s]', "time": time.time() + 1})
            status, body = http(receiver.url + "/api/v1/query?" + parameters, timeout=60)
            assert status == 200, (status, body[:500])
            result = json.loads(body)["data"]["result"]
            assert len(result) == count, len(result)
            for one in result:
                stored = {round(float(t) * 1000): float(v) for t, v in one["values"]}
                for number, t_ms in acknowledged[writer].items():
                    total += 1
                    lost += stored.get(t_ms) != number
        print(f"  {kills + 1} kills, {total} acknowledged samples, {lost} lost")
        assert total > 0 and lost == 0
        receiver.terminate_well()


if __name__ == "__main__":
    run([sent_while_the_receiver_was_away_and_the_agent_killed,
         the_receiver_killed_under_load_keeps_what_it_acknowledged])
