"""icebreaker-signal over HTTP: every route and status, CORS, the web client, start and stop."""

import gzip
import json
import signal
import socket

import pytest

from support.binaries import server_binary
from support.net import free_port, http_request
from support.tools import run_tool

BASE = {"listen": "127.0.0.1:0", "session": {"hold_ms": 300}, "metrics": {"address": "127.0.0.1:0"},
        "limits": {"opens_per_minute": 0, "messages_per_second": 0}}
PAGE = "<!doctype html><title>t</title>"
SCRIPT = "export const x = 1;\n" * 100


@pytest.fixture(scope="module")
def server(start_module_server, tmp_path_factory):
    web = tmp_path_factory.mktemp("web")
    (web / "index.html").write_text(PAGE)
    (web / "src").mkdir()
    (web / "src" / "main.js").write_text(SCRIPT)
    (web.parent / "secret.html").write_text("secret")
    return start_module_server("signal", {**BASE, "web_root": str(web)})


@pytest.fixture(scope="module")
def address(server):
    return server.address("http")


def call(address, method, path, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        named.setdefault("Content-Type", "application/json")
    return http_request(address, path, method=method, body=body, headers=named)


def hello(**fields):
    return {"type": "hello", "protocol": 1, **fields}


def opened(address, **fields):
    answer = call(address, "POST", "/v1/sessions", hello(**fields))
    assert answer.status == 201, answer.body
    return json.loads(answer.body)


def error_of(answer):
    body = json.loads(answer.body)
    assert body["type"] == "error", body
    assert answer.headers["Content-Type"].startswith("application/json")
    return body["code"]


def messages_path(welcome, *more, epoch=None):
    query = "&".join([f"epoch={epoch or welcome['epoch']}", *more])
    return f"/v1/sessions/{welcome['session']}/messages?{query}"


def test_opens_a_session(address):
    welcome = opened(address)

    assert welcome["type"] == "welcome"
    assert welcome["seq"] == 0 and welcome["received"] == 0
    assert welcome["hold_ms"] == 300
    assert len(welcome["session"]) >= 22  # 128 random bits


def test_resumes_a_session_with_200(address):
    welcome = opened(address)
    resume = {"session": welcome["session"], "epoch": welcome["epoch"], "after": 0}

    answer = call(address, "POST", "/v1/sessions", hello(resume=resume))

    assert answer.status == 200
    assert json.loads(answer.body)["resumed"] is True


def test_takes_text_plain_and_no_type_but_not_forms(address):
    body = json.dumps(hello())

    assert call(address, "POST", "/v1/sessions", body, Content_Type="text/plain").status == 201
    assert call(address, "POST", "/v1/sessions", body,
                Content_Type="text/plain;charset=UTF-8").status == 201
    refused = call(address, "POST", "/v1/sessions", body,
                   Content_Type="application/x-www-form-urlencoded")
    assert refused.status == 415 and error_of(refused) == "bad_message"


@pytest.mark.parametrize("body, code", [
    ("{", "bad_message"), ("", "bad_message"), ("[]", "bad_message"),
    ('{"type":"join","room":"a","n":1}', "bad_message"),
    ('{"type":"hello","protocol":2}', "unsupported_protocol"),
])
def test_refuses_what_is_no_hello_with_400(address, body, code):
    answer = call(address, "POST", "/v1/sessions", body)

    assert answer.status == 400
    assert error_of(answer) == code


def test_holds_a_poll_without_news_and_answers_an_empty_list(address):
    answer = call(address, "GET", messages_path(opened(address)))

    assert answer.status == 200
    assert json.loads(answer.body) == {"messages": []}


def test_delivers_posted_joins_to_both(address):
    first, second = opened(address), opened(address)
    for welcome in (first, second):
        body = {"epoch": welcome["epoch"], "messages": [{"type": "join", "room": "http-a", "n": 1}]}
        answer = call(address, "POST", messages_path(welcome), body)
        assert answer.status == 202 and json.loads(answer.body) == {"received": 1}

    got = [json.loads(call(address, "GET", messages_path(each)).body)["messages"]
           for each in (first, second)]

    assert [each["type"] for each in got[0]] == ["joined", "peer-joined"]
    assert [each["type"] for each in got[1]] == ["joined"]
    assert got[0][1]["peer"] == second["peer"]


def test_refuses_polls_with_numbers_that_are_none(address):
    welcome = opened(address)

    for path in (messages_path(welcome, "after=x"), messages_path(welcome, "after=-1"),
                 messages_path(welcome, epoch="x"), messages_path(welcome).split("?")[0]):
        answer = call(address, "GET", path)
        assert answer.status == 400, path
        assert error_of(answer) == "bad_message"


def test_tells_unknown_and_lost_sessions_apart(address):
    welcome = opened(address)

    assert call(address, "GET", "/v1/sessions/unknown/messages?epoch=1").status == 404
    assert call(address, "POST", "/v1/sessions/unknown/messages",
                {"epoch": 1, "messages": []}).status == 404
    lost = call(address, "GET", messages_path(welcome, "after=7"))
    assert lost.status == 410 and error_of(lost) == "session_lost"
    other_epoch = messages_path(welcome, epoch=welcome["epoch"] + 1)
    assert call(address, "GET", other_epoch).status == 410


def test_closes_a_session(address):
    welcome = opened(address)
    path = f"/v1/sessions/{welcome['session']}?epoch={welcome['epoch']}"

    answer = call(address, "DELETE", path)

    assert answer.status == 204 and answer.body == b""
    assert call(address, "DELETE", path).status == 404
    assert call(address, "GET", messages_path(welcome)).status == 404


def test_refuses_a_gap_with_409(address):
    welcome = opened(address)
    body = {"epoch": welcome["epoch"], "messages": [{"type": "join", "room": "gap", "n": 5}]}

    answer = call(address, "POST", messages_path(welcome), body)

    assert answer.status == 409
    assert error_of(answer) == "bad_sequence"
    assert json.loads(answer.body)["expected"] == 1


def test_refuses_bodies_above_the_limit_with_413_and_goes_on(address):
    welcome = opened(address)

    answer = call(address, "POST", messages_path(welcome), "x" * (256 * 1024 + 1))

    assert answer.status == 413 and error_of(answer) == "too_large"
    assert call(address, "POST", messages_path(welcome),
                {"epoch": welcome["epoch"], "messages": []}).status == 202


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/v1/sessions", "POST, OPTIONS"), ("PUT", "/v1/sessions", "POST, OPTIONS"),
    ("POST", "/v1/sessions/x", "DELETE, OPTIONS"),
    ("DELETE", "/v1/sessions/x/messages", "GET, POST, OPTIONS"),
    ("POST", "/healthz", "GET, HEAD"), ("POST", "/", "GET, HEAD"),
])
def test_refuses_other_methods_with_405(address, method, path, allow):
    answer = call(address, method, path, body="")

    assert answer.status == 405
    assert answer.headers["Allow"] == allow


def test_answers_unknown_api_paths_with_an_error_object(address):
    for path in ("/v1/nothing", "/v1/sessions/x/events?epoch=1", "/v1/sessions/"):
        answer = call(address, "GET", path)
        assert answer.status == 404 and error_of(answer) == "bad_message", path


def test_asks_for_an_upgrade_on_the_websocket_path(address):
    answer = call(address, "GET", "/v1/ws")

    assert answer.status == 426
    assert answer.headers["Upgrade"] == "websocket"


def raw_exchange(address, payload, until):
    """Sends bytes as they are; reads until that many responses' heads came or the end."""
    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(payload)
        received = b""
        while received.count(b"HTTP/1.1 ") < until or not received.endswith(until_end(received)):
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
        return received


def until_end(received):
    return b"ok\n" if b"ok\n" in received else b"}"


def test_wants_a_length_for_every_body(address):
    chunked = (b"POST /v1/sessions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
               b"0\r\n\r\n")
    without = b"POST /v1/sessions HTTP/1.1\r\nHost: h\r\n\r\n"

    for payload in (chunked, without):
        assert raw_exchange(address, payload, 1).startswith(b"HTTP/1.1 411 ")


def test_keeps_connections_and_answers_pipelined_requests_in_turn(address):
    poll = messages_path(opened(address))
    held = f"GET {poll} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    health = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"

    received = raw_exchange(address, held + health, 2)

    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.index(b'{"messages":[]}') < received.index(b"ok\n")


def test_closes_when_asked_to_and_for_http_1_0(address):
    for payload in (b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                    b"GET /healthz HTTP/1.0\r\n\r\n"):
        with socket.create_connection(address.pair, timeout=20) as connection:
            connection.sendall(payload)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert received.startswith(b"HTTP/1.1 200 OK") and b"Connection: close" in received


# -------------------------------------------------------------------------------- origins

def test_allows_the_same_origin_and_no_other(address):
    own = f"http://{address}"

    assert call(address, "POST", "/v1/sessions", hello(), Origin=own).status == 201
    refused = call(address, "POST", "/v1/sessions", hello(), Origin="https://evil.example")
    assert refused.status == 403 and error_of(refused) == "origin_refused"
    assert refused.headers["Access-Control-Allow-Origin"] is None
    assert call(address, "OPTIONS", "/v1/sessions", Origin="https://evil.example").status == 403


def test_does_not_believe_forwarded_headers_of_strangers(address):
    answer = call(address, "POST", "/v1/sessions", hello(), Origin="https://evil.example",
                  X_Forwarded_Host="evil.example")

    assert answer.status == 403


def test_answers_preflights_of_listed_origins(start_server):
    server = start_server("signal", {**BASE, "web_root": "off",
                                     "allowed_origins": ["https://app.example"]})
    address = server.address("http")

    preflight = call(address, "OPTIONS", "/v1/sessions/x/messages", Origin="https://app.example",
                     Access_Control_Request_Method="POST")
    answer = call(address, "POST", "/v1/sessions", hello(), Origin="https://app.example")

    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    assert answer.status == 201
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Origin" in answer.headers["Vary"]
    assert call(address, "GET", "/v1/nothing", Origin="https://app.example").headers[
        "Access-Control-Allow-Origin"] == "https://app.example"
    assert call(address, "POST", "/v1/sessions", hello(),
                Origin="https://other.example").status == 403


def test_allows_every_origin_with_a_star(start_server):
    address = start_server("signal", {**BASE, "web_root": "off",
                                      "allowed_origins": ["*"]}).address("http")

    answer = call(address, "POST", "/v1/sessions", hello(), Origin="https://any.example")

    assert answer.status == 201 and answer.headers["Access-Control-Allow-Origin"] == "*"


def test_counts_clients_behind_trusted_proxies_one_by_one(start_server):
    config = {**BASE, "web_root": "off", "trusted_proxies": ["127.0.0.0/8"],
              "limits": {"opens_per_minute": 1}}
    address = start_server("signal", config).address("http")

    def open_as(forwarded_for):
        return call(address, "POST", "/v1/sessions", hello(), X_Forwarded_For=forwarded_for).status

    assert open_as("203.0.113.1") == 201
    assert open_as("203.0.113.2") == 201
    assert open_as("203.0.113.2") == 429
    # Forged in front of what the proxy saw: still the same client.
    assert open_as("198.51.100.7, 203.0.113.2") == 429


# -------------------------------------------------------------------------------- web client

def test_serves_the_web_client(address):
    page = call(address, "GET", "/")

    assert page.status == 200 and page.body.decode() == PAGE
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert call(address, "GET", "/?room=abc&join=1").body.decode() == PAGE
    assert call(address, "GET", "/index.html").status == 200


def test_compresses_and_revalidates_modules(address):
    packed = call(address, "GET", "/src/main.js", Accept_Encoding="gzip")
    plain = call(address, "GET", "/src/main.js")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body).decode() == SCRIPT == plain.body.decode()
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    again = call(address, "GET", "/src/main.js", Accept_Encoding="gzip",
                 If_None_Match=packed.headers["ETag"])
    assert again.status == 304 and again.body == b""
    assert call(address, "GET", "/src/main.js", If_None_Match='"other"').status == 200


def test_answers_head_without_a_body(address):
    head = call(address, "HEAD", "/src/main.js")

    assert head.status == 200 and head.body == b""
    assert int(head.headers["Content-Length"]) == len(SCRIPT)


@pytest.mark.parametrize("path", ["/nothing", "/../secret.html", "/%2e%2e/secret.html",
                                  "/src/..%2f..%2fsecret.html", "/src", "//secret.html"])
def test_serves_nothing_else(address, path):
    answer = call(address, "GET", path)

    assert answer.status == 404
    assert b"secret" not in answer.body and b"Not found" in answer.body


# -------------------------------------------------------------------------------- life

def test_reports_health_and_metrics(server, address):
    assert call(address, "GET", "/healthz").status == 200
    assert call(address, "GET", "/readyz").status == 200
    assert server.get("/readyz").status == 200
    before = server.metrics()
    opened(address)
    after = server.metrics()
    name = "icebreaker_signal_sessions_opened_total"
    assert after.total(name, transport="poll") == before.total(name, transport="poll") + 1


def test_answers_held_polls_at_sigterm_and_ends_with_0(start_server):
    config = {**BASE, "web_root": "off", "session": {"hold_ms": 60000}}
    server = start_server("signal", config)
    address = server.address("http")
    welcome = opened(address)

    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(f"GET {messages_path(welcome)} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        wait_for_polls(server, 1)
        server.signal(signal.SIGTERM)
        received = connection.recv(65536)

    assert received.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")), received
    assert server.wait() == 0


def wait_for_polls(server, count):
    from support.net import wait_until
    wait_until(lambda: server.metrics().total("icebreaker_signal_receives",
                                              transport="poll") == count)


def test_forgets_a_held_poll_whose_client_hung_up(start_server):
    config = {**BASE, "web_root": "off", "session": {"hold_ms": 60000}}
    server = start_server("signal", config)
    address = server.address("http")
    path = messages_path(opened(address))

    with socket.create_connection(address.pair, timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        wait_for_polls(server, 1)

    wait_for_polls(server, 0)


def test_takes_the_port_from_the_environment(start_server):
    port = free_port()

    server = start_server("signal", {**BASE, "web_root": "off"}, env={"PORT": str(port)})

    assert server.address("http").port == port
    assert call(server.address("http"), "GET", "/healthz").status == 200


def test_ends_with_1_and_one_line_when_the_port_is_taken(server, start_server):
    taken = str(server.address("http"))

    second = start_server("signal", {**BASE, "web_root": "off", "listen": taken}, wait=False)

    assert second.wait() == 1
    errors = [line for line in second.log if line.level == "ERROR"]
    assert len(errors) == 1 and taken in errors[0].message and "PORT" in errors[0].message


@pytest.mark.parametrize("text, line, word", [
    ('listen = "nonsense"\n', 1, "listen"),
    ('\n[session]\nhold_sm = 1\n', 3, "hold_ms"),
    ('state = "redis://localhost"\n', 1, "memory"),
    ('[auth]\nmode = "jwt"\n', 2, "none"),
    ('allowed_origins = ["example.org"]\n', 1, "https://"),
    ('trusted_proxies = ["10.0.0.1/8"]\n', 1, "10.0.0.1/8"),
    ('[[ice.turn]]\nurls = ["stun:a"]\n', 2, "turn:"),
])
def test_ends_with_2_and_the_place_of_a_wrong_setting(tmp_path, text, line, word):
    path = tmp_path / "signal.toml"
    path.write_text(text)

    ended = run_tool([server_binary("signal"), "--config", path, "--check-config"])

    assert ended.status == 2
    assert f"{path}:{line}:" in ended.stderr and word in ended.stderr, ended.stderr


def test_accepts_the_configuration_that_it_prints(tmp_path):
    printed = run_tool([server_binary("signal"), "--print-default-config"])
    path = tmp_path / "signal.toml"
    path.write_text(printed.stdout)

    checked = run_tool([server_binary("signal"), "--config", path, "--check-config"])

    assert printed.status == 0 and checked.status == 0, checked.output


def test_tells_turn_credentials_made_from_the_shared_secret(start_server):
    config = {**BASE, "web_root": "off",
              "ice": {"stun": ["stun:{host}:3478"],
                      "turn": [{"urls": ["turn:{host}:3478?transport=udp"], "ttl_s": 600}]}}
    server = start_server("signal", config, env={"ICEBREAKER_TURN_SECRET": "s3cret,old"})

    welcome = opened(server.address("http"))

    assert welcome["ice_ttl_s"] == 600
    stun, turn = welcome["ice_servers"]
    assert stun == {"urls": ["stun:127.0.0.1:3478"]}
    assert turn["urls"] == ["turn:127.0.0.1:3478?transport=udp"]
    assert turn["username"].endswith(":" + welcome["peer"])
    assert turn["credential"] == rest_password("s3cret", turn["username"])


def rest_password(secret, username):
    import base64
    import hashlib
    import hmac
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def test_warns_once_about_turn_without_a_secret(start_server):
    config = {**BASE, "web_root": "off", "ice": {"turn": [{"urls": ["turn:t.example"]}]}}
    server = start_server("signal", config)

    warnings = [line for line in server.log if line.level == "WARN"]

    assert len(warnings) == 1 and "ICEBREAKER_TURN_SECRET" in warnings[0].message
    assert opened(server.address("http"))["ice_servers"] == []


def test_reloads_ice_secrets_on_sighup(start_server):
    def config(secret):
        return {**BASE, "web_root": "off",
                "ice": {"turn": [{"urls": ["turn:t.example"], "secret": secret}]}}
    server = start_server("signal", config("one"))
    address = server.address("http")
    server.write_config(config("two"))

    server.signal(signal.SIGHUP)
    server.wait_for("reloaded")
    turn = opened(address)["ice_servers"][0]
    assert turn["credential"] == rest_password("two", turn["username"])

    server.write_config("listen = 5\n")
    server.signal(signal.SIGHUP)
    server.wait_for("stays as it was")
    turn = opened(address)["ice_servers"][0]
    assert turn["credential"] == rest_password("two", turn["username"])
