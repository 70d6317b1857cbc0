"""Reading a plan file: every line of it, and every rule that Sqitch holds it to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from pgdocket.sqitch.dates import parse_timestamp
from pgdocket.sqitch.dependencies import Planned, parse_dependency
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import (
    BlankLine,
    ChangeLine,
    Line,
    PragmaLine,
    Stamp,
    TagLine,
    unescape_note,
)
from pgdocket.sqitch.model import Dependency
from pgdocket.sqitch.names import (
    BLANK,
    HEX_ID,
    NAME,
    NAME_RULE,
    RESERVED,
    SPACE,
    is_valid_name,
    proxy,
)

_BLANK_LINE = re.compile(rf"(?P<left>{BLANK}*)(?:#{BLANK}*(?P<note>.+)|\Z)")
_COMMENT = re.compile(rf"(?P<right>{BLANK}*)(?:#{BLANK}*(?P<note>.*))?\Z")
_PRAGMA_PUNCTUATION = r"[!-/:-@\[\]^`{-~]"  # without the backslash, as in Sqitch
_PRAGMA = re.compile(
    rf"(?P<left>{BLANK}*)%(?P<gap>{BLANK}*)"
    rf"(?P<name>(?!{_PRAGMA_PUNCTUATION})[^{BLANK[1:-1]}=]+(?<!{_PRAGMA_PUNCTUATION}))"
    rf"(?:(?P<operator>{BLANK}*={BLANK}*)(?P<value>.+))?\Z"
)
_TIMESTAMP = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"
_BODY = re.compile(
    rf"(?P<left>{BLANK}*)(?:(?P<at>@)|(?P<operator>{BLANK}*[+-]{BLANK}*))?(?P<name>(?>{NAME}))"
    rf"(?P<gap>{BLANK}*)(?:\[(?P<dependencies>[^\]]+)\]{BLANK}*)?"
    rf"(?P<date>{_TIMESTAMP})?"
    rf"(?:{BLANK}*(?P<planner>[^<]+){BLANK}+<(?P<email>[^>]+)>)?\Z"
)
_ANY_TIMESTAMP = re.compile(_TIMESTAMP)
_SPLIT_BLANKS = re.compile(rf"{BLANK}+")


@dataclass(frozen=True, slots=True)
class ParsedPlan:
    """The lines of a plan that has passed every check, and what its pragmas say."""

    project: str
    uri: str | None
    lines: tuple[Line, ...]


def parse_lines(text: str, path: str) -> ParsedPlan:
    """Reads the text of a plan; SqitchError names the line of `path` that breaks a rule."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    numbered = enumerate((line.removesuffix("\r") for line in lines), start=1)
    header = _parse_header(numbered, path)
    pragmas = {line.name: line for line in header if isinstance(line, PragmaLine)}
    project = pragmas["project"].value if "project" in pragmas else ""
    if project in ("", "0"):
        raise SqitchError(f"Missing %project pragma in {path}")
    if "syntax-version" not in pragmas:
        header.insert(0, PragmaLine("", "", "syntax-version", "=", "1.0.0"))
    uri = (pragmas["uri"].value or "1") if "uri" in pragmas else None
    body = _Body(path, project)
    for number, line in numbered:
        body.read(number, line)
    body.finish()
    return ParsedPlan(project, None if uri == "0" else uri, (*header, *body.lines))


def syntax_error(path: str, number: int, what: str) -> NoReturn:
    """Raises the error of a broken line."""
    raise SqitchError(f"Syntax error in {path} at line {number}: {what}")


def _parse_header(numbered: Iterator[tuple[int, str]], path: str) -> list[Line]:
    header: list[Line] = []
    for number, line in numbered:
        blank = _BLANK_LINE.match(line)
        if blank is not None:
            header.append(BlankLine(blank["left"], unescape_note(blank["note"] or "")))
            if (blank["note"] or "").strip(SPACE) in ("", "0"):
                break
            continue
        pragma = _parse_pragma(line)
        if pragma is None:
            syntax_error(
                path,
                number,
                "Invalid pragma; a blank line must come between pragmas and changes",
            )
        if pragma.name == "project" and pragma.value != "0" and not is_valid_name(pragma.value):
            syntax_error(
                path, number, f'invalid project name "{pragma.value}": project {NAME_RULE}'
            )
        header.append(pragma)
    return header


def _parse_pragma(line: str) -> PragmaLine | None:
    content, right, note = _cut_comment(line)
    match = _PRAGMA.match(content)
    if match is None:
        return None
    return PragmaLine(
        left=match["left"],
        gap=match["gap"],
        name=match["name"],
        operator=match["operator"] or "",
        value=match["value"] or "",
        right=right,
        note=note,
    )


def _cut_comment(line: str) -> tuple[str, str, str]:
    """The line without its comment, the blanks before that, and the comment's text."""
    comment = _COMMENT.search(line)
    if comment is None:
        return line, "", ""
    return line[: comment.start()], comment["right"], comment["note"] or ""


@dataclass(slots=True)
class _Body:
    """The part of a plan below its pragmas, as far as it has been read."""

    path: str
    project: str
    lines: list[Line] = field(default_factory=list)
    planned: Planned = field(default_factory=Planned)
    section: list[ChangeLine] = field(default_factory=list)
    section_lines: dict[str, int] = field(default_factory=dict)
    tag_lines: dict[str, int] = field(default_factory=dict)
    has_changes: bool = False

    def read(self, number: int, line: str) -> None:
        """Takes in one line."""
        blank = _BLANK_LINE.match(line)
        if blank is not None:
            self.lines.append(BlankLine(blank["left"], unescape_note(blank["note"] or "")))
            return
        content, right, comment = _cut_comment(line)
        parts = _split_body(content)
        if parts is None:
            syntax_error(self.path, number, f"Invalid name; {NAME_RULE}")
        self._check_parts(number, parts)
        stamp = Stamp(parts["date"], parts["planner"], parts["email"])
        parse_timestamp(stamp.date)
        note = unescape_note(comment)
        if "at" in parts:
            self._add_tag(number, parts, TagLine(parts["name"], stamp, note, parts["left"], right))
        else:
            self._add_change(number, parts, stamp, note, right)

    def finish(self) -> None:
        """Checks what the last section requires."""
        self._check_requirements()

    def _check_parts(self, number: int, parts: dict[str, str]) -> None:
        missing = [
            what
            for what, name in (("timestamp", "date"), ("planner name and email", "planner"))
            if name not in parts
        ]
        if missing:
            syntax_error(self.path, number, f"Missing {' and '.join(missing)}")
        name = parts["name"]
        if name in RESERVED:
            shown = f"@{name}" if "at" in parts else name
            syntax_error(self.path, number, f'"{shown}" is a reserved name')
        if HEX_ID.match(name):
            syntax_error(
                self.path,
                number,
                f'"{name}" is invalid because it could be confused with a SHA1 ID',
            )

    def _add_tag(self, number: int, parts: dict[str, str], line: TagLine) -> None:
        name = line.name
        if "/" in name:
            syntax_error(self.path, number, f'Tag "{name}" contains illegal character /')
        if not self.has_changes:
            syntax_error(self.path, number, f'Tag "{name}" declared without a preceding change')
        if name in self.tag_lines:
            self._duplicate(number, "Tag", name, self.tag_lines[name])
        if parts.get("dependencies", "0") != "0":
            syntax_error(self.path, number, "Tags may not specify dependencies")
        self._check_requirements()
        self.planned.close_section({each.name: at for at, each in enumerate(self.section)}, name)
        self.section.clear()
        self.section_lines.clear()
        self.tag_lines[name] = number
        self.lines.append(line)

    def _add_change(
        self, number: int, parts: dict[str, str], stamp: Stamp, note: str, right: str
    ) -> None:
        name = parts["name"]
        if name in self.section_lines:
            self._duplicate(number, "Change", name, self.section_lines[name])
        dependencies = self._parse_dependencies(number, parts.get("dependencies", "0"))
        line = ChangeLine(
            name=name,
            stamp=stamp,
            requires=tuple(each for each in dependencies if not each.conflict),
            conflicts=tuple(each for each in dependencies if each.conflict),
            note=note,
            left=parts["left"],
            operator=parts.get("operator", ""),
            gap=parts.get("gap", ""),
            right=right,
        )
        self.has_changes = True
        self.section_lines[name] = number
        self.section.append(line)
        self.lines.append(line)

    def _parse_dependencies(self, number: int, text: str) -> list[Dependency]:
        if text == "0":
            return []
        found: list[Dependency] = []
        seen: set[str] = set()
        for spec in _split(text):
            if spec in seen:
                syntax_error(self.path, number, f'Duplicate dependency "{spec}"')
            seen.add(spec)
            dependency = parse_dependency(spec, self.project)
            if dependency is None:
                syntax_error(self.path, number, f'"{spec}" is not a valid dependency specification')
            found.append(dependency)
        return found

    def _duplicate(self, number: int, kind: str, name: str, earlier: int) -> NoReturn:
        syntax_error(
            self.path, number, f'{kind} "{name}" duplicates earlier declaration on line {earlier}'
        )

    def _check_requirements(self) -> None:
        positions = {line.name: position for position, line in enumerate(self.section)}
        report: list[str] = []
        count = 0
        for position, line in enumerate(self.section):
            wrong, hint = self.planned.complaints(
                line.name, position, line.requires, positions, self.path
            )
            wrong += [
                f'Unknown change "{each.id}" in conflict with change "{line.name}"'
                for each in line.conflicts
                if each.id is not None and each.project is None
            ]
            count += len(wrong)
            report += wrong + hint
        if report:
            title = "Dependency error" if count == 1 else "Dependency errors"
            raise SqitchError("\n  ".join([f"{title} detected:", *report]))


def _split_body(content: str) -> dict[str, str] | None:
    """The parts of a change or tag line that are there; None when it is neither."""
    match = _BODY.match(proxy(content))
    if match is None:
        return None
    found = [name for name, value in match.groupdict().items() if value is not None]
    parts = {name: content[slice(*match.span(name))] for name in found}
    # Whatever is false in Perl is missing to Sqitch, and "0" is false there.
    if parts["name"] == "0" or ("date" not in parts and _ANY_TIMESTAMP.search(content)):
        return None
    return parts


def _split(text: str) -> list[str]:
    """As Perl splits: empty pieces at the end don't count."""
    pieces = _SPLIT_BLANKS.split(text)
    while pieces and not pieces[-1]:
        pieces.pop()
    return pieces
