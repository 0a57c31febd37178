"""libnice, the ICE library of GStreamer and Janus, calls itself through icebreaker-turn only."""

import contextlib
import re
import socket

import pytest

from support.binaries import support_binary
from support.tls import self_signed
from support.tls_tunnel import tls_tunnel
from support.tools import run_tool
from support.turn import rest_credential

SECRET = "a shared secret"
CONFIG = {
    "realm": "example.org",
    "listen": [{"transport": transport, "address": address}
               for transport in ("udp", "tcp") for address in ("127.0.0.1:0", "[::1]:0")],
    "relay": {"addresses": ["127.0.0.1"]},
    "auth": {"secrets": [SECRET]},
    "peers": {"allow": ["127.0.0.0/8"]},
}


@pytest.fixture(scope="module")
def turn(start_module_server, tmp_path_factory):
    tls = [{"transport": "tls", "address": address} for address in ("127.0.0.1:0", "[::1]:0")]
    files = self_signed(tmp_path_factory.mktemp("certificate"))
    return start_module_server("turn", {**CONFIG, "listen": [*CONFIG["listen"], *tls], "tls": files,
                                        "metrics": {"address": "127.0.0.1:0"}})


def call_through(address, username, password, transport="udp"):
    """Both agents in one process, which ends itself after 20 s at the latest."""
    host, port = address.pair
    return run_tool([support_binary("libnice-relay"), host, port, username, password,
                     transport], timeout=30)


def assert_relayed(call):
    assert call.status == 0, call.output
    for agent in ("caller", "callee"):
        assert f"{agent} selected local=relay remote=relay" in call.stdout
    assert re.search(r"^echoed 200 datagrams$", call.stdout, re.MULTILINE)


# libnice never asks for an IPv6 relay: from ::1 it gets one of the default family, IPv4.
# libnice has no TLS of its own for TURN: asked for it, it speaks plain TCP. So its bytes go through
# a tunnel that adds TLS, as those who need it do.
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["v4", "v6"])
def test_two_agents_talk_through_their_relays(turn, family, transport):
    before = turn.metrics()
    address = turn.address(transport, family)

    with tls_tunnel(address) if transport == "tls" else contextlib.nullcontext(address) as entrance:
        assert_relayed(call_through(entrance, *rest_credential(SECRET),
                                    "udp" if transport == "udp" else "tcp"))

    after = turn.metrics()
    allocations = "icebreaker_turn_allocations_total"
    assert after.total(allocations) - before.total(allocations) == 2
    relayed = "icebreaker_turn_relayed_packets_total"
    # Each datagram and its echo leaves through one relay and comes in through the other.
    for direction in ("to_peer", "to_client"):
        earlier = before.total(relayed, direction=direction)
        assert after.total(relayed, direction=direction) >= earlier + 400, direction


def test_a_wrong_secret_gets_no_relay(turn):
    call = call_through(turn.address(), *rest_credential("another secret"))

    assert call.status == 1
    assert "got no relayed candidate" in call.stdout


def test_relays_of_one_server_reach_each_other_without_an_allow_list(start_server):
    server = start_server("turn", {**CONFIG, "peers": {"allow": []}})

    assert_relayed(call_through(server.address(), *rest_credential(SECRET)))


def test_relays_of_one_server_reach_each_other_by_their_external_address(start_server):
    relay = {"addresses": ["127.0.0.1"], "external": ["127.0.0.2"]}
    server = start_server("turn", {**CONFIG, "relay": relay, "peers": {"allow": []}})

    call = call_through(server.address(), *rest_credential(SECRET))

    assert_relayed(call)
    assert " 127.0.0.2 " in call.stdout
