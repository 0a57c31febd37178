"""STUN messages, written anew from RFC 8489 so that our own code is not its own judge."""

import hmac
import struct

COOKIE = 0x2112A442
USERNAME, INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
REQUESTED_TRANSPORT, SHA256_INTEGRITY = 0x0019, 0x001C
ALGORITHM, USERHASH, ALGORITHMS = 0x001D, 0x001E, 0x8002
UDP = struct.pack("!I", 17 << 24)
MD5, SHA256 = struct.pack("!HH", 1, 0), struct.pack("!HH", 2, 0)
BINDING = struct.pack("!HHI", 0x0001, 0, COOKIE) + bytes(12)


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


class Response:
    def __init__(self, wire):
        self.wire = wire
        self.attributes = {}
        self.offsets = {}
        at = 20
        while at < len(wire):
            kind, size = struct.unpack_from("!HH", wire, at)
            self.attributes[kind] = wire[at + 4:at + 4 + size]
            self.offsets[kind] = at
            at += 4 + size + -size % 4

    @property
    def error(self):
        value = self.attributes.get(ERROR_CODE)
        return value[2] * 100 + value[3] if value else 0

    @property
    def padding(self):
        """All that lies between the attributes."""
        ends = [(at + 4 + len(self.attributes[kind])) for kind, at in self.offsets.items()]
        return b"".join(self.wire[end:end + -end % 4] for end in ends)

    def is_signed_by(self, kind, key):
        at = self.offsets[kind]
        value = self.attributes[kind]
        head = self.wire[:2] + struct.pack("!H", at + 4 + len(value) - 20) + self.wire[4:at]
        return hmac.digest(key, head, "sha256" if kind == SHA256_INTEGRITY else "sha1") == value
