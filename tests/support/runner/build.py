"""Configures build/test and build/fuzz and compiles what the wanted suites need."""

import json
import os
import sys
import time
from pathlib import Path
from types import MappingProxyType

import processes
from results import BUILD, FUZZ_BUILD, ROOT, Result

# -O1 and line tables compile in less than half the time of -O2 -g here, and stack traces still name each line.
OPTIONS = ["-Doptimization=1", "-Ddebug=false", "-Dcpp_args=-g1", "-Dc_args=-g1", "-Db_sanitize=address,undefined"]
FUZZ_OPTIONS = [*OPTIONS, "-Dfuzz=true", "-Db_lundef=false"]
FUZZ_COMPILERS = {"CC": "clang-19", "CXX": "clang++-19"}
LIMIT_S = 3600
# A second clone of the same sources, such as CI's, finds what the first one compiled.
CCACHE_ACROSS_CLONES = os.environ | {"CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1"}
COMPILED_SUITES = {"unit", "process", "e2e"}


def prepare(context, suites):
    result = Result("build", counts_tests=False)
    started = time.monotonic()
    if set(suites) & COMPILED_SUITES:
        configure(BUILD, OPTIONS, result)
        if not result.failures:
            compile_targets(context, result, BUILD, [] if set(suites) & {"process", "e2e"} else unit_targets())
    if "fuzz" in suites and not result.failures:
        configure(FUZZ_BUILD, FUZZ_OPTIONS, result, FUZZ_COMPILERS)
        if not result.failures:
            compile_targets(context, result, FUZZ_BUILD, ["fuzz-targets"])
    result.seconds = time.monotonic() - started
    return result


def configure(build, options, result, compilers=MappingProxyType({})):
    configured = build / "options.json"  # what this build directory was set up with
    exists = (build / "build.ninja").exists()
    if exists and configured.exists() and json.loads(configured.read_text()) == options:
        # Brought up to date, so that the list of tests below is today's.
        command = ["ninja", "-C", build, "build.ninja"]
    else:
        command = ["meson", "setup", *(["--wipe"] if exists else []), build, ROOT, *options]
    setup = processes.run(command, build.parent / f"{build.name}-setup.log", LIMIT_S, env=os.environ | compilers)
    if setup.status == 0:
        configured.write_text(json.dumps(options))
    else:
        result.fail("meson setup", setup.output)


def compile_targets(context, result, build, targets):
    interactive = sys.stdout.isatty() or context.verbose
    ninja = processes.run(
        ["ninja", "-C", build, *targets], context.reports / f"build-{build.name}.log", LIMIT_S, env=CCACHE_ACROSS_CLONES,
        echo=interactive)
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
