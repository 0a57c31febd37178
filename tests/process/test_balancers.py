"""The balancers of deploy/: what they tell an instance about its clients, and what they try twice."""

import contextlib
import http.server
import shutil
import threading

import pytest

from support.binaries import ROOT
from support.net import Address, free_port, http_request, wait_until
from support.process import Process

DEPLOY = ROOT / "deploy"
FORGED = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Host": "evil.example",
          "X-Forwarded-Proto": "gopher", "Host": "signal.example"}
FORWARDED = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"]


class Instance(http.server.ThreadingHTTPServer):
    """Is ready, notes what it is asked, and hangs up on every request that is no health check or as it is told."""

    daemon_threads = True

    def __init__(self):
        self.asked = []
        self.status = None  # none: hangs up
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self):
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
            self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        ready = self.path == "/readyz"
        if not ready:
            self.server.asked.append((self.command, self.path, self.headers))
        self.close_connection = True
        if ready or self.server.status:
            self.send_response(200 if ready else self.server.status)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture(name="instances")
def instances_fixture():
    with contextlib.ExitStack() as stack:
        started = []
        for _ in range(2):
            started.append(Instance())
            stack.callback(started[-1].stop)
        yield started


def configured(path, replacements):
    text = path.read_text()
    for old, new in replacements.items():
        assert old in text, f"{path} has no {old!r}"
        text = text.replace(old, new)
    return text


def start_haproxy(tmp_path, adopt, port, instances):
    config = tmp_path / "haproxy.cfg"
    config.write_text(configured(DEPLOY / "haproxy" / "haproxy.cfg", {
        "bind :80\n": f"bind 127.0.0.1:{port}\n",
        "10.0.0.11:8080": f"127.0.0.1:{instances[0].server_port}",
        "10.0.0.12:8080": f"127.0.0.1:{instances[1].server_port}"}))
    adopt(Process(["haproxy", "-db", "-f", config], name="haproxy"))


def start_nginx(tmp_path, adopt, port, instances):
    site = configured(DEPLOY / "nginx" / "icebreaker.conf", {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "10.0.0.11:8080 max_fails=1": f"127.0.0.1:{instances[0].server_port} max_fails=0",
        "10.0.0.12:8080 max_fails=1": f"127.0.0.1:{instances[1].server_port} max_fails=0"})
    folders = "".join(f"  {each}_temp_path {tmp_path}/{each};\n"
                      for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = tmp_path / "nginx.conf"
    config.write_text(f"daemon off; master_process off; pid {tmp_path}/nginx.pid; error_log stderr;\n"
                      f"events {{}}\nhttp {{\n  access_log off;\n{folders}{site}\n}}\n")
    adopt(Process(["nginx", "-p", tmp_path, "-e", "stderr", "-c", config], name="nginx"))


@pytest.fixture(name="front", params=["haproxy", "nginx"])
def front_fixture(request, tmp_path, adopt, instances):
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    front = Address("127.0.0.1", free_port())
    start = {"haproxy": start_haproxy, "nginx": start_nginx}[request.param]
    start(tmp_path, adopt, front.port, instances)
    wait_until(lambda: answers(front))
    return front


def answers(address):
    try:
        return http_request(address, "/readyz").status == 200
    except OSError:
        return False


def asked(instances):
    return [each for instance in instances for each in instance.asked]


def test_what_a_client_says_of_itself_is_not_passed_on(front, instances):
    for instance in instances:
        instance.status = 404

    http_request(front, "/v1/sessions/x/messages?epoch=1", headers=FORGED)

    [(_, _, headers)] = asked(instances)
    assert [headers.get_all(name) for name in FORWARDED] == [["127.0.0.1"], ["signal.example"], ["http"]]
    assert headers.get_all("Host") == ["signal.example"]


@pytest.mark.parametrize("method, path, times", [
    ("POST", "/v1/sessions", 1), ("GET", "/v1/sessions/x/messages?epoch=1", 2),
    ("POST", "/v1/sessions/x/messages", 2)])
def test_only_what_does_no_harm_is_tried_again(front, instances, method, path, times):
    body = "{}" if method == "POST" else None

    answer = http_request(front, path, method=method, body=body)

    assert answer.status in (502, 503, 504)
    # haproxy tries twice more, nginx once.
    seen = asked(instances)
    assert len(seen) == 1 if times == 1 else len(seen) in (2, 3), seen
    assert {(each[0], each[1]) for each in seen} == {(method, path)}


def test_an_open_is_tried_again_where_nobody_got_it(front, instances):
    for instance in instances:
        instance.status = 404
    instances[0].stop()

    for _ in range(4):
        assert http_request(front, "/v1/sessions", method="POST", body="{}").status == 404
