"""icebreaker-stun as a program, seen from its sockets, its log and its exit status."""

import os
import signal
import socket
import struct

import pytest

from support.binaries import server_binary
from support.net import LOOPBACK, free_port, wait_until
from support.toml import dumps
from support.tools import run_tool

COOKIE = 0x2112A442
BINDING_REQUEST, BINDING_SUCCESS, BINDING_ERROR = 0x0001, 0x0101, 0x0111
XOR_MAPPED_ADDRESS, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0020, 0x0009, 0x000A
FAMILIES = [socket.AF_INET, socket.AF_INET6]

CONFIG = {
    "workers": 2,
    "listen": [{"transport": transport, "address": address}
               for transport in ("udp", "tcp") for address in ("127.0.0.1:0", "[::1]:0")],
    "tcp": {"idle_timeout_s": 60, "message_timeout_s": 1},
    "metrics": {"address": "127.0.0.1:0"},
}


def request(attributes=b"", message_type=BINDING_REQUEST):
    identifier = os.urandom(12)
    header = struct.pack("!HHI", message_type, len(attributes), COOKIE)
    return identifier, header + identifier + attributes


def attribute(number, value=b""):
    return struct.pack("!HH", number, len(value)) + value + bytes(-len(value) % 4)


def parse(message):
    message_type, length, cookie = struct.unpack_from("!HHI", message)
    assert (cookie, length) == (COOKIE, len(message) - 20)
    attributes, offset = {}, 20
    while offset < len(message):
        number, size = struct.unpack_from("!HH", message, offset)
        attributes[number] = message[offset + 4:offset + 4 + size]
        offset += 4 + size + -size % 4
    return message_type, message[8:20], attributes


def xor_mapped(value, identifier):
    family, port = struct.unpack_from("!xBH", value)
    mask = struct.pack("!I", COOKIE) + identifier
    ip = bytes(a ^ b for a, b in zip(value[4:], mask))
    return socket.inet_ntop({1: socket.AF_INET, 2: socket.AF_INET6}[family], ip), \
        port ^ (COOKIE >> 16)


def udp_client(family):
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.settimeout(10)
    client.bind((LOOPBACK[family], 0))
    return client


def tcp_client(address):
    return socket.create_connection(address.pair, timeout=10)


def read_message(connection):
    header = read_exactly(connection, 20)
    return header + read_exactly(connection, struct.unpack_from("!xxH", header)[0])


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        assert more, "the server closed the connection"
        data += more
    return data


def assert_tells_address(reply, identifier, client):
    message_type, replied, attributes = parse(reply)
    assert (message_type, replied) == (BINDING_SUCCESS, identifier)
    assert list(attributes) == [XOR_MAPPED_ADDRESS]
    assert xor_mapped(attributes[XOR_MAPPED_ADDRESS], identifier) == client.getsockname()[:2]


@pytest.fixture(scope="module")
def server(start_module_server):
    return start_module_server("stun", CONFIG)


@pytest.mark.parametrize("family", FAMILIES)
def test_tells_a_udp_client_its_address(server, family):
    with udp_client(family) as client:
        identifier, message = request()
        client.sendto(message, server.address("udp", family).pair)
        assert_tells_address(client.recv(2048), identifier, client)


@pytest.mark.parametrize("family", FAMILIES)
def test_tells_a_tcp_client_its_address(server, family):
    with tcp_client(server.address("tcp", family)) as client:
        identifier, message = request()
        client.sendall(message)
        assert_tells_address(read_message(client), identifier, client)


def test_answers_two_requests_of_one_segment_and_one_request_of_two(server):
    with tcp_client(server.address("tcp")) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        (first, one), (second, two), (third, three) = request(), request(), request()
        client.sendall(one + two + three[:7])
        assert_tells_address(read_message(client), first, client)
        assert_tells_address(read_message(client), second, client)
        client.sendall(three[7:])
        assert_tells_address(read_message(client), third, client)


@pytest.mark.parametrize("family", FAMILIES)
def test_names_an_attribute_that_it_does_not_understand(server, family):
    with udp_client(family) as client:
        identifier, message = request(attribute(0x7001, b"what?"))
        client.sendto(message, server.address("udp", family).pair)
        message_type, replied, attributes = parse(client.recv(2048))
    assert (message_type, replied) == (BINDING_ERROR, identifier)
    assert attributes[ERROR_CODE][:4] == bytes([0, 0, 4, 20])
    assert attributes[UNKNOWN_ATTRIBUTES] == struct.pack("!H", 0x7001)


def test_is_silent_on_what_is_no_binding_request(server):
    silent = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        request()[1][:19],
        request(message_type=0x0011)[1],  # a Binding indication
        request(message_type=0x0003)[1],  # Allocate
        bytes([0, 1, 0, 0]) + os.urandom(16),  # RFC 3489: no magic cookie
    ]
    address = server.address("udp").pair
    with udp_client(socket.AF_INET) as client:
        for each in silent:
            client.sendto(each, address)
        # One client's datagrams stay in order, so the first answer shows that none came before it.
        identifier, message = request()
        client.sendto(message, address)
        assert_tells_address(client.recv(2048), identifier, client)
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(2048)


def test_closes_a_tcp_connection_that_speaks_another_protocol(server):
    with tcp_client(server.address("tcp")) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: stun\r\n\r\n")
        assert client.recv(2048) == b""


def test_closes_a_tcp_connection_whose_message_never_ends(server):
    with tcp_client(server.address("tcp")) as client:
        client.sendall(request()[1][:10])
        assert client.recv(2048) == b""


def test_closes_a_tcp_connection_that_announces_a_huge_message(server):
    with tcp_client(server.address("tcp")) as client:
        client.sendall(struct.pack("!HHI", BINDING_REQUEST, 65000, COOKIE))
        assert client.recv(2048) == b""


def test_answers_a_tcp_client_that_has_said_all_it_will_say(server):
    identifier, message = request()
    with tcp_client(server.address("tcp")) as client:
        client.sendall(message)
        client.shutdown(socket.SHUT_WR)
        assert_tells_address(read_message(client), identifier, client)
        assert client.recv(1) == b""


def test_closes_a_tcp_connection_that_never_reads(start_server):
    server = start_server("stun", CONFIG)
    with tcp_client(server.address("tcp")) as client:
        with pytest.raises(ConnectionError):
            for _ in range(10_000):
                client.sendall(request()[1] * 500)

    closed = 'icebreaker_stun_tcp_connections_closed_total{reason="not_reading"}'
    wait_until(lambda: server.metrics()[closed] == 1)


def test_coturns_client_gets_its_address(server):
    port = str(server.address("udp").port)
    for host in ("127.0.0.1", "::1"):
        if host == "::1":
            port = str(server.address("udp", socket.AF_INET6).port)
        found = run_tool(["turnutils_stunclient", "-p", port, host])
        assert "UDP reflexive addr" in found.output, found.output


def test_counts_messages_by_outcome(start_server):
    server = start_server("stun", CONFIG)
    with udp_client(socket.AF_INET) as client:
        for message in (b"garbage", request(attribute(0x7001))[1], request()[1]):
            client.sendto(message, server.address("udp").pair)
        client.recv(2048)
        client.recv(2048)

    def counted():
        metrics = server.metrics()
        return metrics if metrics.total("icebreaker_stun_udp_sent_packets_total") == 2 else None

    name = "icebreaker_stun_messages_total"
    metrics = wait_until(counted)
    assert metrics.total(name, transport="udp", outcome="success") == 1
    assert metrics.total(name, transport="udp", outcome="unknown_attribute") == 1
    assert metrics.total(name, transport="udp", outcome="not_stun") == 1
    assert metrics.total(name) == 3
    assert server.get("/healthz").status == 200
    assert server.get("/readyz").status == 200


def test_stops_cleanly_with_connections_open(start_server):
    server = start_server("stun", CONFIG)
    with tcp_client(server.address("tcp")) as client:
        client.sendall(request()[1])
        read_message(client)
        assert server.terminate() == 0
        assert client.recv(1) == b""
    assert server.log[-1].event == "stopped"


def test_a_sighup_before_it_is_ready_waits_until_it_is(start_server, tmp_path):
    pipe = tmp_path / "stun.toml"
    os.mkfifo(pipe)
    server = start_server("stun", args=["--config", pipe], wait=False)
    with pipe.open("w") as config:  # opens as soon as the server reads
        server.signal(signal.SIGHUP)
        config.write(dumps(CONFIG))
    server.wait_ready()

    pipe.write_text(dumps(CONFIG))

    server.wait_for(r"INFO stun: reloaded")


def test_listens_on_a_wildcard_and_on_one_address_of_the_same_port(start_server):
    port = free_port()
    listen = [{"transport": transport, "address": f"{host}:{port}"}
              for transport in ("udp", "tcp") for host in ("0.0.0.0", "127.0.0.1")]
    server = start_server("stun", CONFIG | {"listen": listen})

    assert [str(address) for _, address in server.listening[:2]] == [
        f"0.0.0.0:{port}", f"127.0.0.1:{port}"]
    identifier, message = request()
    with udp_client(socket.AF_INET) as client:
        client.sendto(message, ("127.0.0.1", port))
        assert_tells_address(client.recv(2048), identifier, client)


def test_reloads_its_log_level_and_refuses_a_bad_file(start_server):
    server = start_server("stun", CONFIG)
    server.write_config({**CONFIG, "wrokers": 1})
    server.signal(signal.SIGHUP)
    server.wait_for(r"ERROR stun: reload refused.*wrokers: unknown key")
    server.write_config({**CONFIG, "log": {"level": "debug"}})
    server.signal(signal.SIGHUP)
    server.wait_for(r"INFO stun: reloaded")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_says_in_one_line_that_a_port_is_in_use(start_server, tmp_path, transport):
    server = start_server("stun", CONFIG)
    address = str(server.address(transport))
    second = tmp_path / "second.toml"
    second.write_text(f'[[listen]]\ntransport = "{transport}"\naddress = "{address}"\n')
    failed = run_tool([server_binary("stun"), "--config", second])
    assert failed.status == 1
    lines = failed.stderr.splitlines()
    assert len(lines) == 1, lines
    assert f"ERROR stun: cannot listen on {transport} {address}: Address already in use" in lines[0]


@pytest.mark.parametrize("text, complaint", [
    ("wrokers = 1\n", ":1: wrokers: unknown key; did you mean `workers`?"),
    ("workers = -1\n", ":1: workers: -1 is out of range: 0 to 1024"),
    ('[[listen]]\ntransport = "tls"\naddress = "127.0.0.1:0"\n',
     ":2: listen.transport: tls is not supported here; supported: udp, tcp"),
    ('[discovery]\nprimary = "192.0.2.1"\n', ":1: discovery: NAT behaviour discovery (RFC 5780)"),
    ("workers = \n", ":1: not TOML: "),
])
def test_refuses_a_bad_configuration_with_its_line(tmp_path, text, complaint):
    config = tmp_path / "stun.toml"
    listen = "" if "[" in text else '[[listen]]\ntransport = "udp"\naddress = "127.0.0.1:0"\n'
    config.write_text(text + listen)
    failed = run_tool([server_binary("stun"), "--config", config])
    assert failed.status == 2
    assert failed.stderr.startswith(f"{config}{complaint}"), failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_checks_the_configuration_that_it_prints(tmp_path):
    binary = server_binary("stun")
    printed = run_tool([binary, "--print-default-config"])
    assert printed.status == 0
    config = tmp_path / "stun.toml"
    config.write_text(printed.stdout)
    checked = run_tool([binary, "--config", config, "--check-config"])
    assert (checked.status, checked.stderr) == (0, "")
