"""A whole client of the native protocol: it keeps what is not acknowledged, resumes, changes transport and instance."""

import asyncio
import collections
import contextlib
import json
import random

import aiohttp

PROTOCOL = "icebreaker.v1"
ACK_EVERY = 8  # messages, received over a stream
POST_AT_MOST = 32  # messages
TRANSPORTS = ("websocket", "poll", "events")
ANSWER_S = 15.0  # for anything but a held poll
FAILURES = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError, json.JSONDecodeError)


class Interrupted(Exception):
    """The transport ended; the session may go on over the next one."""


class Lost(Exception):
    """The server knows the session no more: 404, 410 or `session_lost`."""


class RoamingClient:
    """One session. `on_message` gets each numbered message once, in order; run() goes on until stop().

    `on_taken` is called whenever the server has said that it has more of what was sent.
    """

    def __init__(self, http, base, on_message, *, on_taken=lambda: None, transport="websocket",
                 switching=False, seed=0):
        self._http = http
        self._base = base
        self._on_message = on_message
        self._on_taken = on_taken
        self._random = random.Random(seed)
        self._transport = transport
        self._switching = switching
        self._stopped = asyncio.Event()
        self._new_messages = asyncio.Event()
        self._to_acknowledge = asyncio.Event()
        self._to_switch = asyncio.Event()
        self._stays_for = 0  # messages, before it switches
        self._resume_token = None
        self.session = None  # of the last welcome
        self.epoch = 0
        self.peer = None
        self.seen = 0  # the highest seq taken
        self._next_n = 1
        self._unacknowledged = collections.deque()  # messages with their n
        self._covered = 0  # the highest n that the server said it has
        self.transports_used = collections.Counter()
        self.lost = 0  # sessions that were lost and made anew
        self.repeated_on_the_wire = 0
        self.complaints = []  # what a server that keeps its promises never does

    # What an application does.

    def send(self, **message):
        self._unacknowledged.append({**message, "n": self._next_n})
        self._next_n += 1
        self._new_messages.set()

    @property
    def everything_is_taken(self):
        return not self._unacknowledged

    def stop(self):
        self._stopped.set()

    async def run(self):
        while not self._stopped.is_set():
            receive = self._over_websocket if self._transport == "websocket" else self._over_http
            self.transports_used[self._transport] += 1
            try:
                await self._until_stopped_or_switched(receive())
            except Lost:
                self._forget_session()
            except (Interrupted, *FAILURES):
                await self._pause()

    async def _until_stopped_or_switched(self, receiving):
        """Raises what the transport ends with; returns when the client leaves it by itself."""
        self._to_switch.clear()
        self._stays_for = self._random.randint(2, 5)
        tasks = [asyncio.create_task(each)
                 for each in (receiving, self._stopped.wait(), self._to_switch.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0] in done:
                await tasks[0]
            elif tasks[2] in done:
                self._transport = self._random.choice(TRANSPORTS)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pause(self):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), self._random.uniform(0.1, 0.5))

    # Sessions.

    def _hello(self):
        hello = {"type": "hello", "protocol": 1}
        if self.session:
            hello["resume"] = {"session": self.session, "epoch": self.epoch, "after": self.seen}
        if self._resume_token:
            hello["resume_token"] = self._resume_token
        return hello

    def _take_welcome(self, welcome):
        if not welcome["resumed"]:
            if self.session:
                self.lost += 1
            self.seen = 0
            self._renumber()
        elif welcome["seq"] != self.seen:
            self.complaints.append(f"resumed after {self.seen}, got {welcome}")
        self.session, self.epoch, self.peer = welcome["session"], welcome["epoch"], welcome["peer"]
        self._resume_token = welcome["resume_token"]
        self._take_received(welcome["received"])

    def _forget_session(self):
        """What the lost session may have taken is not known: the application's promise ends there."""
        self.lost += 1
        self.session = None
        self.seen = 0
        self._renumber()

    def _renumber(self):
        self._covered = 0
        for number, message in enumerate(self._unacknowledged, 1):
            message["n"] = number
        self._next_n = len(self._unacknowledged) + 1

    def _take_received(self, received):
        if received < self._covered:
            raise Lost
        self._covered = received
        while self._unacknowledged and self._unacknowledged[0]["n"] <= received:
            self._unacknowledged.popleft()
        self._on_taken()

    def _take(self, message):
        """A numbered message; what came before is no news, what comes too early is the server's mistake."""
        seq = message["seq"]
        if seq <= self.seen:
            self.repeated_on_the_wire += 1
            return
        if seq != self.seen + 1:
            self.complaints.append(f"after seq {self.seen} came {message}")
        self.seen = seq
        self._resume_token = message.get("resume_token", self._resume_token)
        self._to_acknowledge.set()
        self._stays_for -= 1
        if self._switching and self._stays_for <= 0:
            self._to_switch.set()
        self._on_message(message)

    # WebSocket.

    async def _over_websocket(self):
        async with self._http.ws_connect(self._base + "/v1/ws", protocols=(PROTOCOL,),
                                         max_msg_size=0, timeout=1.0) as socket:
            await socket.send_str(json.dumps(self._hello()))
            welcome = await self._next_frame(socket, ANSWER_S)
            if welcome["type"] != "welcome":
                self._fail(welcome)
            self._take_welcome(welcome)
            sending = asyncio.create_task(self._send_over(socket))
            acknowledging = asyncio.create_task(self._acknowledge_over(socket))
            try:
                while True:
                    self._on_frame(await self._next_frame(socket, None))
            finally:
                for task in (sending, acknowledging):
                    task.cancel()
                await asyncio.gather(sending, acknowledging, return_exceptions=True)
                if socket._response.connection:  # leaves as a network that breaks does
                    socket._response.connection.transport.abort()

    async def _next_frame(self, socket, timeout):
        frame = await socket.receive(timeout)
        if frame.type != aiohttp.WSMsgType.TEXT:
            if socket.close_code == 4404:
                raise Lost
            raise Interrupted
        return json.loads(frame.data)

    def _on_frame(self, message):
        if "seq" in message:
            self._take(message)
        elif message["type"] == "ack":
            self._take_received(message["n"])
        elif message["type"] == "goaway":
            raise Interrupted
        else:
            self._fail(message)

    def _fail(self, message):
        if message.get("code") in ("session_lost", "bad_sequence"):
            if message["code"] == "bad_sequence" and message["expected"] > self._covered:
                raise Interrupted
            raise Lost
        if message.get("code") not in ("superseded", "unavailable"):
            self.complaints.append(f"unexpected {message}")
        raise Interrupted

    async def _send_over(self, socket):
        sent = 0
        while True:
            self._new_messages.clear()
            for message in list(self._unacknowledged):
                if message["n"] > sent:
                    await socket.send_str(json.dumps(message))
                    sent = message["n"]
            await self._new_messages.wait()

    async def _acknowledge_over(self, socket):
        acknowledged = self.seen
        while True:
            await self._to_acknowledge.wait()
            self._to_acknowledge.clear()
            if self.seen >= acknowledged + ACK_EVERY:
                acknowledged = self.seen
                await socket.send_str(json.dumps({"type": "ack", "seq": acknowledged}))

    # Long-poll and event streams; both send by POST.

    @property
    def _messages_url(self):
        return f"{self._base}/v1/sessions/{self.session}/messages"

    async def _over_http(self):
        if not self.session:
            self._take_welcome(await self._post(self._base + "/v1/sessions", self._hello()))
        sending = asyncio.create_task(self._send_over_posts())
        receive = self._listen if self._transport == "events" else self._poll
        receiving = asyncio.create_task(receive())
        try:
            await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
            for task in (sending, receiving):
                if task.done():
                    await task
        finally:
            for task in (sending, receiving):
                task.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)

    async def _poll(self):
        while True:
            params = {"epoch": str(self.epoch), "after": str(self.seen)}
            async with self._http.get(self._messages_url, params=params) as answer:
                for message in (await self._checked(answer))["messages"]:
                    self._take(message)

    async def _listen(self):
        params = {"epoch": str(self.epoch), "after": str(self.seen)}
        url = f"{self._base}/v1/sessions/{self.session}/events"
        async with self._http.get(url, params=params) as answer:
            if answer.status != 200:
                await self._checked(answer)
                raise Interrupted
            while line := await answer.content.readline():
                if line.startswith(b"data: "):
                    self._on_frame(json.loads(line.removeprefix(b"data: ")))
        raise Interrupted

    async def _send_over_posts(self):
        while True:
            self._new_messages.clear()
            while messages := list(self._unacknowledged):
                body = {"epoch": self.epoch, "messages": messages[:POST_AT_MOST]}
                if self._transport == "events":  # a poll acknowledges by itself
                    body["ack"] = self.seen
                answer = await self._post(self._messages_url, body)
                self._take_received(answer["received"])
            await self._new_messages.wait()

    async def _post(self, url, body):
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with self._http.post(url, json=body, timeout=timeout) as answer:
            return await self._checked(answer)

    async def _checked(self, answer):
        if answer.status in (404, 410):
            raise Lost
        if answer.status >= 502:  # the balancer's, or 503 of ours
            raise Interrupted
        body = json.loads(await answer.text())
        if answer.status >= 400:
            self._fail(body)
        return body
