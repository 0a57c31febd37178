#!/usr/bin/env python3
"""Runs clang-tidy-19 over every C++ source, one process per core.

A clean file is remembered by the content of everything clang-tidy saw of the project (the file, the project headers it
reaches, the compile command, the .clang-tidy files) in ~/.cache/icebreaker, so only what changed is checked again.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "lint"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "icebreaker" / "tidy"
TIDY = "clang-tidy-19"
PROJECT_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
NOISE = re.compile(r"^(\d+ warnings?.* generated|Suppressed \d+ warnings|Use -header-filter|\s*$).*\n?", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(prog="tests/lint/tidy.py", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="PART", help="only files whose path contains PART")
    options = parser.parse_args()
    configure()
    jobs = [job for job in compile_commands() if not options.files or any(part in job[0] for part in options.files)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda job: check(*job), jobs))
    failed = sum(not clean for clean, _ in outcomes)
    fresh = sum(was_run for _, was_run in outcomes)
    print(f"clang-tidy: {len(jobs)} files ({fresh} new or changed), {failed} with findings")
    return 1 if failed or not jobs else 0


def configure():
    """The compile commands of a plain GCC build; only sources that the build generates are made, nothing is compiled."""
    if not (BUILD / "build.ninja").exists():
        run_or_exit(["meson", "setup", BUILD, ROOT, "-Dbuildtype=debug", "-Dwerror=false"])
    run_or_exit(["ninja", "-C", BUILD, "build.ninja"])
    targets = subprocess.run(["ninja", "-C", BUILD, "-t", "targets", "all"], check=True, capture_output=True, text=True).stdout
    generated = [line.split(":")[0] for line in targets.splitlines() if line.endswith(": CUSTOM_COMMAND")]
    sources = [path for path in generated if path.endswith((".hpp", ".cpp", ".h", ".inc"))]
    if sources:
        run_or_exit(["ninja", "-C", BUILD, *sources])


def run_or_exit(command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\ntidy.py: {command[0]} failed")


def compile_commands():
    jobs = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = (BUILD / entry["file"]).resolve()
        if path.is_relative_to(ROOT) and not path.is_relative_to(BUILD) and path.suffix == ".cpp":
            jobs.setdefault(str(path.relative_to(ROOT)), entry["command"].replace(str(ROOT), "ROOT"))
    return sorted(jobs.items())


def check(path, command):
    """Returns (clean, whether clang-tidy had to run)."""
    mark = CACHE / key_of(path, command)
    if mark.exists():
        mark.touch()
        return True, False
    done = subprocess.run(
        [TIDY, "-p", str(BUILD), "--quiet", "--extra-arg=-Wno-unknown-warning-option", path],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    clean = done.returncode == 0
    if clean:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    else:
        print(NOISE.sub("", done.stdout).replace("../../", ""), flush=True)
    return clean, True


def key_of(path, command):
    digest = hashlib.sha256()
    for part in (tool_version(), " ".join(shlex.split(command)), path):
        digest.update(part.encode() + b"\0")
    seen = set()
    for source in [*configurations(), *reached_from(path, seen)]:
        digest.update(str(source).encode() + b"\0" + content(source))
    return digest.hexdigest()


def reached_from(path, seen):
    if path in seen:
        return []
    seen.add(path)
    found = [path]
    for name in PROJECT_INCLUDE.findall(content(path).decode(errors="replace")):
        nearest = next((folder / name for folder in (Path(), Path(path).parent, BUILD) if (ROOT / folder / name).is_file()), None)
        if nearest is not None:
            found += reached_from(str(nearest), seen)
    return found


@cache
def content(path):
    return (ROOT / path).read_bytes()


@cache
def configurations():
    return tuple(sorted(path.relative_to(ROOT) for pattern in (".clang-tidy", "*/**/.clang-tidy") for path in ROOT.glob(pattern)
                        if "build" not in path.relative_to(ROOT).parts))


@cache
def tool_version():
    return subprocess.run([TIDY, "--version"], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
