"""icebreaker-turn against the client tools of Debian's coturn, over loopback."""

import re
import signal

import pytest

from support.net import free_port
from support.tools import run_tool
from support.turn_server import STATIC, USER, assert_nothing_lost, turn_config, uclient

@pytest.fixture(scope="module")
def turn(start_module_server):
    return start_module_server("turn", turn_config())


def test_counts_what_it_relays(turn, echo_port):
    before = turn.metrics()
    uclient(turn, "-X", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "10", "-m", "1", *STATIC)
    after = turn.metrics()

    for direction in ("to_peer", "to_client"):
        name = f'icebreaker_turn_relayed_packets_total{{direction="{direction}"}}'
        assert after[name] - before[name] >= 10
    assert after.total("icebreaker_turn_allocations_total") > before.total(
        "icebreaker_turn_allocations_total")


def test_survives_negative_protocol_tests(turn, echo_port):
    # What it breaks is random, and it may wait for ever for an answer that nobody owes it.
    output = uclient(turn, "-X", "-N", "-R", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "3",
                     "-m", "1", *STATIC, under=("timeout", "10"))

    assert "Total lost packets 0 " not in output, output
    assert_nothing_lost(uclient(turn, "-X", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "3",
                                "-m", "1", *STATIC), 3)


def test_refuses_wrong_passwords(turn):
    output = uclient(turn, "-X", "-e", "127.0.0.1", "-n", "1", "-u", USER, "-w", "guess")

    assert "Cannot complete Allocation" in output
    wrong = 'icebreaker_turn_auth_failures_total{reason="wrong-password"}'
    assert turn.metrics()[wrong] > 0


def test_refuses_special_purpose_peers_by_default(start_server, echo_port):
    turn = start_server("turn", turn_config(peers={}), args=["--log-level", "debug"])

    output = uclient(turn, "-X", "-e", "127.0.0.2", "-r", str(echo_port), "-n", "1", *STATIC)

    assert "403" in output
    refused = turn.metrics()['icebreaker_turn_refused_peers_total{rule="loopback"}']
    assert refused > 0
    assert turn.metrics().total("icebreaker_turn_relayed_packets_total") == 0


def test_answers_binding_requests(turn):
    address = turn.address("udp")

    output = run_tool(["turnutils_stunclient", "-p", str(address.port), address.host]).output

    assert re.search(r"UDP reflexive addr: 127\.0\.0\.1:\d+", output), output


@pytest.mark.parametrize(("setting", "words"), [
    ({"realm": 'the "best"'}, "realm: neither quotes nor backslashes are possible"),
    ({"realm": "r" * 128}, "realm: 1 to 127 bytes are needed"),
    ({"realm": "two\u200bwords"}, "realm: has control characters or invisible ones"),
    ({"auth": {"users": [{"name": "a\x01", "password": "x"}]}}, "name: has control characters"),
    ({"auth": {"users": [{"name": "a", "password": "x\u00ad"}]}}, "password: has control characters"),
    ({"auth": {"users": [{"name": "a" * 509, "password": "x"}]}}, "name: at most 508 bytes"),
])
def test_refuses_names_that_no_client_can_send(start_server, setting, words):
    turn = start_server("turn", turn_config(**setting), wait=False)

    assert turn.wait() == 2
    assert words in turn.text


def test_refuses_to_start_without_authentication(start_server):
    turn = start_server("turn", turn_config(auth={}), wait=False)

    assert turn.wait() == 1
    assert "ICEBREAKER_TURN_SECRET" in turn.text


def test_takes_secrets_from_the_environment(start_server, echo_port):
    turn = start_server("turn", turn_config(auth={}), env={"ICEBREAKER_TURN_SECRET": "one,two"})

    output = uclient(turn, "-X", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "3", "-m", "1",
                     "-u", "carol", "-W", "two")

    assert_nothing_lost(output, 3)


def test_says_which_port_is_in_use(start_server, turn):
    taken = str(turn.address("udp"))

    second = start_server("turn", turn_config(listen=[{"transport": "udp", "address": taken}]),
                          wait=False)

    assert second.wait() == 1
    assert re.search(rf"ERROR turn: cannot listen on udp {re.escape(taken)}: ", second.text)


def test_answers_508_when_relay_ports_run_out(start_server, echo_port):
    port = free_port()
    turn = start_server("turn", turn_config(relay={"addresses": ["127.0.0.1"],
                                                   "ports": f"{port}-{port}"}))

    output = uclient(turn, "-X", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "1", "-m", "3",
                     *STATIC)

    assert "508" in output
    turn.wait_for("cannot bind a relay port")


def test_sighup_takes_new_users_and_keeps_the_old_on_a_bad_file(start_server, echo_port):
    turn = start_server("turn", turn_config())
    to_echo = ("-X", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "3", "-m", "1")

    turn.write_config("realm = 5\n")
    turn.signal(signal.SIGHUP)
    turn.wait_for("reload refused")
    assert_nothing_lost(uclient(turn, *to_echo, *STATIC), 3)

    turn.write_config(turn_config(auth={"users": [{"name": "bob", "password": "b"}]}))
    turn.signal(signal.SIGHUP)
    turn.wait_for("reloaded")
    assert_nothing_lost(uclient(turn, *to_echo, "-u", "bob", "-w", "b"), 3)
    assert "Cannot complete Allocation" in uclient(turn, *to_echo, *STATIC)


def test_a_refused_reload_leaves_the_log_level(start_server):
    turn = start_server("turn", turn_config())

    turn.write_config(turn_config(auth={}, log={"level": "error"}))
    turn.signal(signal.SIGHUP)
    turn.wait_for("reload refused")
    turn.write_config(turn_config())
    turn.signal(signal.SIGHUP)

    turn.wait_for("INFO turn: reloaded")


def test_is_ready_while_it_serves(turn):
    assert turn.get("/readyz").status == 200
    assert turn.get("/healthz").status == 200
