#!/usr/bin/env python3
"""Checks that each C++ file includes only what its layer may (layers.py), and that pure layers read no clock."""

import re
import subprocess
import sys
from pathlib import Path

from layers import HEAVY, LAYERS, MAIN_PROJECT, MAY_BE_IMPURE, MAY_INCLUDE

INCLUDE = re.compile(r'^\s*#\s*include\s*(<([^>]+)>|"([^"]+)")')
IMPURE = {
    r"\b(steady|system|high_resolution)_clock::now\b": "reads a clock; take Now as an argument",
    r"\bstd::random_device\b": "makes randomness; take a RandomSource as an argument",
    r"\b(std::)?getenv\s*\(": "reads the environment; take the value as an argument",
    r"\bstd::(thread|jthread|mutex|atomic)\b": "uses threads; a core belongs to one worker",
    r"\bstd::(cout|cerr|clog|printf|puts)\b|\bfprintf\s*\(": "prints; return a named outcome",
}
SOURCES = (".hpp", ".cpp", ".h", ".c")


def problems_of(path, text):
    """Lines of the form 'path:line: what is wrong and what to do' for one file; `path` is relative to the root."""
    layer = layer_of(path)
    if layer is None:
        return [] if path.startswith("tests/") else [f"{path}:1: no layer in tests/lint/layers.py holds this folder"]
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        reason = include_problem(path, layer, *match.groups()[1:]) if match else impurity(path, layer, line)
        if reason:
            problems.append(f"{path}:{number}: {reason}")
    return problems


def layer_of(path):
    return next((layer for layer in LAYERS if path.startswith(layer.folder + "/")), None)


def include_problem(path, layer, system, project):
    if project:
        allowed = (layer.folder + "/",) + layer.project + MAIN_PROJECT.get(path, ())
        if "/" not in project:
            return f'"{project}" does not name its layer; write the path from the root'
        if not project.startswith(allowed):
            return f'{layer.folder} may not include "{project}"; it may include {", ".join(allowed)}'
    elif system in MAY_INCLUDE.get(path, ()):
        return None
    elif system not in layer.std and not system.startswith(layer.system):
        return f"{layer.folder} may not include <{system}>"
    elif not path.startswith(homes_of(system)):
        return f"<{system}> is a heavy header: only {', '.join(homes_of(system))} may include it"
    return None


def homes_of(system):
    """The prefixes of the files that may include a system header: all files, unless it is a heavy one."""
    return next((homes for library, homes in HEAVY.items() if system.startswith(library)), ("",))


def impurity(path, layer, line):
    if not layer.pure or path in MAY_BE_IMPURE:
        return None
    code = line.split("//")[0]
    return next((f"{layer.folder} {reason}" for pattern, reason in IMPURE.items() if re.search(pattern, code)), None)


def escape_problems(files):
    """A heavy header may sit in a header of its own files, but then no other file includes that one."""
    carriers = {
        path: homes_of(system) for path, text in files.items() if path.endswith(".hpp")
        for system in re.findall(r"#include <([^>]+)>", text) if homes_of(system) != ("",)}
    return [
        f"{path}:1: includes {carrier}, which brings a heavy header with it"
        for carrier, homes in carriers.items() for path, text in files.items()
        if f'#include "{carrier}"' in text and not path.startswith((*homes, "tests/"))]


def main():
    root = Path(__file__).resolve().parents[2]
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True)
    files = {
        path: (root / path).read_text() for path in listed.stdout.splitlines()
        if path.endswith(SOURCES) and (root / path).is_file()}
    problems = escape_problems(files)
    for path, text in files.items():
        problems += problems_of(path, text)
    print("\n".join(problems + [f"layers: {len(files)} files, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
