"""icebreaker-signal keeps its state in Redis: what it does and says when Redis is not well."""

import json
import signal
import socket
import threading

import pytest

from support.net import free_port, wait_until
from support.signal_http import BASE, call, hello, messages_path, opened

READY_AGAIN = "ready again"


def config(url):
    return {**BASE, "state": url, "instance": "one",
            "session": {"hold_ms": 300, "token_secrets": ["shared by all instances"]}}


@pytest.fixture
def start_signal(start_server):
    """start_signal(url) → a server that listens, ready or not."""
    def start(url):
        server = start_server("signal", config(url), wait=False)
        server.wait_for("listening transport=metrics")
        return server

    return start


def is_ready(server):
    private = server.get("/readyz")
    public = call(server.address("http"), "GET", "/readyz")
    return (private.status, public.status) == (200, 200)


def reason(server):
    """What /readyz says on the private address; the public one says only that."""
    answer = server.get("/readyz")
    public = call(server.address("http"), "GET", "/readyz")
    assert answer.status == public.status == 503, (answer, public)
    assert public.body == b"the state engine is not available\n"
    return answer.body.decode()


def wait_unready(server, words):
    server.wait_for(words)
    wait_until(lambda: server.get("/readyz").status == 503)
    wait_until(lambda: words in reason(server))  # the log may be ahead


def wait_ready(server, timeout=20.0):
    wait_until(lambda: is_ready(server), timeout)


@pytest.mark.parametrize("kind", ["url", "socket_url"])
@pytest.mark.parametrize("password", [None, "s3cr/et@ü"])
def test_keeps_sessions_in_redis(start_redis, start_signal, kind, password):
    redis = start_redis(password=password)
    server = start_signal(getattr(redis, kind)).wait_ready()

    opened(server.address("http"))

    assert any(key.startswith("ib:") for key in redis.keys())
    metrics = server.metrics()
    assert metrics["icebreaker_signal_state_up"] == 1
    assert metrics["icebreaker_signal_state_connects_total"] == 1
    assert metrics.total("icebreaker_signal_state_call_seconds_count", script="open") == 1
    assert metrics.total("icebreaker_signal_state_errors_total") == 0
    assert is_ready(server)
    assert server.ready["state"].endswith("redis.sock?db=0" if kind == "socket_url" else "/0")
    assert "s3cr" not in server.text


def test_reaches_redis_over_ipv6(start_redis, start_signal):
    redis = start_redis()
    server = start_signal(f"redis://[::1]:{redis.port}").wait_ready()

    opened(server.address("http"))

    assert server.ready["state"] == f"redis://[::1]:{redis.port}/0"


def test_uses_the_url_of_the_environment(start_redis, start_server):
    redis = start_redis()

    server = start_server("signal", BASE, env={"ICEBREAKER_REDIS_URL": redis.url,
                                               "ICEBREAKER_TOKEN_SECRETS": "one,two"})

    opened(server.address("http"))
    assert redis.keys()


def test_reads_the_url_from_a_file(start_redis, start_server, tmp_path):
    redis = start_redis(password="s3cret")
    (tmp_path / "url").write_text(redis.url + "\n")
    settings = config(redis.url)
    del settings["state"]

    server = start_server("signal", {**settings, "state_file": str(tmp_path / "url")})

    opened(server.address("http"))
    assert "s3cret" not in server.text


def test_starts_before_redis_and_is_ready_when_redis_is(start_redis, start_signal):
    port = free_port()
    server = start_signal(f"redis://localhost:{port}")
    server.wait_for(f"redis://localhost:{port}/0 cannot be reached .connection refused.")
    address = server.address("http")

    wait_unready(server, "cannot be reached")
    assert call(address, "GET", "/healthz").status == 200
    refused = call(address, "POST", "/v1/sessions", hello())
    assert refused.status == 503 and int(refused.headers["Retry-After"]) >= 1
    assert not [line for line in server.log if line.event == "ready"]

    start_redis(port=port)
    server.wait_ready()
    assert is_ready(server)
    opened(address)


def test_ends_with_0_while_redis_is_away(start_signal):
    server = start_signal(f"redis://127.0.0.1:{free_port()}")
    server.wait_for("cannot be reached")

    assert server.terminate() == 0


def test_ends_with_0_while_redis_hangs(start_redis, start_signal):
    redis = start_redis()
    server = start_signal(redis.url).wait_ready()
    welcome = opened(server.address("http"))

    redis.signal(signal.SIGSTOP)
    with socket.create_connection(server.address("http").pair, timeout=20) as connection:
        request = f"GET {messages_path(welcome)} HTTP/1.1\r\nHost: h\r\n\r\n"
        connection.sendall(request.encode())

        assert server.terminate() == 0


def test_says_which_password_is_wrong_and_tries_on(start_redis, start_signal):
    redis = start_redis(password="right")
    server = start_signal(redis.url.replace("right", "wr0ng"))
    wait_unready(server, "refuses this user or password")
    missing = start_signal(redis.url.replace(":right@", ""))
    wait_unready(missing, "wants a password")
    assert "wr0ng" not in server.text

    redis.command("CONFIG", "SET", "requirepass", "wr0ng")
    server.wait_ready()


def test_works_as_a_user_with_few_rights_and_says_when_they_are_too_few(start_redis, start_signal):
    redis = start_redis()
    url = redis.url.replace("redis://", "redis://ice:pw@")
    rights = ["on", ">pw", "~ib:*", "resetchannels", "&ib:*", "+@all", "-@admin", "-@dangerous"]
    redis.command("ACL", "SETUSER", "ice", *rights)
    server = start_signal(url)
    wait_unready(server, "does not let this user do what is needed")

    redis.command("ACL", "SETUSER", "ice", "+info")
    server.wait_ready()
    opened(server.address("http"))

    redis.command("ACL", "SETUSER", "ice", "resetchannels")
    server.wait_for("not ready")
    redis.command("ACL", "SETUSER", "ice", "&ib:*")
    server.wait_for(READY_AGAIN)


def test_waits_until_redis_has_loaded_its_data(start_redis, start_signal):
    redis = start_redis()
    redis.command("EVAL", "for i = 1, 300 do redis.call('SET', i, string.rep('x', 3000)) end", 0)
    redis.command("SAVE")
    redis.kill()
    start_redis(folder=redis.folder, port=redis.port, wait=False,
                args=["--key-load-delay", 10000, "--loading-process-events-interval-bytes", 1024])

    server = start_signal(redis.url)

    server.wait_for("is still loading its data")
    server.wait_ready()


def test_is_not_ready_while_redis_is_a_replica(start_redis, start_signal):
    redis = start_redis()
    server = start_signal(redis.url).wait_ready()

    redis.command("REPLICAOF", "127.0.0.1", free_port())
    wait_unready(server, "give the address of the primary")
    redis.command("REPLICAOF", "NO", "ONE")

    server.wait_for(READY_AGAIN)
    opened(server.address("http"))


def test_loads_its_scripts_again_after_a_flush(start_redis, start_signal):
    redis = start_redis()
    server = start_signal(redis.url).wait_ready()
    address = server.address("http")
    opened(address)

    for _ in range(3):
        redis.command("SCRIPT", "FLUSH")
        opened(address)

    assert "not ready" not in server.text
    assert server.metrics().total("icebreaker_signal_state_errors_total") == 0


def test_finds_its_sessions_again_after_a_restart_of_redis(start_redis, start_signal):
    redis = start_redis(append_only=True)
    server = start_signal(redis.url).wait_ready()
    address = server.address("http")
    welcome = opened(address)

    redis.kill()
    wait_unready(server, "cannot be reached")
    lost = call(address, "GET", messages_path(welcome))
    assert lost.status == 503 and "Retry-After" in lost.headers
    start_redis(folder=redis.folder, port=redis.port, append_only=True)
    server.wait_for(READY_AGAIN)

    assert call(address, "GET", messages_path(welcome)).status == 200
    metrics = server.metrics()
    assert metrics["icebreaker_signal_state_connects_total"] == 2
    assert metrics.total("icebreaker_signal_state_errors_total", kind="unreachable") >= 1
    assert metrics["icebreaker_signal_state_failed_connects_total"] >= 1


@pytest.mark.parametrize("kind", ["pubsub", "normal"])
def test_connects_again_when_one_of_its_connections_is_cut(start_redis, start_signal, kind):
    redis = start_redis()
    server = start_signal(redis.url).wait_ready()
    channels = redis.command("PUBSUB", "CHANNELS")

    redis.command("CLIENT", "KILL", "TYPE", kind)
    server.wait_for(READY_AGAIN)

    opened(server.address("http"))
    after = redis.command("PUBSUB", "CHANNELS")
    assert len(channels) == len(after) == 1 and channels != after
    assert channels[0].startswith("ib:n:one-")


def hang_by_pause(redis):
    redis.command("CLIENT", "PAUSE", 5000)


def hang_by_stop(redis):
    redis.signal(signal.SIGSTOP)


@pytest.mark.parametrize("hang", [hang_by_pause, hang_by_stop])
def test_is_not_ready_while_redis_hangs(start_redis, start_signal, hang):
    redis = start_redis()
    server = start_signal(redis.url).wait_ready()

    hang(redis)
    wait_unready(server, "does not answer")
    assert call(server.address("http"), "POST", "/v1/sessions", hello()).status == 503
    redis.signal(signal.SIGCONT)

    server.wait_for(READY_AGAIN)
    opened(server.address("http"))


def test_is_not_ready_while_redis_takes_no_writes(start_redis, start_signal):
    redis = start_redis()
    server = start_signal(redis.url).wait_ready()

    redis.command("CONFIG", "SET", "min-replicas-to-write", 1)
    wait_unready(server, "too few replicas follow it")
    redis.command("CONFIG", "SET", "min-replicas-to-write", 0)

    server.wait_for(READY_AGAIN)


def test_warns_of_a_redis_that_evicts(start_redis, start_signal):
    redis = start_redis(args=["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"])

    server = start_signal(redis.url).wait_ready()

    warnings = [line.message for line in server.log if line.level == "WARN"]
    assert len(warnings) == 1 and "noeviction" in warnings[0]


def test_refuses_a_cluster_in_words(start_redis, start_signal):
    redis = start_redis(args=["--cluster-enabled", "yes", "--cluster-port", free_port()])

    server = start_signal(redis.url)

    wait_unready(server, "runs in cluster mode")


def test_says_when_the_address_is_not_a_redis(start_signal):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer_once():
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1000)

        web = threading.Thread(target=answer_once, daemon=True)
        web.start()
        server = start_signal(f"redis://127.0.0.1:{listener.getsockname()[1]}")
        server.wait_for("it does not speak Redis's protocol")
        web.join(20)
        assert not web.is_alive()


def test_two_instances_share_a_session(start_redis, start_signal):
    redis = start_redis()
    one, other = (start_signal(redis.url).wait_ready() for _ in range(2))
    welcome = opened(one.address("http"))
    join = {"epoch": welcome["epoch"], "messages": [{"type": "join", "n": 1, "room": "r"}]}

    sent = call(one.address("http"), "POST", messages_path(welcome), join)
    received = call(other.address("http"), "GET", messages_path(welcome))

    assert sent.status == 202, sent.body
    assert [each["type"] for each in json.loads(received.body)["messages"]] == ["joined"]
