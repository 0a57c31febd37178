"""turn-load, with which tests/bench/turn measures, against icebreaker-turn: it must see what happens."""

import json

import pytest

from support.binaries import load_generator
from support.net import free_port
from support.tools import run_tool

USER, PASSWORD = "bench", "a password"
SECRET = "a shared secret"
TRAFFIC = ("--allocations", "5", "--seconds", "0.2")


@pytest.fixture(scope="module")
def turn(start_module_server):
    return start_module_server("turn", {
        "realm": "example.org",
        "workers": 1,
        "listen": [{"transport": "udp", "address": "127.0.0.1:0"}],
        "relay": {"addresses": ["127.0.0.1"]},
        "auth": {"users": [{"name": USER, "password": PASSWORD}], "secrets": [SECRET]},
        "peers": {"allow": ["127.0.0.0/8"]},
        "limits": {"allocations_per_user": 0, "challenges_per_second": 0},
        "metrics": {"address": "127.0.0.1:0"},
    })


def load(server, *order, credentials=("--password", PASSWORD)):
    return run_tool([load_generator(), "--server", str(server.address()), "--user", USER,
                     *credentials, "--pid", str(server.pid), *order], timeout=30)


def figures_of(finished):
    assert finished.status == 0, finished.output
    return json.loads(finished.stdout)


@pytest.mark.parametrize("order", [
    ("relay", *TRAFFIC),
    ("relay", *TRAFFIC, "--burst", "16", "--in-flight", "48"),
    ("relay", *TRAFFIC, "--burst", "16", "--in-flight", "48", "--aggregates", "--payload", "1200"),
    ("pace", *TRAFFIC, "--rate", "1000", "--payload", "33"),
], ids=["spread", "bursts", "aggregates", "pace"])
def test_all_that_it_sends_comes_through_once_and_unchanged(turn, order):
    before = turn.metrics()

    figures = figures_of(load(turn, *order))

    assert figures["delivered"] == figures["sent"] > 0
    assert (figures["lost"], figures["duplicated"], figures["corrupted"]) == (0, 0, 0)
    assert 0 < figures["count"] <= figures["delivered"]
    assert figures["cpu_ns_per_packet"] > 0
    assert 0 < figures["latency_p50_us"] <= figures["latency_p99_us"]
    # The server counts what it relays, and nothing of it stays.
    after = turn.metrics()
    relayed = "icebreaker_turn_relayed_packets_total"
    assert after.total(relayed) - before.total(relayed) == figures["delivered"]
    assert after.total("icebreaker_turn_allocations") == 0


def test_it_counts_cycles_of_allocating_and_releasing(turn):
    before = turn.metrics().total("icebreaker_turn_allocations_total")

    figures = figures_of(load(turn, "cycles", "--clients", "8", "--seconds", "0.2"))

    # Also those of its warming up.
    made = turn.metrics().total("icebreaker_turn_allocations_total") - before
    assert 0 < figures["count"] < made


def test_it_measures_memory_and_binding(turn):
    memory = figures_of(load(turn, "memory", "--clients", "50", "--seconds", "0.1"))
    assert memory["files_per_allocation"] == 1
    assert memory["delivered"] >= 100

    assert figures_of(load(turn, "binding", "--clients", "8", "--seconds", "0.1"))["count"] > 0


def test_rest_credentials_do_as_well(turn):
    figures = figures_of(load(turn, "relay", *TRAFFIC, credentials=("--secret", SECRET)))

    assert figures["delivered"] > 0


def test_it_says_what_the_server_refuses(turn):
    refused = load(turn, "relay", *TRAFFIC, credentials=("--password", "wrong"))

    assert refused.status == 1
    assert refused.stderr == "turn-load: the server answers 401 while allocating\n"


def test_it_says_when_there_is_no_server():
    silent = run_tool([load_generator(), "--server", f"127.0.0.1:{free_port()}", "binding"])

    assert silent.status == 1
    assert silent.stderr == "turn-load: the server does not answer Binding requests\n"
