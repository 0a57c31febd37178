#!/usr/bin/env python3
"""Checks that the Markdown pages tell the truth about the tree: commands, their flags, paths and links exist."""

import itertools
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = {"sh", "bash", "console"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
INLINE_CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
ASSIGNMENT = re.compile(r"^[A-Z_]+=")
TOP_FOLDERS = ("common/", "stun/", "turn/", "signaling/", "web/", "tests/", "deploy/", ".ci/")
# Commands of the system that the pages may use without an explanation.
SYSTEM = {"apt-get", "git", "cd", "curl", "meson", "ninja", "sudo", "export", "gdb", "npm", "node"}
OPERATORS = {"&&", "||", "|", ";", "&"}


def problems_of(page, text, tree):
    problems = []
    for language, block in FENCE.findall(text):
        if language in SHELL:
            for words in commands_in(block):
                problems += [f"{page}: {' '.join(words)}: {reason}" for reason in command_problems(words, tree)]
    prose = FENCE.sub("", text)
    problems += [f"{page}: link to {target}: {reason}" for target in LINK.findall(prose) if (reason := link_problem(page, target, tree))]
    for code in INLINE_CODE.findall(prose):
        first = code.split()[0]
        if first.startswith(TOP_FOLDERS) and "…" not in first and not tree.has(first):
            problems.append(f"{page}: `{first}` does not exist")
        elif first.startswith(TOP_FOLDERS) and tree.is_script(first):
            problems += [f"{page}: `{code}`: {reason}" for reason in command_problems(shlex.split(code), tree)]
    return problems


def commands_in(block):
    """The simple commands of a block, each a list of words without variables before it."""
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        for is_operator, group in itertools.groupby(words, OPERATORS.__contains__):
            command = list(itertools.dropwhile(ASSIGNMENT.match, group))
            if command and not is_operator:
                yield command


def command_problems(words, tree):
    program, arguments = words[0], words[1:]
    if program in SYSTEM:
        return []
    if program.startswith("build/"):
        return [] if tree.builds(Path(program).name) else ["no meson.build makes this program"]
    if not tree.is_script(program):
        return ["neither an executable file of this tree nor a known command"]
    flags = [word.split("=")[0] for word in arguments if word.startswith("-")]
    paths = [word for word in arguments if word.startswith(TOP_FOLDERS)]
    return ([f"its --help does not name {flag}" for flag in flags if flag not in tree.help_of(program)]
            + [f"{path} does not exist" for path in paths if not tree.has(path)])


def link_problem(page, target, tree):
    if re.match(r"^[a-z]+:", target):
        return None
    path, _, anchor = target.partition("#")
    file = str((Path(page).parent / path)) if path else page
    if not tree.has(file):
        return "no such file"
    if anchor and anchor not in tree.anchors_of(file):
        return "no such heading"
    return None


class Tree:
    def has(self, path):
        return all(any(ROOT.glob(each.rstrip("/"))) for each in expand_braces(path.split(":")[0]))

    def is_script(self, path):
        file = ROOT / path
        return file.is_file() and file.stat().st_mode & 0o111 != 0

    def builds(self, name):
        return any(f"'{name}'" in file.read_text() for file in ROOT.glob("*/**/meson.build"))

    @cache
    def help_of(self, script):
        done = subprocess.run([ROOT / script, "--help"], capture_output=True, text=True, timeout=60)
        return set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", done.stdout)) if done.returncode == 0 else set()

    def anchors_of(self, file):
        headings = HEADING.findall((ROOT / file).read_text())
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def expand_braces(path):
    match = re.search(r"\{([^}]*)\}", path)
    if not match:
        return [path]
    return [
        each for choice in match.group(1).split(",")
        for each in expand_braces(path[:match.start()] + choice + path[match.end():])]


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
    pages = [page for page in listed.stdout.splitlines() if (ROOT / page).is_file()]
    problems = []
    for page in pages:
        problems += problems_of(page, (ROOT / page).read_text(), Tree())
    print("\n".join(problems + [f"docs: {len(pages)} pages, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
