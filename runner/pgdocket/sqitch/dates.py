"""The timestamps of a plan: UTC, to the second, checked against the calendar."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

from pgdocket.sqitch.errors import SqitchError

# Days that ended with a leap second; the tables of IERS name no other.
_LEAP_DAYS = frozenset(
    """
    1972-06-30 1972-12-31 1973-12-31 1974-12-31 1975-12-31 1976-12-31 1977-12-31 1978-12-31
    1979-12-31 1981-06-30 1982-06-30 1983-06-30 1985-06-30 1987-12-31 1989-12-31 1990-12-31
    1992-06-30 1993-06-30 1994-06-30 1995-12-31 1997-06-30 1998-12-31 2005-12-31 2008-12-31
    2012-06-30 2015-06-30 2016-12-31
    """.split()
)


def parse_timestamp(text: str) -> datetime:
    """The moment that `YYYY-MM-DDTHH:MM:SSZ` names; SqitchError when there is none.

    A leap second is the first moment of the next day, as PostgreSQL stores it.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return _unusual(text)


def format_timestamp(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


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
    if day > calendar.monthrange(year, month)[1]:
        raise SqitchError(
            f"Invalid day of month (day = {date[8:]} - month = {date[5:7]} - year = {date[:4]})"
        )
    if second != 60 or (hour, minute) != (23, 59) or date not in _LEAP_DAYS:
        raise SqitchError(f"Invalid second value ({second})")
    return datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)
