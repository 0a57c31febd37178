"""Time-limited TURN credentials, computed here anew so that our own code is not its own judge."""

import base64
import hashlib
import hmac
import time


def rest_credential(secret, user="alice", lifetime_s=600):
    """(username, password) of the TURN REST scheme: "<expiry>:<user>", base64(HMAC-SHA1)."""
    username = f"{int(time.time()) + lifetime_s}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
