"""icebreaker-turn over DTLS, with openssl's client; coturn's: test_turn_interop.py."""

import socket

import pytest

from support.floods import client_hello
from support.net import wait_until
from support.tls import self_signed
from support.tools import run_tool
from support.turn_server import turn_config

LISTEN = [{"transport": transport, "address": address}
          for transport in ("udp", "dtls") for address in ("127.0.0.1:0", "[::1]:0")]


def config(files, **changes):
    return turn_config(listen=LISTEN, tls=files, **changes)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def turn(start_module_server, files):
    return start_module_server("turn", config(files))


def s_client(turn, *options, transport="dtls", stdin=""):
    return run_tool(["openssl", "s_client", "-connect", str(turn.address(transport)), "-dtls1_2",
                     *options], stdin=stdin).output


def test_ends_associations_at_close_notify(start_server, files):
    turn = start_server("turn", config(files))

    output = s_client(turn, "-alpn", "stun.turn")

    assert "ALPN protocol: stun.turn" in output
    closed = 'icebreaker_turn_dtls_closed_total{reason="by-client"}'
    wait_until(lambda: turn.metrics()[closed] == 1)
    assert turn.metrics()["icebreaker_turn_dtls_associations"] == 0


def test_refuses_clients_of_another_protocol(start_server, files):
    turn = start_server("turn", config(files))

    output = s_client(turn, "-alpn", "h2")

    assert "alert no application protocol" in output
    failed = 'icebreaker_turn_dtls_closed_total{reason="handshake-failed"}'
    wait_until(lambda: turn.metrics()[failed] == 1)


def test_closes_idle_associations_without_allocation(start_server, start_process, files):
    turn = start_server("turn", config(files, dtls={"idle_timeout_s": 1}))
    client = start_process(["openssl", "s_client", "-connect", str(turn.address("dtls")),
                            "-dtls1_2", "-quiet"])

    idle = 'icebreaker_turn_dtls_closed_total{reason="idle"}'
    wait_until(lambda: turn.metrics()[idle] == 1, what="the end of an idle association")
    wait_until(lambda: not client.running, what="the client, who was told")


def test_asks_for_a_cookie_with_less_than_it_was_sent(turn):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        hello = client_hello()
        client.sendto(hello, turn.address("dtls").pair)
        answer = client.recv(2048)

    assert answer[13] == 3  # HelloVerifyRequest
    assert len(answer) < len(hello)
