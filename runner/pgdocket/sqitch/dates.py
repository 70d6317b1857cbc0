"""The timestamps of a plan: UTC, to the second, checked against the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pgdocket.sqitch.errors import SqitchError

# Years whose 30 June or 31 December ended with a leap second; the tables of IERS name no other.
_LEAP_JUNES = frozenset(
    {1972, 1981, 1982, 1983, 1985, 1992, 1993, 1994, 1997, 2012, 2015},
)
_LEAP_DECEMBERS = frozenset(
    {*range(1972, 1980), 1987, 1989, 1990, 1995, 1998, 2005, 2008, 2016},
)


def parse_timestamp(text: str) -> datetime:
    """The moment that `YYYY-MM-DDTHH:MM:SSZ` names; SqitchError when there is none.

    A leap second is the first moment of the next day, as PostgreSQL stores it.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _unusual(text)


def _unusual(text: str) -> datetime:
    if not text.isascii():
        raise SqitchError(f'Invalid timestamp "{text}": digits must be 0 to 9')
    date = text[:10]
    year, month, day = (int(part) for part in date.split("-"))
    hour, minute, second = (int(part) for part in text[11:19].split(":"))
    for name, value, low, high in (
        ("month", month, 1, 12),
        ("day of month", day, 1, 31),
        ("hour", hour, 0, 23),
        ("minute", minute, 0, 59),
        ("second", second, 0, 61),
        ("year", year, 1, 9999),
    ):
        if not low <= value <= high:
            raise SqitchError(f"Invalid {name} value ({value}) in timestamp {text}")
    try:
        midnight = datetime(year, month, day, tzinfo=UTC)
    except ValueError as exc:
        raise SqitchError(
            f"Invalid day of month (day = {date[8:]} - month = {date[5:7]} - year = {date[:4]})"
        ) from exc
    leap_years = {"06-30": _LEAP_JUNES, "12-31": _LEAP_DECEMBERS}.get(date[5:], frozenset())
    if second != 60 or (hour, minute) != (23, 59) or year not in leap_years:
        raise SqitchError(f"Invalid second value ({second})")
    return midnight + timedelta(days=1)
