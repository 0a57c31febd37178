"""icebreaker-signal starts, reloads, drains and ends; its settings do what they say."""

import base64
import hashlib
import hmac
import http.client
import json
import signal
import socket

import pytest

from support.binaries import server_binary
from support.net import free_port
from support.signal_http import BASE, call, hello, messages_path, opened, wait_for_polls
from support.tls import self_signed, trusting
from support.tools import run_tool


@pytest.fixture(scope="module")
def server(start_module_server):
    return start_module_server("signal", BASE)


def test_reports_health_and_metrics(server, address):
    assert call(address, "GET", "/healthz").status == 200
    assert call(address, "GET", "/readyz").status == 200
    assert server.get("/readyz").status == 200
    before = server.metrics()
    opened(address)
    after = server.metrics()
    name = "icebreaker_signal_sessions_opened_total"
    assert after.total(name, transport="poll") == before.total(name, transport="poll") + 1


def test_answers_held_polls_at_sigterm_and_ends_with_0(start_server):
    config = {**BASE, "session": {"hold_ms": 60000}}
    server = start_server("signal", config)
    address = server.address("http")
    welcome = opened(address)

    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(f"GET {messages_path(welcome)} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        wait_for_polls(server, 1)
        server.signal(signal.SIGTERM)
        received = connection.recv(65536)

    assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")), received
    assert server.wait() == 0


def test_forgets_a_held_poll_whose_client_hung_up(start_server):
    config = {**BASE, "session": {"hold_ms": 60000}}
    server = start_server("signal", config)
    address = server.address("http")
    path = messages_path(opened(address))

    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        wait_for_polls(server, 1)

    wait_for_polls(server, 0)


def test_takes_the_port_from_the_environment(start_server):
    port = free_port()

    server = start_server("signal", BASE, env={"PORT": str(port)})

    assert server.address("http").port == port
    assert call(server.address("http"), "GET", "/healthz").status == 200


def test_ends_with_1_and_one_line_when_the_port_is_taken(server, start_server):
    taken = str(server.address("http"))

    second = start_server("signal", {**BASE, "listen": taken}, wait=False)

    assert second.wait() == 1
    errors = [line for line in second.log if line.level == "ERROR"]
    assert len(errors) == 1 and taken in errors[0].message and "PORT" in errors[0].message


@pytest.mark.parametrize("text, line, word", [
    ('listen = "nonsense"\n', 1, "listen"),
    ('\n[session]\nhold_sm = 1\n', 3, "hold_ms"),
    ('state = "redis://localhost"\n', 1, "token_secrets"),
    ('state = "redis://:s3cret@"\n', 1, "names no host"),
    ('state = "disk"\n', 1, "memory"),
    ('[auth]\nmode = "jwt"\n', 2, "auth.keys"),
    ('[rooms]\nnames = "token"\n', 2, "auth.mode"),
    ('[limits]\nmessage_bytes = 300000\n', 2, "body_bytes"),
    ('allowed_origins = ["example.org"]\n', 1, "https://"),
    ('trusted_proxies = ["10.0.0.1/8"]\n', 1, "10.0.0.1/8"),
    ('[[ice.turn]]\nurls = ["stun:a"]\n', 2, "turn:"),
])
def test_ends_with_2_and_the_place_of_a_wrong_setting(tmp_path, text, line, word):
    path = tmp_path / "signal.toml"
    path.write_text(text)

    ended = run_tool([server_binary("signal"), "--config", path, "--check-config"])

    assert ended.status == 2
    assert f"{path}:{line}:" in ended.stderr and word in ended.stderr, ended.stderr


def test_accepts_the_configuration_that_it_prints(tmp_path):
    printed = run_tool([server_binary("signal"), "--print-default-config"])
    path = tmp_path / "signal.toml"
    path.write_text(printed.stdout)

    checked = run_tool([server_binary("signal"), "--config", path, "--check-config"])

    assert printed.status == 0 and checked.status == 0, checked.output


def test_tells_turn_credentials_made_from_the_shared_secret(start_server):
    config = {**BASE,
              "ice": {"stun": ["stun:{host}:3478"],
                      "turn": [{"urls": ["turn:{host}:3478?transport=udp"], "ttl_s": 600}]}}
    server = start_server("signal", config, env={"ICEBREAKER_TURN_SECRET": "s3cret,old"})

    welcome = opened(server.address("http"))

    assert welcome["ice_ttl_s"] == 600
    stun, turn = welcome["ice_servers"]
    assert stun == {"urls": ["stun:127.0.0.1:3478"]}
    assert turn["urls"] == ["turn:127.0.0.1:3478?transport=udp"]
    assert turn["username"].endswith(":" + welcome["peer"])
    assert turn["credential"] == rest_password("s3cret", turn["username"])


def rest_password(secret, username):
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def test_serves_over_tls(start_server, tmp_path):
    files = self_signed(tmp_path)
    server = start_server("signal", {**BASE, "tls": files})
    host, port = server.address("https").pair

    connection = http.client.HTTPSConnection(host, port, timeout=20, context=trusting(files))
    for _ in range(2):  # on one connection
        connection.request("POST", "/v1/sessions", json.dumps(hello()))
        answer = connection.getresponse()
        assert answer.status == 201 and json.loads(answer.read())["type"] == "welcome"
    connection.close()


def test_ends_with_1_when_a_certificate_cannot_be_used(start_server, tmp_path):
    config = {**BASE,
              "tls": {"certificate_file": str(tmp_path / "a"), "key_file": str(tmp_path / "b")}}

    server = start_server("signal", config, wait=False)

    assert server.wait() == 1
    errors = [line.message for line in server.log if line.level == "ERROR"]
    assert len(errors) == 1 and str(tmp_path / "a") in errors[0]


def test_rests_while_a_poll_is_held_and_more_is_pipelined(start_server):
    server = start_server("signal", {**BASE, "session": {"hold_ms": 1500}})
    address = server.address("http")
    path = messages_path(opened(address))
    pipelined = (f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n" +
                 "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").encode()

    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(pipelined)
        wait_for_polls(server, 1)
        connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n")
        before = server.metrics().total("process_cpu_seconds_total")
        received = b""
        while received.count(b"ok\n") < 2:
            received += connection.recv(65536)
        used = server.metrics().total("process_cpu_seconds_total") - before

    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert used < 0.7  # of the 1.2 s and more that the poll was held


def test_warns_once_about_turn_without_a_secret(start_server):
    config = {**BASE, "ice": {"turn": [{"urls": ["turn:t.example"]}]}}
    server = start_server("signal", config)

    warnings = [line for line in server.log if line.level == "WARN"]

    assert len(warnings) == 1 and "ICEBREAKER_TURN_SECRET" in warnings[0].message
    assert opened(server.address("http"))["ice_servers"] == []


def test_reloads_ice_secrets_on_sighup(start_server):
    def config(secret):
        return {**BASE,
                "ice": {"turn": [{"urls": ["turn:t.example"], "secret": secret}]}}
    server = start_server("signal", config("one"))
    address = server.address("http")
    server.write_config(config("two"))

    server.signal(signal.SIGHUP)
    server.wait_for("reloaded")
    turn = opened(address)["ice_servers"][0]
    assert turn["credential"] == rest_password("two", turn["username"])

    assert not [line for line in server.log if line.level == "WARN"]

    server.write_config({**config("two"), "session": {"hold_ms": 999}})
    server.signal(signal.SIGHUP)
    assert "session" in server.wait_for("need a restart.*").group(0)

    server.write_config("listen = 5\n")
    server.signal(signal.SIGHUP)
    server.wait_for("stays as it was")
    turn = opened(address)["ice_servers"][0]
    assert turn["credential"] == rest_password("two", turn["username"])
