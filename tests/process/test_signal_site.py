"""Who may use icebreaker-signal (origins, proxies) and the web client that it serves."""

import gzip

import pytest

from support.signal_http import BASE, call, error_of, hello

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
    server = start_server("signal", {**BASE, "allowed_origins": ["https://app.example"]})
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
    address = start_server("signal", {**BASE, "allowed_origins": ["*"]}).address("http")

    answer = call(address, "POST", "/v1/sessions", hello(), Origin="https://any.example")

    assert answer.status == 201 and answer.headers["Access-Control-Allow-Origin"] == "*"


def test_counts_clients_behind_trusted_proxies_one_by_one(start_server):
    config = {**BASE, "trusted_proxies": ["127.0.0.0/8"],
              "limits": {"opens_per_minute": 1}}
    address = start_server("signal", config).address("http")

    def open_as(forwarded_for):
        return call(address, "POST", "/v1/sessions", hello(), X_Forwarded_For=forwarded_for).status

    assert open_as("203.0.113.1") == 201
    assert open_as("203.0.113.2") == 201
    assert open_as("203.0.113.2") == 429
    # Forged in front of what the proxy saw: still the same client.
    assert open_as("198.51.100.7, 203.0.113.2") == 429


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


def test_refuses_to_be_written(address):
    answer = call(address, "POST", "/", body="")

    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/nothing", "/../secret.html", "/%2e%2e/secret.html",
                                  "/src/..%2f..%2fsecret.html", "/src", "//secret.html"])
def test_serves_nothing_else(address, path):
    answer = call(address, "GET", path)

    assert answer.status == 404
    assert b"secret" not in answer.body and b"Not found" in answer.body
