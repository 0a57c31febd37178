"""icebreaker-turn as its operator sees it: what it says, reload, limits, drain."""

import contextlib
import signal
import socket
import struct

import pytest

from support.net import http_request, wait_until
from support.stun_message import Response, attribute
from support.turn import rest_credential
from support.turn_client import DATA, LIFETIME, REFRESH, TurnClient, link
from support.turn_server import PASSWORD, SECRET, USER, turn_config

ALTERNATE_SERVER = 0x8023


@contextlib.contextmanager
def client(turn, user=USER, password=PASSWORD):
    with link(turn, "udp", None) as opened:
        yield TurnClient(opened, user, password).learn()


def refresh(client, lifetime_s=600):
    return client.request(REFRESH, attribute(LIFETIME, struct.pack("!I", lifetime_s)))


@pytest.fixture
def peer():
    """A UDP socket on loopback that a test answers with by hand."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(10)
        yield bound


def assert_relays(client, peer, text):
    client.send(peer.getsockname(), text)
    received, relay = peer.recvfrom(2048)
    assert received == text
    peer.sendto(text[::-1], relay)
    assert Response(client.link.receive()).attributes[DATA] == text[::-1]


def reload(turn, config, outcome="reloaded"):
    turn.write_config(config)
    turn.signal(signal.SIGHUP)
    return turn.wait_for(outcome).string


def gauge(turn, name):
    return turn.metrics().total(f"icebreaker_turn_{name}")


def test_says_why_an_allocation_was_useless(start_server):
    turn = start_server("turn", turn_config(peers={"deny": ["9.9.0.0/16"]}))
    with client(turn) as alice:
        assert alice.allocate().error == 0
        assert alice.create_permission(("9.9.9.9", 1)).error == 403
        assert alice.create_permission(("10.0.0.7", 1)).error == 403
        assert refresh(alice, 0).error == 0

    line = turn.wait_for("allocation was useless").string

    assert "9.9.9.9 (peers.deny 9.9.0.0/16), 10.0.0.7 (private 10.0.0.0/8)" in line
    assert "use=peers-refused user=alice end=released" in line
    ended = 'icebreaker_turn_allocations_ended_total{use="peers-refused"}'
    assert turn.metrics()[ended] == 1


def test_says_how_long_ago_credentials_expired(start_server):
    turn = start_server("turn", turn_config())
    username, password = rest_credential(SECRET, "carol", lifetime_s=-3700)
    with client(turn, username, password) as carol:
        assert carol.allocate().error == 401

    line = turn.wait_for("request refused").string

    assert "the credentials expired 1 h 1 min ago by this machine's clock" in line
    assert f"reason=expired-credential user={username}" in line


def test_counts_what_lives(start_server, peer):
    turn = start_server("turn", turn_config())
    with client(turn) as alice:
        assert alice.allocate().error == 0
        assert alice.create_permission(peer.getsockname()).error == 0
        wait_until(lambda: gauge(turn, "permissions") == 1)
        assert gauge(turn, "allocations") == 1
        assert gauge(turn, "channels") == 0
        assert gauge(turn, "authentication_seconds_count") >= 2

        assert refresh(alice, 0).error == 0

        wait_until(lambda: gauge(turn, "permissions") == 0)
        assert gauge(turn, "allocations") == 0


def test_limits_the_bandwidth_of_a_user(start_server, peer):
    limits = {"bytes_per_second_per_user": 1000}
    turn = start_server("turn", turn_config(limits=limits))
    with client(turn) as alice:
        assert alice.allocate().error == 0
        assert alice.create_permission(peer.getsockname()).error == 0
        for _ in range(5):
            alice.send(peer.getsockname(), bytes(900))

        dropped = 'icebreaker_turn_client_drops_total{reason="over-bandwidth"}'
        wait_until(lambda: turn.metrics()[dropped] > 0)
        assert len(peer.recv(2048)) == 900


def test_limits_the_allocations_of_a_network(start_server):
    turn = start_server("turn", turn_config(limits={"allocations_per_network": 1}))
    with client(turn) as first, client(turn) as second:
        assert first.allocate().error == 0

        assert second.allocate().error == 486

    assert "limits.allocations_per_network" in turn.wait_for("request refused").string
    assert turn.metrics()['icebreaker_turn_quota_refusals_total{limit="network"}'] == 1


def test_a_reload_changes_rules_for_allocations_that_live(start_server, peer):
    turn = start_server("turn", turn_config())
    with client(turn) as alice, client(turn) as late:
        assert alice.allocate().error == 0
        assert alice.create_permission(peer.getsockname()).error == 0
        assert_relays(alice, peer, b"before")

        reload(turn, turn_config(limits={"allocations_per_user": 1}))
        assert_relays(alice, peer, b"after")
        assert late.allocate().error == 486

        reload(turn, turn_config(peers={"deny": ["127.0.0.0/8"]}))
        wait_until(lambda: gauge(turn, "permissions") == 0)
        assert alice.create_permission(peer.getsockname()).error == 403
        assert refresh(alice).error == 0


def test_a_bad_file_changes_nothing_and_is_named_with_its_line(start_server):
    turn = start_server("turn", turn_config())
    bad = """realm = "other.example"
[[listen]]
transport = "udp"
address = "127.0.0.1:0"
[peers]
deny = ["10.0.0.0/99"]
"""

    line = reload(turn, bad, "reload refused")

    assert f"{turn.config_path}:6: peers.deny" in line
    with client(turn) as alice:
        assert alice.allocate().error == 0


def test_a_reload_says_what_it_cannot_change(start_server):
    turn = start_server("turn", turn_config())

    relay = {"addresses": ["127.0.0.1"], "ports": "50000-50100"}

    line = reload(turn, turn_config(workers=1, relay=relay), "at the next start only")

    assert "settings=workers,relay.addresses,relay.ports" in line
    turn.wait_for("reloaded")


def test_ends_at_once_when_nothing_lives(start_server):
    turn = start_server("turn", turn_config(drain={"seconds": 3600}))

    turn.signal(signal.SIGTERM)

    assert turn.wait() == 0
    assert "stopped" in turn.text


@pytest.mark.parametrize("alternate", [["192.0.2.7:3478"], []], ids=["alternate", "none"])
def test_drains_until_the_last_allocation_ends(start_server, peer, alternate):
    turn = start_server("turn", turn_config(drain={"seconds": 3600, "alternate": alternate}))
    with client(turn) as alice, client(turn) as late:
        assert alice.allocate().error == 0
        assert alice.create_permission(peer.getsockname()).error == 0

        turn.signal(signal.SIGTERM)
        turn.wait_for("draining")

        assert http_request(turn.metrics_address, "/readyz").status == 503
        assert http_request(turn.metrics_address, "/healthz").status == 200
        refused = late.allocate()
        assert refused.error == (300 if alternate else 508)
        if alternate:
            wire = refused.attributes[ALTERNATE_SERVER]
            assert wire == struct.pack("!BBH4s", 0, 1, 3478, socket.inet_aton("192.0.2.7"))
        assert refresh(alice).error == 0
        assert_relays(alice, peer, b"goes on")
        assert turn.running

        assert refresh(alice, 0).error == 0
        assert turn.wait() == 0


def test_drains_no_longer_than_allowed(start_server):
    turn = start_server("turn", turn_config(drain={"seconds": 1}))
    with client(turn) as alice:
        assert alice.allocate().error == 0
        turn.signal(signal.SIGTERM)

        assert turn.wait() == 0

    assert "time-over" in turn.wait_for("stopped").string


def test_a_second_sigterm_ends_a_drain_at_once(start_server):
    turn = start_server("turn", turn_config(drain={"seconds": 3600}))
    with client(turn) as alice:
        assert alice.allocate().error == 0
        turn.signal(signal.SIGTERM)
        turn.wait_for("draining")

        turn.signal(signal.SIGTERM)

        assert turn.wait() == 0
