"""The C++ signaling client on real sockets: two of them talk through icebreaker-signal."""

import pytest

from support.binaries import support_binary
from support.net import free_port, wait_until
from support.process import Process
from support.signal_http import BASE
from support.tcp_proxy import TcpProxy
from support.tools import run_tool

WAIT_S = 40.0


@pytest.fixture
def chat(adopt):
    """Starts one client in the room; see tests/support/signaling_chat.cpp for what it prints."""
    def start(url, transport, count, *more):
        argv = [support_binary("signaling-chat"), url, transport, "lobby", str(count), *more]
        return adopt(Process(argv, name=f"signaling-chat-{transport}"))
    return start


def url_of(server, scheme="http"):
    return f"{scheme}://{server.address('http')}/"


def heard(client):
    return [int(line.split()[1]) for line in client.lines if line.startswith("heard ")]


def words(client, first):
    return [line.split()[1] for line in client.lines if line.startswith(first + " ")]


@pytest.mark.parametrize("transports", [("ws", "ws"), ("sse", "http"), ("poll", "poll"), ("any", "poll")])
def test_two_clients_hear_every_number_once_and_in_order(start_server, chat, transports):
    server = start_server("signal", BASE)
    count = 200

    clients = [chat(url_of(server), transport, count) for transport in transports]
    for client in clients:
        client.wait_for(f"^heard {count}$", WAIT_S)

    for client, transport in zip(clients, transports):
        assert heard(client) == list(range(1, count + 1))
        assert words(client, "open") == [{"any": "ws", "http": "sse"}.get(transport, transport)]
    for client in clients:
        assert client.terminate() == 0
        assert client.lines[-1] == "ended"
    wait_until(lambda: server.metrics().total("icebreaker_signal_receives") == 0)


@pytest.mark.parametrize("transport", ["ws", "poll"])
def test_numbers_stay_in_order_at_a_server_that_refuses_many(start_server, chat, transport):
    limits = {"opens_per_minute": 0, "messages_per_second": 25}
    server = start_server("signal", {**BASE, "limits": limits})
    count = 180  # 100 at once, but 200 a second are said

    clients = [chat(url_of(server), transport, count) for _ in range(2)]
    for client in clients:
        client.wait_for(f"^heard {count}$", WAIT_S)

    assert [heard(client) for client in clients] == [list(range(1, count + 1))] * 2
    assert server.metrics().total("icebreaker_signal_rate_limited_total", what="message") > 0


@pytest.mark.parametrize("other", ["sse", "poll"])
def test_sessions_outlive_a_killed_server(start_server, chat, other):
    config = {**BASE, "listen": f"127.0.0.1:{free_port()}",
              "session": {"hold_ms": 300, "token_secrets": ["0123456789abcdef0123456789abcdef"]}}
    server = start_server("signal", config)
    clients = [chat(url_of(server), transport, 100_000)
               for transport in ("ws", other)]
    for client in clients:
        client.wait_for("^heard 20$", WAIT_S)

    server.kill()
    start_server("signal", config)
    for client in clients:
        client.wait_for("^anew same$", WAIT_S)
    before = [len(heard(client)) for client in clients]
    wait_until(lambda: all(len(heard(client)) > count + 50
                           for client, count in zip(clients, before)), WAIT_S)

    for client in clients:
        assert client.terminate() == 0
        numbers = heard(client)
        assert numbers == sorted(set(numbers)), "a number came twice or out of order"
        assert len(set(words(client, "peer"))) == 1


@pytest.mark.parametrize("transport", ["sse", "poll"])
def test_cut_connections_lose_repeat_and_reorder_nothing(start_server, chat, transport):
    server = start_server("signal", BASE)
    count = 400
    with TcpProxy(server.address("http").port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/"
        clients = [chat(url, transport, count) for _ in range(2)]
        for reached in (50, 150, 250):
            for client in clients:
                client.wait_for(f"^heard {reached}$", WAIT_S)
            proxy.cut()
            proxy.mend()
        for client in clients:
            client.wait_for(f"^heard {count}$", WAIT_S)

        # A cut between two polls is no loss, and nobody notices.
        assert sum(words(client, "open").count(transport) - 1 for client in clients) >= 1
        for client in clients:
            assert heard(client) == list(range(1, count + 1))
            assert not words(client, "anew")
            assert client.terminate() == 0


@pytest.mark.parametrize("transport", ["ws", "sse", "poll"])
def test_certificates_are_checked(start_server, chat, tmp_path, transport):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = run_tool(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                     "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                     "-keyout", key, "-out", certificate])
    assert made.status == 0, made.output
    config = {**BASE, "tls": {"certificate_file": str(certificate), "key_file": str(key)}}
    server = start_server("signal", config)
    url = f"https://localhost:{server.address('https').port}/"

    stranger = chat(url, transport, 1)
    clients = [chat(url, transport, 20, certificate) for _ in range(2)]
    for client in clients:
        client.wait_for("^heard 20$", WAIT_S)

    stranger.wait_for("^started$", WAIT_S)
    assert not [line for line in stranger.lines if line.startswith("open")]
    for client in [stranger, *clients]:
        assert client.terminate() == 0


def test_ends_while_nobody_answers(chat):
    client = chat(f"http://127.0.0.1:{free_port()}/", "any", 1)

    client.wait_for("^started$", WAIT_S)

    assert client.terminate() == 0
    assert client.lines == ["started", "ended"]
