"""Writes tests/fuzz/corpus from the golden data in tests/data; run it again when those change."""

import json
import re
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data"
PROXY_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def rfc_vectors():
    text = (DATA / "stun" / "rfc_vectors.hpp").read_text(encoding="utf-8")
    for name, body in re.findall(r'string_view k(\w+) = R"\(([0-9a-f\s]+)\)"', text):
        yield name, bytes.fromhex(body)


def channel_data(number, payload, padding=b""):
    return struct.pack("!HH", number, len(payload)) + payload + padding


def channel_frames():
    yield "empty", channel_data(0x4000, b"")
    yield "whole", channel_data(0x4001, b"four")
    yield "unpadded", channel_data(0x4FFF, b"seven b")
    yield "padded", channel_data(0x7FFF, b"seven b", b"\0")
    yield "too-much-padding", channel_data(0x4000, b"abcd", b"\0" * 4)
    yield "cut-short", channel_data(0x4000, b"a payload")[:-3]
    yield "not-a-channel", channel_data(0x8000, b"four")


def proxy_v2(command, family, addresses, extensions=b""):
    body = addresses + extensions
    return PROXY_SIGNATURE + struct.pack("!BBH", 0x20 | command, family, len(body)) + body


def proxy_headers():
    ports = struct.pack("!HH", 40000, 3478)
    v4 = bytes([192, 0, 2, 1, 198, 51, 100, 2])
    v6 = (bytes.fromhex("20010db8") + bytes(11) + b"\x01") * 2
    yield "v1-tcp4", b"PROXY TCP4 192.0.2.1 198.51.100.2 40000 3478\r\nfirst"
    yield "v1-tcp6", b"PROXY TCP6 2001:db8::1 2001:db8::2 40000 3478\r\n"
    yield "v1-unknown", b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"
    yield "v1-bad-port", b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 3478\r\n"
    yield "v2-tcp4", proxy_v2(1, 0x11, v4 + ports) + b"first"
    yield "v2-tcp6", proxy_v2(1, 0x21, v6 + ports)
    yield "v2-local", proxy_v2(0, 0x00, b"")
    yield "v2-extensions", proxy_v2(1, 0x11, v4 + ports, b"\x04\0\x03abc\x03\0\x04\1\2\3\4")
    yield "v2-unix", proxy_v2(1, 0x31, bytes(216))
    yield "v2-cut-short", proxy_v2(1, 0x11, v4 + ports)[:-1]
    yield "stun", bytes.fromhex("000100002112a442") + bytes(12)


def json_messages():
    messages = []
    for side in ("client", "server"):
        for path in sorted((DATA / "signaling" / side).glob("*.json")):
            for number, each in enumerate(json.loads(path.read_text(encoding="utf-8"))):
                text = json.dumps(each["message"], separators=(",", ":"), ensure_ascii=False)
                yield f"{side}-{path.stem}-{number}", text.encode()
                messages.append(each["message"])
    post = {"epoch": 5, "ack": 3, "messages": messages[:3]}
    yield "post", json.dumps(post).encode()
    yield "poll", json.dumps({"messages": messages[-3:]}).encode()
    yield "received", b'{"received":7}'


def candidates():
    lines = (DATA / "ice" / "candidates.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    for number, line in enumerate(wanted):
        yield f"{number:02}", line.encode()


def streams():
    vectors = [message for _, message in rfc_vectors()]
    frames = [channel_data(0x4000 + size, b"p" * size, bytes(-size % 4)) for size in range(5)]
    for piece in (1, 7, 255):
        yield f"mixed-{piece}", bytes([piece]) + b"".join(vectors[:2] + frames + vectors[2:])


def step(action, client=0, rest=0):
    """Two bytes for RelayWorld::step(), which has four clients."""
    return bytes([action, client + 4 * rest])


ALLOCATE, REFRESH, PERMIT, BIND, SEND, CHANNEL, PEER, FAIL, WAIT, GARBAGE = range(10)


def relay_sequences():
    """Lives of allocations; what the steps mean is in tests/support/relay_world.hpp."""
    talk = b"".join(step(BIND, 0, n) + step(CHANNEL, 0, n) + step(PEER, 0, n) for n in range(4))
    yield "talk-on-channels", step(ALLOCATE, 0, 1) + talk + step(REFRESH)
    indications = b"".join(step(SEND, 1, n) + step(PEER, 1, n) for n in range(8))
    permissions = b"".join(step(PERMIT, 1, n) for n in range(8))
    yield "talk-by-indications", step(ALLOCATE, 1, 1) + permissions + indications
    yield "outlive-permissions", step(ALLOCATE) + permissions + talk + step(WAIT, 0, 60) * 6 + talk
    yield "outlive-the-allocation", step(ALLOCATE) + talk + step(WAIT, 3, 63) * 4 + talk
    yield "refresh-for-ever", step(ALLOCATE) + (step(WAIT, 0, 60) + step(REFRESH, 0, 1)) * 4
    yield "every-form", b"".join(step(ALLOCATE, n % 4, n) + step(REFRESH, n % 4) for n in range(60))
    yield "quota", b"".join(step(ALLOCATE, n) for n in range(4)) + step(REFRESH) + step(ALLOCATE, 3)
    yield "failing-sockets", (step(FAIL) + step(ALLOCATE, 2, 1)) * 3 + step(ALLOCATE, 2, 1) + talk
    yield "half-of-a-dual-one", step(ALLOCATE, 0, 1) + step(REFRESH, 0, 6) + talk + step(REFRESH, 0, 9)
    yield "reservation", step(ALLOCATE, 0, 4) + step(ALLOCATE, 1, 5) + step(ALLOCATE, 2, 16)
    yield "garbage", b"".join(step(GARBAGE, n % 4, n) for n in range(40))


CORPORA = {
    "candidate": candidates,
    "channel_data": channel_frames,
    "json": json_messages,
    "proxy_header": proxy_headers,
    "relay": relay_sequences,
    "stream": streams,
    "stun": rfc_vectors,
}


def main():
    for target, make in CORPORA.items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in make():
            (folder / name).write_bytes(content)


main()
