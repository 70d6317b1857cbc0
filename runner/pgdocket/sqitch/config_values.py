"""Looks settings up as `config` shows them: typed, filtered, several values at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pgdocket.sqitch.config import Configuration
from pgdocket.sqitch.configfile import matches
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.gitconfig import Entry, normalize_key

_TRUE = re.compile(r"(?:true|yes|on|-?0*1)", re.IGNORECASE)
_FALSE = re.compile(r"(?:false|no|off|0*)", re.IGNORECASE)
_NUMBER = re.compile(r"(-?[0-9]*\.?[0-9]*)([kmg]?)")
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}

KINDS = ("bool", "int", "num", "bool-or-int")


def cast(value: str | None, kind: str | None) -> str | None:
    """The value in the one spelling of its kind (see KINDS); SqitchError when it is none.

    A name that stands alone has the value None, which as a boolean is true.
    """
    if kind == "bool-or-int":
        kind = "int" if value is not None and _NUMBER.fullmatch(value) else "bool"
    if kind == "bool":
        return _boolean(value)
    if kind in ("int", "num"):
        return _number(value or "", kind)
    return value


def value_of(found: Configuration, key: str, pattern: str | None, kind: str | None) -> str | None:
    """The one value of a key; None when there is none, SqitchError when there are several."""
    values = values_of(found, key, pattern, kind)
    if len(values) > 1:
        # The spelling is sqitch's.
        raise SqitchError(f'More then one value for the key "{key}"')
    return values[0] if values else None


def values_of(
    found: Configuration, key: str, pattern: str | None, kind: str | None
) -> list[str | None]:
    """Every value of a key."""
    if "." not in key.strip("."):
        raise SqitchError(f"No section given in key: {key}")
    return [cast(value, kind) for value in _filtered(found.found.get(normalize_key(key)), pattern)]


def matching(
    found: Configuration, key_pattern: str, pattern: str | None, kind: str | None
) -> dict[str, list[str | None]]:
    """The values of all keys that match the regular expression, by key, sorted."""
    try:
        wanted = re.compile(key_pattern, re.IGNORECASE)
    except re.error as error:
        raise SqitchError(f'Invalid pattern "{key_pattern}": {error}') from None
    chosen = {
        key: [cast(value, kind) for value in _filtered(found.found[key], pattern)]
        for key in sorted(found.found)
        if wanted.search(key)
    }
    return {key: values for key, values in chosen.items() if values}


def line_of(key: str, values: Sequence[str | None]) -> str:
    """`key=value`, or `key=[one, other]`, or the key alone."""
    if len(values) > 1:
        return f"{key}=[{', '.join(value or '' for value in values)}]"
    return key if values[0] is None else f"{key}={values[0]}"


def _filtered(entries: Sequence[Entry] | None, pattern: str | None) -> list[str | None]:
    values = [None if entry.is_bare else entry.value for entry in entries or ()]
    return [value for value in values if matches(value, pattern)]


def _boolean(value: str | None) -> str:
    if value is None or _TRUE.fullmatch(value):
        return "true"
    if _FALSE.fullmatch(value):
        return "false"
    raise SqitchError(f"Invalid bool '{value}'")


def _number(value: str, kind: str | None) -> str:
    found = _NUMBER.fullmatch(value)
    if found is None:
        raise SqitchError(f"Invalid unit while casting to {kind}")
    try:
        number = float(found[1]) * _UNITS[found[2]]
    except ValueError:  # no digit at all
        number = 0.0
    return str(int(number)) if kind == "int" else f"{number:.15g}"
