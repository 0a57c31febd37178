"""icebreaker-signal goes away without a storm: SIGTERM, goaway, late balancers, PID 1."""

import asyncio
import os
import signal
import socket

import pytest

from support.binaries import server_binary
from support.net import wait_until
from support.signal_client import SocketClient, clients, in_loop
from support.signal_http import BASE, call, error_of, hello, messages_path, opened
from support.tools import run_tool


def draining(**settings):
    return {**BASE, "drain": settings}


@in_loop
async def test_spreads_the_clients_over_the_drain(start_server):
    server = start_server("signal", draining(seconds=4))
    async with clients() as http:
        sockets = [await open_socket(http, server) for _ in range(40)]

        server.signal(signal.SIGTERM)

        after = [(await each.next("goaway"))["after_ms"] for each in sockets]
        assert max(after) < 3000  # three quarters; the rest is for closing
        assert max(after) - min(after) > 1000
        # All at once: who is asked late answers its close frame late, and may be cut off before.
        codes = await asyncio.gather(*(each.close_code() for each in sockets))
        assert codes == [1012] * len(sockets)
        assert await asyncio.to_thread(server.wait) == 0


@in_loop
async def test_answers_what_a_late_balancer_brings(start_server):
    server = start_server("signal", draining(seconds=60))
    address = server.address("http")
    welcome = opened(address)
    async with clients() as http:
        client = await open_socket(http, server)
        server.signal(signal.SIGTERM)
        server.wait_for("stopping")

        ready = await asyncio.to_thread(call, address, "GET", "/readyz")
        assert ready.status == 503 and int(ready.headers["Retry-After"]) >= 1
        assert server.get("/readyz").status == 503
        assert call(address, "GET", "/healthz").status == 200
        for refused in (call(address, "POST", "/v1/sessions", hello()),
                        call(address, "GET", messages_path(welcome))):
            assert refused.status == 503 and error_of(refused) == "unavailable"
            assert int(refused.headers["Retry-After"]) >= 1
            assert refused.headers["Connection"] == "close"
        sent = call(address, "POST", messages_path(welcome),
                    {"epoch": welcome["epoch"], "messages": [{"type": "join", "room": "a", "n": 1}]})
        assert sent.status == 202

        server.signal(signal.SIGTERM)  # the second ends it at once
        assert await asyncio.to_thread(server.wait) == 0
        assert (await client.next("goaway"))["after_ms"] < 45000


def test_lingers_for_balancers_that_are_late(start_server):
    server = start_server("signal", draining(seconds=60, linger_seconds=60))
    server.signal(signal.SIGTERM)
    server.wait_for("stopping")

    assert call(server.address("http"), "GET", "/healthz").status == 200

    server.signal(signal.SIGTERM)
    assert server.wait() == 0


def test_ends_in_time_whatever_clients_do(start_server):
    server = start_server("signal", draining(seconds=1))
    handshake = ("GET /v1/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                 "Sec-WebSocket-Protocol: icebreaker.v1\r\n\r\n")
    with socket.create_connection(server.address("http").pair, timeout=20) as deaf:
        deaf.sendall(handshake.encode())
        assert deaf.recv(4096).startswith(b"HTTP/1.1 101")

        server.signal(signal.SIGTERM)  # nobody answers its close frame

        assert server.wait() == 0


def test_is_a_well_behaved_first_process(start_process, tmp_path):
    unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    probe = run_tool([*unshare, "true"])
    if probe.status != 0:
        pytest.skip(f"new PID namespaces are not permitted here: {probe.stderr.strip()}")
    config = tmp_path / "signal.toml"
    config.write_text('listen = "127.0.0.1:0"\nweb_root = "off"\n')
    process = start_process([*unshare, server_binary("signal"), "--config", config],
                            ready=r"INFO \S+: ready")
    server = first_child(process.pid)
    assert inner_pid(server) == 1

    os.kill(server, signal.SIGHUP)
    process.wait_for("reloaded")
    os.kill(server, signal.SIGTERM)

    assert process.wait() == 0


def first_child(pid):
    """Of the process, or of the one that it starts on the way."""
    path = f"/proc/{pid}/task/{pid}/children"

    def children():
        with open(path, encoding="ascii") as file:
            return file.read().split()
    return int(wait_until(children)[0])


def inner_pid(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("NSpid:"))
    return int(line.split()[-1])


async def open_socket(http, server):
    client = await SocketClient(http).connect(f"http://{server.address('http')}")
    await client.hello()
    return client
