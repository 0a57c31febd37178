"""Requests that come slowly, and paths that nobody has: none holds a connection for ever."""

import json
import socket
import time

import pytest

from support.net import wait_until
from support.signal_http import BASE, call, error_of, hello

REQUEST_SECONDS = 3


@pytest.fixture(name="server", scope="module")
def server_fixture(start_module_server):
    return start_module_server("signal", {**BASE, "limits": {**BASE["limits"], "request_seconds": REQUEST_SECONDS}})


@pytest.fixture(name="address", scope="module")
def address_fixture(server):
    return server.address("http")


def answer_to(connection, dripping=b""):
    """What comes up to the end; meanwhile the bytes go out one by one, and again from the first."""
    connection.settimeout(0.1)
    received, at, started = b"", 0, time.monotonic()
    while time.monotonic() - started < 20:
        try:
            if dripping:
                connection.sendall(dripping[at % len(dripping):][:1])
                at += 1
            chunk = connection.recv(65536)
            if not chunk:
                return received
            received += chunk
        except TimeoutError:
            continue
        except ConnectionError:
            return received
    raise AssertionError(f"still open: {received}")


def head_and_code(received):
    head, _, body = received.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0], json.loads(body)["code"]


@pytest.mark.parametrize("length", [1000, 300_000])
def test_a_body_that_trickles_in_is_given_up(server, address, length):
    head = f"POST /v1/sessions HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n".encode()
    started = time.monotonic()

    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(head)
        received = answer_to(connection, b" ")

    assert head_and_code(received) == (b"HTTP/1.1 408 Request Timeout", "bad_message")
    assert b"Connection: close" in received
    assert time.monotonic() - started >= REQUEST_SECONDS * 2 / 3 - 0.1
    wait_until(lambda: server.metrics()["icebreaker_signal_tcp_connections"] == 0)


def test_a_head_that_trickles_in_is_given_up(server, address):
    for before in (b"", b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"):
        with socket.create_connection(address.pair, timeout=20) as connection:
            connection.sendall(before)
            if before:
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Name: ")
            assert answer_to(connection, b"a") == b""
    wait_until(lambda: server.metrics()["icebreaker_signal_tcp_connections"] == 0)


def test_a_slow_body_within_its_time_is_taken(address):
    body = json.dumps(hello()).encode()
    head = f"POST /v1/sessions HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(address.pair, timeout=20) as connection:
        for piece in (head.encode(), body[:5], body[5:20], body[20:]):
            connection.sendall(piece)
        assert answer_to(connection).startswith(b"HTTP/1.1 201 Created")


@pytest.mark.parametrize("length", [300, 3000, 7000])
def test_a_long_session_id_is_an_unknown_one(address, length):
    session = f"/v1/sessions/{'a' * length}"

    for method, path, body in (("GET", f"{session}/messages?epoch=1", None),
                               ("GET", f"{session}/events?epoch=1", None),
                               ("POST", f"{session}/messages", {"epoch": 1, "messages": []}),
                               ("DELETE", f"{session}?epoch=1", None)):
        answer = call(address, method, path, body)
        assert answer.status == 404 and error_of(answer) == "session_lost", (method, path)
    assert call(address, "GET", f"/v1/{'a' * length}").status == 404
    assert call(address, "GET", f"/{'a' * length}/messages").status == 404
