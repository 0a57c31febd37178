"""Unit and property tests: every program that meson declares as a test, two at a time."""

import os
import re
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import build
import processes

LIMIT_S = 180


def run(context, result):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for add_outcome in pool.map(lambda test: run_program(context, test), build.test_programs()):
                add_outcome(result)
        except BaseException:
            # A signal to us is none to them, and leaving the pool waits for all that it was given.
            pool.shutdown(wait=False, cancel_futures=True)
            processes.end_running()
            raise


def run_program(context, test):
    """Runs one program; returns what to do with the suite's result, so that only one thread touches it."""
    name = test["name"].replace("/", "_")
    is_gtest = test["protocol"] == "gtest"
    by_name = context.matches(test["name"])
    if not is_gtest and not by_name:
        return lambda result: None

    xml = context.reports / f"{name}.xml"
    command = list(test["cmd"])
    if is_gtest:
        command.append(f"--gtest_output=xml:{xml}")
        if not by_name:
            command.append(f"--gtest_filter=*{context.filter}*")
    finished = processes.run(
        command, context.reports / f"{name}.log", max(LIMIT_S, test["timeout"]),
        env=context.environment() | test["env"], cwd=test["workdir"])
    if context.verbose:
        print(finished.output, flush=True)
    if not is_gtest:
        return lambda result: add_exit_status(test["name"], finished, result)
    return lambda result: add_gtest(test["name"], finished, xml, result, context)


def add_exit_status(name, finished, result):
    if finished.status == 0:
        result.passed += 1
    else:
        result.fail(name, f"{finished.output}\n{finished.how()}")


def add_gtest(name, finished, xml, result, context):
    before = len(result.failures)
    cases = read_cases(xml)
    for title, state, text in cases:
        if state == "failed":
            result.fail(f"{name} {title}", text)
        elif state == "skipped":
            result.skips.append((f"{name} {title}", text))
        else:
            result.passed += 1
    unexplained = finished.status != 0 and len(result.failures) == before
    if unexplained:
        # A crash leaves no report: count what the output says and the program itself as failed.
        if not cases:
            result.passed += len(re.findall(r"^\[       OK \]", finished.output, re.MULTILINE))
        result.fail(name, f"{finished.output}\n{name}: {finished.how()}")
    elif not cases and not context.filter:
        result.fail(name, f"{finished.output}\n{name}: no tests in this program")


def read_cases(xml):
    if not xml.exists():
        return []
    cases = []
    for case in ElementTree.parse(xml).getroot().iter("testcase"):
        title = f"{case.get('classname')}.{case.get('name')}"
        failures = [failure.text or failure.get("message") for failure in case.findall("failure")]
        skipped = case.find("skipped")
        if failures:
            cases.append((title, "failed", "\n".join(failures)))
        elif skipped is not None or case.get("status") == "notrun":
            reason = "disabled" if skipped is None else (skipped.get("message") or "no reason given").strip()
            cases.append((title, "skipped", reason))
        else:
            cases.append((title, "passed", ""))
    return cases
