"""Clients of icebreaker-signal for tests: one session over WebSocket, over long-poll, or moving."""

import asyncio
import contextlib
import functools
import json

import aiohttp

PROTOCOL = "icebreaker.v1"
WAIT_S = 20.0


def in_loop(test):
    """An async test function as one that pytest runs, bounded as a whole."""
    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 4 * WAIT_S))
    return run


class Session:
    """What a client remembers of a session, whatever transport it uses."""

    def __init__(self):
        self.welcome = None
        self.next_n = 1
        self.seen = 0  # the highest seq received

    @property
    def id(self):
        return self.welcome["session"]

    @property
    def peer(self):
        return self.welcome["peer"]

    @property
    def epoch(self):
        return self.welcome["epoch"]

    def numbered(self, message):
        if message["type"] in ("hello", "ack"):
            return message
        numbered = {**message, "n": self.next_n}
        self.next_n += 1
        return numbered

    def resume(self):
        return {"session": self.id, "epoch": self.epoch, "after": self.seen}

    def note(self, message):
        if "seq" in message and message["type"] != "welcome":
            assert message["seq"] == self.seen + 1, f"a gap or a repetition: {message}"
            self.seen = message["seq"]
        return message


class Closed(Exception):
    """The server closed the WebSocket."""

    def __init__(self, code, reason):
        super().__init__(f"closed with {code} {reason}")
        self.code = code


class SocketClient:
    def __init__(self, http, session=None):
        self._http = http
        self.session = session or Session()
        self.socket = None

    async def connect(self, base, *, protocols=(PROTOCOL,), **options):
        self.socket = await self._http.ws_connect(
            base + "/v1/ws", protocols=protocols, max_msg_size=0, **options)
        return self

    async def hello(self, **fields):
        await self.send_raw(json.dumps({"type": "hello", "protocol": 1, **fields}))
        self.session.welcome = await self.next("welcome")
        return self.session.welcome

    async def send_raw(self, text):
        await self.socket.send_str(text)

    async def send_bytes(self, text):
        """A text frame, whether or not it is UTF-8: aiohttp has no public way."""
        await self.socket._writer.send(text, binary=False)

    async def send(self, **message):
        await self.send_raw(json.dumps(self.session.numbered(message)))

    async def any(self):
        return self.session.note(await self._receive())

    async def _receive(self):
        frame = await self.socket.receive(WAIT_S)
        if frame.type == aiohttp.WSMsgType.CLOSE:
            # Not socket.close_code, which is 1006 when the answer to the frame came too late.
            raise Closed(frame.data, frame.extra)
        if frame.type in (aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED,
                          aiohttp.WSMsgType.ERROR):
            raise Closed(self.socket.close_code, frame.extra)
        return json.loads(frame.data)

    async def next(self, kind):
        """The next message but acknowledgements; it must be of that type."""
        while True:
            message = await self.any()
            if message["type"] != "ack" or kind == "ack":
                assert message["type"] == kind, f"wanted {kind}, got {message}"
                return message

    async def close_code(self):
        """Reads to the end and tells how the server closed.

        What still comes is not counted as received: another transport may have it already.
        """
        while True:
            try:
                await self._receive()
            except Closed as closed:
                return closed.code

    def drop(self):
        """As if the network went: no close frame."""
        self.socket._response.connection.transport.abort()


class PollClient:
    def __init__(self, http, base, session=None):
        self._http = http
        self.base = base
        self.session = session or Session()
        self._inbox = []

    async def hello(self, **fields):
        body = {"type": "hello", "protocol": 1, **fields}
        async with self._http.post(self.base + "/v1/sessions", json=body) as answer:
            welcome = await answer.json()
            assert answer.status in (200, 201), welcome
        assert welcome["type"] == "welcome", welcome
        self.session.welcome = welcome
        return welcome

    @property
    def messages_url(self):
        return f"{self.base}/v1/sessions/{self.session.id}/messages"

    async def send(self, *messages):
        body = {"epoch": self.session.epoch,
                "messages": [self.session.numbered(each) for each in messages]}
        async with self._http.post(self.messages_url, json=body) as answer:
            text = await answer.text()
            assert answer.status == 202, text
            return json.loads(text)["received"]

    async def poll(self):
        params = {"after": str(self.session.seen), "epoch": str(self.session.epoch)}
        async with self._http.get(self.messages_url, params=params) as answer:
            body = await answer.json()
            assert answer.status == 200, body
        return [self.session.note(each) for each in body["messages"]]

    async def next(self, kind):
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while not self._inbox:
            assert asyncio.get_running_loop().time() < deadline, f"no {kind}"
            self._inbox = await self.poll()
        message = self._inbox.pop(0)
        assert message["type"] == kind, f"wanted {kind}, got {message}"
        return message


class EventClient(PollClient):
    """Receives by an event stream, as an EventSource does; sends by POST."""

    def __init__(self, http, base, session=None):
        super().__init__(http, base, session)
        self.answer = None
        self.last_id = None

    async def listen(self, *, after=None, last_event_id=None, headers=None):
        after = self.session.seen if after is None else after
        headers = dict(headers or {})
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self.answer = await self._http.get(
            f"{self.base}/v1/sessions/{self.session.id}/events",
            params={"after": str(after), "epoch": str(self.session.epoch)}, headers=headers)
        assert self.answer.status == 200, await self.answer.text()
        assert (await self._block())[0].startswith("retry: ")

    async def _block(self):
        """The lines up to an empty one; none at the end of the stream."""
        lines = []
        while line := await asyncio.wait_for(self.answer.content.readline(), WAIT_S):
            if line == b"\n":
                return lines
            lines.append(line.decode().rstrip("\n"))
        assert not lines, f"the stream ended amid {lines}"
        return lines

    async def _event(self):
        """The next message; None at the end. Comments are passed over."""
        while block := await self._block():
            if block[0].startswith(":"):
                continue
            fields = dict(line.split(": ", 1) for line in block)
            message = json.loads(fields["data"])
            if "id" in fields:
                self.last_id = fields["id"]
                assert fields["id"] == str(message["seq"])
            else:
                assert "seq" not in message, message
            return message
        return None

    async def comment(self):
        while not (block := await self._block())[0].startswith(":"):
            assert block

    async def next(self, kind):
        message = await self._event()
        assert message, f"the stream ended before {kind}"
        assert message["type"] == kind, f"wanted {kind}, got {message}"
        return self.session.note(message)

    async def end(self):
        """What still comes, up to the end of the stream; not counted as received."""
        messages = []
        while message := await self._event():
            messages.append(message)
        return messages

    async def superseded(self):
        assert (await self.end())[-1]["code"] == "superseded"

    async def acknowledge(self, seq):
        body = {"epoch": self.session.epoch, "ack": seq, "messages": []}
        async with self._http.post(self.messages_url, json=body) as answer:
            assert answer.status == 202, await answer.text()

    async def stop(self):
        """Hangs up."""
        self.answer.close()


@contextlib.asynccontextmanager
async def clients():
    """An HTTP client without limits of its own on connections."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=WAIT_S + 20)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as http:
        yield http
