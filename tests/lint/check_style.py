#!/usr/bin/env python3
"""Cheap checks of CONTRIBUTING.md's rules: file size, leftovers, waits in tests, endings of lines."""

import re
import subprocess
import sys
from pathlib import Path

MAX_LINES = 400
CODE = (".cpp", ".hpp", ".h", ".c", ".py", ".js", ".mjs", ".css", ".html")
TEXT = CODE + (".md", ".toml", ".build", ".txt", ".sh", ".yml", ".yaml", ".json", "")
# This file names what it forbids, and the linters' own tests have bad samples.
SELF = ("tests/lint/check_style.py", "tests/lint/test_check_style.py")

DATA = ("tests/data/", "tests/fuzz/corpus/")  # as others write it

LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SLEEP = re.compile(r"\b(time\.sleep|asyncio\.sleep|sleep_for|sleep_until|usleep|nanosleep)\s*\(|\bwaitForTimeout\s*\(")
# A poll with a bound is no wait for luck; it lives in these helpers.
MAY_SLEEP = ("tests/support/runner/processes.py", "tests/process/support/")
TRAILING = re.compile(r"[ \t]+$")


def problems_of(path, text):
    problems = []
    lines = text.splitlines()
    if path.endswith(CODE) and len(lines) > MAX_LINES:
        problems.append(f"{path}:1: {len(lines)} lines; split it, {MAX_LINES} is the limit")
    for number, line in enumerate(lines, 1):
        if path.endswith(CODE) and LEFTOVER.search(line):
            problems.append(f"{path}:{number}: finish it or file an issue: {line.strip()}")
        if path.startswith("tests/") and not path.startswith(MAY_SLEEP) and SLEEP.search(line):
            problems.append(f"{path}:{number}: a test waits for a condition with a bound, it does not sleep")
        if TRAILING.search(line):
            problems.append(f"{path}:{number}: blanks at the end of the line")
    if text and not text.endswith("\n"):
        problems.append(f"{path}:{len(lines)}: no newline at the end of the file")
    return problems


def main():
    root = Path(__file__).resolve().parents[2]
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True)
    paths = [
        path for path in listed.stdout.splitlines()
        if (root / path).is_file() and Path(path).suffix in TEXT and path not in SELF and not path.startswith(DATA)]
    problems = []
    for path in paths:
        problems += problems_of(path, (root / path).read_text(errors="replace"))
    print("\n".join(problems + [f"style: {len(paths)} files, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
