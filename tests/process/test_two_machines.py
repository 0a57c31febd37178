"""The files of deploy/two-machines.md do what the page says, with ports of the test's own."""

import json

import pytest

from support.binaries import ROOT, server_binary
from support.fleet import missing_programs
from support.net import Address, free_port, http_request, wait_until
from support.process import Process

DEPLOY = ROOT / "deploy"
HELLO = json.dumps({"type": "hello", "protocol": 1})

pytestmark = pytest.mark.skipif(bool(missing_programs("haproxy", "redis-server")),
                                reason=missing_programs("haproxy", "redis-server"))


def changed(path, folder, *replacements):
    """A copy of a file in which each (old, new) was replaced; each old text must be there."""
    text = path.read_text()
    for old, new in replacements:
        assert old in text, f"{path} has no {old!r}"
        text = text.replace(old, str(new))
    copy = folder / path.name
    copy.write_text(text)
    return copy


@pytest.fixture
def two_machines(tmp_path, adopt):
    """(the balancer's address, the two instances)"""
    ports = {name: free_port() for name in ("redis", "front", "one", "two")}
    redis = changed(DEPLOY / "redis" / "redis.conf", tmp_path, ("port 6379", f"port {ports['redis']}"))
    with redis.open("a") as file:
        file.write(f"dir {tmp_path}\n")
    adopt(Process(["redis-server", redis], name="redis")).wait_for("Ready to accept connections")
    instances = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        config = changed(DEPLOY / "config" / "signal-redis.toml", folder, ("0.0.0.0:8080", f"127.0.0.1:{ports[name]}"),
                         (":6379/", f":{ports['redis']}/"), ("127.0.0.1:9640", "127.0.0.1:0"))
        instances.append(adopt(Process([server_binary("signal"), "--config", config], name=name,
                                       env={"ICEBREAKER_TURN_SECRET": "a secret"})))
    haproxy = changed(DEPLOY / "haproxy" / "haproxy.cfg", tmp_path, ("bind :80\n", f"bind 127.0.0.1:{ports['front']}\n"),
                      ("10.0.0.11:8080", f"127.0.0.1:{ports['one']}"), ("10.0.0.12:8080", f"127.0.0.1:{ports['two']}"))
    for instance in instances:
        instance.wait_for("signal: ready")
    adopt(Process(["haproxy", "-db", "-f", haproxy], name="haproxy"))
    front = Address("127.0.0.1", ports["front"])
    wait_until(lambda: answers(front))
    return front, instances


def answers(address):
    try:
        return http_request(address, "/readyz").status == 200
    except OSError:
        return False


def opened(address):
    answer = http_request(address, "/v1/sessions", method="POST", body=HELLO,
                          headers={"Content-Type": "application/json"})
    assert answer.status == 201, answer
    return json.loads(answer.body)


def test_a_session_is_everywhere_and_outlives_an_instance(two_machines):
    front, instances = two_machines
    session = opened(front)
    path = f"/v1/sessions/{session['session']}/messages"
    body = json.dumps({"epoch": session["epoch"], "messages": []})
    post = {"method": "POST", "body": body, "headers": {"Content-Type": "application/json"}}

    # Round robin: each instance gets one of two.
    assert [http_request(front, path, **post).status for _ in range(2)] == [202, 202]
    instances[0].kill()

    assert [http_request(front, path, **post).status for _ in range(4)] == [202] * 4
    assert opened(front)["session"] != session["session"]
    assert b"<html" in http_request(front, "/").body


def test_clients_are_told_of_the_relay_and_have_their_own_addresses(two_machines):
    front, instances = two_machines

    [turn] = [each for each in opened(front)["ice_servers"] if "credential" in each]

    assert turn["urls"] == ["turn:127.0.0.1:3478?transport=udp"]
    for instance in instances:
        assert "WARN" not in instance.text, instance.text
