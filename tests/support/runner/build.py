"""Configures build/test and compiles what the wanted suites need."""

import json
import os
import sys
import time
from pathlib import Path

import processes
from results import BUILD, ROOT, Result

# -O1 and line tables compile in less than half the time of -O2 -g here, and stack traces still name each line.
OPTIONS = ["-Doptimization=1", "-Ddebug=false", "-Dcpp_args=-g1", "-Dc_args=-g1", "-Db_sanitize=address,undefined"]
CONFIGURED = BUILD / "options.json"  # what this build directory was set up with
LIMIT_S = 3600
# A second clone of the same sources, such as CI's, finds what the first one compiled.
CCACHE_ACROSS_CLONES = os.environ | {"CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1"}
COMPILED_SUITES = {"unit", "process", "e2e"}


def prepare(context, suites):
    result = Result("build", counts_tests=False)
    if not set(suites) & COMPILED_SUITES:
        return result
    started = time.monotonic()
    configure(context, result)
    if not result.failures:
        compile_targets(context, result, [] if set(suites) & {"process", "e2e"} else unit_targets())
    result.seconds = time.monotonic() - started
    return result


def configure(context, result):
    exists = (BUILD / "build.ninja").exists()
    if exists and CONFIGURED.exists() and json.loads(CONFIGURED.read_text()) == OPTIONS:
        # Brought up to date, so that the list of tests below is today's.
        command = ["ninja", "-C", BUILD, "build.ninja"]
    else:
        command = ["meson", "setup", *(["--wipe"] if exists else []), BUILD, ROOT, *OPTIONS]
    setup = processes.run(command, BUILD.parent / "test-setup.log", LIMIT_S)
    if setup.status == 0:
        CONFIGURED.write_text(json.dumps(OPTIONS))
    else:
        result.fail("meson setup", setup.output)


def compile_targets(context, result, targets):
    interactive = sys.stdout.isatty() or context.verbose
    ninja = processes.run(
        ["ninja", "-C", BUILD, *targets], context.reports / "build.log", LIMIT_S, env=CCACHE_ACROSS_CLONES, echo=interactive)
    if ninja.status != 0:
        errors = ninja.output[max(ninja.output.find("FAILED:"), 0):]
        result.fail("ninja", errors or "see above")


def test_programs():
    """The tests that meson.build files declare, as meson's own introspection lists them."""
    return json.loads((BUILD / "meson-info" / "intro-tests.json").read_text())


def unit_targets():
    inside = [Path(test["cmd"][0]) for test in test_programs()]
    targets = [str(path.relative_to(BUILD)) for path in inside if path.is_relative_to(BUILD)]
    needed = {identity for test in test_programs() for identity in test["depends"]}
    for target in json.loads((BUILD / "meson-info" / "intro-targets.json").read_text()):
        if target["id"] in needed:
            targets += [str(Path(name).relative_to(BUILD)) for name in target["filename"]]
    return sorted(set(targets))
