"""Floods from spoofed sources: every address of loopback is a stranger who sends a little and is never seen again."""

import contextlib
import os
import socket
import struct

from support.net import wait_until
from support.stun_message import (BINDING, COOKIE, INTEGRITY, NONCE, REALM as REALM_ATTRIBUTE,
                                  REQUESTED_TRANSPORT, UDP, USERNAME, attribute)
from support.turn import rest_credential
from support.turn_client import ALLOCATE, TurnClient, link
from support.turn_server import REALM, USER, turn_config

# Small enough for the receive buffer of a server that is behind.
BURST = 100
CONNECTIONS_AT_ONCE = 250
# Or a sanitizer keeps what was freed and the frames of functions that returned, and memory grows for that alone.
KEEP_NOTHING = "quarantine_size_mb=0:thread_local_quarantine_size_kb=0:detect_stack_use_after_return=0"


def flood_config(files):
    """Challenges without a budget, so that each stranger is answered; one worker, so that bounds are exact."""
    listen = [{"transport": each, "address": "127.0.0.1:0"} for each in ("udp", "tcp", "tls", "dtls")]
    return turn_config(listen=listen, tls=files, workers=1,
                       limits={"allocations_per_user": 0, "challenges_per_second": 0},
                       tcp={"connections_per_network": 0, "message_timeout_s": 1})


def allocate(*attributes):
    body = attribute(REQUESTED_TRANSPORT, UDP) + b"".join(attributes)
    return struct.pack("!HHI", ALLOCATE, len(body), COOKIE) + os.urandom(12) + body


def with_integrity(user, nonce):
    return allocate(attribute(USERNAME, user), attribute(REALM_ATTRIBUTE, REALM.encode()),
                    attribute(NONCE, nonce), attribute(INTEGRITY, os.urandom(20)))


def client_hello(cookie=b""):
    """A DTLS 1.2 ClientHello, in one fragment."""
    suites = struct.pack("!HHH", 4, 0xC02B, 0xC02F)
    body = b"\xfe\xfd" + os.urandom(32) + b"\0" + bytes([len(cookie)]) + cookie + suites + b"\1\0"
    size = len(body).to_bytes(3, "big")
    message = b"\1" + size + bytes(2) + bytes(3) + size + body
    return struct.pack("!BHHHIH", 22, 0xFEFD, 0, 0, 0, len(message)) + message


def known_to_strangers(turn, files):
    """A nonce that the server gave to somebody else."""
    with link(turn, "udp", files) as opened:
        return TurnClient(opened).learn().nonce


def stale(nonce):
    return nonce[:13] + b"00000000" + nonce[21:]


# Name: (transport, one datagram, made with somebody's nonce).
DATAGRAM_FLOODS = {
    "Binding": ("udp", lambda _: BINDING[:8] + os.urandom(12)),
    "Allocate without credentials": ("udp", lambda _: allocate()),
    "Allocate, garbage integrity": ("udp", lambda _: with_integrity(
        os.urandom(8).hex().encode(), os.urandom(18).hex().encode())),
    "Allocate, forged, somebody's nonce": (
        "udp", lambda nonce: with_integrity(USER.encode(), nonce)),
    "Allocate, forged, stale nonce": (
        "udp", lambda nonce: with_integrity(USER.encode(), stale(nonce))),
    "Allocate, forged, ever other REST users": ("udp", lambda nonce: with_integrity(
        rest_credential("another secret", os.urandom(8).hex())[0].encode(), nonce)),
    "ChannelData": ("udp", lambda _: struct.pack("!HH", 0x4000, 4) + os.urandom(4)),
    "neither STUN nor TURN": ("udp", lambda _: b"\xf0" + os.urandom(40)),
    "ClientHello without cookie": ("dtls", lambda _: client_hello()),
    "ClientHello, forged cookie": ("dtls", lambda _: client_hello(os.urandom(20))),
    "ClientHello to the port of UDP": ("udp", lambda _: client_hello()),
}
# Name: (transport, what is sent before nothing more comes).
CONNECTION_FLOODS = {
    "half-open TCP": ("tcp", b""),
    "half a STUN message over TCP": ("tcp", BINDING[:10]),
    "a long message that never ends over TCP": (
        "tcp", struct.pack("!HHI", ALLOCATE, 60000, COOKIE) + bytes(20_000)),
    "half-open TLS": ("tls", b""),
    "half a ClientHello over TLS": ("tls", b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3" + bytes(40)),
}


def received(turn):
    return turn.metrics()["icebreaker_turn_received_datagrams_total"]


def pour(turn, transport, make, count):
    """Sends so many from ever other addresses, no faster than the server takes them."""
    target = turn.address(transport).pair
    taken = received(turn)
    for burst in range(count // BURST):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((f"127.{burst % 250 + 1}.{burst // 250 % 250}.7", 0))
            for _ in range(BURST):
                client.sendto(make(), target)
        if burst % 5 == 4:
            # A busy machine may lose some even so.
            wanted = taken + (burst + 1) * BURST * 0.9
            wait_until(lambda: received(turn) >= wanted, what="a flood to be received")


def open_and_stop(turn, kinds, count):
    """Connections, of one kind after the other, that wait until the server gives up on them."""
    for start in range(0, count, CONNECTIONS_AT_ONCE):
        with contextlib.ExitStack() as stack:
            for number in range(start, start + CONNECTIONS_AT_ONCE):
                transport, beginning = kinds[number % len(kinds)]
                client = stack.enter_context(socket.socket())
                client.bind((f"127.{number % 250 + 1}.{number // 250 % 250}.8", 0))
                client.settimeout(20)
                client.connect(turn.address(transport).pair)
                client.sendall(beginning)
                stack.callback(wait_for_end, client)
    wait_until(lambda: turn.metrics().total("icebreaker_turn_connections") == 0)


def wait_for_end(client):
    with contextlib.suppress(ConnectionResetError):
        while client.recv(4096):
            pass


def resident(turn):
    return turn.metrics()["process_resident_memory_bytes"]


def growth_by(turn, flood, count, warm_up):
    """Bytes of resident memory; a warm-up pays for buffers and for the most that is ever open at once."""
    flood(warm_up)
    before = resident(turn)
    flood(count)
    return int(resident(turn) - before)


def growth_by_datagrams(turn, files, name, count):
    transport, make = DATAGRAM_FLOODS[name]
    nonce = known_to_strangers(turn, files)
    return growth_by(turn, lambda number: pour(turn, transport, lambda: make(nonce), number), count,
                     count // 4)


def growth_by_connections(turn, names, count):
    # Until the holes that many handshakes leave in the heap are those that the next ones fill.
    warm_up = 6 * CONNECTIONS_AT_ONCE
    kinds = [CONNECTION_FLOODS[name] for name in names]
    return growth_by(turn, lambda number: open_and_stop(turn, kinds, number), count, warm_up)
