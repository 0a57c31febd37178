"""What RFC 8656 added or changed, over real sockets: dual allocation, reserved ports, ICMP, ECN and DSCP."""

import contextlib
import ipaddress
import socket
import struct

import pytest

from support.stun_message import COOKIE, REQUESTED_TRANSPORT, UDP, Response, attribute
from support.turn_client import (ALLOCATE, LIFETIME, REFRESH, XOR_PEER_ADDRESS, TurnClient,
                                 allocated, link, peer_value)
from support.turn_server import STATIC, assert_nothing_lost, turn_config, uclient

XOR_RELAYED_ADDRESS, REQUESTED_FAMILY, EVEN_PORT, TOKEN = 0x0016, 0x0017, 0x0018, 0x0022
ADDITIONAL_FAMILY, ICMP = 0x8000, 0x8004
V4, V6 = struct.pack("!I", 1 << 24), struct.pack("!I", 2 << 24)
EXPEDITED_ECT0 = 0xBA


@pytest.fixture(scope="module", name="turn")
def turn_server(start_module_server):
    return start_module_server("turn", turn_config())


@pytest.fixture(name="opened")
def opened_links(turn):
    """Links over UDP that end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(link(turn, "udp", None))


def allocate(client, *attributes):
    return client.request(ALLOCATE, attribute(REQUESTED_TRANSPORT, UDP), *attributes)


def relayed(response):
    """All relayed addresses as (host, port)."""
    found, at = [], 20
    while at < len(response.wire):
        kind, size = struct.unpack_from("!HH", response.wire, at)
        if kind == XOR_RELAYED_ADDRESS:
            found.append(unmasked(response, response.wire[at + 4:at + 4 + size]))
        at += 4 + size + -size % 4
    return found


def unmasked(response, value):
    port = struct.unpack_from("!H", value, 2)[0] ^ COOKIE >> 16
    host = bytes(a ^ b for a, b in zip(value[4:], response.wire[4:20]))
    return str(ipaddress.ip_address(host)), port


def closed_port(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as gone:
        gone.bind((host, 0))
        return gone.getsockname()[1]


def peer_socket(host):
    peer = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    peer.settimeout(10)
    peer.bind((host, 0))
    return peer


def test_relays_for_both_families_until_one_is_released(opened):
    client = TurnClient(opened()).learn()

    addresses = relayed(allocate(client, attribute(ADDITIONAL_FAMILY, V6)))

    assert [host for host, _ in addresses] == ["127.0.0.1", "::1"]
    with peer_socket("127.0.0.1") as v4, peer_socket("::1") as v6:
        for peer, address in zip((v4, v6), addresses):
            pair = peer.getsockname()[:2]
            assert client.create_permission(pair).error == 0
            client.send(pair, b"hello")
            data, source = peer.recvfrom(100)
            assert (data, source[:2]) == (b"hello", address)
        released = client.request(REFRESH, attribute(LIFETIME, bytes(4)),
                                  attribute(REQUESTED_FAMILY, V6))
        assert released.error == 0
        assert client.create_permission(v6.getsockname()[:2]).error == 443
        assert client.create_permission(v4.getsockname()[:2]).error == 0


# Debian's client (4.6.1) asks by an early number of the attribute. Its Refresh names a family, or none,
# at random, but without an IPv6 relay the second run never gets that far.
@pytest.mark.parametrize("options", [("-e", "127.0.0.1"), ("-x", "-e", "::1")], ids=["v4", "v6"])
def test_coturns_client_allocates_both_families(turn, echo_port, options):
    output = uclient(turn, "-Z", *options, "-r", str(echo_port), "-n", "10", "-m", "1", *STATIC)

    assert_nothing_lost(output, 10)


# Several clients, so that the two workers are both asked.
def test_reserves_the_next_port_for_whoever_of_the_user_brings_the_token(opened):
    for _ in range(8):
        first = allocate(TurnClient(opened()).learn(), attribute(EVEN_PORT, b"\x80"))
        (_, even), = relayed(first)
        assert even % 2 == 0

        second = allocate(TurnClient(opened()).learn(), attribute(TOKEN, first.attributes[TOKEN]))

        assert relayed(second) == [("127.0.0.1", even + 1)]
        late = allocate(TurnClient(opened()).learn(), attribute(TOKEN, first.attributes[TOKEN]))
        assert late.error == 508


@pytest.mark.parametrize("host,expected", [("127.0.0.1", (3, 3)), ("::1", (1, 4))])
def test_tells_of_a_port_that_nobody_listens_on(opened, host, expected):
    client = TurnClient(opened()).learn()
    allocate(client, attribute(ADDITIONAL_FAMILY, V6))
    peer = (host, closed_port(host))
    assert client.create_permission(peer).error == 0

    client.send(peer, b"anybody?")

    told = Response(client.link.receive())
    type_and_code = struct.unpack_from("!H", told.attributes[ICMP], 2)[0]
    assert (type_and_code >> 9, type_and_code & 0x1FF) == expected
    assert told.attributes[XOR_PEER_ADDRESS] == peer_value(peer, told.wire[8:20])


def test_keeps_dscp_and_ecn_in_both_directions(opened):
    client = allocated(opened())
    udp = client.link.socket
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    with peer_socket("127.0.0.1") as peer:
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        assert client.create_permission(peer.getsockname()).error == 0
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED_ECT0)

        client.send(peer.getsockname(), b"hello")

        _, control, _, source = peer.recvmsg(100, 100)
        assert [value for *_, value in control] == [bytes([EXPEDITED_ECT0])]
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED_ECT0)
        peer.sendto(b"hello", source)
        _, control, _, _ = udp.recvmsg(200, 100)
        assert [value for *_, value in control] == [bytes([EXPEDITED_ECT0])]
