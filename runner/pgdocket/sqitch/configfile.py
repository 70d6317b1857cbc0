"""Changes a file of settings as git and sqitch would, and leaves the rest of it as it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.gitconfig import Item, read_text, scan

_NAME = re.compile(r"[^=\n\[\s](?:[^=\n]*[^=\s])?")
_SECTION = re.compile(r'[^\s\[\]"]+')
_NEEDS_QUOTES = re.compile(r"\A\s|[;#]|\s\Z")


@dataclass(frozen=True, slots=True)
class ConfigText:
    """The text of a file of settings; each change makes a new one. `path` names it in errors.

    A `pattern` is a regular expression that values must match; with `!` before it they must not.
    """

    text: str
    path: Path

    def set_value(self, key: str, value: str, pattern: str | None = None) -> ConfigText:
        """Gives the key a value in the place of the one it has; SqitchError if it has several."""
        found = self._find(key, pattern)
        if len(found) > 1:
            raise SqitchError("Cannot overwrite multiple values with a single value")
        return self._replace(found, key, value)

    def replace_all(self, key: str, value: str, pattern: str | None = None) -> ConfigText:
        """Gives the key one value in the place of all that it has."""
        return self._replace(self._find(key, pattern), key, value)

    def add_value(self, key: str, value: str) -> ConfigText:
        """Gives the key one more value, at the end of its section."""
        section, subsection, name = split_key(key)
        line = f"\t{format_setting(name, value)}{self._newline}"
        full = _full_name(section.lower(), subsection)
        last = max((item.end for item in self._items() if item.section == full), default=None)
        if last is not None:
            end = self.text.find("\n", last) + 1
            head, tail = (self.text[:end], self.text[end:]) if end else (self._ended(), "")
            return self._with(head + line + tail)
        heading = f"[{_full_heading(section, subsection)}]{self._newline}"
        return self._with(self._ended() + heading + line)

    def unset(self, key: str, pattern: str | None = None, *, every: bool = False) -> ConfigText:
        """Takes the key out; SqitchError if it isn't there, or has several values but not `every`
        is meant.
        """
        found = self._find(key, pattern)
        if not found:
            raise SqitchError(f"No occurrence of {key} found to unset in {self.path}")
        if len(found) > 1 and not every:
            raise SqitchError("Cannot unset key with multiple values")
        return self._without(found)

    def rename_section(self, old: str, new: str) -> ConfigText:
        """Gives the section another name, wherever it stands; SqitchError if there is none."""
        text = self.text
        section, _, subsection = new.partition(".")
        for item in reversed(self._headings(old)):
            heading = f"[{_full_heading(section, subsection or None)}]"
            text = text[: item.start] + heading + text[item.end :]
        return self._with(text)

    def remove_section(self, name: str) -> ConfigText:
        """Takes the section out with all that stands in it; SqitchError if there is none."""
        doomed = {item.start for item in self._headings(name)}
        text = self.text
        end = len(text)
        for item in reversed([item for item in self._items() if not item.name]):
            if item.start in doomed:
                text = text[: item.start] + text[end:]
            end = item.start
        return self._with(text)

    def _items(self) -> list[Item]:
        return list(scan(self.text, str(self.path)))

    def _headings(self, name: str) -> list[Item]:
        found = [
            item for item in self._items() if not item.name and item.section.lower() == name.lower()
        ]
        if not found:
            raise SqitchError("No such section!")
        return found

    def _find(self, key: str, pattern: str | None) -> list[Item]:
        section, subsection, name = split_key(key)
        full = _full_name(section.lower(), subsection)
        return [
            item
            for item in self._items()
            if item.section == full
            and item.name.lower() == name.lower()
            and matches(item.value, pattern)
        ]

    def _replace(self, found: Sequence[Item], key: str, value: str) -> ConfigText:
        """The last of these becomes the value, the others go."""
        if not found:
            return self.add_value(key, value)
        last = found[-1]
        setting = format_setting(split_key(key)[2], value)
        changed = self._with(self.text[: last.start] + setting + self.text[last.end :])
        return changed._without(found[:-1])

    def _without(self, items: Sequence[Item]) -> ConfigText:
        """The text without these settings and their lines, the heading before one kept."""
        text = self.text
        for item in reversed(items):
            line_start = text.rfind("\n", 0, item.start) + 1
            heading_end = text.rfind("]", line_start, item.start) + 1
            end = text.find("\n", item.end) + 1 or len(text)
            if heading_end:
                text = text[:heading_end] + self._newline + text[end:]
            else:
                text = text[:line_start] + text[end:]
        return self._with(text)

    def _ended(self) -> str:
        return self.text if not self.text or self.text.endswith("\n") else self.text + self._newline

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _with(self, text: str) -> ConfigText:
        return replace(self, text=text)


def split_key(key: str) -> tuple[str, str | None, str]:
    """Section, subsection and name in a key; SqitchError when it can't be one."""
    head, dot, name = key.rpartition(".")
    section, inner, subsection = head.partition(".")
    if not dot or not section:
        raise SqitchError(f"No section given in key or invalid key {key}")
    if not _NAME.fullmatch(name):
        raise SqitchError(f"Invalid variable name {name}")
    if not _SECTION.fullmatch(section):
        raise SqitchError(f"Invalid section name {section}")
    return section, subsection if inner else None, name


def format_setting(name: str, value: str) -> str:
    """`name = value`, quoted where that is needed."""
    quote = '"' if _NEEDS_QUOTES.search(value) else ""
    for character, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\t", "\\t"), ("\n", "\\n")):
        value = value.replace(character, escaped)
    return f"{name} = {quote}{value}{quote}"


def matches(value: str | None, pattern: str | None) -> bool:
    """Whether a value is one that the pattern means, in any case of letters."""
    if not pattern:
        return True
    if pattern == "!":
        return False
    is_wanted = not pattern.startswith("!")
    try:
        found = re.search(pattern.removeprefix("!"), value or "", re.IGNORECASE)
    except re.error as error:
        raise SqitchError(f'Invalid pattern "{pattern}": {error}') from None
    return (found is not None) == is_wanted


def edit_file(path: Path, change: Callable[[ConfigText], ConfigText]) -> None:
    """Puts the changed text in the place of the file at once; folders are made as needed.

    Nobody else, git and sqitch included, changes it meanwhile: SqitchError when somebody does.
    """
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f"{path.name}.lock")
    try:
        stream = lock.open("xb")
    except OSError as error:
        raise SqitchError(f"Can't open {lock} for writing: {error.strerror}") from None
    try:
        with stream:
            text = read_text(path)
            mark = "\ufeff" if text.startswith("\ufeff") else ""
            changed = change(ConfigText(text.removeprefix(mark), path))
            stream.write((mark + changed.text).encode())
        if path.exists():
            lock.chmod(path.stat().st_mode & 0o7777)
        lock.replace(path)
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


def set_values(path: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """Gives several keys their values, all or none of them."""

    def change(config: ConfigText) -> ConfigText:
        for key, value in pairs:
            config = config.set_value(key, value)
        return config

    edit_file(path, change)


def _full_name(section: str, subsection: str | None) -> str:
    return section if subsection is None else f"{section}.{subsection}"


def _full_heading(section: str, subsection: str | None) -> str:
    if subsection is None:
        return section
    escaped = subsection.replace("\\", "\\\\").replace('"', '\\"')
    return f'{section} "{escaped}"'
