"""icebreaker-signal rests, and says no in words, when clients are many, slow or rude."""

import contextlib
import http.client
import socket
import ssl
import time

import pytest

from support.net import Response, wait_until
from support.signal_http import BASE, call, error_of, hello, opened
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


def idle_turns_in_a_second(server):
    """How often the loop turned without a request to show for it, in a little more than a second."""
    before = server.metrics()
    started = time.monotonic()
    wait_until(lambda: time.monotonic() > started + 1)
    after = server.metrics()

    def grown(name):
        return after.total(name) - before.total(name)
    turns_of_requests = 4 * grown("icebreaker_signal_http_requests_total")
    return grown("icebreaker_signal_loop_turns_total") - turns_of_requests


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

    assert idle_turns_in_a_second(server) < 200

    # What was taken is answered in full as soon as the client reads.
    connection.settimeout(20)
    start, answers, unread = b"HTTP/1.1 ", 0, b""
    while answers < sent:
        unread += connection.recv(1 << 20) or pytest.fail("the server hung up")
        answers += unread.count(start)
        unread = unread[-len(start) + 1:]


def test_refuses_connections_above_the_limit_in_words(start_server):
    server = start_server("signal", {**BASE, "limits": {**BASE["limits"], "connections": 2}})
    address = server.address("http")

    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(http_connection(address)) for _ in range(2)]
        for each in kept:
            assert answer_of(each, "/healthz").status == 200

        with http_connection(address) as excess:
            refused = answer_of(excess, "/")
            assert refused.status == 503 and int(refused.headers["Retry-After"]) >= 1
            assert refused.headers["Connection"] == "close"
            assert error_of(refused) == "unavailable"
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
                   "Sec-WebSocket-Protocol": "icebreaker.v1"}
        with http_connection(address) as excess:
            assert answer_of(excess, "/v1/ws", upgrade).status == 503
        with http_connection(address) as excess:  # its health is still told
            assert answer_of(excess, "/healthz").status == 200

        assert server.metrics().total("icebreaker_signal_connections_excess_total") == 3
        for each in kept:
            assert answer_of(each, "/readyz").status == 200

    wait_until(lambda: server.metrics().total("icebreaker_signal_tcp_connections") == 0)
    assert call(address, "GET", "/readyz").status == 200
    wait_until(lambda: [line for line in server.log if line.level == "WARN"])  # it is read by a thread
    warnings = [line for line in server.log if line.level == "WARN"]
    assert len(warnings) == 1 and "limits.connections" in warnings[0].message


def test_hangs_up_on_crowds_above_the_limit(start_server):
    server = start_server("signal", {**BASE, "limits": {**BASE["limits"], "connections": 1}})
    address = server.address("http")

    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection(address.pair, timeout=20))
                 for _ in range(100)]

        wait_until(lambda: server.metrics().total("icebreaker_signal_connections_total") == 100)
        assert server.metrics().total("icebreaker_signal_tcp_connections") < 50
        assert crowd[-1].recv(1) == b""


def test_opens_no_more_sessions_than_the_limit(start_server):
    server = start_server("signal", {**BASE, "limits": {**BASE["limits"], "sessions": 1}})
    address = server.address("http")
    welcome = opened(address)

    refused = call(address, "POST", "/v1/sessions", hello())

    assert refused.status == 503 and error_of(refused) == "unavailable"
    assert int(refused.headers["Retry-After"]) >= 1
    path = f"/v1/sessions/{welcome['session']}?epoch={welcome['epoch']}"
    assert call(address, "DELETE", path).status == 204
    opened(address)


@contextlib.contextmanager
def http_connection(address):
    connection = http.client.HTTPConnection(*address.pair, timeout=20)
    try:
        yield connection
    finally:
        connection.close()


def answer_of(connection, path, headers=None):
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    return Response(answer.status, answer.headers, answer.read())
