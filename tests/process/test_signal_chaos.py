"""Pairs talk through haproxy to several instances while one thing after another breaks: nothing may be lost.

ICEBREAKER_CHAOS_FACTOR=5 lasts five times as long; ICEBREAKER_BUILD names a faster build.
"""

import asyncio
import os
import random

import pytest

from support.chaos import Crowd
from support.fleet import Fleet, missing_programs
from support.redis_server import RedisServer
from support.signal_client import clients
from support.tcp_proxy import TcpProxy

FACTOR = float(os.environ.get("ICEBREAKER_CHAOS_FACTOR", "1"))
INSTANCES = 3
EVERY_SECOND = ("--appendfsync", "everysec")
KILLS = int(20 * FACTOR)
HEARD_BETWEEN_KILLS = 2  # messages a head, of which each sends one a second
CONFIG = {"web_root": "off", "metrics": {"address": "127.0.0.1:0"}, "drain": {"seconds": 1},
          # All come from one address, and everybody at once when sessions are lost.
          "limits": {"opens_per_minute": 6000, "messages_per_second": 2000},
          "session": {"token_secrets": ["the secret of all instances"]}}

pytestmark = pytest.mark.skipif(bool(missing_programs("haproxy", "redis-server")),
                                reason=missing_programs("haproxy", "redis-server"))


@pytest.fixture
def start_redis(adopt, tmp_path):
    def start(port=None, *, append_only=True, args=()):
        folder = tmp_path / "redis"
        folder.mkdir(exist_ok=True)
        redis = RedisServer(folder, port=port, append_only=append_only, args=args)
        return adopt(redis).wait_listening()

    return start


def run_crowd(fleet, *, pairs, period_s, trouble, bound_s):
    """The tally of what everybody got while the trouble lasted and after."""
    async def run():
        async with clients() as http:
            crowd = Crowd(http, fleet.base, pairs)
            try:
                await crowd.meet(within_s=45)
                await crowd.talk_during(trouble(crowd), period_s)
                await crowd.come_to_rest(within_s=45)
            finally:
                await crowd.leave()
            return crowd.tally()

    return asyncio.run(asyncio.wait_for(run(), bound_s))


def assert_nothing_lost(tally, *, at_least):
    assert not tally.complaints, "\n".join(tally.complaints[:20])
    assert (tally.missing, tally.repeated, tally.out_of_order) == (0, 0, 0), tally
    assert tally.sent >= at_least, tally


def assert_nothing_lost_in_silence(tally):
    """Everybody got everything or heard that the session was lost, and talks on."""
    assert not tally.complaints, "\n".join(tally.complaints[:20])
    assert (tally.lost_in_silence, tally.silent) == (0, 0), tally


def test_loses_nothing_while_clients_change_transports(adopt, tmp_path):
    fleet = Fleet(tmp_path, adopt, CONFIG, 1)

    tally = run_crowd(fleet, pairs=15, period_s=0.3, trouble=lambda crowd: crowd.all_hear(12), bound_s=90)

    assert tally.lost_sessions == 0, tally
    assert_nothing_lost(tally, at_least=15 * 2 * 10)


def test_loses_nothing_while_instances_are_killed(adopt, start_redis, tmp_path):
    redis = start_redis()
    fleet = Fleet(tmp_path, adopt, {**CONFIG, "state": redis.url}, INSTANCES)
    chance = random.Random(1)
    kills = []

    async def kill_and_restart(crowd):
        for _ in range(KILLS):
            index = chance.randrange(INSTANCES)
            kills.append(index)
            await asyncio.to_thread(fleet.kill, index)
            # Started by this thread, with which it would end: see tied_to_us.
            restarted = fleet.restart(index)
            await asyncio.gather(crowd.hear(HEARD_BETWEEN_KILLS),
                                 asyncio.to_thread(restarted.wait_ready))

    tally = run_crowd(fleet, pairs=100, period_s=1.0, trouble=kill_and_restart,
                      bound_s=120 + 80 * FACTOR)

    print(f"kills: {len(kills)}, {tally}")
    assert set(kills) == set(range(INSTANCES))
    assert tally.moves > 4 * 200, tally  # everybody was thrown out again and again
    assert tally.lost_sessions == 0, tally
    assert_nothing_lost(tally, at_least=100 * 2 * 20)


def test_loses_nothing_when_redis_restarts(adopt, start_redis, tmp_path):
    redis = start_redis()
    fleet = Fleet(tmp_path, adopt, {**CONFIG, "state": redis.url}, INSTANCES)

    async def restart_redis(crowd):
        await crowd.all_hear(2)
        await asyncio.to_thread(redis.terminate)
        start_redis(redis.port)
        await crowd.all_hear(3)

    tally = run_crowd(fleet, pairs=30, period_s=1.0, trouble=restart_redis, bound_s=120)

    assert tally.lost_sessions == 0, tally  # what was acknowledged is in the append-only file
    assert_nothing_lost(tally, at_least=30 * 2 * 5)


def test_loses_nothing_in_silence_when_redis_is_killed(adopt, start_redis, tmp_path):
    redis = start_redis(args=EVERY_SECOND)
    fleet = Fleet(tmp_path, adopt, {**CONFIG, "state": redis.url}, INSTANCES)

    lives = [redis]

    async def kill_redis(crowd):
        for _ in range(3):
            await crowd.all_hear(2)
            await asyncio.to_thread(lives[-1].kill)
            lives.append(start_redis(redis.port, args=EVERY_SECOND))
        await crowd.all_hear(3)

    tally = run_crowd(fleet, pairs=30, period_s=1.0, trouble=kill_redis, bound_s=150)

    print(tally)
    assert_nothing_lost_in_silence(tally)


def test_loses_nothing_in_silence_when_redis_comes_back_without_its_end(adopt, start_redis, tmp_path):
    redis = start_redis(args=EVERY_SECOND)
    fleet = Fleet(tmp_path, adopt, {**CONFIG, "state": redis.url}, INSTANCES)
    log = redis.folder / "appendonlydir" / "appendonly.aof.1.incr.aof"

    async def cut_off_the_end(crowd):
        await crowd.all_hear(2)
        saved = log.stat().st_size
        await crowd.all_hear(2)
        await asyncio.to_thread(redis.kill)
        os.truncate(log, saved)  # as when the machine goes down before it has written the rest
        start_redis(redis.port, args=EVERY_SECOND)
        await crowd.all_hear(4)

    tally = run_crowd(fleet, pairs=30, period_s=1.0, trouble=cut_off_the_end, bound_s=150)

    print(tally)
    assert_nothing_lost_in_silence(tally)
    assert tally.lost_sessions >= 30 * 2, tally  # nobody can tell who missed nothing


def test_loses_nothing_when_redis_cannot_be_reached_for_a_while(adopt, start_redis, tmp_path):
    redis = start_redis()
    with TcpProxy(redis.port) as way:
        state = f"redis://127.0.0.1:{way.port}/0"
        fleet = Fleet(tmp_path, adopt, {**CONFIG, "state": state}, INSTANCES)

        async def cut_the_way(crowd):
            for _ in range(2):
                await crowd.all_hear(2)
                await asyncio.to_thread(way.cut)
                await asyncio.to_thread(fleet.wait_unready)
                await asyncio.to_thread(way.mend)
            await crowd.all_hear(3)

        tally = run_crowd(fleet, pairs=30, period_s=1.0, trouble=cut_the_way, bound_s=120)
        fleet.stop()

    assert tally.lost_sessions == 0, tally
    assert_nothing_lost(tally, at_least=30 * 2 * 5)


def test_everybody_rejoins_by_token_when_redis_forgets_everything(adopt, start_redis, tmp_path):
    redis = start_redis(append_only=False)
    fleet = Fleet(tmp_path, adopt, {**CONFIG, "state": redis.url}, INSTANCES)

    async def lose_redis(crowd):
        await crowd.all_hear(2)
        await asyncio.to_thread(redis.kill)
        start_redis(redis.port, append_only=False)
        await crowd.all_hear(4)

    tally = run_crowd(fleet, pairs=30, period_s=1.0, trouble=lose_redis, bound_s=120)

    assert not tally.complaints, "\n".join(tally.complaints[:20])
    assert tally.lost_sessions >= 30 * 2, tally
    assert tally.silent == 0, tally
