"""Redis fails over to its replica: sessions go on when it has everything, and are lost in words when it lags."""

import socket

import pytest

from support.fleet import missing_programs
from support.net import wait_until
from support.signal_http import BASE, call, error_of, hello, messages_path, opened
from support.tcp_proxy import TcpProxy

pytestmark = pytest.mark.skipif(bool(missing_programs("redis-server")),
                                reason=missing_programs("redis-server"))


def config(url):
    session = {"hold_ms": 300, "token_secrets": ["the secret of all instances"]}
    return {**BASE, "state": url, "session": session}


@pytest.fixture
def redis_pair(start_redis):
    """A primary and its replica, which has everything."""
    primary, replica = start_redis(), start_redis()
    replica.command("REPLICAOF", "127.0.0.1", primary.port)
    wait_until(lambda: "master_link_status:up" in replica.command("INFO", "replication"))
    return primary, replica


@pytest.fixture
def way(redis_pair):
    with TcpProxy(redis_pair[0].port) as proxy:
        yield proxy


@pytest.fixture
def server(start_server, way):
    return start_server("signal", config(f"redis://127.0.0.1:{way.port}/0"))


def join(address, who, n):
    """What it takes to be told something; the state engine has taken it."""
    messages = [{"type": "join", "room": f"room-{n}", "n": n}]
    answer = call(address, "POST", messages_path(who),
                  {"epoch": who["epoch"], "messages": messages})
    assert answer.status == 202, answer


def test_keeps_sessions_when_the_replica_has_everything(redis_pair, way, server):
    primary, replica = redis_pair
    address = server.address("http")
    ann = opened(address)
    join(address, ann, 1)

    primary.command("FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 10000)
    wait_until(lambda: "role:master" in replica.command("INFO", "replication"))
    server.wait_for("is a replica or takes no writes")  # whoever is asked there
    way.lead_to(replica.port)
    server.wait_for("ready again")

    answer = call(address, "GET", messages_path(ann, "after=0"))
    assert answer.status == 200 and b'"joined"' in answer.body


def test_says_that_sessions_are_lost_when_the_replica_lags(redis_pair, way, server):
    primary, replica = redis_pair
    address = server.address("http")
    ann = opened(address)
    wait_until(lambda: any(ann["peer"] in key for key in replica.keys()))
    replica.command("REPLICAOF", "NO", "ONE")  # from now on it misses everything
    join(address, ann, 1)

    primary.kill()
    way.lead_to(replica.port)
    server.wait_for("ready again")
    server.wait_for("Redis came back without the newest data")

    answer = call(address, "GET", messages_path(ann, "after=0"))
    assert (answer.status, error_of(answer)) == (410, "session_lost")
    again = opened(address, resume_token=ann["resume_token"])
    assert again["peer"] == ann["peer"] and again["session"] != ann["session"]
    join(address, again, 1)


def test_is_not_ready_while_somebody_elses_script_keeps_redis_busy(start_redis, start_server):
    redis = start_redis(args=["--busy-reply-threshold", "100"])
    server = start_server("signal", config(redis.url))
    ann = opened(server.address("http"))
    with socket.create_connection(("127.0.0.1", redis.port)) as somebody:
        somebody.sendall(b"EVAL 'while true do end' 0\r\n")
        server.wait_for("busy with somebody's long script")
        wait_until(lambda: server.get("/readyz").status == 503)
        redis.command("SCRIPT", "KILL")

    server.wait_for("ready again")
    join(server.address("http"), ann, 1)
