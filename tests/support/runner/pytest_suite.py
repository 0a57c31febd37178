"""Suites in pytest: the real servers on loopback, and the project's own tools."""

import sys
import xml.etree.ElementTree as ElementTree

import processes
from results import ROOT

LIMIT_S = 1200
HUNG_TEST_S = 120  # pytest then prints where each thread is
NO_TESTS_COLLECTED = 5


def run_process(context, result):
    run_folders(context, result, "process", ["tests/process"])


def run_tools(context, result):
    run_folders(context, result, "tools", ["tests/lint", "tests/support/runner"])


def run_folders(context, result, suite, folders):
    xml = context.reports / f"{suite}.xml"
    command = [
        sys.executable, "-m", "pytest", *(ROOT / folder for folder in folders), "-p", "no:cacheprovider", f"--junitxml={xml}",
        "-o", "junit_logging=all", "-o", f"faulthandler_timeout={HUNG_TEST_S}",
        "-v" if context.verbose else "-q"]
    if context.filter:
        command += ["-k", " and ".join(context.filter.split())]
    finished = processes.run(
        command, context.reports / f"{suite}.log", LIMIT_S, env=context.environment(), cwd=ROOT, echo=context.verbose)
    add_cases(xml, result)
    if finished.status == NO_TESTS_COLLECTED and context.filter:
        return
    if finished.status != 0 and not result.failures:
        result.fail(suite, f"{finished.output}\npytest: {finished.how()}")


def add_cases(xml, result):
    if not xml.exists():
        return
    for case in ElementTree.parse(xml).getroot().iter("testcase"):
        title = ".".join(filter(None, [case.get("classname"), case.get("name")]))
        problems = case.findall("failure") + case.findall("error")
        skipped = case.find("skipped")
        if problems:
            output = [element.text for tag in ("system-out", "system-err") for element in case.findall(tag)]
            result.fail(title, "\n".join(filter(None, [problem.text for problem in problems] + output)))
        elif skipped is not None:
            result.skips.append((title, skipped.get("message") or "no reason given"))
        else:
            result.passed += 1
