"""Fixtures that start processes; each ends with its test, module or pytest, failed or not."""

import contextlib
import itertools
import signal

import pytest

from support.process import Process
from support.redis_server import RedisServer
from support.server import Server
from support.turn_server import start_echo_peer

_started = []  # whose output a failing test prints


def pytest_configure():
    # A terminated pytest unwinds its fixtures as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        for each in _started:
            item.add_report_section(call.when, f"output of {each.name} {each.pid}", each.text)
    yield


@contextlib.contextmanager
def _ending_together():
    """Adopts processes; at the end all are ended, then the first complaint is raised."""
    ours = []

    def adopt(process):
        ours.append(process)
        _started.append(process)
        return process

    yield adopt
    complaints = []
    for each in reversed(ours):
        try:
            each.finish()
        except AssertionError as complaint:
            complaints.append(complaint)
    # The report of this teardown is made after this function, so the output goes with it.
    outputs = [f"--- output of {each.name} {each.pid}\n{each.text}" for each in ours]
    for each in ours:
        _started.remove(each)
    if complaints:
        pytest.fail("\n".join([*map(str, complaints), *outputs]), pytrace=False)


def _server_starter(adopt, folders):
    def start(name, config=None, *, args=(), env=None, wait=True):
        server = adopt(Server(name, next(folders), config, args=args, env=env))
        return server.wait_ready() if wait else server

    return start


def _folders(factory):
    return (factory.mktemp(f"server-{number}") for number in itertools.count(1))


@pytest.fixture
def start_server(tmp_path_factory):
    """start_server('turn', {...}) → a Server that is ready (wait=False: just started).

    Extra arguments: args=['--log-level', 'debug'], env={...}. After the test the server gets
    SIGTERM and must end with status 0 and without sanitizer output.
    """
    with _ending_together() as adopt:
        yield _server_starter(adopt, _folders(tmp_path_factory))


@pytest.fixture(scope="module")
def start_module_server(tmp_path_factory):
    """The same for a server that all tests of a module share."""
    with _ending_together() as adopt:
        yield _server_starter(adopt, _folders(tmp_path_factory))


@pytest.fixture(scope="module")
def address(server):
    """Where the signaling server of a module's fixture `server` answers HTTP."""
    return server.address("http")


@pytest.fixture(scope="module")
def base(address):
    """The same as the beginning of a URL."""
    return f"http://{address}"


@pytest.fixture
def start_redis(tmp_path_factory):
    """start_redis(password=…, append_only=True, args=[…]) → a RedisServer that accepts connections.

    After kill(): start_redis(folder=old.folder, port=old.port) is a restart. wait=False: just
    started.
    """
    with _ending_together() as adopt:
        def start(*, folder=None, wait=True, **options):
            server = adopt(RedisServer(folder or tmp_path_factory.mktemp("redis"), **options))
            return server.wait_listening() if wait else server

        yield start


@pytest.fixture
def adopt():
    """adopt(Process) → the same, ended after the test; for harnesses that start several."""
    with _ending_together() as adopt:
        yield adopt


@pytest.fixture
def start_process():
    """start_process([argv…], ready=regex) → a Process in the background, killed after the test."""
    with _ending_together() as adopt:
        def start(argv, *, ready=None, **options):
            process = adopt(Process(argv, **options))
            if ready is not None:
                process.wait_for(ready)
            return process

        yield start


@pytest.fixture
def echo_port(start_process):
    """The port of a peer on loopback, over IPv4 and IPv6, that sends every datagram back."""
    return start_echo_peer(start_process)


@pytest.fixture(scope="module")
def module_echo_port():
    """The same for all tests of a module."""
    with _ending_together() as adopt:
        yield start_echo_peer(lambda argv: adopt(Process(argv)))
