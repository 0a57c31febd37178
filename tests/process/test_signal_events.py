"""icebreaker-signal as an event stream, and sessions that move to and from it."""

import asyncio
import signal
import socket

import pytest

from support.net import wait_until
from support.signal_client import EventClient, PollClient, SocketClient, clients, in_loop
from support.signal_http import call, error_of, opened

CONFIG = {"listen": "127.0.0.1:0", "web_root": "off", "metrics": {"address": "127.0.0.1:0"},
          "session": {"hold_ms": 2000, "away_after_ms": 50000, "ping_ms": 300},
          "allowed_origins": ["https://page.example"],
          "limits": {"opens_per_minute": 0, "messages_per_second": 0}}


@pytest.fixture(scope="module")
def server(start_module_server):
    return start_module_server("signal", CONFIG)


def events_path(welcome, *more):
    query = "&".join([f"epoch={welcome['epoch']}", *more])
    return f"/v1/sessions/{welcome['session']}/events?{query}"


async def in_room(http, base, room):
    """A WebSocket client and an EventClient that see each other."""
    a = await SocketClient(http).connect(base)
    await a.hello()
    await a.send(type="join", room=room)
    await a.next("joined")
    b = EventClient(http, base)
    await b.hello()
    await b.listen()
    await b.send({"type": "join", "room": room})
    await b.next("joined")
    await a.next("peer-joined")
    return a, b


@in_loop
async def test_streams_numbered_events(base):
    async with clients() as http:
        a, b = await in_room(http, base, "numbered")
        for number in range(20):
            await a.send(type="signal", to=b.session.peer, data={"i": number})

        for number in range(20):
            message = await b.next("signal")
            assert message["data"]["i"] == number
            assert b.last_id == str(message["seq"])
        answer = b.answer
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        await b.stop()


@in_loop
async def test_sends_comments_between_messages(base):
    async with clients() as http:
        client = EventClient(http, base)
        await client.hello()
        await client.listen()
        for _ in range(3):
            await client.comment()
        await client.stop()


@in_loop
async def test_resumes_after_the_last_event_id(base):
    async with clients() as http:
        a, b = await in_room(http, base, "last-id")
        await b.stop()
        for number in range(3):
            await a.send(type="signal", to=b.session.peer, data={"i": number})

        # An EventSource comes back with the URL of its first time.
        await b.listen(after=0, last_event_id=b.session.seen)

        for number in range(3):
            assert (await b.next("signal"))["data"]["i"] == number
        await b.stop()


@in_loop
async def test_a_session_moves_between_all_transports(base):
    async with clients() as http:
        a, events = await in_room(http, base, "moves")
        session = events.session
        transport = events
        for number, kind in enumerate(["poll", "ws", "events", "ws", "poll", "events"]):
            await a.send(type="signal", to=session.peer, data={"i": number, "on": "old"})
            old, transport = transport, await moved(http, base, session, kind)
            await a.send(type="signal", to=session.peer, data={"i": number, "on": "new"})
            for on in ("old", "new"):
                assert (await transport.next("signal"))["data"] == {"i": number, "on": on}
            if isinstance(old, EventClient):
                await old.superseded()
        await transport.stop()


async def moved(http, base, session, kind):
    """The session on another transport; what came on the old one and was not read comes again."""
    if kind == "events":
        client = EventClient(http, base, session)
        await client.listen()
        return client
    if kind == "poll":
        return PollClient(http, base, session)
    client = await SocketClient(http, session).connect(base)
    await client.hello(resume=session.resume())
    return client


def test_refuses_before_the_stream_with_a_status(server):
    address = server.address("http")
    welcome = opened(address)

    for path, status, code in [
            (events_path(welcome, "after=x"), 400, "bad_message"),
            (f"/v1/sessions/{welcome['session']}/events", 400, "bad_message"),
            (events_path(welcome, "after=9"), 410, "session_lost"),
            ("/v1/sessions/nobody/events?epoch=1", 404, "session_lost")]:
        answer = call(address, "GET", path)
        assert answer.status == status and error_of(answer) == code, path
    refused = call(address, "GET", events_path(welcome), Origin="https://evil.example")
    assert refused.status == 403 and error_of(refused) == "origin_refused"
    wrong_id = call(address, "GET", events_path(welcome, "after=0"), Last_Event_ID="x")
    assert wrong_id.status == 400


@in_loop
async def test_other_origins_may_read_it_when_allowed(base):
    async with clients() as http:
        client = EventClient(http, base)
        await client.hello()
        await client.listen(headers={"Origin": "https://page.example"})
        assert client.answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
        await client.stop()


@in_loop
async def test_notices_that_a_client_hung_up(server, base):
    async with clients() as http:
        client = EventClient(http, base)
        await client.hello()
        before = streams(server)
        await client.listen()
        assert streams(server) == before + 1

        await client.stop()

        await asyncio.to_thread(wait_until, lambda: streams(server) == before)


def streams(server):
    return server.metrics().total("icebreaker_signal_receives", transport="events")


def test_streams_to_http_1_0_until_the_end_of_the_connection(server):
    address = server.address("http")
    path = events_path(opened(address))
    with socket.create_connection(address.pair, timeout=20) as first:
        first.sendall(f"GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode())
        received = first.recv(4096)
        call(address, "DELETE", path.replace("/events", ""))
        while chunk := first.recv(4096):
            received += chunk

    head, _, body = received.partition(b"\r\n\r\n")
    assert b"chunked" not in head and b"Connection: close" in head
    assert body.startswith(b"retry: ") and b"session_lost" in body and b"id:" not in body


def test_keeps_the_connection_after_a_stream(server):
    address = server.address("http")
    path = events_path(opened(address))
    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        received = connection.recv(4096)
        call(address, "DELETE", path.replace("/events", ""))
        while not received.endswith(b"0\r\n\r\n"):
            received += connection.recv(4096) or pytest.fail("hung up")
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")


@in_loop
async def test_ends_streams_in_order_when_it_drains(start_server):
    server = start_server("signal", {**CONFIG, "drain": {"seconds": 1}})
    async with clients() as http:
        client = EventClient(http, f"http://{server.address('http')}")
        await client.hello()
        await client.listen()

        server.signal(signal.SIGTERM)

        assert (await client.next("goaway"))["after_ms"] <= 1000
        assert await client.end() == []
        assert await asyncio.to_thread(server.wait) == 0


@in_loop
async def test_gives_up_a_client_that_does_not_read(start_server):
    server = start_server("signal", CONFIG)
    address = server.address("http")
    async with clients() as http:
        writer, reader = await in_room(http, f"http://{address}", "slow")
        await reader.stop()
        lazy = socket.socket()
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(address.pair)
        path = events_path(reader.session.welcome)
        with lazy:
            lazy.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            await asyncio.to_thread(wait_until, lambda: streams(server) == 1)
            seq = reader.session.seen
            # It acknowledges what it never reads, or its mailbox would be full before the network.
            while server.metrics().total("icebreaker_signal_slow_readers_total") == 0:
                assert seq < 1000
                for _ in range(4):
                    await writer.send(type="signal", to=reader.session.peer,
                                      data={"x": "y" * 60000})
                await writer.send(type="ice")
                await writer.next("ice-servers")  # so the signals are in the mailbox
                seq += 4
                await reader.acknowledge(seq)

            await asyncio.to_thread(wait_until, lambda: streams(server) == 0)
        # The session lives on.
        await reader.listen(after=seq)
        await writer.send(type="signal", to=reader.session.peer, data={"x": "now"})
        reader.session.seen = seq
        assert (await reader.next("signal"))["data"] == {"x": "now"}
        await reader.stop()
