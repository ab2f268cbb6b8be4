"""Whether a delivery is genuine: HMACs compared in constant time, and moments within the replay window."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Literal

from listeners.times import instant

REPLAY_WINDOW = timedelta(minutes=5)
"""How old a signed delivery may be, where the signature covers its time (Standard Webhooks, "Webhook timestamp")."""
Encoding = Literal["hex", "base64"]


def signature(secret: bytes, message: bytes, *, digest: str = "sha256", encoding: Encoding = "hex") -> str:
    """Return the HMAC of *message* under *secret* (RFC 2104)."""
    code = hmac.new(secret, message, getattr(hashlib, digest)).digest()
    return code.hex() if encoding == "hex" else base64.b64encode(code).decode()


def matches(given: str, secret: bytes, message: bytes, *, digest: str = "sha256", encoding: Encoding = "hex") -> bool:
    """Say whether *given* is the HMAC of *message*; without a secret nothing is."""
    if not secret or not given:
        return False
    return same(given.strip(), signature(secret, message, digest=digest, encoding=encoding))


def same(given: str, wanted: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def fresh(said: object, now: datetime, window: timedelta = REPLAY_WINDOW) -> bool:
    """Say whether a delivery's time (seconds since 1970, or ISO) lies within the replay window around *now*."""
    moment = instant(said)
    return moment is not None and abs(now - moment) <= window
