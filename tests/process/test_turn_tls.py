"""icebreaker-turn over TLS: openssl's client, Python's, certificates at start and reload; coturn's: test_turn_interop.py."""

import contextlib
import re
import signal
import socket
import ssl
import struct

import pytest

from support.net import wait_until
from support.tls import self_signed, trusting
from support.tools import run_tool
from support.turn_server import turn_config

BINDING = struct.pack("!HHI", 0x0001, 0, 0x2112A442) + bytes(12)
LISTEN = [{"transport": transport, "address": "127.0.0.1:0"} for transport in ("udp", "tcp", "tls")]


def config(files, **changes):
    return turn_config(listen=LISTEN, tls=files, **changes)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def turn(start_module_server, files):
    return start_module_server("turn", config(files))


def failed(turn, reason):
    return turn.metrics()[f'icebreaker_turn_connections_failed_total{{reason="{reason}"}}']


@contextlib.contextmanager
def tls_client(turn, files, transport="tls", protocols=(), version=None):
    context = trusting(files)
    if protocols:
        context.set_alpn_protocols(protocols)
    if version:
        context.minimum_version = context.maximum_version = version
    with socket.create_connection(turn.address(transport).pair, timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            yield client


def assert_answers_binding(client):
    client.sendall(BINDING)
    assert client.recv(64)[:2] == b"\x01\x01"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["1.2", "1.3"])
@pytest.mark.parametrize("transport", ["tls", "tcp"])
def test_speaks_tls_with_forward_secrecy(turn, files, transport, version):
    with tls_client(turn, files, transport, version=version) as client:
        assert_answers_binding(client)
        assert client.cipher()[0].startswith(("TLS_", "ECDHE"))


def test_answers_plain_tcp_beside_tls(turn):
    with socket.create_connection(turn.address("tcp").pair, timeout=10) as client:
        assert_answers_binding(client)


@pytest.mark.parametrize("offered, chosen", [
    (["stun.turn"], "stun.turn"),
    (["stun.nat-discovery"], "stun.nat-discovery"),
    (["h2", "stun.turn"], "stun.turn"),
    ([], None),
])
def test_chooses_the_protocol(turn, files, offered, chosen):
    with tls_client(turn, files, protocols=offered) as client:
        assert client.selected_alpn_protocol() == chosen
        assert_answers_binding(client)


def test_refuses_clients_of_another_protocol(turn, files):
    before = failed(turn, "handshake")
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        with tls_client(turn, files, protocols=["h2"], version=ssl.TLSVersion.TLSv1_2):
            pass
    wait_until(lambda: failed(turn, "handshake") == before + 1)


def test_refuses_old_versions(turn):
    address = turn.address("tls")
    output = run_tool(["openssl", "s_client", "-connect", str(address), "-tls1_1", "-cipher",
                       "ALL:@SECLEVEL=0"], stdin="").output
    assert "Cipher is (NONE)" in output


def test_does_not_renegotiate(turn):
    output = run_tool(["openssl", "s_client", "-connect", str(turn.address("tls")), "-tls1_2"],
                      stdin="R\n").output
    assert "RENEGOTIATING" in output
    assert "no renegotiation" in output


def test_closes_what_is_not_tls_on_a_tls_port(turn):
    before = failed(turn, "not-tls")
    with socket.create_connection(turn.address("tls").pair, timeout=10) as client:
        client.sendall(BINDING)
        assert client.recv(1) == b""
    assert failed(turn, "not-tls") == before + 1


def test_a_handshake_has_a_deadline(start_server, files):
    turn = start_server("turn", config(files, tcp={"message_timeout_s": 1}))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(turn.address(each).pair, 10))
                   for each in ("tcp", "tls", "tls")]
        clients[2].sendall(b"\x16\x03\x01")
        for client in clients:
            assert client.recv(1) == b""
    assert failed(turn, "timeout") == 3


def test_shows_when_the_certificate_ends(turn, start_server, files, tmp_path):
    name = "icebreaker_turn_certificate_expiry_timestamp_seconds"
    pem = open(files["certificate_file"], encoding="ascii").read()
    ends = run_tool(["openssl", "x509", "-noout", "-enddate"], stdin=pem).stdout
    assert turn.metrics()[name] == ssl.cert_time_to_seconds(ends.strip().removeprefix("notAfter="))
    assert "WARN turn: the certificate expires soon" in turn.text  # in two days


def serial(turn, files):
    with tls_client(turn, files) as client:
        return client.getpeercert()["serialNumber"]


def test_sighup_takes_a_new_certificate_and_drops_nobody(start_server, tmp_path, files):
    turn = start_server("turn", config(files))
    (tmp_path / "new").mkdir()
    renewed = self_signed(tmp_path / "new")
    with tls_client(turn, files) as old_client:
        assert_answers_binding(old_client)
        before = serial(turn, files)

        turn.write_config(config(renewed))
        turn.signal(signal.SIGHUP)
        turn.wait_for("INFO turn: reloaded")

        assert_answers_binding(old_client)
        wait_until(lambda: _accepts(turn, renewed), what="the new certificate")
        assert serial(turn, renewed) != before


def _accepts(turn, files):
    # One worker may take it a moment later than the other.
    with contextlib.suppress(ssl.SSLCertVerificationError):
        return all(serial(turn, files) for _ in range(8))
    return False


def test_sighup_keeps_the_certificate_when_the_new_one_is_bad(start_server, tmp_path, files):
    turn = start_server("turn", config(files))
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing\n")

    turn.write_config(config({**files, "certificate_file": str(bad)}))
    turn.signal(signal.SIGHUP)

    turn.wait_for(r"ERROR turn: reload refused.*tls\.certificate_file: .*bad\.pem has no usable PEM")
    with tls_client(turn, files) as client:
        assert_answers_binding(client)


@pytest.mark.parametrize("spoil, complaint", [
    (lambda folder, good: {"certificate_file": str(folder / "none.pem")},
     r":\d+: tls\.certificate_file: cannot read .*none\.pem: No such file or directory"),
    (lambda folder, good: {"key_file": ""}, r"tls\.key_file: is missing beside certificate_file"),
    (lambda folder, good: {"certificate_file": ""}, r"is missing beside key_file"),
    (lambda folder, good: {"key_file": good["certificate_file"]},
     r"tls\.key_file: .*cert\.pem has no usable PEM private key: "),
    (lambda folder, good: {"key_file": self_signed(folder)["key_file"]},
     r"tls\.key_file: .*key\.pem does not belong to the certificate in .*cert\.pem"),
    (lambda folder, good: {"key_file": encrypted(folder, good)},
     r"tls\.key_file: .*locked\.pem is encrypted; a key without passphrase is needed"),
], ids=["missing", "no-key", "no-certificate", "not-a-key", "mismatch", "encrypted"])
def test_says_what_is_wrong_with_the_files(start_server, tmp_path, files, spoil, complaint):
    turn = start_server("turn", config({**files, **spoil(tmp_path, files)}), wait=False)

    assert turn.wait() == 2
    assert re.search(complaint, turn.text), turn.text


def encrypted(folder, files):
    locked = folder / "locked.pem"
    made = run_tool(["openssl", "ec", "-in", files["key_file"], "-aes128", "-passout", "pass:x",
                     "-out", locked])
    assert made.status == 0, made.output
    return str(locked)


def test_wants_a_certificate_for_tls(start_server):
    turn = start_server("turn", turn_config(listen=LISTEN), wait=False)

    assert turn.wait() == 2
    assert re.search(r":\d+: listen\.transport: tls needs certificate_file and key_file in \[tls\]",
                     turn.text)
