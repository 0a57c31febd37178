"""A TURN client over UDP, TCP, TLS or DTLS, written anew so that our own code is not its own judge."""

import contextlib
import hashlib
import hmac
import ipaddress
import os
import select
import socket
import struct
import subprocess

from support.process import tied_to_us
from support.stun_message import COOKIE, INTEGRITY, NONCE, REALM as REALM_ATTRIBUTE
from support.stun_message import REQUESTED_TRANSPORT, UDP, USERNAME, Response, attribute
from support.tls import trusting
from support.turn_server import PASSWORD, REALM, USER

ALLOCATE, REFRESH, SEND, CREATE_PERMISSION, CHANNEL_BIND = 0x003, 0x004, 0x016, 0x008, 0x009
CHANNEL_NUMBER, LIFETIME, XOR_PEER_ADDRESS, DATA = 0x000C, 0x000D, 0x0012, 0x0013
TIMEOUT_S = 10


class SocketLink:
    """A connected UDP, TCP or TLS socket; messages are told apart by their own lengths."""

    def __init__(self, connected):
        self.socket = connected
        self.is_stream = connected.type == socket.SOCK_STREAM
        self._unread = b""

    def send(self, message):
        self.socket.sendall(message)

    def read_some(self):
        return self.socket.recv(65536)

    def receive(self):
        """The next message, padding and all; empty once the server has closed the link."""
        while (size := whole_message(self._unread, self.is_stream)) is None:
            if not (more := self.read_some()):
                return b""
            self._unread += more
        message, self._unread = self._unread[:size], self._unread[size:]
        return message


class DtlsLink(SocketLink):
    """Through openssl, since Python has no DTLS. Each send() waits for its answer to be a record."""

    is_stream = False

    def __init__(self, process):
        self._process = process
        self._unread = b""

    def send(self, message):
        os.write(self._process.stdin.fileno(), message)

    def read_some(self):
        ready, _, _ = select.select([self._process.stdout], [], [], TIMEOUT_S)
        assert ready, "no answer over DTLS"
        return os.read(self._process.stdout.fileno(), 65536)


def whole_message(received, is_stream):
    if len(received) < 4:
        return None
    kind, length = struct.unpack_from("!HH", received)
    size = 20 + length if kind < 0x4000 else 4 + length
    if kind >= 0x4000 and is_stream:
        size += -length % 4
    return size if len(received) >= size else None


@contextlib.contextmanager
def link(turn, transport, files):
    """An open link to that listener of the server; `files` are its certificate's."""
    pair = turn.address(transport).pair
    if transport == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(TIMEOUT_S)
            client.connect(pair)
            yield SocketLink(client)
    elif transport == "dtls":
        argv = ["openssl", "s_client", "-connect", f"{pair[0]}:{pair[1]}", "-dtls1_2", "-quiet"]
        with subprocess.Popen(tied_to_us(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as client:
            try:
                yield DtlsLink(client)
            finally:
                client.kill()
    else:
        with socket.create_connection(pair, timeout=TIMEOUT_S) as client:
            if transport == "tls":
                client = trusting(files).wrap_socket(client, server_hostname="127.0.0.1")
            with client:
                yield SocketLink(client)


def peer_value(peer, transaction):
    host, port = peer
    ip = ipaddress.ip_address(host)
    mask = struct.pack("!I", COOKIE) + transaction
    masked = bytes(a ^ b for a, b in zip(ip.packed, mask))
    return struct.pack("!BBH", 0, 1 if ip.version == 4 else 2, port ^ COOKIE >> 16) + masked


class TurnClient:
    """Long-term credentials with MESSAGE-INTEGRITY; user and password as text or bytes."""

    def __init__(self, link, user=USER, password=PASSWORD):
        self.link = link
        self.user = user.encode() if isinstance(user, str) else user
        self.key = hashlib.md5(self.user + f":{REALM}:{password}".encode()).digest()
        self.nonce = None

    def learn(self):
        """From now on requests are signed."""
        challenge = self.request(ALLOCATE, attribute(REQUESTED_TRANSPORT, UDP))
        assert challenge.error == 401
        self.nonce = challenge.attributes[NONCE]
        return self

    def message(self, method, *attributes, peers=()):
        transaction = os.urandom(12)
        body = b"".join(attributes)
        for peer in peers:
            body += attribute(XOR_PEER_ADDRESS, peer_value(peer, transaction))
        if self.nonce is None or method == SEND:
            return struct.pack("!HHI", method, len(body), COOKIE) + transaction + body
        body += (attribute(USERNAME, self.user) + attribute(REALM_ATTRIBUTE, REALM.encode())
                 + attribute(NONCE, self.nonce))
        head = struct.pack("!HHI", method, len(body) + 24, COOKIE) + transaction + body
        return head + attribute(INTEGRITY, hmac.digest(self.key, head, "sha1"))

    def request(self, method, *attributes, peers=()):
        self.link.send(self.message(method, *attributes, peers=peers))
        answer = self.link.receive()
        assert answer, "the server closed the link"
        return Response(answer)

    def allocate(self):
        return self.request(ALLOCATE, attribute(REQUESTED_TRANSPORT, UDP))

    def create_permission(self, *peers):
        return self.request(CREATE_PERMISSION, peers=peers)

    def channel_bind(self, number, peer):
        return self.request(CHANNEL_BIND, attribute(CHANNEL_NUMBER, struct.pack("!HH", number, 0)),
                            peers=[peer])

    def send(self, peer, data):
        self.link.send(self.message(SEND, attribute(DATA, data), peers=[peer]))


def allocated(link, **credentials):
    client = TurnClient(link, **credentials).learn()
    answer = client.allocate()
    assert answer.error == 0, answer.error
    return client
