"""Foreign programs that run to their end: coturn's clients, our own binaries with --version."""

import dataclasses
import os
import signal
import subprocess

from support.process import clean_environment, sanitizer_report, tied_to_us


@dataclasses.dataclass(frozen=True)
class Finished:
    status: int
    stdout: str
    stderr: str

    @property
    def output(self):
        return self.stdout + self.stderr


def run_tool(argv, timeout=30.0, *, env=None, stdin=None, cwd=None):
    """Both outputs and the exit status; over time or with sanitizer output the test fails."""
    shown = " ".join(map(str, argv))
    child = subprocess.Popen(
        tied_to_us(argv), env=clean_environment(env), cwd=cwd, start_new_session=True,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
    try:
        stdout, stderr = child.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        stdout, stderr = child.communicate()
        raise AssertionError(
            f"{shown}: still running after {timeout} s\n{stdout}{stderr}") from None
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
    report = sanitizer_report(stderr)
    assert not report, f"{shown}: sanitizer output:\n{report}"
    return Finished(child.returncode, stdout, stderr)
