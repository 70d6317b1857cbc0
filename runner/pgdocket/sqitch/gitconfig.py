"""git's configuration format, as far as sqitch.conf uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError

_SPACE = re.compile(r"\s*")
_SECTION = re.compile(r'\[\s*([^\s"\]]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_BARE = re.compile(r"([^\[=\n][^=\n]*?)[ \t\r]*(?:[#;][^\n]*)?(?=\n|\Z)")
_KEY = re.compile(r"([^\[=\n][^=\n]*?)[ \t]*=")
_TOKEN = re.compile(
    r'\\\r?\n|\\(?P<escaped>[^\n])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<space>[^\S\n]+)'
    r'|(?P<word>[^\s\\"]+)',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(\r?\n|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "\n": "", "\r\n": ""}
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: `section` is `core` or `target.dev`; `name` keeps its case.

    A name that stands alone has the value `true`, and is `is_bare`. `origin` is its file.
    """

    section: str
    name: str
    value: str
    is_bare: bool = False
    origin: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """What the setting is looked up by."""
        return normalize_key(f"{self.section}.{self.name}")


@dataclass(frozen=True, slots=True)
class Item:
    """What the text has from `start` to `end`: the heading of a section, or a setting.

    A heading has no `name`; a name that stands alone has no `value`.
    """

    section: str
    name: str
    value: str | None
    start: int
    end: int


def normalize_key(key: str) -> str:
    """The key with its section and its name in lower case; what is between keeps its case."""
    section, *between, name = key.split(".")
    return ".".join([section.lower(), *between, name.lower()])


def read_file(path: Path, depth: int = 0) -> tuple[Entry, ...]:
    """Every setting of the file in order, those of files that it includes in their place.

    None when there is no file; SqitchError names the line that can't be read.
    """
    return tuple(_entries(path, depth))


def _entries(path: Path, depth: int) -> Iterator[Entry]:
    for item in scan(read_text(path).removeprefix("\ufeff"), str(path)):
        if not item.name:
            continue
        value = "true" if item.value is None else item.value
        yield Entry(item.section, item.name, value, item.value is None, str(path))
        if item.section == "include" and item.name.lower() == "path" and value:
            if depth >= _DEPTH:
                raise SqitchError(f"{path} is included by itself, or by too many files in turn")
            yield from read_file(path.parent / Path(value).expanduser(), depth + 1)


def read_text(path: Path) -> str:
    """The file's text as it is; nothing when there is no file, SqitchError when it is no text."""
    try:
        return path.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise SqitchError(f"Cannot read {path}: {exc}") from exc


def scan(text: str, path: str) -> Iterator[Item]:
    """The headings and settings of the text in order; `path` names it in errors."""
    section: str | None = None
    position = 0
    while (position := _end(_SPACE, text, position)) < len(text):
        start = position
        if text[start] in "#;":
            position = _line_end(text, start)
            continue
        if heading := _SECTION.match(text, start):
            section, position = _section_name(heading), heading.end()
            yield Item(section, "", None, start, position)
            continue
        value: str | None = None
        if setting := _BARE.match(text, start):
            position = setting.end()
        elif setting := _KEY.match(text, start):
            value, position = _value(text, setting.end())
        if section is None or setting is None or position < 0:
            raise _unreadable(path, text, start)
        yield Item(section, setting[1], value, start, _without_return(text, position))


def _value(text: str, position: int) -> tuple[str, int]:
    """The value that starts here and where its line ends, -1 when it can't be read.

    A backslash at the end of a line continues it. Blanks outside quotes count as one, and not at
    all at the ends; only behind a blank is `#` or `;` a comment.
    """
    kept: list[str] = []
    has_space = False
    while position < len(text) and text[position] != "\n":
        token = _TOKEN.match(text, position)
        if token is None:
            return "", -1
        if token["word"] and token["word"][0] in "#;" and (has_space or not kept):
            return "".join(kept), _line_end(text, position)
        position = token.end()
        if token["space"]:
            has_space = bool(kept)
        elif (piece := _piece(token)) is not None:
            kept.append(f" {piece}" if has_space else piece)
            has_space = False
    return "".join(kept), position


def _piece(token: re.Match[str]) -> str | None:
    """What the token adds to the value; None for a line that goes on."""
    if token["escaped"]:
        return _ESCAPES.get(token["escaped"], token["escaped"])
    if token["quoted"] is not None:
        return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), token["quoted"])
    return token["word"]


def _section_name(heading: re.Match[str]) -> str:
    name, inner = heading[1].lower(), heading[2]
    return name if inner is None else name + "." + _ESCAPED.sub(r"\1", inner)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _without_return(text: str, end: int) -> int:
    return end - 1 if text[end - 1 : end + 1] == "\r\n" else end


def _unreadable(path: str, text: str, position: int) -> SqitchError:
    number = text.count("\n", 0, position) + 1
    line = text[text.rfind("\n", 0, position) + 1 : _line_end(text, position)]
    return SqitchError(f"Error parsing {path} at line {number}.\nBad line was: '{line}'")
