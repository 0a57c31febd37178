"""icebreaker-turn against every mode of coturn's client, over every transport that both speak.

A run of the client is mostly waiting, so all start together, and each test looks at one.
"""

import concurrent.futures
import dataclasses
import socket

import pytest

from support.tls import self_signed
from support.turn_server import REST, STATIC, assert_nothing_lost, turn_config, uclient

LISTEN = [{"transport": transport, "address": address}
          for transport in ("udp", "tcp", "tls", "dtls")
          for address in ("127.0.0.1:0", "[::1]:0")]
CLIENTS, MESSAGES = 2, 10
AT_ONCE = 12


@dataclasses.dataclass(frozen=True)
class Transport:
    listener: str
    options: tuple[str, ...] = ()


TRANSPORTS = {
    "udp": Transport("udp"),
    "tcp": Transport("tcp", ("-t",)),
    "tls": Transport("tls", ("-t", "-S")),
    "tls-on-tcp-port": Transport("tcp", ("-t", "-S")),
    "dtls": Transport("dtls", ("-S",)),
    "dtls-on-udp-port": Transport("udp", ("-S",)),
}

TO_ECHO = ("-e", "127.0.0.1")
TO_ECHO_V6 = ("-x", "-e", "::1")
# Modes in which every message comes back.
MODES = {
    "channels": ("-X", *TO_ECHO, *STATIC),
    "channels-rest": ("-X", *TO_ECHO, *REST),
    "dont-fragment": ("-X", "-g", *TO_ECHO, *STATIC),
    "indications": ("-X", "-s", *TO_ECHO, *STATIC),
    "padded": ("-X", "-D", "-l", "999", *TO_ECHO, *STATIC),
    "more-requests": ("-X", "-G", *TO_ECHO, *STATIC),
    "dual-allocation": ("-Z", *TO_ECHO, *STATIC),
    "dual-allocation-ipv6": ("-Z", *TO_ECHO_V6, *STATIC),
    "dual-allocation-indications": ("-Z", "-s", *TO_ECHO, *REST),
    "client-to-client": ("-X", "-y", *STATIC),
    "client-to-client-indications": ("-X", "-y", "-s", *REST),
    "ipv6": (*TO_ECHO_V6, *STATIC),
    "ipv6-indications": (*TO_ECHO_V6, "-s", *REST),
}
# Modes that break something: requests at random (and wait for ever for an answer that nobody owes
# them), or clients that go away without a word in the middle of the traffic.
BROKEN_MODES = {
    "negative": ("-X", "-N", "-R", *TO_ECHO, *STATIC),
    "random-disconnects": ("-X", "-B", *TO_ECHO, *STATIC),
}


@pytest.fixture(scope="module")
def turn(start_module_server, tmp_path_factory):
    files = self_signed(tmp_path_factory.mktemp("certificate"))
    return start_module_server("turn", turn_config(listen=LISTEN, tls=files))


@pytest.fixture(scope="module")
def outputs(turn, module_echo_port):
    """(transport, mode) → a future of what the client said."""
    def run(transport, mode):
        options = MODES.get(mode) or BROKEN_MODES[mode]
        return uclient(turn, *transport.options, *options, "-r", str(module_echo_port),
                       "-n", str(MESSAGES), "-m", str(CLIENTS), transport=transport.listener,
                       family=socket.AF_INET6 if "::1" in options else socket.AF_INET,
                       under=("timeout", "5") if mode in BROKEN_MODES else ())

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield {(name, mode): pool.submit(run, transport, mode)
               for mode in (*BROKEN_MODES, *MODES) for name, transport in TRANSPORTS.items()}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("mode", MODES)
def test_loses_nothing(outputs, transport, mode):
    assert_nothing_lost(outputs[transport, mode].result(), CLIENTS * MESSAGES)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_negative_requests_end_in_errors(outputs, transport):
    output = outputs[transport, "negative"].result()

    assert "Total lost packets 0 " not in output, output


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_allocates_for_clients_that_disconnect_at_random(outputs, transport):
    output = outputs[transport, "random-disconnects"].result()

    assert "Cannot complete Allocation" not in output, output
