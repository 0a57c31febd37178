"""A child process whose output can be waited on and that never outlives pytest."""

import os
import re
import signal
import subprocess
import threading
import time

_SANITIZER = re.compile(
    r"(ERROR|WARNING): (Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error: ")


def sanitizer_report(text):
    """The text from the first sanitizer finding on, or None."""
    found = _SANITIZER.search(text)
    return text[found.start():] if found else None


def clean_environment(extra=None):
    """Our environment without what changes a server's behaviour, with sanitizers set up."""
    dropped = {"PORT", "ICEBREAKER_TURN_SECRET", "ICEBREAKER_REDIS_URL",
               "ICEBREAKER_TOKEN_SECRETS", "NOTIFY_SOCKET", "LISTEN_FDS"}
    env = {key: value for key, value in os.environ.items() if key not in dropped}
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env.update(extra or {})
    return env


def tied_to_us(argv):
    """argv such that the kernel kills it when the thread that started it (pytest) is gone."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *map(str, argv)]


class Process:
    """Output (stdout and stderr together) is read by a thread; waits are bounded."""

    def __init__(self, argv, *, name=None, env=None, cwd=None):
        self.argv = [str(each) for each in argv]
        self.name = name or os.path.basename(self.argv[0])
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()
        self._child = subprocess.Popen(
            tied_to_us(self.argv), env=clean_environment(env), cwd=cwd, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            with self._changed:
                self._lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def pid(self):
        return self._child.pid

    @property
    def running(self):
        return self._child.poll() is None

    @property
    def lines(self):
        with self._changed:
            return list(self._lines)

    @property
    def text(self):
        return "\n".join(self.lines)

    def wait_for(self, pattern, timeout=20.0):
        """The first match of a regular expression in a line, printed already or later."""
        regex = re.compile(pattern)
        deadline = time.monotonic() + timeout
        seen = 0
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if found := regex.search(line):
                        return found
                seen = len(self._lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    break
                self._changed.wait(left)
            why = "ended" if self._ended else f"ran {timeout} s"
        raise AssertionError(f"{self.name} {why} without printing /{pattern}/:\n{self.text}")

    def wait(self, timeout=20.0):
        """The exit status of a process that ends by itself (negative: the signal)."""
        try:
            status = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} still runs after {timeout} s:\n{self.text}") from None
        self._kill_group()
        self._reader.join(5)
        return status

    def signal(self, number):
        self._child.send_signal(number)

    def terminate(self, timeout=20.0):
        """SIGTERM, then the exit status; still running after the timeout fails the test."""
        if self.running:
            self._child.terminate()
        return self.wait(timeout)

    def kill(self):
        """SIGKILL to the process and everything it started."""
        self._kill_group()
        return self.wait()

    def _kill_group(self):
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def finish(self):
        """Called by the fixtures: nothing of it runs afterwards, whatever it raises."""
        try:
            if self.running:
                self.stop_at_end_of_test()
        finally:
            if self.running:
                self.kill()
        if report := sanitizer_report(self.text):
            raise AssertionError(f"{self.name}: sanitizer output:\n{report}")

    def stop_at_end_of_test(self):
        """A foreign tool owes us nothing; servers are stricter."""
        self.kill()
