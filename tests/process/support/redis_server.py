"""A redis-server of the test's own on a free port and a unix socket, and just enough of its protocol."""

import contextlib
import mmap
import socket
import struct
from urllib.parse import quote

from support.binaries import support_binary
from support.net import free_port, wait_until
from support.process import Process


class RedisError(Exception):
    """An error that Redis answered, such as `NOAUTH Authentication required.`"""


class RedisServer(Process):
    def __init__(self, folder, *, port=None, password=None, append_only=False, args=()):
        """folder: holds the socket and what Redis saves; the same one again is a restart."""
        self.folder = folder
        self.port = port or free_port()
        self.password = password
        self.socket_path = folder / "redis.sock"
        self.socket_path.unlink(missing_ok=True)
        clock = folder / "clock"
        if not clock.exists():
            clock.write_bytes(bytes(8))
        with clock.open("r+b") as file:
            self._clock = mmap.mmap(file.fileno(), 8)
        argv = ["redis-server", "--bind", "127.0.0.1", "-::1", "--port", self.port, "--unixsocket",
                self.socket_path, "--dir", folder, "--save", "", "--appendonly",
                "yes" if append_only else "no", "--appendfsync", "always"]
        if password is not None:
            argv += ["--requirepass", password]
        super().__init__([*argv, *args], name="redis-server",
                         env={"LD_PRELOAD": str(support_binary("shift-clock.so")),
                              "ICEBREAKER_CLOCK_SHIFT": str(clock)})

    @property
    def url(self):
        """For `state = …` of signal.toml."""
        user = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{user}127.0.0.1:{self.port}/0"

    @property
    def socket_url(self):
        user = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis+unix://{user}{self.socket_path}"

    def wait_listening(self, timeout=20.0):
        self.wait_for("Ready to accept connections", timeout)
        wait_until(self.socket_path.exists, timeout)
        return self

    def command(self, *words):
        """One command on a connection of its own, as text: command('SCRIPT', 'FLUSH')."""
        with self.connection() as ask:
            return ask(*words)

    @contextlib.contextmanager
    def connection(self):
        """ask(*words) → the reply; raises RedisError."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            with connection.makefile("rwb") as stream:
                def ask(*words):
                    _write(stream, words)
                    return _read(stream)

                if self.password:
                    ask("AUTH", self.password)
                yield ask

    def advance_clock(self, seconds):
        """TIME and the expiry of keys go on from there."""
        shift = struct.unpack("q", self._clock[:8])[0] + int(seconds * 1e6)
        self._clock[:8] = struct.pack("q", shift)

    def keys(self):
        return self.command("KEYS", "*")


def _write(stream, words):
    encoded = [str(each).encode() for each in words]
    stream.write(b"*%d\r\n" % len(encoded))
    for each in encoded:
        stream.write(b"$%d\r\n%s\r\n" % (len(each), each))
    stream.flush()


def _read(stream):
    line = stream.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b"-":
        raise RedisError(rest.decode())
    if kind == b"+":
        return rest.decode()
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else stream.read(int(rest) + 2)[:-2].decode(errors="replace")
    assert kind == b"*", f"not a reply of Redis: {line}"
    return None if rest == b"-1" else [_read(stream) for _ in range(int(rest))]
