"""icebreaker-turn over TCP: coturn's client, raw connections, limits."""

import socket
import struct

import pytest

from support.net import wait_until
from support.turn_server import STATIC, assert_nothing_lost, turn_config, uclient

COOKIE = 0x2112A442
BINDING = struct.pack("!HHI", 0x0001, 0, COOKIE) + bytes(12)
LISTEN = [{"transport": transport, "address": address}
          for transport in ("udp", "tcp") for address in ("127.0.0.1:0", "[::1]:0")]


def config(**changes):
    return turn_config(listen=LISTEN, **changes)


@pytest.fixture(scope="module")
def turn(start_module_server):
    return start_module_server("turn", config())


def connect(turn, transport="tcp"):
    return socket.create_connection(turn.address(transport).pair, timeout=10)


def closed(turn, reason):
    return turn.metrics()[f'icebreaker_turn_connections_closed_total{{reason="{reason}"}}']


def assert_closed_for(turn, reason, before):
    wait_until(lambda: closed(turn, reason) == before + 1, what=f"a connection closed: {reason}")


# Lengths that are no multiple of four need padding on a stream.
@pytest.mark.parametrize("size", [101, 1001])
def test_pads_channel_data(turn, echo_port, size):
    output = uclient(turn, "-t", "-X", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "10", "-m",
                     "2", "-l", str(size), *STATIC, transport="tcp")

    assert_nothing_lost(output, 20)


def test_ends_allocations_with_their_connections(start_server, echo_port):
    turn = start_server("turn", config(), args=["--log-level", "debug"])

    uclient(turn, "-t", "-X", "-e", "127.0.0.1", "-r", str(echo_port), "-n", "3", "-m", "2", *STATIC,
            transport="tcp")

    wait_until(lambda: turn.metrics().total("icebreaker_turn_allocations") == 0)
    wait_until(lambda: turn.metrics().total("icebreaker_turn_connections") == 0)
    assert turn.metrics().total("icebreaker_turn_allocations_total") > 0


def test_answers_binding_requests(turn):
    with connect(turn) as client:
        client.sendall(BINDING + BINDING)
        assert client.recv(20, socket.MSG_WAITALL)[:2] == b"\x01\x01"


def test_closes_connections_that_speak_another_protocol(turn):
    before = closed(turn, "not-turn")
    with connect(turn) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.recv(1) == b""
    assert_closed_for(turn, "not-turn", before)


@pytest.mark.parametrize("length", [65516, 65520, 65532])
def test_closes_connections_whose_lengths_would_wrap(turn, length):
    before = closed(turn, "too-long")
    with connect(turn) as client:
        client.sendall(BINDING + struct.pack("!HHI", 0x0001, length, COOKIE) + bytes(20))
        client.recv(32, socket.MSG_WAITALL)
        assert client.recv(1) == b""
    assert_closed_for(turn, "too-long", before)


def test_closes_connections_whose_message_never_ends(start_server):
    turn = start_server("turn", config(tcp={"message_timeout_s": 1}))
    with connect(turn) as half, connect(turn) as silent:
        half.sendall(BINDING[:10])
        assert half.recv(1) == b""
        assert silent.recv(1) == b""
    assert closed(turn, "unfinished") == 1
    assert failed(turn, "timeout") == 1


def test_closes_idle_connections_without_allocation(start_server):
    turn = start_server("turn", config(tcp={"idle_timeout_s": 1}))
    with connect(turn) as client:
        client.sendall(BINDING)
        client.recv(32, socket.MSG_WAITALL)
        assert client.recv(1) == b""
    assert closed(turn, "idle") == 1


def test_refuses_connections_over_a_networks_share(start_server):
    turn = start_server("turn", config(workers=1, tcp={"connections_per_network": 2}))
    with connect(turn), connect(turn), connect(turn) as third:
        assert third.recv(1) == b""
        refused = 'icebreaker_turn_connections_refused_total{reason="network-limit"}'
        assert turn.metrics()[refused] == 1


def test_closes_connections_at_the_end(start_server):
    turn = start_server("turn", config())
    with connect(turn) as client:
        client.sendall(BINDING)
        client.recv(32, socket.MSG_WAITALL)
        assert turn.terminate() == 0
        assert client.recv(1) == b""


def test_says_which_tcp_port_is_in_use(start_server, turn):
    taken = str(turn.address("tcp"))

    second = start_server("turn", config() | {"listen": [{"transport": "tcp", "address": taken}]},
                          wait=False)

    assert second.wait() == 1
    assert f"ERROR turn: cannot listen on tcp {taken}: Address already in use" in second.text


V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c" + struct.pack(
    "!4s4sHH", socket.inet_aton("192.0.2.7"), socket.inet_aton("198.51.100.1"), 4096, 3478)
V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 4096 3478\r\n"


def proxied(networks, **changes):
    return config(**changes) | {"listen": [{"transport": "tcp", "address": "127.0.0.1:0",
                                            "proxy_protocol_from": networks}]}


def failed(turn, reason):
    return turn.metrics()[f'icebreaker_turn_connections_failed_total{{reason="{reason}"}}']


def test_takes_the_clients_address_from_a_trusted_proxy(start_server):
    turn = start_server("turn", proxied(["127.0.0.0/8"]))
    for header in (V1, V2):
        with connect(turn) as client:
            client.sendall(header[:9])
            client.sendall(header[9:] + BINDING)
            reply = client.recv(32, socket.MSG_WAITALL)
            port, ip = struct.unpack_from("!H4s", reply, 26)
            assert port ^ COOKIE >> 16 == 4096
            unmasked = struct.unpack("!I", ip)[0] ^ COOKIE
            assert socket.inet_ntoa(struct.pack("!I", unmasked)) == "192.0.2.7"


@pytest.mark.parametrize("networks, sent, reason", [
    ([], V1, "untrusted-proxy"),
    (["10.0.0.0/8"], V2, "untrusted-proxy"),
    (["127.0.0.0/8"], BINDING, "missing-proxy-header"),
    (["127.0.0.0/8"], b"PROXY TCP4 a b c d\r\n", "malformed-proxy-header"),
])
def test_closes_connections_with_the_wrong_beginning(start_server, networks, sent, reason):
    turn = start_server("turn", proxied(networks))
    with connect(turn) as client:
        client.sendall(sent)
        assert client.recv(1) == b""
    wait_until(lambda: failed(turn, reason) == 1)


def test_does_not_wait_for_ever_for_a_proxy_header(start_server):
    turn = start_server("turn", proxied(["127.0.0.1/32"], tcp={"message_timeout_s": 1}))
    with connect(turn) as client:
        client.sendall(V1[:20])
        assert client.recv(1) == b""
    assert failed(turn, "timeout") == 1


def test_refuses_a_proxy_in_front_of_datagrams(start_server):
    turn = start_server("turn", turn_config(listen=[{
        "transport": "udp", "address": "127.0.0.1:0", "proxy_protocol_from": ["10.0.0.0/8"]}]),
        wait=False)

    assert turn.wait() == 2
    assert "listen.proxy_protocol_from: works on tcp and tls listeners only" in turn.text
