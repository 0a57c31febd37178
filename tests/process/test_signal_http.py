"""icebreaker-signal over HTTP: every route and status of the protocol page."""

import json
import socket

import pytest

from support.signal_http import BASE, call, error_of, hello, messages_path, opened


@pytest.fixture(scope="module")
def server(start_module_server):
    return start_module_server("signal", BASE)


def test_opens_a_session(address):
    welcome = opened(address)

    assert welcome["type"] == "welcome"
    assert welcome["seq"] == 0 and welcome["received"] == 0
    assert welcome["hold_ms"] == 300
    assert len(welcome["session"]) >= 22  # 128 random bits


def test_resumes_a_session_with_200(address):
    welcome = opened(address)
    resume = {"session": welcome["session"], "epoch": welcome["epoch"], "after": 0}

    answer = call(address, "POST", "/v1/sessions", hello(resume=resume))

    assert answer.status == 200
    assert json.loads(answer.body)["resumed"] is True


def test_takes_text_plain_and_no_type_but_not_forms(address):
    body = json.dumps(hello())

    assert call(address, "POST", "/v1/sessions", body, Content_Type="text/plain").status == 201
    assert call(address, "POST", "/v1/sessions", body,
                Content_Type="text/plain;charset=UTF-8").status == 201
    refused = call(address, "POST", "/v1/sessions", body,
                   Content_Type="application/x-www-form-urlencoded")
    assert refused.status == 415 and error_of(refused) == "bad_message"


@pytest.mark.parametrize("body, code", [
    ("{", "bad_message"), ("", "bad_message"), ("[]", "bad_message"),
    ('{"type":"join","room":"a","n":1}', "bad_message"),
    ('{"type":"hello","protocol":2}', "unsupported_protocol"),
])
def test_refuses_what_is_no_hello_with_400(address, body, code):
    answer = call(address, "POST", "/v1/sessions", body)

    assert answer.status == 400
    assert error_of(answer) == code


def test_holds_a_poll_without_news_and_answers_an_empty_list(address):
    answer = call(address, "GET", messages_path(opened(address)))

    assert answer.status == 200
    assert json.loads(answer.body) == {"messages": []}


def test_delivers_posted_joins_to_both(address):
    first, second = opened(address), opened(address)
    for welcome in (first, second):
        body = {"epoch": welcome["epoch"], "messages": [{"type": "join", "room": "http-a", "n": 1}]}
        answer = call(address, "POST", messages_path(welcome), body)
        assert answer.status == 202 and json.loads(answer.body) == {"received": 1}

    got = [json.loads(call(address, "GET", messages_path(each)).body)["messages"]
           for each in (first, second)]

    assert [each["type"] for each in got[0]] == ["joined", "peer-joined"]
    assert [each["type"] for each in got[1]] == ["joined"]
    assert got[0][1]["peer"] == second["peer"]


def test_refuses_polls_with_numbers_that_are_none(address):
    welcome = opened(address)

    for path in (messages_path(welcome, "after=x"), messages_path(welcome, "after=-1"),
                 messages_path(welcome, epoch="x"), messages_path(welcome).split("?")[0]):
        answer = call(address, "GET", path)
        assert answer.status == 400, path
        assert error_of(answer) == "bad_message"


def test_tells_unknown_and_lost_sessions_apart(address):
    welcome = opened(address)

    assert call(address, "GET", "/v1/sessions/unknown/messages?epoch=1").status == 404
    assert call(address, "POST", "/v1/sessions/unknown/messages",
                {"epoch": 1, "messages": []}).status == 404
    lost = call(address, "GET", messages_path(welcome, "after=7"))
    assert lost.status == 410 and error_of(lost) == "session_lost"
    other_epoch = messages_path(welcome, epoch=welcome["epoch"] + 1)
    assert call(address, "GET", other_epoch).status == 410


def test_closes_a_session(address):
    welcome = opened(address)
    path = f"/v1/sessions/{welcome['session']}?epoch={welcome['epoch']}"

    answer = call(address, "DELETE", path)

    assert answer.status == 204 and answer.body == b""
    assert call(address, "DELETE", path).status == 404
    assert call(address, "GET", messages_path(welcome)).status == 404


def test_refuses_a_gap_with_409(address):
    welcome = opened(address)
    body = {"epoch": welcome["epoch"], "messages": [{"type": "join", "room": "gap", "n": 5}]}

    answer = call(address, "POST", messages_path(welcome), body)

    assert answer.status == 409
    assert error_of(answer) == "bad_sequence"
    assert json.loads(answer.body)["expected"] == 1


def test_refuses_bodies_above_the_limit_with_413_and_goes_on(address):
    welcome = opened(address)

    answer = call(address, "POST", messages_path(welcome), "x" * (256 * 1024 + 1))

    assert answer.status == 413 and error_of(answer) == "too_large"
    assert call(address, "POST", messages_path(welcome),
                {"epoch": welcome["epoch"], "messages": []}).status == 202


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/v1/sessions", "POST, OPTIONS"), ("PUT", "/v1/sessions", "POST, OPTIONS"),
    ("POST", "/v1/sessions/x", "DELETE, OPTIONS"),
    ("DELETE", "/v1/sessions/x/messages", "GET, POST, OPTIONS"),
    ("POST", "/v1/sessions/x/events", "GET, OPTIONS"),
    ("POST", "/healthz", "GET, HEAD"),
])
def test_refuses_other_methods_with_405(address, method, path, allow):
    answer = call(address, method, path, body="")

    assert answer.status == 405
    assert answer.headers["Allow"] == allow


def test_answers_unknown_api_paths_with_an_error_object(address):
    for path in ("/v1/nothing", "/v1/sessions/x/event?epoch=1", "/v1/sessions/"):
        answer = call(address, "GET", path)
        assert answer.status == 404 and error_of(answer) == "bad_message", path


def test_asks_for_an_upgrade_on_the_websocket_path(address):
    answer = call(address, "GET", "/v1/ws")

    assert answer.status == 426
    assert answer.headers["Upgrade"] == "websocket"


def raw_exchange(address, payload, until):
    """Sends bytes as they are; reads until that many responses' heads came or the end."""
    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(payload)
        received = b""
        while received.count(b"HTTP/1.1 ") < until or not received.endswith(until_end(received)):
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
        return received


def until_end(received):
    return b"ok\n" if b"ok\n" in received else b"}"


def test_wants_a_length_for_every_body(address):
    chunked = (b"POST /v1/sessions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"0\r\n\r\n")
    without = b"POST /v1/sessions HTTP/1.1\r\nHost: h\r\n\r\n"

    for payload in (chunked, without):
        assert raw_exchange(address, payload, 1).startswith(b"HTTP/1.1 411 ")


def test_keeps_connections_and_answers_pipelined_requests_in_turn(address):
    poll = messages_path(opened(address))
    held = f"GET {poll} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    health = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"

    received = raw_exchange(address, held + health, 2)

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b'{"messages":[]}') < received.index(b"ok\n")


def test_answers_what_is_pipelined_behind_a_body(address):
    body = json.dumps(hello()).encode()
    head = f"POST /v1/sessions HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
    health = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"

    received = raw_exchange(address, head.encode() + body + health, 2)

    assert received.startswith(b"HTTP/1.1 201 Created")
    assert received.endswith(b"ok\n")


@pytest.mark.parametrize("method, length", [
    ("POST", 2), ("POST", 50), ("PUT", 5), ("DELETE", 5), ("DELETE", 500), ("GET", 1),
    ("POST", 300000)])
@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_survives_bodies_that_are_pipelined(address, method, length, before):
    health = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    head = f"{method} /v1/sessions HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"

    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(health + before + head.encode() + b"{}" * 40)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert call(address, "GET", "/healthz").status == 200


def test_closes_when_asked_to_and_for_http_1_0(address):
    for payload in (b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                    b"GET /healthz HTTP/1.0\r\n\r\n"):
        with socket.create_connection(address.pair, timeout=20) as connection:
            connection.sendall(payload)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert received.startswith(b"HTTP/1.1 200 OK") and b"Connection: close" in received
