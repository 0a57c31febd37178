"""Where the build under test is: $ICEBREAKER_BUILD, else build/test, else build."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data"


def build_dir():
    if named := os.environ.get("ICEBREAKER_BUILD"):
        return pathlib.Path(named)
    usual = ROOT / "build" / "test"
    return usual if (usual / "build.ninja").exists() else ROOT / "build"


def _built(path):
    assert path.exists(), f"{path} is not built; run ninja -C {build_dir()}"
    return path


def server_binary(name):
    """signal, stun or turn."""
    folder = "signaling" if name == "signal" else name
    return _built(build_dir() / folder / "server" / f"icebreaker-{name}")


def support_binary(name):
    """A test program built from tests/support."""
    return _built(build_dir() / "tests" / "support" / name)


def load_generator():
    """turn-load, which tests/bench/turn measures with."""
    return _built(build_dir() / "tests" / "bench" / "turn_load" / "turn-load")
