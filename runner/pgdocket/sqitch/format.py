"""How `plan` and `log` print a change: Sqitch's named formats and its `%` codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pgdocket.sqitch.date_format import check_date_format, format_date
from pgdocket.sqitch.errors import SqitchError

_HEAD = "%{:event}C%L %h%{reset}C"
_NAME = "%v%{name}_ %n%v"
_PROJECT = "%{project}_ %o%v"
_PLANNER = "%{planner}_ %p%v"
_COMMITTER = "%{committer}_ %c%v"
_PLANNED = "%{planned}_ %{date}p%v"
_COMMITTED = "%{committed}_ %{date}c%v"
_BODY = "%v%{    }B%v"
_RAW = "%{:event}C%e %H%{reset}C%T%vname      %n%vproject   %o%v%{requires}a%{conflicts}a"
_RAW_PLANNED = "planner   %p%vplanned   %{date:raw}p%v"

PLAN_FORMATS: Mapping[str, str] = {
    "raw": f"{_RAW}{_RAW_PLANNED}{_BODY}",
    "full": f"{_HEAD}%T{_NAME}{_PROJECT}%R%X{_PLANNER}{_PLANNED}{_BODY}",
    "long": f"{_HEAD}%T{_NAME}{_PROJECT}{_PLANNER}{_BODY}",
    "medium": f"{_HEAD}{_NAME}{_PLANNER}%{{date}}_ %{{date}}p%v{_BODY}",
    "short": f"{_HEAD}{_NAME}{_PLANNER}%v    %s%v",
    "oneline": "%{:event}C%h %l%{reset}C %n%{cyan}C%t%{reset}C",
}
LOG_FORMATS: Mapping[str, str] = {
    "raw": f"{_RAW}{_RAW_PLANNED}committer %c%vcommitted %{{date:raw}}c%v{_BODY}",
    "full": f"{_HEAD}%T{_NAME}{_PROJECT}%R%X{_PLANNER}{_PLANNED}{_COMMITTER}{_COMMITTED}{_BODY}",
    "long": f"{_HEAD}%T{_NAME}{_PROJECT}{_PLANNER}{_COMMITTER}{_BODY}",
    "medium": f"{_HEAD}{_NAME}{_COMMITTER}%{{date}}_ %{{date}}c%v{_BODY}",
    "short": f"{_HEAD}{_NAME}{_COMMITTER}%v    %s%v",
    "oneline": "%{:event}C%h %l%{reset}C %o:%n %s",
}

_CODE = re.compile(
    r"%(?P<left>-)?(?P<minimum>\d*)(?:\.(?P<maximum>\d*))?(?:\{(?P<argument>.*?)\})?(?P<code>\S)",
    re.DOTALL,
)
_LABELS = frozenset(
    {
        *("event", "change", "name", "project", "requires", "conflicts", "by", "email", "date"),
        *("planner", "planned", "committer", "committed"),
    }
)
_LABEL_WIDTH = 10
_EVENT_COLORS = {"deploy": "green", "revert": "blue", "fail": "red"}
_STYLES = {
    name: number
    for number, names in (
        (0, "reset clear"),
        (1, "bold"),
        (2, "dark faint"),
        (3, "italic"),
        (4, "underline underscore"),
        (5, "blink"),
        (7, "reverse"),
        (8, "concealed"),
    )
    for name in names.split()
}
_HUES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_COLORS = _STYLES | {
    f"{ground}{bright}{hue}": base + number
    for ground, bright, base in (
        ("", "", 30),
        ("on_", "", 40),
        ("", "bright_", 90),
        ("on_", "bright_", 100),
    )
    for number, hue in enumerate(_HUES)
}


@dataclass(frozen=True, slots=True)
class Event:
    """What a format prints: a planned change, or an event of the registry with its committer."""

    event: str
    change_id: str
    change: str
    project: str
    note: str
    planner_name: str
    planner_email: str
    planned_at: datetime
    requires: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    committer_name: str | None = None
    committer_email: str | None = None
    committed_at: datetime | None = None

    @property
    def subject(self) -> str:
        """The first line of the note."""
        return self.note.partition("\n")[0]

    @property
    def body(self) -> str:
        """The note without its first line."""
        return self.note.partition("\n")[2].lstrip("\n")


@dataclass(frozen=True, slots=True)
class Formatter:
    """Prints events.

    `abbrev` is the number of digits of an id that `%h` shows, 0 for all; `file` is what `%F` says.
    """

    format: str
    abbrev: int = 0
    date_format: str = "iso"
    color: bool = False
    file: str = ""

    def render(self, event: Event) -> str:
        """The event's text without a final line end; SqitchError for an unknown code."""
        return _CODE.sub(lambda match: self._expand(event, match), self.format)

    def _expand(self, event: Event, match: re.Match[str]) -> str:
        code = match["code"]
        expand = _CODES.get(code)
        if expand is None:
            raise SqitchError(f'Unknown format code "{code}"')
        text = expand(self, event, match["argument"])
        if match["maximum"]:
            text = text[: int(match["maximum"])]
        width = int(match["minimum"] or 0)
        return text.ljust(width) if match["left"] else text.rjust(width)


def resolve_format(name: str, formats: Mapping[str, str], command: str) -> str:
    """The `%` codes behind a format's name or behind `format:`.

    SqitchError with exit code 255, as in Sqitch, when `command` has no such format.
    """
    if name.startswith("format:"):
        return name.removeprefix("format:")
    if name not in formats:
        raise SqitchError(f'Unknown {command} format "{name}"', 255)
    return formats[name]


def check_options(date_format: str) -> None:
    """Raises SqitchError with exit code 255 unless the date format is known."""
    try:
        check_date_format(date_format)
    except SqitchError as exc:
        raise SqitchError(exc.message, 255) from None


_Code = Callable[[Formatter, Event, str | None], str]


def _id(formatter: Formatter, event: Event, argument: str | None) -> str:
    if argument and not argument.isdecimal():
        raise SqitchError(f'Invalid length "{argument}" passed to the h format')
    return event.change_id[: int(argument or 0) or formatter.abbrev or None]


def _person(
    formatter: Formatter, name: str | None, email: str | None, at: datetime | None, what: str | None
) -> str:
    name, email = name or "", email or ""
    if what is None:
        return f"{name} <{email}>"
    field, _, date_format = what.partition(":")
    if field in ("date", "d"):
        return format_date(at, date_format or formatter.date_format) if at else ""
    return {"name": name, "n": name, "email": email, "e": email}.get(field, "")


def _planner(formatter: Formatter, event: Event, argument: str | None) -> str:
    return _person(formatter, event.planner_name, event.planner_email, event.planned_at, argument)


def _committer(formatter: Formatter, event: Event, argument: str | None) -> str:
    return _person(
        formatter, event.committer_name, event.committer_email, event.committed_at, argument
    )


def _listed(items: tuple[str, ...], separator: str | None, before: str, after: str = "") -> str:
    return f"{before}{(separator or ', ').join(items)}{after}" if items else ""


def _label(name: str) -> str:
    return f"{name.capitalize()}:".ljust(_LABEL_WIDTH)


def _named_label(_: Formatter, __: Event, argument: str | None) -> str:
    if argument is None:
        raise SqitchError("No label passed to the _ format")
    if argument not in _LABELS:
        raise SqitchError(f'Unknown label "{argument}" passed to the _ format')
    return _label(argument)


def _prefixed(text: str, prefix: str | None) -> str:
    return "\n".join(f"{prefix or ''}{line}" for line in text.split("\n"))


def _color(formatter: Formatter, event: Event, argument: str | None) -> str:
    wanted = "{color}" if argument is None else argument
    if wanted == ":event":
        wanted = _EVENT_COLORS.get(event.event, "reset")
    numbers = [_COLORS.get(name.lower()) for name in wanted.replace(",", " ").split()]
    if not numbers or None in numbers:
        raise SqitchError(f"{wanted} is not a valid ANSI color")
    return f"\033[{';'.join(map(str, numbers))}m" if formatter.color else ""


def _attribute(_: Formatter, event: Event, argument: str | None) -> str:
    name = "{attr}" if argument is None else argument
    value = getattr(event, name, None) if name in Event.__dataclass_fields__ else None
    if value is None:
        raise SqitchError(f"{name} is not a valid change attribute")
    if value == ():
        return ""
    if isinstance(value, datetime):
        value = format_date(value, "raw")
    elif isinstance(value, tuple):
        value = ", ".join(value)
    return f"{name:<{_LABEL_WIDTH - 1}} {value}\n"


_CODES: Mapping[str, _Code] = {
    "e": lambda _, event, __: event.event,
    "l": lambda _, event, __: event.event,
    "L": lambda _, event, __: event.event.capitalize(),
    "_": _named_label,
    "H": lambda _, event, __: event.change_id,
    "h": _id,
    "n": lambda _, event, __: event.change,
    "o": lambda _, event, __: event.project,
    "F": lambda formatter, _, __: formatter.file,
    "c": _committer,
    "p": _planner,
    "t": lambda _, event, separator: _listed(event.tags, separator, " "),
    "T": lambda _, event, separator: _listed(event.tags, separator, " (", ")"),
    "r": lambda _, event, separator: _listed(event.requires, separator, " "),
    "R": lambda _, event, separator: _listed(
        event.requires, separator, f"{_label('requires')} ", "\n"
    ),
    "x": lambda _, event, separator: _listed(event.conflicts, separator, " "),
    "X": lambda _, event, separator: _listed(
        event.conflicts, separator, f"{_label('conflicts')} ", "\n"
    ),
    "v": lambda _, __, ___: "\n",
    "C": _color,
    "s": lambda _, event, prefix: f"{prefix or ''}{event.subject}",
    "b": lambda _, event, prefix: _prefixed(event.body, prefix) if event.body else "",
    "B": lambda _, event, prefix: _prefixed(event.note, prefix),
    "a": _attribute,
    "%": lambda _, __, ___: "%",
}
