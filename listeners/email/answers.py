"""Message-IDs of our own: made from the idempotency key, so that a mail sent twice is one, and holding the thread's first mail.

Many programs answer with In-Reply-To alone; with the thread's root in our own id, their mails still find their conversation.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

_OURS = re.compile(r"kk-[0-9a-f]{32}\.([A-Za-z0-9_-]+)@[^@]+")
_LONGEST = 200


def own_id(key: str, root: str, domain: str) -> str:
    """Return the Message-ID of an answer, without the angle brackets."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    thread = base64.urlsafe_b64encode(root.encode()).decode().rstrip("=") if len(root) <= _LONGEST else "0"
    return f"kk-{digest}.{thread}@{domain}"


def conversation_of(above: Sequence[str]) -> str:
    """Return the first mail of a thread, by the ids of the mails above one of its mails; empty where there are none."""
    roots = [root for one in above if (root := _root(one))]
    return roots[0] if roots else above[0] if above else ""


def _root(message_id: str) -> str:
    """Return the root that one of our own ids holds, empty for all others."""
    found = _OURS.fullmatch(message_id)
    if not found or found[1] == "0":
        return ""
    try:
        return base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
