"""What floods of strangers leave in icebreaker-turn's memory; figures of a release build: tests/bench/flood.

coturn #1999, #2024, #2025, CVE-2026-73214, GHSA-5x2p-4vqj-f6m4.
"""

import os

import pytest

from support.floods import (CONNECTION_FLOODS, DATAGRAM_FLOODS, KEEP_NOTHING, flood_config,
                            growth_by_connections, growth_by_datagrams)
from support.tls import self_signed
from support.turn_client import allocated, link

# 18,800 bytes for each, as coturn once kept, would be 188 MB.
DATAGRAMS = 10_000
CONNECTIONS = 1_000
MOST_BYTES = 1 << 20


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def turn(start_module_server, files):
    options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), KEEP_NOTHING]))
    return start_module_server("turn", flood_config(files), env={"ASAN_OPTIONS": options})


def assert_serves(turn, files):
    for transport in ("udp", "tcp", "tls", "dtls"):
        with link(turn, transport, files) as opened:
            allocated(opened)


@pytest.mark.parametrize("name", DATAGRAM_FLOODS)
def test_coturn_1999_a_flood_of_datagrams_takes_no_memory(turn, files, name):
    before = turn.metrics()["icebreaker_turn_dtls_associations"]

    assert growth_by_datagrams(turn, files, name, DATAGRAMS) < MOST_BYTES

    assert turn.metrics()["icebreaker_turn_dtls_associations"] == before
    assert_serves(turn, files)


def test_a_flood_of_connections_takes_no_memory(turn, files):
    assert growth_by_connections(turn, list(CONNECTION_FLOODS), CONNECTIONS) < MOST_BYTES

    assert_serves(turn, files)
