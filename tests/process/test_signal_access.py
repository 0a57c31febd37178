"""Origins and client addresses on every transport of the real binary, down to single header lines."""

import http.client
import json
import signal

import aiohttp
import pytest

from support.net import Response, wait_until
from support.signal_client import PROTOCOL, SocketClient, clients, in_loop
from support.signal_http import BASE, call, error_of, hello, opened

PAGE = "https://app.example"
STRANGERS = ["https://evil.example", "null", "http://app.example", "https://app.example.evil.example",
             "https://app.example, https://evil.example"]
RATES = {"opens_per_minute": 1, "messages_per_second": 0}


@pytest.fixture(name="server", scope="module")
def server_fixture(start_module_server):
    return start_module_server("signal", {**BASE, "allowed_origins": [PAGE]})


@pytest.fixture(name="address", scope="module")
def address_fixture(server):
    return server.address("http")


def requests_of_all_kinds(welcome):
    session = f"/v1/sessions/{welcome['session']}"
    query = f"?epoch={welcome['epoch']}"
    return [("POST", "/v1/sessions", hello()),
            ("GET", f"{session}/messages{query}", None),
            ("GET", f"{session}/events{query}", None),
            ("POST", f"{session}/messages", {"epoch": welcome["epoch"], "messages": []}),
            ("OPTIONS", f"{session}/messages", None),
            ("DELETE", f"{session}{query}", None)]


@pytest.mark.parametrize("origin", STRANGERS)
def test_refuses_strange_pages_on_every_transport(address, origin):
    welcome = opened(address)

    for method, path, body in requests_of_all_kinds(welcome):
        answer = call(address, method, path, body, Origin=origin)
        assert answer.status == 403 and error_of(answer) == "origin_refused", (method, path)
        assert answer.headers["Access-Control-Allow-Origin"] is None
    assert opened(address, resume={"session": welcome["session"], "epoch": welcome["epoch"],
                                   "after": 0}, status=200)["resumed"] is True


@in_loop
async def test_refuses_websockets_of_strange_pages(address):
    async with clients() as web:
        for origin in STRANGERS:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await web.ws_connect(f"http://{address}/v1/ws", protocols=(PROTOCOL,),
                                     headers={"Origin": origin})
            assert refusal.value.status == 403
        for origin in (PAGE, f"http://{address}"):
            client = await SocketClient(web).connect(f"http://{address}",
                                                     headers={"Origin": origin})
            assert await client.hello()


def test_lets_pages_read_why_a_body_was_not_taken(address):
    def post(headers, body=None):
        return send_lines(address, "POST", "/v1/sessions", [("Origin", PAGE), *headers], body)

    for answer, status in ((post([("Transfer-Encoding", "chunked")]), 411),
                           (post([("Content-Length", "300000")], b" " * 300000), 413),
                           (post([("Content-Length", "999999999")]), 413)):
        assert answer.status == status, answer
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert error_of(answer)
    refused = send_lines(address, "POST", "/v1/sessions",
                         [("Origin", STRANGERS[0]), ("Content-Length", "999999999")])
    assert refused.status == 403 and error_of(refused) == "origin_refused"


def test_takes_other_origins_from_a_reload(start_server):
    server = start_server("signal", {**BASE, "allowed_origins": [PAGE]})
    address = server.address("http")

    def status_for(origin):
        return call(address, "POST", "/v1/sessions", hello(), Origin=origin).status

    assert (status_for(PAGE), status_for(STRANGERS[0])) == (201, 403)
    server.write_config({**BASE, "allowed_origins": [STRANGERS[0]]})
    server.signal(signal.SIGHUP)
    wait_until(lambda: status_for(STRANGERS[0]) == 201)
    assert status_for(PAGE) == 403


def send_lines(address, method, path, lines, body=None):
    """A request with exactly these header lines, repeated names included."""
    connection = http.client.HTTPConnection(*address.pair, timeout=20)
    try:
        connection.putrequest(method, path)
        for name, value in lines:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@pytest.fixture(name="behind_proxy", scope="module")
def behind_proxy_fixture(start_module_server):
    """Opens a session with header lines as a proxy on this machine would send them."""
    server = start_module_server("signal", {
        **BASE, "trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"], "limits": RATES})
    body = json.dumps(hello()).encode()

    def open_with(*lines):
        return send_lines(server.address("http"), "POST", "/v1/sessions",
                          [("Content-Length", str(len(body))), *lines], body).status

    return open_with


def test_never_lets_a_forged_address_win(behind_proxy):
    # What the proxy itself appended comes last, on the same line or on one of its own.
    assert behind_proxy(("X-Forwarded-For", "203.0.113.1")) == 201
    for lines in (["198.51.100.1, 203.0.113.1"],
                  ["198.51.100.2", "203.0.113.1"],
                  ["198.51.100.3, 198.51.100.4", "198.51.100.5,203.0.113.1"],
                  ["198.51.100.6", "203.0.113.1", "10.1.2.3"],
                  ["", "203.0.113.1"],
                  [",", " ,, 203.0.113.1"],
                  ["garbage", "203.0.113.1:4711"],
                  ["  198.51.100.7  ", "  203.0.113.1\t"],
                  ["[2001:db8::1]:1", "::ffff:203.0.113.1"],
                  ["\"198.51.100.8\"", "\"203.0.113.1\""]):
        named = [("X-Forwarded-For", line) for line in lines]
        assert behind_proxy(*named) == 429, lines
        assert behind_proxy(("Forwarded", "for=198.51.100.9"), *named,
                            ("Forwarded", "for=198.51.100.10")) == 429, lines
        assert behind_proxy(("X-Real-IP", "198.51.100.11"), *named,
                            ("X-Client-IP", "198.51.100.12")) == 429, lines


def test_counts_ipv6_clients_by_their_network(behind_proxy):
    assert behind_proxy(("X-Forwarded-For", "[2001:db8:0:7::1]:4711")) == 201

    assert behind_proxy(("X-Forwarded-For", "2001:db8:0:7:ffff::2")) == 429
    assert behind_proxy(("X-Forwarded-For", "1.2.3.4"),
                        ("X-Forwarded-For", "[2001:db8:0:7::3]")) == 429
    assert behind_proxy(("X-Forwarded-For", "2001:db8:0:8::1")) == 201


def test_holds_the_proxy_to_account_for_what_nobody_can_read(behind_proxy):
    assert behind_proxy() == 201

    for line in ("unknown", "_hidden", "198.51.100.1, unknown", "198.51.100.1, unix:", " ,",
                 "198.51.100.1;203.0.113.1", "203.0.113.0/24", "x" * 500):
        assert behind_proxy(("X-Forwarded-For", line)) == 429, line


def test_believes_no_header_of_a_stranger(start_server):
    server = start_server("signal", {**BASE, "trusted_proxies": ["10.0.0.0/8"], "limits": RATES})
    address = server.address("http")

    assert call(address, "POST", "/v1/sessions", hello(), X_Forwarded_For="203.0.113.1").status == 201
    for forged in ("203.0.113.2", "10.0.0.1", "203.0.113.3, 10.0.0.1"):
        answer = call(address, "POST", "/v1/sessions", hello(), X_Forwarded_For=forged)
        assert answer.status == 429 and error_of(answer) == "rate_limited"
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    wait_until(lambda: server.metrics().total("icebreaker_signal_rate_limited_total",
                                              what="open") == 3)


@in_loop
async def test_answers_rates_on_websockets_under_the_number(start_server):
    config = {**BASE, "limits": {"opens_per_minute": 0, "joins_per_minute": 1,
                                 "matches_per_minute": 1, "messages_per_second": 2}}
    server = start_server("signal", config)
    async with clients() as web:
        client = await SocketClient(web).connect(f"http://{server.address('http')}")
        await client.hello()
        await client.send(type="join", room="lobby")
        await client.next("joined")
        await client.send(type="leave")
        await client.send(type="join", room="lobby")
        error = await client.next("error")
        assert (error["code"], error["n"]) == ("rate_limited", 3)
        assert 50_000 <= error["retry_after_ms"] <= 60_000
        # Right behind it nothing passes, or it would overtake what is refused.
        await client.send(type="watch", users=["bob"])
        behind = await client.next("error")
        assert (behind["code"], behind["n"]) == ("rate_limited", 4)
    metrics = server.metrics()
    assert metrics.total("icebreaker_signal_rate_limited_total", what="join") == 2
    assert metrics.total("icebreaker_signal_joins_refused_total", reason="rate_limited") == 1


@in_loop
async def test_lets_no_message_pass_another_that_was_refused(start_server):
    config = {**BASE, "limits": {"opens_per_minute": 0, "messages_per_second": 2}}
    server = start_server("signal", config)
    async with clients() as web:
        client = await SocketClient(web).connect(f"http://{server.address('http')}")
        await client.hello()
        for _ in range(25):  # 8 may come at once; all would take 10 s
            await client.send(type="watch", users=["bob"])
        answers = []
        while len(answers) < 25:
            answers += [each for each in [await client.any()] if each["type"] != "ack"]
        refused = [each for each in answers if each["type"] == "error"]
        assert refused and refused[0]["n"] > 8, answers
        assert {each["code"] for each in refused} == {"rate_limited"}
        # From the first refusal on nothing passes for as long as is told: what is sent again keeps its order.
        assert [each["n"] for each in refused] == list(range(refused[0]["n"], 26)), answers
        assert all(1 <= each["retry_after_ms"] <= 1000 for each in refused)
        client.drop()
        again = await SocketClient(web, client.session).connect(f"http://{server.address('http')}")
        assert (await again.hello(resume=client.session.resume()))["received"] == 25
    wait_until(lambda: server.metrics().total("icebreaker_signal_rate_limited_total",
                                              what="message") == len(refused))
