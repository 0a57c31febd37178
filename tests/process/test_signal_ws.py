"""icebreaker-signal over WebSocket, and sessions that move between transports."""

import asyncio
import json
import signal

import aiohttp
import pytest

from support.net import wait_until
from support.signal_client import Closed, PollClient, SocketClient, clients, in_loop
from support.signal_http import wait_for_polls

CONFIG = {"listen": "127.0.0.1:0", "web_root": "off", "metrics": {"address": "127.0.0.1:0"},
          "session": {"hold_ms": 2000, "away_after_ms": 50000, "ping_ms": 500},
          "limits": {"opens_per_minute": 0, "messages_per_second": 0}}


@pytest.fixture(scope="module")
def server(start_module_server):
    return start_module_server("signal", CONFIG)


async def socket_client(http, base, **hello):
    client = await SocketClient(http).connect(base)
    await client.hello(**hello)
    return client


async def poll_client(http, base, **hello):
    client = PollClient(http, base)
    await client.hello(**hello)
    return client


async def sockets_in_room(http, base, room):
    """Two that see each other, and the number of the message that told the first one so."""
    a, b = await socket_client(http, base), await socket_client(http, base)
    for each in (a, b):
        await each.send(type="join", room=room)
        await each.next("joined")
    return a, b, (await a.next("peer-joined"))["seq"]


async def send(client, **message):
    if isinstance(client, PollClient):
        await client.send(message)
    else:
        await client.send(**message)


KINDS = {"ws": socket_client, "poll": poll_client}


@in_loop
async def test_hears_the_answers_to_its_pings(server, base):
    async with clients() as http:
        client = await socket_client(http, base)

        wait = asyncio.ensure_future(client.next("nothing of that kind"))  # reads, so that it answers
        await asyncio.to_thread(
            wait_until, lambda: server.metrics().total("icebreaker_signal_websocket_pongs_total") >= 2)
        wait.cancel()


@pytest.mark.parametrize("first, second", [("ws", "ws"), ("poll", "poll"), ("ws", "poll"),
                                           ("poll", "ws")])
@in_loop
async def test_two_clients_meet_and_exchange_signals(base, first, second):
    async with clients() as http:
        room = f"meet-{first}-{second}"
        a, b = await KINDS[first](http, base), await KINDS[second](http, base)
        await send(a, type="join", room=room)
        joined = await a.next("joined")
        assert joined["peers"] == [] and joined["role"] == "impolite"
        await send(b, type="join", room=room, name="Bea")
        joined = await b.next("joined")
        assert [each["peer"] for each in joined["peers"]] == [a.session.peer]
        assert joined["role"] == "polite"
        arrived = await a.next("peer-joined")
        assert arrived["peer"] == b.session.peer and arrived["name"] == "Bea"

        await send(a, type="signal", to=b.session.peer, data={"kind": "offer", "sdp": "x"})
        got = await b.next("signal")
        assert got["from"] == a.session.peer and got["data"] == {"kind": "offer", "sdp": "x"}
        for number in range(20):
            await send(b, type="signal", to=a.session.peer, data={"kind": "c", "i": number})
        for number in range(20):
            assert (await a.next("signal"))["data"]["i"] == number

        await send(b, type="leave")
        assert (await a.next("peer-left"))["reason"] == "left"


@in_loop
async def test_a_third_client_finds_the_room_full(base):
    async with clients() as http:
        a, b, c = [await socket_client(http, base) for _ in range(3)]
        for each in (a, b):
            await each.send(type="join", room="full")
            await each.next("joined")
        await c.send(type="join", room="full")

        error = await c.next("error")

        assert error["code"] == "room_full" and error["n"] == 1


@in_loop
async def test_a_dropped_connection_resumes_without_loss(start_server):
    server = start_server("signal", {**CONFIG, "session": {"away_after_ms": 200}})
    base = f"http://{server.address('http')}"
    async with clients() as http:
        a, b, _ = await sockets_in_room(http, base, "resume")
        b.drop()
        assert (await a.next("peer-away"))["peer"] == b.session.peer
        for number in range(5):
            await a.send(type="signal", to=b.session.peer, data={"i": number})

        again = await SocketClient(http, b.session).connect(base)
        welcome = await again.hello(resume=b.session.resume())

        assert welcome["resumed"] is True and welcome["peer"] == b.session.peer
        assert [(await again.next("signal"))["data"]["i"] for _ in range(5)] == [*range(5)]
        assert (await a.next("peer-back"))["peer"] == b.session.peer


@in_loop
async def test_a_session_moves_between_transports(base):
    async with clients() as http:
        a, b, _ = await sockets_in_room(http, base, "move")
        await a.send(type="signal", to=b.session.peer, data={"i": 0})
        assert (await b.next("signal"))["data"]["i"] == 0

        poll = PollClient(http, base, b.session)
        assert (await poll.hello(resume=b.session.resume()))["resumed"] is True
        await a.send(type="signal", to=b.session.peer, data={"i": 1})
        assert (await poll.next("signal"))["data"]["i"] == 1
        assert await b.close_code() == 4409
        await poll.send({"type": "signal", "to": a.session.peer, "data": {"from": "poll"}})
        assert (await a.next("signal"))["data"] == {"from": "poll"}

        socket = await SocketClient(http, b.session).connect(base)
        await socket.hello(resume=b.session.resume())
        await a.send(type="signal", to=b.session.peer, data={"i": 2})
        assert (await socket.next("signal"))["data"]["i"] == 2


@in_loop
async def test_a_newer_poll_supersedes_the_older(base):
    async with clients() as http:
        client = await poll_client(http, base)
        url = f"{client.messages_url}?epoch={client.session.epoch}"
        first = asyncio.create_task(get_status(http, url))
        second = asyncio.create_task(get_status(http, url))

        results = sorted([await first, await second])

        assert results[0] == (200, None) and results[1] == (409, "superseded")


async def get_status(http, url):
    async with http.get(url) as answer:
        body = await answer.json()
        return answer.status, body.get("code")


@in_loop
async def test_first_frame_must_be_hello(base):
    async with clients() as http:
        client = await SocketClient(http).connect(base)
        await client.send_raw('{"type":"join","room":"a","n":1}')

        assert await client.close_code() == 4400


@pytest.mark.parametrize("frame", [b"{nonsense", b'{"type":"join","n":1,"room":"a","name":"\xff"}'])
@in_loop
async def test_unparseable_frames_end_the_connection_but_not_the_session(base, frame):
    async with clients() as http:
        client = await socket_client(http, base)
        await client.send_bytes(frame)
        error = await client.next("error")
        assert error["code"] == "bad_message"
        assert await client.close_code() == 4400

        again = await SocketClient(http, client.session).connect(base)
        assert (await again.hello(resume=client.session.resume()))["resumed"] is True


@in_loop
async def test_refuses_content_without_ending_anything(base):
    async with clients() as http:
        client = await socket_client(http, base)
        await client.send(type="join", room="not a name")
        error = await client.next("error")
        assert error["n"] == 1 and error["code"] == "bad_message"
        await client.send(type="signal", to="nobody", data={})
        assert (await client.next("error"))["code"] == "not_in_room"
        await client.send(type="no-such-type")
        assert (await client.next("error"))["code"] == "unknown_type"
        await client.send(type="join", room="fine")
        await client.next("joined")


@pytest.mark.parametrize("compression", [0, 15])
@in_loop
async def test_takes_messages_up_to_64_kib_and_no_more(base, compression):
    async with clients() as http:
        a, b = await socket_client(http, base), await socket_client(http, base)
        for each in (a, b):
            await each.send(type="join", room=f"size-{compression}")
            await each.next("joined")
        frame = json.dumps({"type": "signal", "to": b.session.peer, "data": {"x": ""}, "n": 2})
        fits = frame.replace('"x": ""', f'"x": "{"y" * (64 * 1024 - len(frame))}"')
        await a.send_raw(fits)
        assert len((await b.next("signal"))["data"]["x"]) == 64 * 1024 - len(frame)

        await a.send_raw(fits.replace('"n": 2', '"n": 3') + " ")

        with pytest.raises(Closed) as closed:
            while True:
                message = await a.any()
                assert message["type"] in ("ack", "peer-joined") or \
                    message["code"] == "too_large", message
        assert closed.value.code == 1009


@in_loop
async def test_refuses_handshakes_that_do_not_fit(base):
    async with clients() as http:
        async def refusal(path="/v1/ws", protocols=("icebreaker.v1",), **headers):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(base + path, protocols=protocols, headers=headers)
            return refused.value.status

        assert await refusal(path="/v1/other") == 404
        assert await refusal(path="/") == 404
        assert await refusal(protocols=()) == 400
        assert await refusal(protocols=("other",)) == 400
        assert await refusal(Origin="https://evil.example") == 403
        client = await SocketClient(http).connect(base, headers={"Origin": base},
                                                  protocols=("other", "icebreaker.v1"))
        assert client.socket.protocol == "icebreaker.v1"


@in_loop
async def test_pings_and_survives_their_answers(base):
    async with clients() as http:
        client = await SocketClient(http).connect(base, autoping=False)
        await client.hello()
        for _ in range(2):
            frame = await client.socket.receive(20)
            while frame.type != aiohttp.WSMsgType.PING:
                frame = await client.socket.receive(20)
            await client.socket.pong(frame.data)
        await client.send(type="join", room="ping")
        while True:
            frame = await client.socket.receive(20)
            if frame.type == aiohttp.WSMsgType.TEXT and json.loads(frame.data)["type"] == "joined":
                break


@in_loop
async def test_gives_up_a_client_that_does_not_read(start_server):
    server = start_server("signal", CONFIG)
    async with clients() as http:
        base = f"http://{server.address('http')}"
        reader, writer, seq = await sockets_in_room(http, base, "slow")

        # It acknowledges what it never reads, or its mailbox would be full before the network is.
        while server.metrics().total("icebreaker_signal_slow_readers_total") == 0:
            assert seq < 1000
            for _ in range(4):
                await writer.send(type="signal", to=reader.session.peer, data={"x": "y" * 60000})
            await writer.send(type="ice")
            await writer.next("ice-servers")  # so the signals are in the mailbox
            seq += 4
            await reader.send_raw(json.dumps({"type": "ack", "seq": seq}))

        await asyncio.to_thread(wait_until, lambda: server.metrics().total(
            "icebreaker_signal_open_connections") == 1)


@in_loop
async def test_bye_ends_the_session_at_once(base):
    async with clients() as http:
        a, b, _ = await sockets_in_room(http, base, "bye")

        await b.send(type="bye")

        assert await b.close_code() == 1000
        assert (await a.next("peer-left"))["reason"] == "bye"


@in_loop
async def test_a_new_process_recreates_a_session_from_its_resume_token(start_server):
    config = {**CONFIG, "session": {**CONFIG["session"], "token_secrets": ["shared-by-both"]}}
    async with clients() as http:
        first = start_server("signal", config)
        a = await socket_client(http, f"http://{first.address('http')}")
        await a.send(type="join", room="again")
        token = (await a.next("joined"))["resume_token"]
        peer = a.session.peer
        first.kill()

        second = start_server("signal", config)
        b = await SocketClient(http).connect(f"http://{second.address('http')}")
        welcome = await b.hello(resume=a.session.resume(), resume_token=token)

        assert welcome["resumed"] is False and welcome["peer"] == peer
        assert (await b.next("joined"))["room"] == "again"


@in_loop
async def test_says_goaway_and_closes_when_it_drains(start_server):
    server = start_server("signal", {**CONFIG, "drain": {"seconds": 1}})
    async with clients() as http:
        client = await socket_client(http, f"http://{server.address('http')}")

        server.signal(signal.SIGTERM)

        assert (await client.next("goaway"))["after_ms"] <= 1000
        assert await client.close_code() == 1012
        assert await asyncio.to_thread(server.wait) == 0


@in_loop
async def test_holds_many_polls_at_once(start_server):
    server = start_server("signal", {**CONFIG, "session": {"hold_ms": 30000}})
    async with clients() as http:
        base = f"http://{server.address('http')}"
        polls = [await poll_client(http, base) for _ in range(300)]
        held = [asyncio.create_task(each.poll()) for each in polls]
        await asyncio.to_thread(wait_for_polls, server, len(polls))

        server.signal(signal.SIGTERM)

        results = await asyncio.gather(*held, return_exceptions=True)
        assert all(each == [] or "unavailable" in str(each) for each in results), results
        assert await asyncio.to_thread(server.wait) == 0
