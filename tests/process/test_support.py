"""The harness itself, against a stand-in server: what it must notice and never leave behind."""

import os
import signal
import socket
import sys
import tomllib

import pytest

from support import toml
from support.net import LOOPBACK, Address, Metrics, free_port, wait_until
from support.process import Process
from support.server import Server
from support.tools import run_tool

STAND_IN = f"""#!{sys.executable}
import http.server, signal, sys
print("starting", file=sys.stderr)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b'# HELP a_total x\\na_total{{code="401"}} 2\\na_total{{code="438"}} 3\\n')
    def log_message(self, *rest): pass
web = http.server.HTTPServer(("127.0.0.1", 0), Handler)
now = "2026-01-02T03:04:05.678Z INFO turn: "
def log(text): print(now + text, file=sys.stderr, flush=True)
log("listening transport=udp address=127.0.0.1:40123")
log("listening transport=udp address=[::1]:40124")
log(f"listening transport=metrics address=127.0.0.1:{{web.server_port}}")
log('ready realm="two words" workers=2')
if "--leak" in sys.argv: print("==1==ERROR: LeakSanitizer: detected memory leaks", flush=True)
if "--deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
else: signal.signal(signal.SIGTERM, lambda *rest: sys.exit(3 if "--bad" in sys.argv else 0))
log("signals set")
web.serve_forever()
"""


@pytest.fixture(autouse=True)
def stand_in(tmp_path, monkeypatch):
    program = tmp_path / "turn" / "server" / "icebreaker-turn"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("ICEBREAKER_BUILD", str(tmp_path))


@pytest.fixture
def start(tmp_path):
    """Like start_server, but the test itself looks at how it ends."""
    started = []

    def run(*args):
        started.append(Server("turn", tmp_path, {"realm": "example.org"}, args=args))
        started[-1].wait_for("signals set")
        return started[-1]

    yield run
    for each in started:
        each.kill()


def test_reads_what_a_server_logs(start_server):
    server = start_server("turn", {"realm": "example.org"})

    assert server.address("udp") == Address("127.0.0.1", 40123)
    assert server.address("udp", socket.AF_INET6) == Address("::1", 40124)
    assert server.ready == {"realm": "two words", "workers": "2"}
    assert server.metrics().total("a_total") == 5
    assert server.metrics()['a_total{code="401"}'] == 2
    assert 'realm = "example.org"\n' in server.config_path.read_text()


def test_terminate_gives_the_exit_status(start):
    assert start().terminate() == 0
    assert start("--bad").terminate() == 3


def test_a_server_that_ends_badly_fails_its_test(start):
    with pytest.raises(AssertionError, match="status 3"):
        start("--bad").finish()


def test_sanitizer_output_fails_the_test(start):
    with pytest.raises(AssertionError, match="LeakSanitizer"):
        start("--leak").finish()


def test_a_server_that_ignores_sigterm_is_killed_after_the_bound(start):
    server = start("--deaf")

    with pytest.raises(AssertionError, match="still runs"):
        server.terminate(timeout=0.1)
    assert server.kill() == -signal.SIGKILL


def test_waiting_ends_with_the_process_and_shows_its_output(tmp_path):
    process = Process(["sh", "-c", "echo port in use; exit 1"])

    with pytest.raises(AssertionError, match="ended without[^$]*port in use"):
        process.wait_for("never printed")
    assert process.wait() == 1


def test_nothing_of_a_killed_pytest_stays(tmp_path):
    code = ("from support.process import Process\n"
            "inner = Process(['sh', '-c', 'echo up; exec sleep 1000'])\n"
            "inner.wait_for('^up$'); print(inner.pid, flush=True); inner.wait(1000)")
    outer = Process([sys.executable, "-c", code],
                    env={"PYTHONPATH": os.path.dirname(os.path.abspath(__file__))})
    inner = int(outer.wait_for(r"^(\d+)$")[1])
    command = f"/proc/{inner}/cmdline"

    outer.signal(signal.SIGKILL)

    def is_gone():
        try:
            with open(command, encoding="utf-8") as file:
                return "sleep" not in file.read()
        except OSError:
            return True

    wait_until(is_gone, what="the end of the inner process")
    outer.kill()


def test_run_tool_bounds_time_and_returns_both_outputs():
    done = run_tool(["sh", "-c", "cat; echo two >&2; exit 5"], stdin="one")

    assert (done.status, done.stdout, done.stderr) == (5, "one", "two\n")
    with pytest.raises(AssertionError, match="still running"):
        run_tool(["sleep", "1000"], timeout=0.1)


def test_metrics_text_is_checked():
    assert Metrics.parse('a{b="x y",c="}"} 1e3\nd 2\n') == {'a{b="x y",c="}"}': 1000, "d": 2}
    with pytest.raises(AssertionError, match="not the Prometheus text format"):
        Metrics.parse("a b c d\n")
    with pytest.raises(AssertionError, match="a metric is there twice"):
        Metrics.parse("# TYPE a gauge\na 1\n# TYPE a gauge\na 1\n")


def test_toml_is_read_back_as_written():
    config = {"realm": 'say "hi"\n\x7f', "workers": 2, "flag": True, "rate": 0.5, "none": [],
              "relay": {"addresses": ["127.0.0.1", "::1"]},
              "listen": [{"transport": "udp"}, {"transport": "tcp"}],
              "ice": {"stun": ["a"], "turn": [{"urls": ["b"], "ttl_s": 5}]}}

    assert tomllib.loads(toml.dumps(config)) == config


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_free_port_can_be_bound(family):
    port = free_port(family)

    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.bind((LOOPBACK[family], port))
