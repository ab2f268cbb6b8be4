"""What tests of redaction share: texts in which something must go, and texts that must stay as they are."""

import pytest


def is_hidden(*cases):
    """Give a test texts in which a placeholder stands where the second of each pair must go."""
    return pytest.mark.parametrize(("text", "hidden"), cases, ids=[case[0][:40] for case in cases])


def stays(*texts):
    """Give a test texts that hold nothing to hide."""
    return pytest.mark.parametrize("text", texts, ids=[text[:40] for text in texts])
