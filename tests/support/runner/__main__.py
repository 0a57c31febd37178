"""The command line of tests/run: builds, runs the suites in order, prints the summary."""

import argparse
import fcntl
import signal
import sys
import time

import build
import fuzz_suite
import gtest_suite
import node_suite
import processes
import pytest_suite
from results import ROOT, Context, Result

SUITES = {
    "unit": gtest_suite.run,
    "tools": pytest_suite.run_tools,
    "process": pytest_suite.run_process,
    "web": node_suite.run_web,
    "e2e": node_suite.run_e2e,
    "fuzz": fuzz_suite.run,
}

DESCRIPTION = """Builds in build/test with AddressSanitizer and UBSan, runs the suites, prints each failure in full and
ends with the line 'N passed, N failed'. Any other word than a suite is a name to look for.

  tests/run                          everything
  tests/run unit                     unit and property tests: no sockets, seconds
  tests/run tools                    the checks in tests/lint and this runner (pytest)
  tests/run process                  the real servers on loopback, with foreign clients (pytest)
  tests/run web                      the web client's JavaScript (node:test)
  tests/run e2e                      two browsers in a call (node:test, Chromium)
  tests/run fuzz --seconds 60        each parser and the relay's core fed with what libFuzzer makes up; `tests/run`
                                     alone does so for a moment
  tests/run unit --filter Relay      tests whose name, program or file contains 'Relay'
"""


def main():
    options = parse_arguments()
    lock = lock_build()  # held until we end
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a background shell starts us with it ignored
        signal.signal(number, signal.default_int_handler)
    context = Context(options.filter, options.verbose, fuzz_seconds=options.seconds)
    processes.become_subreaper()
    results = []
    try:
        built = build.prepare(context, options.suites)
        report(built)
        results.append(built)
        if not built.failures:
            for name in options.suites:
                results.append(run_suite(name, context))
    except KeyboardInterrupt:
        processes.stop_leftovers()
        results.append(Result("interrupted").fail("interrupted", "stopped by a signal"))
    return summarize(results, context)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="tests/run", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="SUITE|NAME", help="suites to run (all when none), a name to look for")
    parser.add_argument("--filter", metavar="NAME", help="only tests whose name, program or file contains NAME")
    parser.add_argument("--verbose", action="store_true", help="show the output of passing tests and tools as well")
    parser.add_argument("--seconds", type=int, metavar="N", help=f"time of each fuzz target (fuzz alone: {fuzz_suite.LONG_S})")
    options = parser.parse_args()
    names = [word for word in options.words if word not in SUITES]
    if options.filter:
        names.append(options.filter)
    if len(names) > 1:
        parser.error(f"one name at a time, not {len(names)}: {', '.join(names)}")
    options.filter = names[0] if names else None
    if options.seconds is None:
        options.seconds = fuzz_suite.LONG_S if "fuzz" in options.words else fuzz_suite.SMOKE_S
    if options.seconds < 1:
        parser.error("--seconds needs at least 1")
    options.suites = [name for name in SUITES if name in options.words] or list(SUITES)
    return options


def lock_build():
    """Two runs at once in one tree would overwrite each other's build and reports."""
    path = ROOT / "build" / "test.lock"
    path.parent.mkdir(exist_ok=True)
    lock = open(path, "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another tests/run in this tree", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def run_suite(name, context):
    started = time.monotonic()
    result = Result(name)
    try:
        SUITES[name](context, result)
    except OSError as error:
        result.fail(name, f"the suite could not run: {error}")
    for line in processes.stop_leftovers():
        result.fail(f"{name}: left running after the tests", line)
    for title, text in context.take_sanitizer_reports():
        result.fail(title, text)
    if result.count == 0 and not context.filter:
        result.fail(name, "no tests ran")
    result.seconds = time.monotonic() - started
    report(result)
    return result


def report(result):
    for title, text in result.failures:
        print(f"\n===== FAILED {title}\n{text.rstrip()}\n=====", flush=True)
    print(result.line(), flush=True)
    for title, reason in result.skips:
        print(f"           skipped {title}: {reason}", flush=True)


def summarize(results, context):
    if sum(result.count for result in results) == 0:
        results.append(Result("filter").fail("filter", f"no test matches '{context.filter}'"))
        print(results[-1].failures[0][1])
    failed = [(result.suite, title) for result in results for title, _ in result.failures]
    if failed:
        print("\nfailed:")
        for suite, title in failed:
            print(f"  {suite:8} {title}")
        print(f"output of each suite: {context.reports}")
    skipped = sum(len(result.skips) for result in results)
    passed = sum(result.passed for result in results)
    print(f"{passed} passed, {len(failed)} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed else 0


sys.exit(main())
