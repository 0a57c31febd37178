"""JSON Web Tokens as whoever holds a key would make them; the openssl program signs with key pairs."""

import base64
import hashlib
import hmac
import json
import subprocess
import time

from support.process import clean_environment

SECRET = "a secret of at least thirty-two bytes"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(**more):
    return {"exp": int(time.time()) + 300, **more}


def token(sign, payload, **head):
    """sign(bytes) gives the signature; head is the whole JOSE header."""
    text = ".".join(base64url(json.dumps(part).encode()) for part in (head, payload))
    return text + "." + base64url(sign(text.encode()))


def hs256(payload, secret=SECRET, **head):
    def sign(data):
        return hmac.new(secret.encode(), data, hashlib.sha256).digest()
    return token(sign, payload, **{"alg": "HS256", "typ": "JWT", **head})


class KeyPair:
    """An RSA or P-256 key made by openssl in a folder."""

    def __init__(self, folder, algorithm):
        self.algorithm = algorithm
        self.private = folder / f"{algorithm}.key"
        self.public = folder / f"{algorithm}.pem"
        options = {"RS256": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                   "ES256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}
        _openssl("genpkey", "-algorithm", *options[algorithm], "-out", self.private)
        _openssl("pkey", "-in", self.private, "-pubout", "-out", self.public)

    def token(self, payload, **head):
        return token(self._sign, payload, **{"alg": self.algorithm, "typ": "JWT", **head})

    def _sign(self, data):
        signature = _openssl("dgst", "-sha256", "-sign", self.private, data=data)
        return signature if self.algorithm == "RS256" else _raw_ecdsa(signature)


def _openssl(*args, data=None):
    return subprocess.run(["openssl", *map(str, args)], input=data, check=True, timeout=60,
                          capture_output=True, env=clean_environment()).stdout


def _raw_ecdsa(der):
    """RFC 7518 §3.4: R and S one after the other; openssl writes them as a DER sequence of two."""
    numbers, at = [], 2
    while at < len(der):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + length]))
        at += 2 + length
    return b"".join(number.to_bytes(32) for number in numbers)
