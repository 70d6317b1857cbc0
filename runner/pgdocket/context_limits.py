"""What the environment says of contexts, and the check of their size before they are sent."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pgdocket.errors import InvalidArgument, LimitExceeded

_MIB = 1024 * 1024


def max_context_bytes(env: Mapping[str, str]) -> int | None:
    """How large a context may be that this client sends, as MAX_CONTEXT_SIZE_MB says (MiB); None
    where it says nothing. The docket's own limit stays. Raises InvalidArgument.
    """
    value = env.get("MAX_CONTEXT_SIZE_MB", "").strip()
    if not value:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value) is None or not float(value):
        raise InvalidArgument(
            f"MAX_CONTEXT_SIZE_MB must be a size in MiB, not {value!r}", hint="10 or 0.5"
        )
    return int(float(value) * _MIB)


def require_size(size: int, most: int | None) -> None:
    """Raises LimitExceeded, as the docket does, for a context of more than `most` bytes."""
    if most is not None and size > most:
        raise LimitExceeded(
            f"a context of {size} bytes", hint=f"At most {most} bytes (MAX_CONTEXT_SIZE_MB)."
        )
