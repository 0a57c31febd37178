"""The runner's promise: nothing that goes wrong is counted as passed, and nothing is left running."""

import os
import select
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import build
import fuzz_suite
import gtest_suite
import node_suite
import processes
import pytest
import pytest_suite
from results import Context, Result

RUNNER = Path(__file__).parent
# The first program to get here sends the runner what Ctrl-C does.
STOP_RUNNER = 'mkdir "$0.stopped" 2>/dev/null && kill -INT "$RUNNER"'
PASSED_CASE = '<testsuites><testsuite><testcase name="Works" classname="Relay" status="run"/></testsuite></testsuites>'


@pytest.fixture
def context(tmp_path):
    return Context(reports=tmp_path / "reports")


def run_fake_gtest(context, tmp_path, script):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nxml=${{1#--gtest_output=xml:}}\n{script}\n")
    program.chmod(0o755)
    declared = {
        "name": "unit-fake", "protocol": "gtest", "cmd": [str(program)], "env": {}, "workdir": None, "timeout": 30}
    result = Result("unit")
    gtest_suite.run_program(context, declared)(result)
    return result


def test_a_program_that_reports_its_cases_is_counted(context, tmp_path):
    result = run_fake_gtest(context, tmp_path, f"echo '{PASSED_CASE}' > $xml")

    assert (result.passed, result.failures) == (1, [])


def test_a_program_that_crashes_is_a_failure_with_its_output(context, tmp_path):
    result = run_fake_gtest(context, tmp_path, 'echo "[       OK ] Relay.Works"; echo it broke; kill -SEGV $$')

    assert result.passed == 1
    [(title, text)] = result.failures
    assert title == "unit-fake"
    assert "it broke" in text and "SIGSEGV" in text


def test_a_leak_after_the_last_test_is_a_failure(context, tmp_path):
    result = run_fake_gtest(context, tmp_path, f"echo '{PASSED_CASE}' > $xml; echo leaked; exit 23")

    assert "exit status 23" in result.failures[0][1]


def test_a_program_without_tests_is_a_failure(context, tmp_path):
    result = run_fake_gtest(context, tmp_path, "echo '<testsuites/>' > $xml")

    assert "no tests" in result.failures[0][1]


def test_a_skipped_case_comes_with_its_reason(context, tmp_path):
    case = '<testsuites><testcase name="N" classname="C" status="run"><skipped message="no IPv6"/></testcase></testsuites>'

    result = run_fake_gtest(context, tmp_path, f"echo '{case}' > $xml")

    assert result.skips == [("unit-fake C.N", "no IPv6")]


def test_a_sanitizer_report_that_nobody_read_is_found(context):
    log = context.environment()["ASAN_OPTIONS"].split("log_path=")[1]
    context.reports.mkdir()
    with open(f"{log}.4711", "w") as report:
        report.write("heap-use-after-free")

    assert context.take_sanitizer_reports() == [("sanitizer report of process 4711", "heap-use-after-free")]
    assert context.take_sanitizer_reports() == []


def test_the_time_limit_ends_the_program_and_its_children(context, tmp_path):
    pid_file = tmp_path / "pid"

    finished = processes.run(
        ["sh", "-c", f"sh -c 'trap : TERM; while :; do tail -f /dev/null; done' & echo $! > {pid_file}; wait"],
        context.reports / "log", limit_s=0.5)

    assert finished.timed_out
    assert ends_soon(int(pid_file.read_text()))


def test_a_signal_ends_the_programs_that_run_and_starts_no_more(context, tmp_path, monkeypatch):
    started = tmp_path / "started"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $$ >> {started}\n{STOP_RUNNER}\nexec tail -f /dev/null\n")
    program.chmod(0o755)
    declared = {"name": "unit-fake", "protocol": "exitcode", "cmd": [str(program)], "env": {"RUNNER": str(os.getpid())},
                "workdir": None, "timeout": 30}
    monkeypatch.setattr(processes, "_stopping", threading.Event())
    monkeypatch.setattr(build, "test_programs", lambda: [declared | {"name": f"unit-{n}"} for n in range(100)])

    with pytest.raises(KeyboardInterrupt):
        gtest_suite.run(context, Result("unit"))

    pids = [int(line) for line in started.read_text().split()]
    assert 0 < len(pids) < 100
    assert all(ends_soon(pid) for pid in pids)


def test_leftovers_are_ended_with_their_children(tmp_path):
    script = textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(RUNNER)!r})
        import subprocess, processes
        processes.GRACE_S = 0
        processes.become_subreaper()
        nested = "(sh -c 'tail -f /dev/null & echo $!; wait' & wait) &"
        print(subprocess.Popen(["sh", "-c", nested], stdout=subprocess.PIPE, text=True).stdout.readline().strip())
        print(len(processes.stop_leftovers()))
        """)

    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True).stdout

    innermost, ended = output.splitlines()
    assert int(ended) > 1
    assert ends_soon(int(innermost))


def test_pytest_failures_and_skips_are_counted(context, tmp_path):
    (tmp_path / "test_sample.py").write_text(textwrap.dedent("""
        import pytest
        def test_works(): pass
        def test_breaks():
            print("what the server said")
            assert 1 == 2
        @pytest.mark.skip(reason="no IPv6")
        def test_other(): pass
        """))
    result = Result("process")

    pytest_suite.run_folders(context, result, "process", [tmp_path])

    assert result.passed == 1
    assert [reason for _, reason in result.skips] == ["no IPv6"]
    [(title, text)] = result.failures
    assert title.endswith("test_breaks") and "what the server said" in text


def test_a_pytest_file_that_cannot_be_imported_is_a_failure(context, tmp_path):
    (tmp_path / "test_sample.py").write_text("import no_such_module")
    result = Result("process")

    pytest_suite.run_folders(context, result, "process", [tmp_path])

    assert "no_such_module" in result.failures[0][1]


@pytest.fixture
def fuzz_target(tmp_path, monkeypatch):
    """fuzz_target(script): the one target there is, without seeds."""
    sources, built = tmp_path / "sources", tmp_path / "fuzz"
    monkeypatch.setattr(fuzz_suite, "SOURCES", sources)
    monkeypatch.setattr(fuzz_suite, "FUZZ_BUILD", built)
    monkeypatch.setattr(fuzz_suite, "FOUND", built / "found")
    program = built / "tests" / "fuzz" / "fuzz-parser"
    program.parent.mkdir(parents=True)
    sources.mkdir()
    (sources / "parser_fuzz.cpp").touch()

    def make(script):
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return sources / "corpus" / "parser"

    return make


def test_what_a_fuzz_target_finds_is_a_failure_with_its_input(context, fuzz_target):
    seeds = fuzz_target('for word; do case $word in -artifact_prefix=*) echo x > "${word#*=}crash-1";; esac; done; exit 77')
    seeds.mkdir(parents=True)
    (seeds / "one").touch()
    result = Result("fuzz")

    fuzz_suite.run(context, result)

    [(title, text)] = result.failures
    assert title == "fuzz-parser" and result.passed == 0
    assert "exit status 77" in text
    reproducer = Path(text.rsplit("reproduce: ", 1)[1].split()[1])
    assert reproducer.read_text() == "x\n"


def test_a_fuzz_target_searches_for_the_time_it_was_given(context, fuzz_target):
    seeds = fuzz_target('case "$*" in *-max_total_time=1\\ *) exit 0;; esac; exit 1')
    result = Result("fuzz")
    fuzz_suite.run(context, result)
    assert "no seed corpus" in result.failures[0][1]

    seeds.mkdir(parents=True)
    (seeds / "one").touch()
    result = Result("fuzz")
    fuzz_suite.run(context, result)

    assert (result.passed, result.failures) == (1, [])


def test_node_tests_are_counted_and_a_failure_has_the_output(context, tmp_path):
    (tmp_path / "sample.test.mjs").write_text(textwrap.dedent("""
        import test from 'node:test';
        test('works', () => {});
        test('breaks', () => { console.log('what the page said'); throw new Error('wrong colour'); });
        test('other', { skip: 'no camera' }, () => {});
        """))
    (tmp_path / "crash.test.mjs").write_text("process.exit(3)")
    result = Result("web")

    node_suite.run_folder(context, result, "web", tmp_path, 60)

    assert result.passed == 1
    assert [reason for _, reason in result.skips] == ["no camera"]
    failures = dict(result.failures)
    assert "wrong colour" in failures["sample.test.mjs: breaks"]
    assert "what the page said" in failures["sample.test.mjs: breaks"]
    assert len(failures) == 2


def ends_soon(pid):
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([process], [], [], 10)  # a zombie has ended
    os.close(process)
    return bool(ended)
