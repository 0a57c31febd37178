"""A certificate for 127.0.0.1 that nobody signed, and a client that trusts it."""

import ssl

from support.tools import run_tool


def self_signed(folder):
    """{"certificate_file": …, "key_file": …}, as in a [tls] section."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    made = run_tool(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                     "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                     "-keyout", key, "-out", certificate])
    assert made.status == 0, made.output
    return {"certificate_file": str(certificate), "key_file": str(key)}


def trusting(files):
    return ssl.create_default_context(cafile=files["certificate_file"])
