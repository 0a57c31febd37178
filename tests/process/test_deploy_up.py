"""deploy/up with the servers of this build, on free ports and in a state folder of its own."""

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

from support.binaries import ROOT, build_dir, server_binary
from support.net import free_port

UP = ROOT / "deploy" / "up"


@pytest.fixture
def up(tmp_path):
    """Runs deploy/up with arguments; `--down` at the end of the test."""
    env = os.environ | {
        "ICEBREAKER_BUILD": str(build_dir()), "ICEBREAKER_STATE": str(tmp_path / "state"),
        "PORT": "0", "TURN_PORT": str(free_port()), "STUN_PORT": str(free_port()), "METRICS_PORT": "0"}

    def run(*arguments, **more):
        return subprocess.run([UP, *arguments], env=env | more, capture_output=True, text=True, timeout=90)

    run.state = tmp_path / "state"
    run.env = env
    yield run
    run("--down")


def ice_servers_of(up):
    sessions = url_of(up).removesuffix("?relay=1") + "v1/sessions"
    hello = json.dumps({"type": "hello", "protocol": 1}).encode()
    request = urllib.request.Request(sessions, hello, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)["ice_servers"]


def url_of(up):
    return (up.state / "url").read_text().strip()


def test_detach_serves_the_page_until_down(up):
    started = up("--detach")

    assert started.returncode == 0, started.stderr
    url = url_of(up)
    assert f"open {url}" in started.stdout
    with urllib.request.urlopen(url, timeout=10) as page:
        assert b"<html" in page.read().lower()

    assert up("--down").returncode == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)
    assert not list(up.state.glob("*.pid"))


def test_clients_get_both_servers_and_a_credential(up):
    assert up("--detach").returncode == 0

    servers = json.dumps(ice_servers_of(up))

    assert f'"stun:localhost:{up.env["STUN_PORT"]}"' in servers
    assert f'"turn:localhost:{up.env["TURN_PORT"]}?transport=udp"' in servers
    assert '"credential"' in servers


def test_relay_only_hands_out_the_relay_alone(up):
    assert up("--detach", "--relay-only").returncode == 0

    assert url_of(up).endswith("?relay=1")
    assert not (up.state / "stun.pid").exists()
    servers = json.dumps(ice_servers_of(up))
    assert "turn:" in servers and "stun:" not in servers


def test_a_port_in_use_is_one_clear_line(up):
    assert up("--detach").returncode == 0
    port = url_of(up).rstrip("/").rsplit(":", 1)[1]

    second = up("--detach", PORT=port, ICEBREAKER_STATE=str(up.state) + "-2")

    assert second.returncode == 1
    [line] = second.stderr.splitlines()
    assert f"port {port}/tcp is in use by icebreaker-sign" in line


def test_three_metrics_ports_must_exist(up):
    refused = up("--detach", METRICS_PORT="65534")

    assert refused.returncode == 1
    assert refused.stderr == "deploy/up: METRICS_PORT=65534 is not the first of three ports\n"


def test_a_configuration_that_a_server_refuses_is_named(up, tmp_path):
    for folder, name in (("stun", "stun"), ("signaling", "signal"), ("turn", "turn")):
        program = tmp_path / "build" / folder / "server" / f"icebreaker-{name}"
        program.parent.mkdir(parents=True)
        program.symlink_to(server_binary(name))
    program.unlink()
    program.write_text(f"""#!/bin/sh
if [ "$1" = --config ]; then echo "turn.toml:3: realm: must be a text in quotes" >&2; exit 2; fi
exec {server_binary("turn")} "$@"
""")
    program.chmod(0o755)

    started = up("--detach", ICEBREAKER_BUILD=str(tmp_path / "build"))

    assert started.returncode == 1
    assert "icebreaker-turn ended: turn.toml:3: realm: must be a text in quotes" in started.stderr


def test_a_second_start_says_where_the_first_one_is(up):
    assert up("--detach").returncode == 0

    second = up("--detach")

    assert second.returncode == 1
    assert url_of(up) in second.stderr


def test_ctrl_c_stops_all(up, start_process):
    follower = start_process([UP], env=up.env, name="deploy-up", ready=r"open http://localhost")
    pids = [int(path.read_text()) for path in up.state.glob("*.pid") if path.stem != "follower"]

    follower.signal(signal.SIGINT)

    assert follower.wait(30) == 130
    assert len(pids) == 3
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


def test_the_end_of_one_server_stops_the_others_and_is_named(up, start_process):
    follower = start_process([UP], env=up.env, name="deploy-up", ready=r"open http://localhost")

    os.kill(int((up.state / "turn.pid").read_text()), signal.SIGKILL)

    assert follower.wait(30) == 1
    assert "icebreaker-turn ended" in follower.text
    assert not list(up.state.glob("*.pid"))
