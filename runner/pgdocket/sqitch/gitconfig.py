"""git's configuration format, as far as sqitch.conf uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError

_SECTION = re.compile(r'\[\s*([^\s"\]]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_KEY = re.compile(r"([A-Za-z_][\w-]*)[ \t]*(=?)[ \t]*")
_ESCAPED, _SECOND = re.compile(r"\\(.)"), r"\1"
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: `section` is `core` or `target.dev`; `name` keeps its case."""

    section: str
    name: str
    value: str

    @property
    def key(self) -> str:
        """What the setting is looked up by."""
        return normalize_key(f"{self.section}.{self.name}")


def normalize_key(key: str) -> str:
    """The key with its section and its name in lower case; what is between keeps its case."""
    section, *between, name = key.split(".")
    return ".".join([section.lower(), *between, name.lower()])


def read_file(path: Path) -> tuple[Entry, ...]:
    """Every setting of the file in order, none when there is no file; SqitchError names the line
    that can't be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeDecodeError) as exc:
        raise SqitchError(f"Cannot read {path}: {exc}") from exc
    return tuple(parse(text, str(path)))


def parse(text: str, path: str) -> Iterator[Entry]:
    """The settings in the text; `path` names it in errors."""
    lines = enumerate(text.split("\n"), start=1)
    section: str | None = None
    for number, line in lines:
        rest = line.strip()
        while rest and rest[0] not in "#;":
            heading = _SECTION.match(rest)
            if heading is not None:
                section = _section_name(heading)
                rest = rest[heading.end() :].lstrip()
                continue
            setting = _KEY.match(rest)
            if setting is None or section is None:
                raise _unreadable(path, number, line)
            tail = rest[setting.end() :]
            value = _value(tail, lines) if setting[2] else "true"
            if value is None or (not setting[2] and tail[:1] not in ("", "#", ";")):
                raise _unreadable(path, number, line)
            yield Entry(section, setting[1], value)
            break


def _section_name(heading: re.Match[str]) -> str:
    name, inner = heading[1].lower(), heading[2]
    return name if inner is None else f"{name}.{re.sub(_ESCAPED, _SECOND, inner)}"


def _value(text: str, lines: Iterator[tuple[int, str]]) -> str | None:
    """The value that starts here, None when a quote isn't closed.

    A backslash at the end of a line continues it, and so does an open quote. Blanks outside
    quotes count as one, and not at all at the end; only behind a blank is `#` or `;` a comment.
    """
    kept: list[str] = []
    solid = 0  # how much of what was kept may not be trimmed
    quoted = False
    text = text.rstrip()
    position = 0
    while True:
        if position >= len(text):
            if not quoted:
                return "".join(kept[:solid])
            kept.append("\n")
            following = next(lines, None)
            if following is None:
                return None
            text, position = following[1].removesuffix("\r"), 0
            continue
        character = text[position]
        position += 1
        if character == "\\" and position >= len(text):
            text, position = next(lines, (0, ""))[1].rstrip(), 0
        elif character == "\\":
            kept.append(_ESCAPES.get(text[position], text[position]))
            position, solid = position + 1, len(kept)
        elif character == '"':
            quoted, solid = not quoted, len(kept)
        elif quoted or not (character.isspace() or (character in "#;" and _ends_blank(kept))):
            kept.append(character)
            solid = len(kept)
        elif character in "#;":
            return "".join(kept[:solid])
        elif not _ends_blank(kept):
            kept.append(" ")


def _ends_blank(kept: list[str]) -> bool:
    return not kept or kept[-1] == " "


def _unreadable(path: str, number: int, line: str) -> SqitchError:
    return SqitchError(f"Error parsing {path} at line {number}.\nBad line was: '{line}'")
