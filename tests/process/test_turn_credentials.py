"""icebreaker-turn against a client of RFC 8489 that is written from its text: SHA-256, user hashes, bid-down."""

import base64
import hashlib
import hmac
import os
import socket
import struct

import pytest

from support.stun_message import (ALGORITHM, ALGORITHMS, COOKIE, INTEGRITY, MD5, NONCE,
                                  REALM as REALM_ATTRIBUTE, REQUESTED_TRANSPORT, SHA256,
                                  SHA256_INTEGRITY, UDP, USERHASH, USERNAME, Response, attribute)
from support.turn import rest_credential
from support.turn_server import PASSWORD, REALM, SECRET, USER, turn_config

STATIC_ONLY = {"auth": {"users": [{"name": USER, "password": PASSWORD}]}}


class Client:
    """One Allocate a call, over a socket of its own."""

    def __init__(self, turn, user=USER, password=PASSWORD):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(10)
        self.socket.connect(turn.address("udp").pair)
        self.user, self.password = user.encode(), password.encode()
        challenge = self.allocate(b"")
        assert challenge.error == 401
        self.nonce = challenge.attributes[NONCE]
        self.offered = challenge.attributes[ALGORITHMS]

    def key(self, digest):
        return hashlib.new(digest, b":".join([self.user, REALM.encode(), self.password])).digest()

    def named(self):
        return attribute(USERNAME, self.user)

    def hashed(self):
        return attribute(USERHASH, hashlib.sha256(self.user + b":" + REALM.encode()).digest())

    def allocate(self, attributes, integrity=None, key=b""):
        body = attribute(REQUESTED_TRANSPORT, UDP) + attributes
        size = {INTEGRITY: 20, SHA256_INTEGRITY: 32}.get(integrity)
        length = len(body) + (4 + size if size else 0)
        message = struct.pack("!HHI", 0x0003, length, COOKIE) + os.urandom(12) + body
        if size:
            digest = "sha256" if integrity == SHA256_INTEGRITY else "sha1"
            message += attribute(integrity, hmac.digest(key, message, digest))
        self.socket.send(message)
        return Response(self.socket.recv(2048))

    def allocate_by_sha256(self, name, algorithms=None):
        listed = self.offered if algorithms is None else algorithms
        return self.allocate(
            name + attribute(REALM_ATTRIBUTE, REALM.encode()) + attribute(NONCE, self.nonce)
            + attribute(ALGORITHMS, listed) + attribute(ALGORITHM, SHA256),
            SHA256_INTEGRITY, self.key("sha256"))


@pytest.fixture(scope="module")
def turn(start_module_server):
    return start_module_server("turn", turn_config())


@pytest.fixture(scope="module")
def turn_of_known_users(start_module_server):
    return start_module_server("turn", turn_config(**STATIC_ONLY))


def features(nonce):
    assert nonce[:9] == b"obMatJos2"
    return int.from_bytes(base64.b64decode(nonce[9:13]), "big")


def test_offers_sha256_before_md5(turn, turn_of_known_users):
    client = Client(turn)

    assert client.offered == SHA256 + MD5
    assert features(client.nonce) == 0x800000
    assert features(Client(turn_of_known_users).nonce) == 0xC00000


def test_allocates_by_sha256_for_static_and_rest_users(turn):
    for client in (Client(turn), Client(turn, *rest_credential(SECRET))):
        answer = client.allocate_by_sha256(client.named())

        assert answer.error == 0
        assert answer.is_signed_by(SHA256_INTEGRITY, client.key("sha256"))
        assert INTEGRITY not in answer.attributes


def test_allocates_by_userhash(turn_of_known_users):
    client = Client(turn_of_known_users)

    answer = client.allocate_by_sha256(client.hashed())

    assert answer.error == 0
    assert answer.is_signed_by(SHA256_INTEGRITY, client.key("sha256"))


def test_serves_clients_of_rfc_5389_as_ever(turn_of_known_users):
    client = Client(turn_of_known_users)

    answer = client.allocate(
        client.named() + attribute(REALM_ATTRIBUTE, REALM.encode())
        + attribute(NONCE, client.nonce), INTEGRITY, client.key("md5"))

    assert answer.error == 0
    assert answer.is_signed_by(INTEGRITY, client.key("md5"))


def test_notices_a_bid_down(turn):
    client = Client(turn)

    assert client.allocate_by_sha256(client.named(), algorithms=MD5 + SHA256).error == 400
    assert client.allocate_by_sha256(client.named(), algorithms=SHA256).error == 400
    client.nonce = b"obMatJos2AAAA" + client.nonce[13:]
    stale = client.allocate_by_sha256(client.named())
    assert stale.error == 438
    assert stale.attributes[ALGORITHMS] == client.offered
