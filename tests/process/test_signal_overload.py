"""icebreaker-signal rests, and says no in words, when clients are many, slow or rude."""

import socket
import ssl
import time

import pytest

from support.net import wait_until
from support.signal_http import BASE
from support.tls import self_signed, trusting


def connected_with_little_room(address):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    connection.connect(address.pair)
    return connection


def flood(connection, request):
    """Sends requests until nobody takes more for a while; the number of those that went whole."""
    connection.setblocking(False)
    batch = request * 1000
    sent = 0
    quiet_since = time.monotonic()

    def nobody_takes_more():
        nonlocal sent, quiet_since
        try:
            while True:
                sent += connection.send(batch[sent % len(batch):])
                quiet_since = time.monotonic()
        except (BlockingIOError, ssl.SSLWantWriteError):
            return time.monotonic() > quiet_since + 0.3
    wait_until(nobody_takes_more)
    return sent // len(request)


def turns_in_a_second(server):
    """How often the loop turned between two scrapes, a little more than a second apart."""
    before = server.metrics().total("icebreaker_signal_loop_turns_total")
    started = time.monotonic()
    wait_until(lambda: time.monotonic() > started + 1)
    return server.metrics().total("icebreaker_signal_loop_turns_total") - before


REQUESTS = ["GET /healthz HTTP/1.1\r\n", "DELETE /v1/sessions/x?epoch=1 HTTP/1.1\r\n",
            "POST /v1/sessions/x/messages HTTP/1.1\r\nContent-Length: 0\r\n"]


@pytest.mark.parametrize("head", REQUESTS)
def test_rests_while_a_client_pipelines_and_reads_nothing(start_server, head):
    server = start_server("signal", {**BASE})

    with connected_with_little_room(server.address("http")) as connection:
        check_rest(server, connection, head)


def test_rests_while_a_client_reads_nothing_over_tls(start_server, tmp_path):
    files = self_signed(tmp_path)
    server = start_server("signal", {**BASE, "tls": files})

    plain = connected_with_little_room(server.address("https"))
    with trusting(files).wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        check_rest(server, connection, REQUESTS[0])


def check_rest(server, connection, head):
    sent = flood(connection, f"{head}Host: h\r\n\r\n".encode())

    assert turns_in_a_second(server) < 200

    # What was taken is answered in full as soon as the client reads.
    connection.settimeout(20)
    start, answers, unread = b"HTTP/1.1 ", 0, b""
    while answers < sent:
        unread += connection.recv(1 << 20) or pytest.fail("the server hung up")
        answers += unread.count(start)
        unread = unread[-len(start) + 1:]
