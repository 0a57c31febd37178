"""The harness's Redis: its clock moves on demand, and it comes back with what it saved."""

import pytest

from support.net import wait_until
from support.redis_server import RedisError


def test_keys_expire_when_the_clock_advances(start_redis):
    redis = start_redis()
    redis.command("SET", "a", "1", "PX", 60000)
    before = int(redis.command("TIME")[0])

    redis.advance_clock(59)
    assert redis.command("GET", "a") == "1"
    redis.advance_clock(2)

    assert redis.command("GET", "a") is None
    assert int(redis.command("EVAL", "return redis.call('TIME')[1]", 0)) >= before + 61
    wait_until(lambda: redis.command("DBSIZE") == 0)


def test_comes_back_with_what_it_saved(start_redis):
    redis = start_redis(append_only=True)
    redis.command("SET", "a", "1")
    redis.kill()

    again = start_redis(folder=redis.folder, port=redis.port, append_only=True)

    assert again.command("GET", "a") == "1"


def test_asks_for_its_password(start_redis):
    redis = start_redis(password="s3cret")

    assert redis.command("PING") == "PONG"
    redis.password = None
    with pytest.raises(RedisError, match="NOAUTH"):
        redis.command("PING")
