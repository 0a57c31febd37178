"""A Redis that is full: what frees memory goes on, what takes some is refused in words, and nothing is lost."""

import json
import re

import pytest

from support.fleet import missing_programs
from support.signal_http import BASE, call, error_of, hello, messages_path, opened

ROOM_BYTES = 800_000  # for mailboxes, beyond what Redis and its connections take themselves
MESSAGE = "x" * 12_000

pytestmark = pytest.mark.skipif(bool(missing_programs("redis-server")),
                                reason=missing_programs("redis-server"))


class Pair:
    """Ann sends numbered messages to Bob, who polls when he is told to."""

    def __init__(self, address, room):
        self._address = address
        self.ann, self.bob = opened(address), opened(address)
        self.sent = 0
        self.seen = 0
        for each in (self.ann, self.bob):
            assert self._post(each, {"type": "join", "room": room, "n": 1}).status == 202
        self._next_n = 2
        self.read()

    def _post(self, who, message):
        return call(self._address, "POST", messages_path(who),
                    {"epoch": who["epoch"], "messages": [message]})

    def send(self):
        """The same message again when the last one was refused."""
        answer = self._post(self.ann, {"type": "signal", "to": self.bob["peer"], "n": self._next_n,
                                       "data": {"number": self.sent + 1, "text": MESSAGE}})
        if answer.status == 202:
            self._next_n += 1
            self.sent += 1
        return answer

    def read(self):
        """The numbers of what is in Bob's mailbox; the next call acknowledges them."""
        answer = call(self._address, "GET", messages_path(self.bob, f"after={self.seen}"))
        assert answer.status == 200, answer
        messages = json.loads(answer.body)["messages"]
        self.seen = max([self.seen, *(each["seq"] for each in messages)])
        return [each["data"]["number"] for each in messages if each["type"] == "signal"]


def used_memory(redis):
    return int(re.search(r"used_memory:(\d+)", redis.command("INFO", "memory"))[1])


def test_goes_on_while_redis_is_full(start_redis, start_server):
    redis = start_redis(args=["--maxmemory-policy", "noeviction"])
    server = start_server("signal", {**BASE, "state": redis.url, "session": {
        "hold_ms": 300, "token_secrets": ["the secret of all instances"]}})
    address = server.address("http")
    pairs = [Pair(address, f"room-{index}") for index in range(8)]
    redis.command("CONFIG", "SET", "maxmemory", used_memory(redis) + ROOM_BYTES)

    refused = None
    for _ in range(20):
        for pair in pairs:
            if refused is None and (answer := pair.send()).status != 202:
                refused = answer
    assert refused is not None and refused.status == 503 and error_of(refused) == "unavailable"
    assert int(refused.headers["Retry-After"]) >= 1
    # The long message was just too much; now nothing at all fits.
    redis.command("CONFIG", "SET", "maxmemory", used_memory(redis) - ROOM_BYTES // 4)
    entry = call(address, "POST", "/v1/sessions", hello())
    assert entry.status == 503 and int(entry.headers["Retry-After"]) >= 1
    server.wait_for("is out of memory: raise its maxmemory")
    metrics = server.metrics()
    assert metrics.total("icebreaker_signal_state_errors_total", kind="out_of_memory") >= 2
    assert metrics["icebreaker_signal_state_up"] == 1
    assert server.get("/readyz").status == 200  # it still serves who is there

    for pair in pairs:
        assert pair.read() == list(range(1, pair.sent + 1))
    for pair in pairs:
        assert pair.read() == []  # acknowledges, which makes room

    for pair in pairs:
        assert pair.send().status == 202
        assert pair.read() == [pair.sent]
    opened(address)
