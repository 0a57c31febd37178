"""libFuzzer targets: each starts from its seed corpus and searches for a bounded time, two at a time."""

import os
from concurrent.futures import ThreadPoolExecutor

import processes
from results import FUZZ_BUILD, ROOT

LONG_S = 60  # when the suite is asked for by name
SMOKE_S = 2  # as one of all suites
MARGIN_S = 60  # for loading the corpus, and for a machine that is busy
SOURCES = ROOT / "tests" / "fuzz"
FOUND = FUZZ_BUILD / "found"  # outlives the reports
SETTINGS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


def targets():
    return [path.name.removesuffix("_fuzz.cpp") for path in sorted(SOURCES.glob("*_fuzz.cpp"))]


def run(context, result):
    wanted = [name for name in targets() if context.matches(f"fuzz-{name}")]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for name, problem in zip(wanted, pool.map(lambda each: run_target(context, each), wanted)):
                if problem:
                    result.fail(f"fuzz-{name}", problem)
                else:
                    result.passed += 1
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.end_running()
            raise


def run_target(context, name):
    """Nothing, or what went wrong and how to see it again."""
    program = FUZZ_BUILD / "tests" / "fuzz" / f"fuzz-{name}"
    seeds = SOURCES / "corpus" / name
    if not any(seeds.glob("*")):
        return f"no seed corpus in {seeds}"
    learned = FUZZ_BUILD / "corpus" / name
    for folder in (learned, FOUND):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(FOUND.glob(f"{name}-*"))
    finished = processes.run(
        [program, f"-max_total_time={context.fuzz_seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=4096",
         "-print_final_stats=1", f"-artifact_prefix={FOUND}/{name}-", learned, seeds],
        context.reports / f"fuzz-{name}.log", context.fuzz_seconds + MARGIN_S, env=os.environ | SETTINGS)
    if context.verbose:
        print(finished.output, flush=True)
    if finished.status == 0:
        return None
    found = sorted(set(FOUND.glob(f"{name}-*")) - before)
    return "\n".join([finished.output, f"fuzz-{name}: {finished.how()}", *(f"reproduce: {program} {each}" for each in found)])
