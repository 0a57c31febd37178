"""Requests to icebreaker-signal over plain HTTP, for tests that look at statuses and headers."""

import json

from support.net import http_request, wait_until

BASE = {"listen": "127.0.0.1:0", "web_root": "off", "session": {"hold_ms": 300},
        "metrics": {"address": "127.0.0.1:0"},
        "limits": {"opens_per_minute": 0, "messages_per_second": 0}}


def call(address, method, path, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
        named.setdefault("Content-Type", "application/json")
    return http_request(address, path, method=method, body=body, headers=named)


def hello(**fields):
    return {"type": "hello", "protocol": 1, **fields}


def opened(address, status=201, **fields):
    answer = call(address, "POST", "/v1/sessions", hello(**fields))
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def error_of(answer):
    body = json.loads(answer.body)
    assert body["type"] == "error", body
    assert answer.headers["Content-Type"].startswith("application/json")
    return body["code"]


def messages_path(welcome, *more, epoch=None):
    query = "&".join([f"epoch={epoch or welcome['epoch']}", *more])
    return f"/v1/sessions/{welcome['session']}/messages?{query}"


def wait_for_polls(server, count):
    wait_until(lambda: server.metrics().total("icebreaker_signal_receives",
                                              transport="poll") == count)
