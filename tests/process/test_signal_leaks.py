"""What abandoned sessions leave behind: nothing, neither in the server's memory nor in Redis."""

import contextlib
import http.client
import json
import pathlib
import re
import socket

import pytest

from support.fleet import Fleet, missing_programs
from support.net import wait_until
from support.redis_server import RedisServer
from support.signal_client import SocketClient, clients, in_loop
from support.signal_http import BASE, call, hello, messages_path, opened, wait_for_polls

ROUNDS = 4
SESSIONS_PER_ROUND = 1000  # tests/bench/churn has the figure for 20,000
HELD_AT_ONCE = 250
# What a leak of a kilobyte for each session would exceed. The first round pays for what is kept for the next.
MAY_GROW_BYTES = (ROUNDS - 2) * SESSIONS_PER_ROUND * 1024


def rss_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def abandon_polls(server, address, count):
    """Sessions in a room each whose held poll ends with its connection; the last of them."""
    connection = http.client.HTTPConnection(*address.pair, timeout=20)
    with contextlib.closing(connection), contextlib.ExitStack() as held:
        for _ in range(count):
            connection.request("POST", "/v1/sessions", json.dumps(hello()))
            welcome = json.loads(connection.getresponse().read())
            join = {"type": "join", "room": welcome["peer"], "n": 1}
            connection.request("POST", messages_path(welcome),
                               json.dumps({"epoch": welcome["epoch"], "messages": [join]}))
            assert connection.getresponse().read() == b'{"received":1}'
            poll = held.enter_context(socket.create_connection(address.pair, timeout=20))
            # Acknowledges `joined`, so that there is nothing to answer.
            request = f"GET {messages_path(welcome, 'after=1')} HTTP/1.1\r\nHost: h\r\n\r\n"
            poll.sendall(request.encode())
        wait_for_polls(server, count)
    return welcome


def is_forgotten(address, welcome):
    """Asks with another epoch, because the right one would keep the session alive."""
    path = messages_path(welcome, epoch=welcome["epoch"] + 1)
    return call(address, "GET", path).status == 404


def test_forgets_abandoned_sessions_without_a_trace(start_server):
    config = {**BASE, "session": {"hold_ms": 60000, "away_after_ms": 300, "resume_window_ms": 1000}}
    # Freed memory is to be used again at once.
    server = start_server("signal", config, env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    address = server.address("http")
    sizes = []

    for _ in range(ROUNDS):
        for _ in range(SESSIONS_PER_ROUND // HELD_AT_ONCE):
            last = abandon_polls(server, address, HELD_AT_ONCE)
        wait_until(lambda: is_forgotten(address, last))
        sizes.append(rss_bytes(server.pid))

    print(f"resident after each {SESSIONS_PER_ROUND} sessions: {sizes}")
    assert sizes[-1] - sizes[1] < MAY_GROW_BYTES, sizes


@pytest.mark.skipif(bool(missing_programs("haproxy", "redis-server")),
                    reason=missing_programs("haproxy", "redis-server"))
@in_loop
async def test_leaves_nothing_in_redis_when_all_instances_are_killed(adopt, tmp_path):
    redis = adopt(RedisServer(tmp_path)).wait_listening()
    config = {**BASE, "state": redis.url, "session": {"token_secrets": ["secret of all"]}}
    fleet = Fleet(tmp_path, adopt, config, 3)

    async with clients() as http_client:
        for user in range(12):
            client = await SocketClient(http_client).connect(fleet.base)
            await client.hello(user=f"user-{user}")
            await client.send(type="watch", users=["user-0", "nobody"])
            if user % 3 == 2:  # stays in the queue, whose partner would have to be equal
                only = {"equal": {"number": user}}
                await client.send(type="match", queue="empty", attributes=only)
            else:
                await client.send(type="join", room=f"room-{user // 3}")
            await client.next("presence")
        for instance in fleet.instances:
            welcome = opened(instance.address("http"))  # and sessions that nothing receives for
            call(instance.address("http"), "POST", messages_path(welcome),
                 {"epoch": welcome["epoch"], "messages": [{"type": "join", "room": "x", "n": 1}]})
        assert redis.command("DBSIZE") > 30

        for index in range(3):
            fleet.kill(index)
        redis.advance_clock(3600)

        wait_until(lambda: redis.command("DBSIZE") == 0, what="an empty Redis")
