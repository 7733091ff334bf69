#!/usr/bin/env python3
"""Every header compiles alone.

usage: check_headers.py SOURCE_FOLDER BUILD_FOLDER COMPILER
Headers that did not change since their last good compile (by content, theirs and of all they include
from the project) are not compiled again.
"""
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys

TOP = ("core", "exporters", "agent", "receiver", "pushprox", "ctl")


def digest(root, path, seen):
    """Hash of a header and of every project header it reaches."""
    if path in seen:
        return b""
    seen.add(path)
    try:
        text = open(os.path.join(root, path), "rb").read()
    except OSError:
        return b""
    out = hashlib.sha256(text).digest()
    for match in re.finditer(rb'#\s*include\s*"([^"]+)"', text):
        out += digest(root, match.group(1).decode(), seen)
    return out


def main():
    root, build, compiler = sys.argv[1:4]
    stamps = os.path.join(build, "header_stamps")
    os.makedirs(stamps, exist_ok=True)
    headers = []
    for top in TOP:
        for base, _, names in os.walk(os.path.join(root, top)):
            headers += [os.path.relpath(os.path.join(base, n), root) for n in names if n.endswith(".h")]

    def check(path):
        key = hashlib.sha256(digest(root, path, set())).hexdigest()
        stamp = os.path.join(stamps, path.replace("/", "_"))
        if os.path.exists(stamp) and open(stamp).read() == key:
            return None
        run = subprocess.run([compiler, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", "-x", "c++", "-I", root,
                              "-DSIMDJSON_DEVELOPMENT_CHECKS=0", "-include", os.path.join(root, path), "/dev/null"],
                             capture_output=True, text=True)
        if run.returncode != 0:
            return f"{path} does not compile alone:\n{run.stderr[:2000]}"
        with open(stamp, "w") as out:
            out.write(key)
        return None

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failures = [f for f in pool.map(check, sorted(headers)) if f]
    for failure in failures:
        print(failure)
    print(f"{len(headers)} headers, {len(failures)} do not compile alone")
    return 1 if failures or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
