"""Access tokens against the real binary, signed by hand and by openssl."""

import contextlib
import json
import re
import signal
import sys
from pathlib import Path

import pytest

from support.jwt import SECRET, KeyPair, base64url, claims, hs256, token
from support.net import wait_until
from support.signal_client import Closed, PollClient, SocketClient, clients, in_loop
from support.signal_http import BASE, call, error_of, hello, opened
from support.tools import run_tool

README = Path(__file__).resolve().parents[2] / "README.md"


def config_with(*keys, **auth):
    return {**BASE, "auth": {"mode": "jwt", "keys": list(keys), **auth}}


HS256_KEY = {"algorithm": "HS256", "secret": SECRET}


@pytest.fixture(name="address", scope="module")
def address_fixture(start_module_server):
    return start_module_server("signal", config_with(HS256_KEY)).address("http")


@pytest.fixture(name="key_pairs", scope="module")
def key_pairs_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {algorithm: KeyPair(folder, algorithm) for algorithm in ("RS256", "ES256")}


def status_of(address, text):
    return call(address, "POST", "/v1/sessions", hello(token=text)).status


@contextlib.asynccontextmanager
async def member(address, **fields):
    async with clients() as http:
        client = await SocketClient(http).connect(f"http://{address}")
        await client.hello(token=hs256(claims(**fields)))
        yield client


async def refused(client, **message):
    await client.send(**message)
    error = await client.next("error")
    assert error["code"] == "forbidden", error
    return error["message"]


def test_takes_tokens_of_every_algorithm(start_server, key_pairs):
    keys = [{"algorithm": pair.algorithm, "public_key_file": str(pair.public)}
            for pair in key_pairs.values()]
    address = start_server("signal", config_with(HS256_KEY, *keys)).address("http")

    for pair in key_pairs.values():
        assert status_of(address, pair.token(claims(user="ann"))) == 201, pair.algorithm
    assert status_of(address, hs256(claims())) == 201


def test_takes_no_public_key_for_a_secret(start_server, key_pairs):
    for algorithm, pair in key_pairs.items():
        key = {"algorithm": algorithm, "public_key_file": str(pair.public)}
        address = start_server("signal", config_with(key)).address("http")
        pem = pair.public.read_text()
        for secret in (pem, pem.strip(), pem.replace("\n", "")):
            assert status_of(address, hs256(claims(), secret)) == 401


def test_refuses_bad_tokens_and_says_why(start_server):
    server = start_server("signal", config_with({**HS256_KEY, "id": "k1"}, audience="signal"))
    address = server.address("http")
    good = claims(aud="signal")
    body = base64url(json.dumps(good).encode())
    bad = {
        "missing": "",
        "malformed": "garbage",
        "wrong_algorithm": token(lambda _: b"", good, alg="none"),
        "unknown_key": hs256(good, kid="k2"),
        "signature": hs256(good, "another secret"),
        "expired": hs256(claims(aud="signal", exp=1)),
        "not_yet": hs256(claims(aud="signal", nbf=2 ** 40)),
        "audience": hs256(claims()),
        "claims": hs256({**good, "rooms": "lobby"}),
    }

    assert status_of(address, hs256(good, kid="k1")) == 201
    for reason, text in bad.items():
        answer = call(address, "POST", "/v1/sessions", hello(**({"token": text} if text else {})))
        assert answer.status == 401 and error_of(answer) == "unauthorized", reason
        assert json.loads(answer.body)["message"], reason
        wait_until(lambda name=reason: server.metrics().total(
            "icebreaker_signal_tokens_refused_total", reason=name) == 1, what=reason)
    head = base64url(b'{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}')
    for text in (f"{head}.{body}.AAAA", f"{head}.{body}", f"{head}.{body}.", hs256(good)[:-2],
                 hs256(good) + "A", hs256(good, alg="HS512"), hs256({"aud": "signal"})):
        assert status_of(address, text) == 401, text
    assert status_of(address, "x" * 9000) == 400
    assert status_of(address, hs256(good)) == 201


@in_loop
async def test_closes_a_websocket_without_a_good_token(address):
    async with clients() as http:
        for fields in ({}, {"token": hs256(claims(), "another secret")}):
            client = await SocketClient(http).connect(f"http://{address}")
            await client.send_raw(json.dumps(hello(**fields)))
            assert (await client.any())["code"] == "unauthorized"
            assert await client.close_code() == 4401
        client = await SocketClient(http).connect(f"http://{address}")
        await client.send_raw(json.dumps(hello(token=hs256(claims(user="ann")), user="bob")))
        assert (await client.any())["code"] == "forbidden"
        assert await client.close_code() == 4403


@in_loop
async def test_keeps_clients_to_their_grants(address):
    async with member(address, user="ann", rooms=["lobby", "team-*"], match=["chess"], capacity=3,
                      watch=["b*"]) as ann:
        assert "room" in await refused(ann, type="join", room="elsewhere")
        assert "3" in await refused(ann, type="join", room="lobby", capacity=4)
        assert "queue" in await refused(ann, type="match", queue="go")
        assert "users" in await refused(ann, type="watch", users=["bob", "eve"])
        await ann.send(type="watch", users=["bob"])
        assert (await ann.next("presence"))["online"] is False
        await ann.send(type="join", room="team-red", capacity=3)
        assert (await ann.next("joined"))["capacity"] == 3
        async with member(address, user="bob"):
            assert await ann.next("presence") | {"seq": 0} == {
                "type": "presence", "user": "bob", "online": True, "seq": 0}


@in_loop
async def test_keeps_polling_clients_to_their_grants(address):
    async with clients() as http:
        client = PollClient(http, f"http://{address}")
        await client.hello(token=hs256(claims(rooms=["lobby"])))
        await client.send({"type": "join", "room": "elsewhere"}, {"type": "join", "room": "lobby"})
        assert (await client.next("error"))["code"] == "forbidden"
        assert (await client.next("joined"))["room"] == "lobby"


@in_loop
async def test_resumes_and_recreates_without_the_token_but_within_its_grants(address):
    async with clients() as http:
        base = f"http://{address}"
        first = await SocketClient(http).connect(base)
        await first.hello(token=hs256(claims(rooms=["lobby"])))
        first.drop()
        second = await SocketClient(http, first.session).connect(base)
        assert (await second.hello(resume=first.session.resume()))["resumed"] is True
        await refused(second, type="join", room="elsewhere")
        resume_token = second.session.welcome["resume_token"]
        await second.send(type="bye")
        assert await second.close_code() == 1000

        third = await SocketClient(http).connect(base)
        await third.hello(resume_token=resume_token)
        await refused(third, type="join", room="elsewhere")
        await third.send(type="join", room="lobby")
        assert (await third.next("joined"))["room"] == "lobby"


@in_loop
async def test_opens_only_rooms_of_tokens_when_names_come_from_them(start_server):
    config = config_with(HS256_KEY) | {"rooms": {"names": "token"}}
    address = start_server("signal", config).address("http")

    async with member(address) as nobody:
        await refused(nobody, type="join", room="lobby")
    async with member(address, rooms=["lobby"]) as ann:
        await ann.send(type="join", room="lobby")
        assert (await ann.next("joined"))["room"] == "lobby"


def test_rotates_keys_on_a_reload(start_server):
    new_key = {"algorithm": "HS256", "secret": "another secret of thirty-two bytes or more"}
    old_token, new_token = hs256(claims()), hs256(claims(), new_key["secret"])
    server = start_server("signal", config_with(HS256_KEY))
    address = server.address("http")
    assert [status_of(address, old_token), status_of(address, new_token)] == [201, 401]

    server.write_config(config_with(new_key, HS256_KEY))
    server.signal(signal.SIGHUP)
    wait_until(lambda: status_of(address, new_token) == 201)
    assert status_of(address, old_token) == 201
    server.write_config(config_with(new_key))
    server.signal(signal.SIGHUP)
    wait_until(lambda: status_of(address, old_token) == 401)
    assert status_of(address, new_token) == 201
    server.write_config(config_with({"algorithm": "HS256", "secret": "short"}))
    server.signal(signal.SIGHUP)
    server.wait_for("the configuration stays as it was.*32 bytes")
    assert status_of(address, new_token) == 201


def test_limits_a_user_wherever_it_comes_from(start_server):
    config = config_with(HS256_KEY) | {
        "trusted_proxies": ["127.0.0.0/8"], "limits": {"opens_per_minute": 1}}
    address = start_server("signal", config).address("http")

    def open_as(user, forwarded_for):
        return call(address, "POST", "/v1/sessions", hello(token=hs256(claims(user=user))),
                    X_Forwarded_For=forwarded_for)

    assert open_as("ann", "203.0.113.1").status == 201
    limited = open_as("ann", "203.0.113.2")
    assert limited.status == 429 and error_of(limited) == "rate_limited"
    assert 50 <= int(limited.headers["Retry-After"]) <= 60
    assert open_as("bob", "203.0.113.3").status == 201


def test_the_readme_makes_a_token_that_works(start_server, tmp_path):
    section = re.search(r"^## Access$(.*?)(?=^## )", README.read_text(), re.M | re.S)[1]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", section, re.M | re.S)
    [settings] = [text for kind, text in blocks if kind == "toml"]
    [script] = [text for kind, text in blocks if kind == "python"]

    made = run_tool([sys.executable, "-c", script], cwd=tmp_path)
    assert made.status == 0, made.output
    # The secret's file is named relative to where the server starts.
    secret_file = tmp_path / "jwt.secret"
    base = ('listen = "127.0.0.1:0"\nweb_root = "off"\n[metrics]\naddress = "127.0.0.1:0"\n')
    server = start_server("signal", base + settings.replace("jwt.secret", str(secret_file)))

    welcome = opened(server.address("http"), token=made.stdout.strip())
    assert welcome["peer"]
