"""Signatures of webhooks are verified over the bytes, and by nothing else."""

from __future__ import annotations

import pytest

from pgdocket import webhooks

SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
# GitHub's own test vector.
DIGEST = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_github_signs_as_it_says() -> None:
    assert webhooks.github_signature(SECRET, BODY) == f"sha256={DIGEST}"
    assert webhooks.is_from_github(SECRET, BODY, f"sha256={DIGEST}")


@pytest.mark.parametrize(
    ("secret", "body", "signature"),
    [
        (b"", BODY, webhooks.github_signature(b"", BODY)),
        (SECRET, BODY + b" ", f"sha256={DIGEST}"),
        (SECRET, BODY, DIGEST),
        (SECRET, BODY, "sha256="),
        (SECRET, BODY, "sha256=ä"),
        (SECRET, BODY, None),
    ],
)
def test_whatever_else_is_not_from_github(secret: bytes, body: bytes, signature: str) -> None:
    assert not webhooks.is_from_github(secret, body, signature)


def test_linear_signs_without_a_prefix_and_says_when() -> None:
    assert webhooks.is_from_linear(SECRET, BODY, DIGEST)
    assert not webhooks.is_from_linear(SECRET, BODY, f"sha256={DIGEST}")
    assert webhooks.is_from_linear(SECRET, BODY, DIGEST, sent_ms=1000, now_ms=61_000)
    for sent in (999, 121_001, "61000", True, None):
        assert not webhooks.is_from_linear(SECRET, BODY, DIGEST, sent_ms=sent, now_ms=61_000)
