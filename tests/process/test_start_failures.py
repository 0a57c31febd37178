"""What every server says, in one line and with an exit status, when the machine gives it no thread."""

import pytest

from support.binaries import server_binary
from support.toml import dumps
from support.tools import run_tool

# More than an address space holds: each thread's stack would be as large, so none can be made.
STACK_BYTES = 1 << 47

LISTEN = {"listen": [{"transport": "udp", "address": "127.0.0.1:0"}]}
METRICS = {"metrics": {"address": "127.0.0.1:0"}}
USERS = {"auth": {"users": [{"name": "ann", "password": "secret"}]}}
CONFIGS = {"stun": LISTEN, "turn": LISTEN | USERS, "signal": {"listen": "127.0.0.1:0", "web_root": "off"}}


def failed_start(name, config, folder):
    file = folder / "server.toml"
    file.write_text(dumps(config))
    ended = run_tool(["prlimit", f"--stack={STACK_BYTES}:{STACK_BYTES}", server_binary(name), "--config", file])
    assert ended.status == 1, ended.output
    [error] = [line for line in ended.output.splitlines() if " ERROR " in line]
    return error


@pytest.mark.parametrize("name", CONFIGS)
def test_says_that_the_thread_for_metrics_cannot_be_made(tmp_path, name):
    error = failed_start(name, CONFIGS[name] | METRICS, tmp_path)

    assert f"ERROR {name}: cannot start the thread that serves metrics on 127.0.0.1:0: Resource" in error


@pytest.mark.parametrize("name", ["stun", "turn"])
def test_says_that_a_worker_thread_cannot_be_made(tmp_path, name):
    error = failed_start(name, CONFIGS[name] | {"workers": 2}, tmp_path)

    assert f"ERROR {name}: cannot start worker thread 1 of 2: Resource" in error
