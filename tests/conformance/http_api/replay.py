#!/usr/bin/env python3
"""Replays recorded requests to a Prometheus against drover-receiver and compares the answers.

    replay.py BIN [--passing=FILE] [--update] [-v] RECORDING…

RECORDING: *_write_read_admin.jsonl is replayed in order on an empty receiver: status, kept headers
and body must be equal (texts of decoder errors are free). *_responses.jsonl came from a server with
a self-scrape: status, content type and the shape of the JSON. Without recordings: those of
$DROVER_DATA, else of ../shared/data beside the checkout; 77 (skipped) when there are none.

Prints passed/failed per file. With --passing every case in that list must pass, and new ones are
named; --update writes it. -v shows the differences.
"""

import base64
import gzip
import http.client
import json
import math
import os
import pathlib
import sys
import urllib.parse
import zlib

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
sys.dont_write_bytecode = True
from drover import Stack  # noqa: E402

# The decoders' own words differ between libraries.
FREE_TEXT = ("bad_snappy", "bad_protobuf")
CONFIG = "global:\n  external_labels: {region: eu, replica: a}\n"


def ask(port, case):
    path = case["path"]
    headers = dict(case.get("request_headers") or {})
    body = base64.b64decode(case["request_body_b64"]) if "request_body_b64" in case else None
    if "params" in case:
        encoded = urllib.parse.urlencode([tuple(p) for p in case["params"] or []])
        if case["method"] == "GET":
            path += "?" + encoded if encoded else ""
        else:
            body = encoded.encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(case["method"], path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    try:
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    except (http.client.HTTPException, OSError):
        return 0, {}, b""
    finally:
        connection.close()


def decode(body, headers):
    encoding = headers.get("content-encoding", "")
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "deflate":
        return zlib.decompress(body)
    return body


def same(want, got):
    if isinstance(want, float) or isinstance(got, float):
        return isinstance(want, (int, float)) and isinstance(got, (int, float)) and \
            math.isclose(want, got, rel_tol=1e-12)
    if isinstance(want, dict) and isinstance(got, dict):
        return want.keys() == got.keys() and all(same(want[k], got[k]) for k in want)
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return False
        if all(same(a, b) for a, b in zip(want, got)):
            return True
        key = lambda v: json.dumps(v, sort_keys=True)  # unordered results
        if all(isinstance(v, dict) for v in want + got):
            return all(same(a, b) for a, b in zip(sorted(want, key=key), sorted(got, key=key)))
        return False
    return want == got


def compare(case, status, headers, body):
    """None when equal, else what differs."""
    if status != case["status"]:
        return f"status {status}, want {case['status']}: {body[:200]!r}"
    want_headers = case.get("headers") or {}
    for name, value in want_headers.items():
        if headers.get(name, "").lower() != value.lower():
            return f"{name}: {headers.get(name)!r}, want {value!r}"
    if "body" not in case and "body_b64" not in case:
        return None
    plain = decode(body, headers)
    if "body_b64" in case:
        want = decode(base64.b64decode(case["body_b64"]), want_headers)
    else:
        want = case["body"]
    if isinstance(want, bytes):
        try:
            want = json.loads(want)
        except ValueError:
            return None if plain == want else f"body {plain[:100]!r}, want {want[:100]!r}"
    if isinstance(want, (dict, list)):
        try:
            got = json.loads(plain)
        except ValueError:
            return f"not JSON: {plain[:200]!r}"
        return None if same(want, got) else \
            f"body {json.dumps(got)[:600]}\n      want {json.dumps(want)[:600]}"
    if any(word in case["name"] for word in FREE_TEXT):
        return None if plain else "an error without words"
    text = plain.decode("utf-8", "replace")
    return None if text == want else f"body {text[:300]!r}, want {want[:300]!r}"


def shape(value):
    """Names and kinds; of a list the shape of all elements together."""
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "list"
    return "string" if isinstance(value, str) else "number" if not isinstance(value, bool) else "bool"


def compare_shape(case, status, headers, body):
    if status != case["status"]:
        return f"status {status}, want {case['status']}: {body[:200]!r}"
    got_type, want_type = headers.get("content-type", ""), case.get("content_type") or ""
    if got_type.lower() != want_type.lower():
        return f"content type {got_type!r}, want {want_type!r}"
    want = case.get("body")
    if not isinstance(want, dict):
        return None
    try:
        got = json.loads(decode(body, headers))
    except ValueError:
        return f"not JSON: {body[:200]!r}"
    for key in ("status", "errorType"):
        if want.get(key) != got.get(key):
            return f"{key} {got.get(key)!r}, want {want.get(key)!r}"
    if ("data" in want) != ("data" in got) or shape(want.get("data")) != shape(got.get("data")):
        return f"data is {shape(got.get('data'))}, want {shape(want.get('data'))}"
    data, other = want.get("data"), got.get("data")
    if isinstance(data, dict):
        if "resultType" in data and data["resultType"] != other.get("resultType"):
            return f"resultType {other.get('resultType')!r}, want {data['resultType']!r}"
        named = case["path"].startswith("/api/v1/status/") or "resultType" in data
        if named and case["path"] not in ("/api/v1/status/flags",):
            missing = data.keys() - other.keys()
            if missing:
                return f"data has no {sorted(missing)}"
    return None


def replay(recording, verbose):
    """{name: difference or None}"""
    shapes = recording.name.endswith("_responses.jsonl")
    results = {}
    with Stack() as stack:
        receiver = stack.start(
            "drover-receiver", CONFIG,
            ["--web.enable-lifecycle", "--storage.tsdb.retention.time=100y", "--log.level=error"])
        for number, line in enumerate(recording.read_text().splitlines(), 1):
            case = json.loads(line)
            name = case.get("name") or f"{number:03}{case['path']}"
            case["name"] = name
            answer = ask(receiver.port, case)
            difference = (compare_shape if shapes else compare)(case, *answer)
            results[name] = difference
            if difference and verbose:
                print(f"  {name}: {difference}")
    return results


def main():
    arguments = [a for a in sys.argv[2:] if not a.startswith("-")]
    options = dict(a.split("=", 1) for a in sys.argv[2:] if a.startswith("--") and "=" in a)
    verbose = "-v" in sys.argv
    if arguments:
        recordings = [pathlib.Path(a) for a in arguments]
    else:
        data = pathlib.Path(os.environ.get("DROVER_DATA", SOURCE / ".." / "shared" / "data"))
        recordings = sorted((data / "http_api").glob("*.jsonl"))
    if not recordings:
        print("skipped: no recordings")
        sys.exit(77)
    passed = set()
    for recording in recordings:
        results = replay(recording, verbose)
        good = {name for name, difference in results.items() if difference is None}
        passed |= {f"{recording.name} {name}" for name in good}
        print(f"{recording.name}: {len(good)} passed, {len(results) - len(good)} failed")
    if "--passing" not in options:
        return
    listed = pathlib.Path(options["--passing"])
    if "--update" in sys.argv:
        listed.write_text("".join(name + "\n" for name in sorted(passed)))
        return
    expected = set(listed.read_text().splitlines())
    for name in sorted(expected - passed):
        print("no longer passes:", name)
    for name in sorted(passed - expected):
        print("passes now, add it to the list:", name)
    sys.exit(0 if expected <= passed else 1)


if __name__ == "__main__":
    main()
