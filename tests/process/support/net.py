"""Addresses, free ports and small HTTP requests, on loopback only and past any proxy."""

import dataclasses
import http.client
import ipaddress
import random
import re
import socket
import time

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}


@dataclasses.dataclass(frozen=True)
class Address:
    host: str
    port: int

    @classmethod
    def parse(cls, text):
        host, _, port = text.rpartition(":")
        return cls(host.strip("[]"), int(port))

    @property
    def family(self):
        is_v6 = ipaddress.ip_address(self.host).version == 6
        return socket.AF_INET6 if is_v6 else socket.AF_INET

    @property
    def pair(self):
        """What socket.connect and socket.sendto take; a wildcard becomes loopback."""
        is_any = ipaddress.ip_address(self.host).is_unspecified
        return (LOOPBACK[self.family] if is_any else self.host, self.port)

    def __str__(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def free_port(family=socket.AF_INET):
    """A port free for UDP and TCP a moment ago; let a server bind port 0 wherever you can.

    Below the range from which the kernel takes ports for others meanwhile.
    """
    for _ in range(50):
        port = random.randrange(20000, 32768)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(family, kind) as probe:
                    probe.bind((ANY[family], port))
        except OSError:
            continue
        return port
    raise AssertionError("no port is free for both UDP and TCP")


@dataclasses.dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def http_request(address, path, *, method="GET", body=None, headers=None, timeout=20.0):
    host, port = address.pair
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics(dict):
    """Samples by their exposition name, labels included: metrics['a_total{code="401"}']."""

    @classmethod
    def parse(cls, text):
        rows = [line for line in text.splitlines() if line and not line.startswith("#")]
        parsed = [(_SAMPLE.match(row), row) for row in rows]
        bad = [row for found, row in parsed if found is None]
        assert not bad, f"not the Prometheus text format: {bad}"
        types = [line for line in text.splitlines() if line.startswith("# TYPE ")]
        twice = {line for line in types if types.count(line) > 1}
        assert not twice, f"a metric is there twice: {twice}"
        return cls((row.rsplit("}", 1)[0] + "}" if found[2] is not None else found[1],
                    float(found[3])) for found, row in parsed)

    def total(self, name, **labels):
        """The sum over all samples of that name that carry these labels; 0 without any."""
        result = 0.0
        for key, value in self.items():
            base, _, inside = key.partition("{")
            if base == name and labels.items() <= dict(_LABEL.findall(inside)).items():
                result += value
        return result


def scrape(address):
    answer = http_request(address, "/metrics")
    assert answer.status == 200, f"/metrics answered {answer.status}"
    return Metrics.parse(answer.body.decode())


def wait_until(condition, timeout=20.0, what=None):
    """Polls until the condition holds and returns its value; for what nobody announces."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what or condition}"
        time.sleep(0.02)
    return value
