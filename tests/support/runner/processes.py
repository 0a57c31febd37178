"""Child processes with a time limit, and none of them left behind."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 5

_running = set()  # of any thread
_stopping = threading.Event()


@dataclass
class Finished:
    status: int  # negative: the signal that ended it
    timed_out: bool
    output: str

    def how(self):
        if self.timed_out:
            return "it ran into its time limit"
        if self.status < 0:
            return f"it was ended by {signal.Signals(-self.status).name}"
        return f"it ended with exit status {self.status}"


def run(command, log, limit_s, *, env=None, cwd=None, echo=False):
    """Runs `command` with stdout and stderr in the file `log`; ends its process group at the time limit."""
    log.parent.mkdir(parents=True, exist_ok=True)
    timed_out = False
    with open(log, "wb") as sink:
        child = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=None if echo else sink,
            stderr=None if echo else subprocess.STDOUT, env=env, cwd=cwd, start_new_session=True)
        _running.add(child)
        try:
            if _stopping.is_set():
                end_group(child)
            child.wait(limit_s)
        except subprocess.TimeoutExpired:
            timed_out = True
            end_group(child)
        except BaseException:
            end_group(child)
            raise
        finally:
            _running.discard(child)
    return Finished(child.returncode, timed_out, log.read_text(errors="replace"))


def end_running():
    """For when a signal came to the main thread: the run() of every other one ends, and the next ones at once."""
    _stopping.set()
    for child in list(_running):
        end_group(child)


def end_group(child):
    signal_group(child, signal.SIGTERM)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        pass
    signal_group(child, signal.SIGKILL)  # also for those that outlive their leader
    child.wait()


def signal_group(child, number):
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass


def become_subreaper():
    """Orphans of a test become our children, so that they are found."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def stop_leftovers():
    """Ends what the tests left running; returns a line for each. Processes that are just ending get GRACE_S for it."""
    deadline = time.monotonic() + GRACE_S
    children = list_children()
    while children and time.monotonic() < deadline:
        time.sleep(0.05)
        children = list_children()
    lines = []
    # Again and again: the children of one that we end become ours.
    while children:
        for pid in children:
            lines.append(f"pid {pid}: {command_of(pid)}")
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        children = list_children()
    return lines


def list_children():
    reap_ended()
    try:
        text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return []
    return [int(pid) for pid in text.split()]


def reap_ended():
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "(gone)"
