"""Dates as `plan`, `log` and `status` print them: Sqitch's names for the usual forms."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError

# What CLDR 42 and later put before AM and PM.
_THIN = "\u202f"
_LENGTHS = {
    "full": f"EEEE, MMMM d, y, h:mm:ss{_THIN}a zzzz",
    "long": f"MMMM d, y, h:mm:ss{_THIN}a z",
    "medium": f"MMM d, y, h:mm:ss{_THIN}a",
    "short": f"M/d/yy, h:mm{_THIN}a",
}
_NAMES = frozenset({"iso", "iso8601", "rfc", "rfc2822", "raw", *_LENGTHS})
_CLDR_TOKEN = re.compile(r"''|'((?:[^']|'')*)'|([A-Za-z])\2*")


def check_date_format(name: str) -> None:
    """Raises SqitchError unless `name` is a date format."""
    kind, colon, _ = name.partition(":")
    if name not in _NAMES and not (colon and kind in ("cldr", "strftime")):
        raise SqitchError(f'Unknown date format "{name}"')


def format_date(moment: datetime, name: str = "iso") -> str:
    """The moment in local time (`raw`: UTC) as `name` says, in English whatever the locale.

    `name` is iso, rfc, raw, full, long, medium, short, `cldr:PATTERN` or `strftime:PATTERN`.
    SqitchError when it is none of them.
    """
    check_date_format(name)
    local = moment.astimezone()
    kind, _, pattern = name.partition(":")
    if kind == "raw":
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind in ("iso", "iso8601"):
        return local.strftime("%Y-%m-%d %H:%M:%S %z")
    if kind in ("rfc", "rfc2822"):
        day = f"{_english(local, '%a')}, {local.day:02} {_english(local, '%b')} {local.year}"
        return f"{day} {local:%H:%M:%S %z}".replace("+0000", "-0000")
    if kind == "strftime":
        return local.strftime(pattern)
    return _format_cldr(local, _LENGTHS.get(kind, pattern))


def _format_cldr(local: datetime, pattern: str) -> str:
    return _CLDR_TOKEN.sub(lambda token: _cldr_token(local, token), pattern)


def _cldr_token(local: datetime, token: re.Match[str]) -> str:
    text = token[0]
    if text == "''":
        return "'"
    if text[0] == "'":
        return str(token[1]).replace("''", "'")
    form = _CLDR.get(text[0])
    return text if form is None else form(local, len(text))


def _number(value: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda local, width: str(value(local)).rjust(width, "0")


def _year(local: datetime, width: int) -> str:
    return f"{local.year % 100:02}" if width == 2 else str(local.year).rjust(width, "0")


def _month(local: datetime, width: int) -> str:
    if width <= 2:
        return str(local.month).rjust(width, "0")
    return _english(local, {3: "%b", 4: "%B"}.get(width, "%b"))[: 1 if width == 5 else None]


def _weekday(local: datetime, width: int) -> str:
    return _english(local, {4: "%A"}.get(width, "%a"))[: 1 if width == 5 else None]


def _zone(local: datetime, width: int) -> str:
    return _zone_name(local) if width >= 4 else str(local.tzname())


def _offset(local: datetime, width: int) -> str:
    offset = local.strftime("%z")
    if width == 5:
        return f"{offset[:3]}:{offset[3:]}"
    return f"{local.tzname()}{offset}" if width == 4 else offset


def _fraction(local: datetime, width: int) -> str:
    return f"{local.microsecond:06}".ljust(width, "0")[:width]


_CLDR: dict[str, Callable[[datetime, int], str]] = {
    "y": _year,
    "M": _month,
    "L": _month,
    "d": _number(lambda local: local.day),
    "D": _number(lambda local: local.timetuple().tm_yday),
    "E": _weekday,
    "e": _number(lambda local: local.isoweekday() % 7 + 1),
    "w": _number(lambda local: local.isocalendar().week),
    "Q": _number(lambda local: (local.month + 2) // 3),
    "h": _number(lambda local: local.hour % 12 or 12),
    "K": _number(lambda local: local.hour % 12),
    "H": _number(lambda local: local.hour),
    "k": _number(lambda local: local.hour or 24),
    "m": _number(lambda local: local.minute),
    "s": _number(lambda local: local.second),
    "S": _fraction,
    "a": lambda local, _: "AM" if local.hour < 12 else "PM",
    "G": lambda _, width: "Anno Domini" if width == 4 else "AD",
    "z": _zone,
    "Z": _offset,
}

_ENGLISH = {
    "%A": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "%B": "January February March April May June July August September October November December",
}


def _english(local: datetime, directive: str) -> str:
    """A weekday or month, long (`%A`, `%B`) or short (`%a`, `%b`), in English."""
    names = _ENGLISH[directive.upper()].split()
    name = names[local.weekday() if directive in "%A%a" else local.month - 1]
    return name if directive.isupper() else name[:3]


def _zone_name(local: datetime) -> str:
    """The local zone as the zone database calls it, else its abbreviation."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        parts = Path("/etc/localtime").resolve().parts
        name = "/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else ""
    name = name.removeprefix("Etc/")
    return name or str(local.tzname())
