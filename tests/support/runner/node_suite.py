"""JavaScript tests with node:test: the web client's modules, and two browsers in a call."""

import json
from pathlib import Path

import processes
from results import ROOT

REPORTER = Path(__file__).resolve().with_name("node_reporter.mjs")
WEB_LIMIT_S = 120
E2E_LIMIT_S = 1200
INSTALL_LIMIT_S = 600


def run_web(context, result):
    run_folder(context, result, "web", ROOT / "web" / "test", WEB_LIMIT_S)


def run_e2e(context, result):
    folder = ROOT / "tests" / "e2e"
    if install_modules(context, result, folder):
        run_folder(context, result, "e2e", folder, E2E_LIMIT_S)


def install_modules(context, result, folder):
    """npm ci, unless node_modules is already what package-lock.json says."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return True
    npm = processes.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], context.reports / "npm.log", INSTALL_LIMIT_S, cwd=folder)
    if npm.status != 0:
        result.fail(f"npm ci in {folder.relative_to(ROOT)}", f"{npm.output}\nnpm: {npm.how()}")
    return npm.status == 0


def run_folder(context, result, suite, folder, limit_s):
    files = sorted(path for path in folder.glob("**/*.test.*js") if "node_modules" not in path.parts)
    if not files:
        return
    named = [path for path in files if context.filter and context.matches(path.name)]
    events = context.reports / f"{suite}.jsonl"
    command = [
        "node", "--test", f"--test-reporter={REPORTER}", f"--test-reporter-destination={events}",
        "--test-reporter=spec", "--test-reporter-destination=stdout"]
    if context.filter and not named:
        command.append(f"--test-name-pattern={context.filter}")
    finished = processes.run(
        [*command, *(named or files)], context.reports / f"{suite}.log", limit_s, env=context.environment(), cwd=ROOT,
        echo=context.verbose)
    add_events(events, result)
    if finished.status != 0 and not result.failures:
        result.fail(suite, f"{finished.output}\nnode: {finished.how()}")


def add_events(events, result):
    """One event a test, then one for all that a file printed, which the file's failures get."""
    lines = events.read_text().splitlines() if events.exists() else []
    failed = {}  # file -> (title, text) of its failures
    for event in map(json.loads, lines):
        match event["state"]:
            case "passed":
                result.passed += 1
            case "skipped":
                result.skips.append((event["title"], event["text"]))
            case "failed":
                failed.setdefault(event["file"], []).append((event["title"], event["text"]))
            case "output" if event["file"] in failed:
                title, text = failed[event["file"]][-1]
                failed[event["file"]][-1] = (title, f"{text}\n{event['file']} printed:\n{event['text']}")
    for title, text in (failure for failures in failed.values() for failure in failures):
        result.fail(title, text)
