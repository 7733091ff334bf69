#!/usr/bin/env python3
"""Compares every #include of the tree with include_table.txt.

usage: check_includes.py SOURCE_FOLDER
A file belongs to the longest folder of the table that its path starts with. Prints one line per
violation (file:line) and ends with 1 if there is one.
"""
import os
import re
import sys

OPEN_TO_ALL = ("core/base", "core/metrics")
SYSTEM = re.compile(r"^(sys|linux|net|netinet|arpa|asm)/|^[a-z_0-9]+$|^[a-z_0-9]+\.h$")
PACKAGES_LIKE_SYSTEM = ("re2/", "xxhash", "snappy", "zstd", "zlib", "yaml", "crypt", "httplib", "roaring", "sqlite3", "ares",
                        "simdjson", "date/", "fmt/", "curl/")
FMT = ("fmt/", "tl/expected")
TOP = ("core", "exporters", "agent", "receiver", "pushprox", "ctl")


def read_table(path):
    table = {}
    for line in open(path, encoding="utf-8"):
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, rest = line.split(":", 1)
        folders, _, packages = rest.partition(";")
        table[folder.strip()] = (folders.split(), packages.split())
    return table


def owner(table, path):
    folder = os.path.dirname(path)
    while folder:
        if folder in table:
            return folder
        folder = os.path.dirname(folder)
    return None


def allowed_folder(mine, allowed, theirs):
    if theirs == mine or theirs.startswith(OPEN_TO_ALL):
        return True
    # A bare folder such as "core" or "exporters" in the table stands for everything below it.
    return any(theirs == a or (a in TOP and theirs.startswith(a + "/")) for a in allowed)


def main():
    root = sys.argv[1]
    table = read_table(os.path.join(root, "tests/layout/include_table.txt"))
    bad = 0
    files = 0
    for top in TOP:
        for base, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if not name.endswith((".h", ".cc")):
                    continue
                full = os.path.join(base, name)
                path = os.path.relpath(full, root)
                mine = owner(table, path)
                if mine is None:
                    print(f"{path}: its folder has no line in the table")
                    bad += 1
                    continue
                files += 1
                folders, packages = table[mine]
                for number, line in enumerate(open(full, encoding="utf-8"), 1):
                    match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
                    if not match:
                        continue
                    kind, header = match.groups()
                    if kind == '"':
                        theirs = owner(table, header)
                        if theirs is None:
                            print(f"{path}:{number}: \"{header}\" is in no folder of the table")
                            bad += 1
                        elif not allowed_folder(mine, folders, theirs):
                            print(f"{path}:{number}: {mine} may not include {theirs} ({header})")
                            bad += 1
                        continue
                    if header.startswith(FMT) or any(header.startswith(p) for p in packages):
                        continue
                    if SYSTEM.match(header) and not header.startswith(PACKAGES_LIKE_SYSTEM):
                        continue
                    if header in ("nmmintrin.h", "immintrin.h"):
                        continue
                    print(f"{path}:{number}: {mine} may not include the package header <{header}>")
                    bad += 1
    print(f"{files} files, {bad} violations")
    return 1 if bad or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
