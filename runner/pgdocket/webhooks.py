"""Whether a webhook comes from whom it says: signatures over the bytes that were sent."""

from __future__ import annotations

import hashlib
import hmac


def github_signature(secret: bytes, body: bytes) -> str:
    """The header X-Hub-Signature-256 that GitHub sends with a body."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def is_from_github(secret: bytes, body: bytes, signature: str | None) -> bool:
    """Whether GitHub signed a delivery; takes as long for any wrong signature.

    secret: what the webhook was set up with; an empty one verifies nothing, and is refused.
    body: the bytes as they came, before anything reads them.
    signature: the header X-Hub-Signature-256, None where there is none. The old X-Hub-Signature
    (SHA-1) is not accepted.
    """
    if not secret or signature is None:
        return False
    return _same(github_signature(secret, body), signature)


def linear_signature(secret: bytes, body: bytes) -> str:
    """The header Linear-Signature that Linear sends with a body."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def is_from_linear(
    secret: bytes,
    body: bytes,
    signature: str | None,
    *,
    sent_ms: object = None,
    now_ms: int | None = None,
    tolerance_ms: int = 60_000,
) -> bool:
    """Whether Linear signed a delivery; takes as long for any wrong signature.

    secret, body: as for is_from_github().
    signature: the header Linear-Signature, None where there is none.
    sent_ms: webhookTimestamp of the signed body, in milliseconds since 1970; with now_ms, the time
    now, a delivery that is older or newer than tolerance_ms is refused, and so is one without.
    """
    if not secret or signature is None or not _same(linear_signature(secret, body), signature):
        return False
    if now_ms is None:
        return True
    is_number = isinstance(sent_ms, (int, float)) and not isinstance(sent_ms, bool)
    return is_number and abs(now_ms - float(str(sent_ms))) <= tolerance_ms


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
