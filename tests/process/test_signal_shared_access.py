"""Access tokens with several instances on one Redis: whatever one of them learned of a session, all enforce."""

import itertools
import json
import random
import signal

import pytest

from support.fleet import missing_programs
from support.jwt import SECRET, claims, hs256
from support.net import wait_until
from support.signal_http import BASE, call, error_of, hello, messages_path, opened

pytestmark = pytest.mark.skipif(bool(missing_programs("redis-server")), reason=missing_programs("redis-server"))

OLD, NEW = "the old secret of all instances", "the new secret of all instances"
GRANTS = {"rooms": ["lobby", "team-*"], "match": ["chess"], "capacity": 3, "watch": ["bob"]}
FORBIDDEN = [{"type": "join", "room": "elsewhere"}, {"type": "join", "room": "lobby", "capacity": 4},
             {"type": "match", "queue": "go"}, {"type": "match", "queue": "chess", "size": 4},
             {"type": "watch", "users": ["bob", "eve"]}]


def config_of(redis, *token_secrets, **limits):
    return {**BASE, "state": redis.url,
            "session": {"hold_ms": 300, "token_secrets": list(token_secrets or (OLD,))},
            "auth": {"mode": "jwt", "keys": [{"algorithm": "HS256", "secret": SECRET}]},
            "limits": {**BASE["limits"], **limits}}


@pytest.fixture(name="redis")
def redis_fixture(start_redis):
    return start_redis()


@pytest.fixture(name="start_two")
def start_two_fixture(start_server, redis):
    def start(*secrets, **limits):
        return [start_server("signal", config_of(redis, *secrets, **limits)) for _ in range(2)]

    return start


class Roamer:
    """A session whose every request goes to an instance taken at random, and each of them gets some."""

    def __init__(self, servers, **fields):
        self._addresses = [server.address("http") for server in servers]
        self._random = random.Random(5)
        self._numbers = itertools.count(1)
        self._seen = 0
        self.welcome = opened(self.somewhere(), **fields)

    def somewhere(self):
        return self._random.choice(self._addresses)

    def say(self, message):
        body = {"epoch": self.welcome["epoch"], "messages": [{**message, "n": next(self._numbers)}]}
        answer = call(self.somewhere(), "POST", messages_path(self.welcome), body)
        assert answer.status == 202, answer

    def hear(self):
        messages = []
        while not messages:
            answer = call(self.somewhere(), "GET", messages_path(self.welcome, f"after={self._seen}"))
            assert answer.status == 200, answer
            messages = json.loads(answer.body)["messages"]
        self._seen += 1
        assert messages[0]["seq"] == self._seen
        return messages[0]

    def ask(self, message):
        self.say(message)
        return self.hear()


def assert_is_kept_to_its_grants(session):
    for message in FORBIDDEN * 3:
        answer = session.ask(message)
        assert (answer["type"], answer.get("code")) == ("error", "forbidden"), (message, answer)
    assert session.ask({"type": "match", "queue": "chess"})["type"] == "matching"
    assert session.ask({"type": "match-cancel", "queue": "chess"})["type"] == "match-cancelled"
    assert session.ask({"type": "join", "room": "team-red", "capacity": 3})["capacity"] == 3


def test_grants_hold_on_every_instance(start_two):
    ann = Roamer(start_two(), token=hs256(claims(user="ann", **GRANTS)))

    assert_is_kept_to_its_grants(ann)


def test_the_user_is_the_tokens_on_every_instance(start_two):
    servers = start_two()
    ann = Roamer(servers, token=hs256(claims(user="ann")))
    assert ann.ask({"type": "watch", "users": ["bob"]})["online"] is False

    Roamer(servers, token=hs256(claims(user="bob")), user="bob")

    assert ann.hear() | {"seq": 0} == {"type": "presence", "user": "bob", "online": True, "seq": 0}
    for server in servers:
        address = server.address("http")
        for fields, status in (({"token": hs256(claims(user="ann")), "user": "bob"}, 403),
                               ({"token": hs256(claims(), "another secret")}, 401), ({}, 401)):
            assert call(address, "POST", "/v1/sessions", hello(**fields)).status == status


def test_a_resume_token_of_one_instance_is_good_at_the_other(start_two, redis):
    one, other = start_two()
    ann = opened(one.address("http"), token=hs256(claims(user="ann", **GRANTS)))
    redis.command("FLUSHALL")

    back = Roamer([other], resume_token=ann["resume_token"])

    assert back.welcome["resumed"] is False and back.welcome["peer"] == ann["peer"]
    assert_is_kept_to_its_grants(back)


def test_a_users_rates_hold_over_all_instances(start_two):
    servers = start_two(joins_per_minute=0, opens_per_minute=2)
    token = hs256(claims(user="ann"))

    statuses = [call(server.address("http"), "POST", "/v1/sessions", hello(token=token)).status
                for server in [*servers, *servers]]

    assert statuses == [201, 201, 429, 429]


def status_of(server, welcome, **fields):
    answer = call(server.address("http"), "POST", "/v1/sessions", hello(resume_token=welcome["resume_token"], **fields))
    if answer.status != 201:
        assert error_of(answer) == "unauthorized"
    return answer.status


def test_secrets_of_resume_tokens_rotate_without_a_gap(start_two, redis):
    servers = start_two(OLD)
    token = hs256(claims(user="ann"))

    def open_at(server):
        return opened(server.address("http"), token=token)

    def give(server, *secrets):
        before = server.text.count("signal: reloaded")
        server.write_config(config_of(redis, *secrets))
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.text.count("signal: reloaded") == before + 1)

    def assert_all_are_good_everywhere():
        for maker, reader in itertools.product(servers, repeat=2):
            assert status_of(reader, open_at(maker)) == 201

    by_old = open_at(servers[0])
    # The new one is known everywhere before it signs, and the old one where it signed last.
    for secrets in ((OLD, NEW), (NEW, OLD)):
        for server in servers:
            give(server, *secrets)
            assert_all_are_good_everywhere()
            assert status_of(server, by_old) == 201
    by_new = open_at(servers[0])
    for server in servers:
        give(server, NEW)
    for server in servers:
        assert status_of(server, by_old) == 401
        assert status_of(server, by_new) == 201
        # With an access token the client is let in, as somebody new.
        again = opened(server.address("http"), resume_token=by_old["resume_token"], token=token)
        assert again["resumed"] is False and again["peer"] != by_old["peer"]
