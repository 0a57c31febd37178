"""What a suite reports, and what all suites share: paths, filter, environment, sanitizer reports."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "test"
FUZZ_BUILD = ROOT / "build" / "fuzz"


@dataclass
class Result:
    suite: str
    passed: int = 0
    failures: list = field(default_factory=list)  # (title, text)
    skips: list = field(default_factory=list)  # (title, reason)
    seconds: float = 0.0
    counts_tests: bool = True  # False for a step such as the build

    def fail(self, title, text):
        self.failures.append((title, text))
        return self

    @property
    def count(self):
        return self.passed + len(self.failures) + len(self.skips)

    def line(self):
        if not self.counts_tests:
            text = "failed" if self.failures else "ok"
        else:
            text = f"{self.passed} passed, {len(self.failures)} failed"
            text += f", {len(self.skips)} skipped" if self.skips else ""
        return f"{self.suite:10} {text:40} {self.seconds:6.1f} s"


class Context:
    def __init__(self, name_filter=None, verbose=False, reports=BUILD / "reports", fuzz_seconds=1):
        self.filter = name_filter
        self.fuzz_seconds = fuzz_seconds  # for each target
        self.verbose = verbose
        self.reports = reports
        shutil.rmtree(self.reports, ignore_errors=True)

    def matches(self, *names):
        return not self.filter or any(self.filter.lower() in name.lower() for name in names)

    def environment(self):
        """Servers that a test starts write their sanitizer report to a file: a test that ignores stderr cannot hide it."""
        log = f"log_path={self.reports}/sanitizer"
        return os.environ | {
            "ICEBREAKER_BUILD": str(BUILD),
            "ASAN_OPTIONS": f"detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:{log}",
            "UBSAN_OPTIONS": f"halt_on_error=1:print_stacktrace=1:{log}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def take_sanitizer_reports(self):
        found = []
        for path in sorted(self.reports.glob("sanitizer.*")):
            text = path.read_text(errors="replace")
            path.rename(path.with_name(f"seen-{path.name}"))
            if text.strip():
                found.append((f"sanitizer report of process {path.suffix[1:]}", text))
        return found
