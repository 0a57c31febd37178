"""icebreaker-turn for tests with coturn's client tools: its configuration, and runs of the client."""

import re
import socket

from support.net import free_port, wait_until
from support.tools import run_tool

REALM = "example.org"
USER, PASSWORD = "alice", "correct horse"
SECRET = "shared secret"
STATIC = ("-u", USER, "-w", PASSWORD)
REST = ("-u", "carol", "-W", SECRET)


def turn_config(**changes):
    config = {
        "realm": REALM,
        "workers": 2,
        "listen": [{"transport": "udp", "address": "127.0.0.1:0"},
                   {"transport": "udp", "address": "[::1]:0"}],
        "relay": {"addresses": ["127.0.0.1", "::1"]},
        "auth": {"users": [{"name": USER, "password": PASSWORD}], "secrets": [SECRET]},
        "peers": {"allow": ["127.0.0.0/8", "::1/128"]},
        "limits": {"allocations_per_user": 0},
        "metrics": {"address": "127.0.0.1:0"},
    }
    return config | changes


def uclient(turn, *options, transport="udp", family=socket.AF_INET, under=()):
    """What turnutils_uclient says after a run against that listener."""
    address = turn.address(transport, family)
    return run_tool([*under, "turnutils_uclient", *options, "-p", str(address.port), "-c", "-z", "5",
                     address.host], timeout=20).output


def assert_nothing_lost(output, messages):
    # Its exit status is 0 even with loss.
    totals = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", output)
    assert totals and totals[-1] == (str(messages), str(messages)), output
    assert "Total lost packets 0 " in output, output


def start_echo_peer(start_process):
    """The port on which a peer on loopback sends everything back."""
    port = free_port()
    peer = start_process(["turnutils_peer", "-L", "127.0.0.1", "-L", "::1", "-p", str(port)])
    wait_until(lambda: _answers_udp(port) or not peer.running, what="the echo peer")
    return port


def _answers_udp(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        probe.connect(("127.0.0.1", port))
        try:
            probe.send(b"probe")
            return probe.recv(100) == b"probe"
        except OSError:
            return False
