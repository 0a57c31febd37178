"""Advisories of this field, as far as only a whole icebreaker-turn shows them; the core's are in tests/unit/turn/core.

Each name begins with the advisory. What concerns clients runs over every transport.
"""

import contextlib
import json
import pathlib
import re
import socket
import struct

import pytest

from support.binaries import server_binary
from support.net import wait_until
from support.stun_message import BINDING, Response
from support.tls import self_signed
from support.tools import run_tool
from support.turn import rest_credential
from support.turn_client import DATA, TurnClient, allocated, link
from support.turn_server import SECRET, turn_config

TRANSPORTS = ["udp", "tcp", "tls", "dtls"]
LISTEN = [{"transport": transport, "address": "127.0.0.1:0"} for transport in TRANSPORTS]
SPECIAL = """0.0.0.0 0.0.0.1 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 192.0.0.1
192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255""".split()
SPECIAL_V6 = """:: ::1 64:ff9b:1::1 100::1 2001:db8::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 ::7f00:1
64:ff9b::7f00:1 2002:7f00:1::1 2001:0:808:808::80ff:fffe""".split()

every_transport = pytest.mark.parametrize("transport", TRANSPORTS)


def config(files, **changes):
    relay = {"addresses": ["127.0.0.1"], "external": ["203.0.113.1"]}
    return turn_config(listen=LISTEN, tls=files, relay=relay, peers={}) | changes


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def turn(start_module_server, files):
    """With the default rules for peers, and small caps."""
    return start_module_server("turn", config(files, workers=1, limits={
        "allocations_per_user": 0, "permissions_per_allocation": 8, "channels_per_allocation": 4}))


@pytest.fixture(scope="module")
def relaying(start_module_server, files):
    """Where peers on loopback are allowed."""
    return start_module_server("turn", config(files, workers=1, relay={"addresses": ["127.0.0.1"]},
                                              peers={"allow": ["127.0.0.0/8"]}))


def assert_refused(turn, client, hosts):
    for host in hosts:
        assert client.create_permission((host, 80)).error == 403, host
        assert client.create_permission(("8.8.8.8", 80), (host, 80)).error == 403, host
        assert client.channel_bind(0x4000, (host, 80)).error == 403, host


@every_transport
def test_slack_2020_pion_134_special_purpose_peers_are_refused(turn, files, transport):
    with link(turn, transport, files) as opened:
        assert_refused(turn, allocated(opened), SPECIAL)


@every_transport
def test_cve_2020_26262_peers_of_all_zeros_and_loopback_are_refused(turn, files, transport):
    with link(turn, transport, files) as opened:
        assert_refused(turn, allocated(opened), ["0.0.0.0", "::", "::1", "127.0.0.1"])


@every_transport
def test_cve_2026_27624_53450_mapped_addresses_are_refused(turn, files, transport):
    with link(turn, transport, files) as opened:
        assert_refused(turn, allocated(opened), [f"::ffff:{each}" for each in SPECIAL])


@every_transport
def test_coturn_1945_1947_addresses_that_embed_others_are_refused(turn, files, transport):
    with link(turn, transport, files) as opened:
        assert_refused(turn, allocated(opened), SPECIAL_V6)


@every_transport
def test_cve_2020_26262_send_reaches_no_loopback_service(turn, files, transport):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("127.0.0.1", 0))
        with link(turn, transport, files) as opened:
            client = allocated(opened)
            before = drops(turn, "no-permission")
            client.send(service.getsockname(), b"attack")
            wait_until(lambda: drops(turn, "no-permission") > before, what="the drop")
            opened.send(struct.pack("!HH4s", 0x4000, 4, b"attk"))
            assert client.create_permission(("8.8.8.8", 1)).error == 0
        with pytest.raises(BlockingIOError):
            service.recv(100, socket.MSG_DONTWAIT)


def drops(turn, reason):
    return turn.metrics()[f'icebreaker_turn_client_drops_total{{reason="{reason}"}}']


@every_transport
def test_coturn_1946_own_endpoints_are_no_peers(relaying, files, transport):
    own = [relaying.address(each).pair for each in TRANSPORTS] + [relaying.metrics_address.pair]
    with link(relaying, transport, files) as opened:
        client = allocated(opened)
        for endpoint in own:
            assert client.channel_bind(0x4000, endpoint).error == 403, endpoint


@every_transport
def test_coturn_5ca467e7_permissions_and_channels_are_capped(turn, files, transport):
    with link(turn, transport, files) as opened:
        client = allocated(opened)
        for number in range(4):
            assert client.channel_bind(0x4000 + number, ("8.8.8.8", 1 + number)).error == 0
        assert client.channel_bind(0x4004, ("8.8.8.8", 9)).error == 508
        assert client.create_permission(*[(f"8.8.4.{each}", 1) for each in range(7)]).error == 0
        assert client.create_permission(("8.8.9.9", 1)).error == 508


@every_transport
def test_cve_2020_4067_padding_is_zero(relaying, files, transport):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        with link(relaying, transport, files) as opened:
            client = allocated(opened)
            assert client.create_permission(peer.getsockname()).error == 0
            client.send(peer.getsockname(), b"hello")
            peer.settimeout(10)
            relay = peer.recvfrom(100)[1]
            # What was there before must not show: long ones first, many in one batch.
            sizes = [1200, *range(1, 10)] * 4
            for size in sizes:
                peer.sendto(b"\xff" * size, relay)
            for size in sizes:
                data = Response(opened.receive())
                assert data.attributes[DATA] == b"\xff" * size
                assert not any(data.padding)
            assert not any(client.channel_bind(0x4000, peer.getsockname()).padding)
            for size in sizes:
                peer.sendto(b"\xff" * size, relay)
            for size in sizes:
                data = opened.receive()
                assert data[:4 + size] == struct.pack("!HH", 0x4000, size) + b"\xff" * size
                assert not any(data[4 + size:])


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("request_line", [b"GET /", b"POST /", b"GET /.well-known/acme-challenge/x"])
def test_cve_2026_62959_cve_2020_6061_6062_nobody_parses_http(turn, files, transport, request_line):
    with link(turn, transport, files) as opened, contextlib.suppress(ConnectionResetError):
        opened.send(request_line + b" HTTP/1.1\r\nContent-Length: 999999\r\n\r\nx=")
        assert opened.receive() == b""


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("length", [65516, 65517, 65520, 65532, 65535])
def test_cve_2026_68552_lengths_that_wrap_close_the_connection(turn, files, transport, length):
    with link(turn, transport, files) as opened, contextlib.suppress(ConnectionResetError):
        opened.send(BINDING + struct.pack("!HHI", 0x0001, length, 0x2112A442) + BINDING * 3)
        assert Response(opened.receive()).error == 0
        assert opened.receive() == b""


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_coturn_3c5b2615_quota_lasts_as_long_as_the_allocation(start_server, files, transport):
    turn = start_server("turn", config(files, limits={"allocations_per_user": 1}))
    for _ in range(10):
        with link(turn, transport, files) as first:
            allocated(first)
            with link(turn, transport, files) as second:
                assert TurnClient(second).learn().allocate().error == 486
        wait_until(lambda: turn.metrics().total("icebreaker_turn_allocations") == 0)


@pytest.mark.parametrize("network", ["10.0.0.0/33", "10.0.0.1/8", "10.0.0", "any", "", "fe80::/129",
                                     "10.0.0.0-10.0.0.255", "::ffff:10.0.0.0/8"])
@pytest.mark.parametrize("list_name", ["allow", "deny"])
def test_coturn_1872_malformed_rules_stop_the_start(start_server, files, list_name, network):
    turn = start_server("turn", config(files, peers={list_name: [network]}), wait=False)

    assert turn.wait() == 2
    assert re.search(rf":\d+: peers\.{list_name}", turn.text), turn.text


def test_cve_2025_69217_libc_randomness_is_not_linked():
    symbols = run_tool(["nm", "--dynamic", "--undefined-only", server_binary("turn")]).stdout

    names = {line.split()[-1].split("@")[0] for line in symbols.splitlines() if line.strip()}
    assert "RAND_bytes" in names
    assert not names & {"rand", "srand", "rand_r", "random", "srandom", "random_r", "drand48",
                        "lrand48", "mrand48", "srand48"}
    assert "CRYPTO_memcmp" in names  # coturn #1869: signatures are compared in constant time


def listening_sockets(pid):
    """{(protocol, port)} of a process; UDP sockets count as long as they have no peer."""
    inodes = {str(each.readlink()) for each in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    found = set()
    for protocol, state in (("tcp", "0A"), ("udp", "07")):
        for table in (protocol, f"{protocol}6"):
            for row in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                columns = row.split()
                if columns[3] == state and f"socket:[{columns[9]}]" in inodes:
                    found.add((protocol, int(columns[1].rpartition(":")[2], 16)))
    return found


def test_cve_2018_4058_4059_ghsa_v8hj_no_other_port_is_open(start_server, files):
    turn = start_server("turn", config(files))

    protocols = {"udp": "udp", "dtls": "udp", "tcp": "tcp", "tls": "tcp", "metrics": "tcp"}
    configured = {(protocols[kind], address.port) for kind, address in turn.listening}
    assert listening_sockets(turn.pid) == configured
    assert configured


STRANGE_IDS = ["%s%n%s%n%x", "a b=c\"d", "line\nbreak", "\x1b[31mred", "{}{0}", "nul\0byte"]
STRANGE_NAMES = [each.encode() for each in STRANGE_IDS] + [b"\xff\xfe", b"\xc0\xaf", b"a" * 513, b""]


@every_transport
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_ghsa_4g7c_strange_usernames_do_no_harm(start_server, files, transport, log_format):
    turn = start_server("turn", config(files, log={"format": log_format, "level": "debug"}),
                        wait=False)
    turn.wait_for("ready")
    address = server_address(turn, transport, log_format)
    known = [rest_credential(SECRET, each) for each in STRANGE_IDS]
    for name, password in [*known, *[(each, "x") for each in STRANGE_NAMES]]:
        with link(address, transport, files) as opened:
            answer = TurnClient(opened, name, password).learn().allocate()
            assert answer.error in (0, 401), (name, answer.error)
    turn.wait_for("refused")
    if log_format == "text":
        assert not [name for name in turn.metrics() if "%s" in name or "alice" in name]
    assert turn.terminate() == 0

    for line in turn.lines:
        assert line.isprintable(), line
        if log_format == "json":
            json.loads(line)
        else:
            assert re.match(r"\d{4}-\d\d-\d\dT\S+Z [A-Z]+ ", line), line
    assert "%s%n%s%n%x" in turn.text


class FoundAddress:
    """Where a server listens that logs JSON."""

    def __init__(self, pair):
        self.pair = pair

    def address(self, _transport):
        return self


def server_address(turn, transport, log_format):
    if log_format == "text":
        return turn
    for line in map(json.loads, turn.lines):
        if line.get("transport") == transport:
            host, _, port = line["address"].rpartition(":")
            return FoundAddress((host, int(port)))
    raise AssertionError(turn.text)
