"""Cuts a script into the statements that psql would send, byte for byte.

The rules are psql's own: it reads line by line, leaves out blanks and `--` comments before a
statement, keeps them inside one, and ends a statement at a semicolon that stands outside quotes,
comments, parentheses and `BEGIN ATOMIC` bodies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from pgdocket.sqitch.arguments import Arguments
from pgdocket.sqitch.statement import ScriptSyntaxError, Statement, is_copy_from_stdin
from pgdocket.sqitch.variables import Variables

__all__ = [
    "Item",
    "Meta",
    "ScriptReader",
    "ScriptSyntaxError",
    "Statement",
    "is_copy_from_stdin",
]

# Beyond ASCII everything belongs to names, as in psql, which reads bytes.
_START = r"(?:[A-Za-z_]|[^\x00-\x7f])"
_NAME = r"(?:[A-Za-z0-9_]|[^\x00-\x7f])+"
_TOKEN = re.compile(
    rf"""
    (?P<blank>   (?: [ \t\n\r\f\v]+ | --[^\n\r]* )+ )
  | (?P<comment> /\* )
  | (?P<escape>  [eE]' )
  | (?P<quote>   (?: [bBxXnN] | [uU]& )? ' )
  | (?P<ident>   (?: [uU]& )? " )
  | (?P<dollar>  \$ (?: {_START} (?:{_NAME})? )? \$ )
  | (?P<word>    {_START} (?: [A-Za-z0-9_$] | [^\x00-\x7f] )* )
  | (?P<number>  \$? [0-9]+ (?:{_START})? )
  | (?P<variable> : (?: {_NAME} | '{_NAME}' | "{_NAME}" | \{{\?{_NAME}\}} ) )
  | (?P<colon>   : [:=]? )
  | (?P<semi>    ; )
  | (?P<open>    \( )
  | (?P<close>   \) )
  | (?P<masked>  \\ [;:] )
  | (?P<backslash> \\ )
  | (?P<other>   [,.=<>+*@#%^&|?!~\[\]{{}}`]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
# What can be passed over at once where words no longer matter. The quantifiers give nothing back:
# a word before a quote belongs to it (E'...') and is left to _TOKEN as a whole.
_DULL = re.compile(
    rf"""
    (?: [ \t\n\r\f\v]++
      | {_START} (?: [A-Za-z0-9_$] | [^\x00-\x7f] )*+ (?!['"&])
      | [0-9]++ (?! {_START} )
      | [,.=<>+*@#%^&|?!~\[\]{{}}`]++
    )++
    """,
    re.VERBOSE,
)
_CUTS = frozenset({"semi", "variable", "backslash", "masked"})
_ENDS = {
    "quote": re.compile(r"''|(')"),
    "escape": re.compile(r"\\.|''|(')", re.DOTALL),
    "ident": re.compile(r'""|(")'),
}
_COMMENT = re.compile(r"/\*|\*/")
_ROUTINE = re.compile(r"c(?:or)?[fp]")
_ROUTINE_STARTS = frozenset({"c", "co", "cor"})
_ROUTINE_WORDS = frozenset({"create", "or", "replace", "function", "procedure"})


@dataclass(frozen=True, slots=True)
class Meta:
    """A backslash command, its arguments still to be read by the rules of the command."""

    name: str
    arguments: Arguments
    line: int


Item = Statement | Meta


class ScriptReader:
    """Reads one file. What it yields next may depend on variables set since the last item.

    `has_references` tells whether it has met one to a variable.
    """

    def __init__(
        self,
        text: str,
        path: Path,
        variables: Variables,
        *,
        is_active: Callable[[], bool] = lambda: True,
        standard_strings: Callable[[], bool] = lambda: True,
    ) -> None:
        self._source = text.removeprefix("\ufeff")
        self._path = path
        self._variables = variables
        self._is_active = is_active
        self._standard_strings = standard_strings
        self._lines = self._source.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self._offset = 0
        self.line = 0
        self.has_references = False
        self._inside: str | None = None
        self._dollar_tag = ""
        self._comment_depth = 0
        self._expanding: list[str] = []
        self._previous: Statement | None = None
        self._counted = 1, 0
        self._reset()

    def _reset(self) -> None:
        self._pieces: list[str] = []
        self._origins: list[tuple[int, int, bool]] = []
        self._length = 0
        self._newline_at = -1
        self._paren_depth = 0
        self._begin_depth = 0
        self._word_count = 0
        self._routine = ""
        self._is_dull = False
        self._is_compound = False
        self._is_doubtful = False
        self._is_after_begin = False

    def items(self) -> Iterator[Item]:
        """The statements and backslash commands, in order."""
        while (line := self._next_line()) is not None:
            if not line and self._inside is None:
                continue
            if self._length:
                self._append("\n", self._offset - 1)
                self._newline_at = self._length
            else:
                self._newline_at = -1
            if self._inside == "dollar" and self._dollar_tag not in line:
                self._append_body()
            else:
                yield from self._scan(line, self._offset)
        if self._length and self._is_active():
            yield self.take()

    def copy_data(self) -> Iterator[str]:
        r"""The lines that follow, up to `\.`: the data of COPY FROM STDIN."""
        while (line := self._next_line()) is not None:
            if line in ("\\.", "\\.\r"):
                return
            yield line + "\n"

    def take(self) -> Statement:
        """Everything read since the last statement, as a statement; the last one when empty."""
        if not self._length and self._previous is not None:
            return self._previous
        text = "".join(self._pieces)
        statement = Statement(
            text,
            self._path,
            self._line_of(self._origins[0][1]) if self._origins else self.line,
            self.line,
            tuple(self._origins),
            self._source,
            self._is_compound,
            self._is_doubtful,
        )
        self._previous = statement
        self._reset()
        return statement

    def _line_of(self, offset: int) -> int:
        """The line of an offset, counted from the one asked for before: they grow."""
        line, known = self._counted
        if offset < known:
            line, known = 1, 0
        line += self._source.count("\n", known, offset)
        self._counted = line, offset
        return line

    def mark(self) -> tuple[int, int]:
        """A point to come back to with `rewind`: the branches of `\\if` need it."""
        return self._length, self._paren_depth

    def rewind(self, mark: tuple[int, int]) -> None:
        """Forgets the statement's text since that mark."""
        length, self._paren_depth = mark
        self._pieces = ["".join(self._pieces)[:length]]
        self._origins = [origin for origin in self._origins if origin[0] < length]
        self._length = length

    def _append_body(self) -> None:
        """Takes the lines up to the one with the end of the dollar quote in one piece."""
        start = self._offset
        end = self._source.find(self._dollar_tag, start)
        last = self._source.count("\n", start, len(self._source) if end < 0 else end)
        lines = self._lines[self.line - 1 : self.line - 1 + max(last, 1)]
        self._offset += sum(len(line) + 1 for line in lines[:-1])
        self.line += len(lines) - 1
        self._append("\n".join(lines), start)

    def _next_line(self) -> str | None:
        if self.line >= len(self._lines):
            return None
        if self.line:
            self._offset += len(self._lines[self.line - 1]) + 1
        self.line += 1
        return self._lines[self.line - 1]

    def _append(self, text: str, origin: int, *, is_fixed: bool = False) -> None:
        if not text:
            return
        last = self._origins[-1] if self._origins else None
        continues = (
            last is not None
            and last[2] == is_fixed
            and origin == (last[1] if is_fixed else last[1] + self._length - last[0])
        )
        if not continues:
            self._origins.append((self._length, origin, is_fixed))
        self._pieces.append(text)
        self._length += len(text)

    def _scan(self, text: str, origin: int, *, is_value: bool = False) -> Iterator[Item]:
        """Yields what a line, or the value of a variable, completes; keeps the rest of it."""
        position = start = 0
        while position < len(text):
            if self._inside is not None:
                position = self._skip_inside(text, position)
                continue
            if self._is_dull and (dull := _DULL.match(text, position)) is not None:
                position = dull.end()
                continue
            token = _TOKEN.match(text, position)
            if token is None:
                break
            kind, end = token.lastgroup, token.end()
            if kind == "blank":
                if not self._length and start == position:
                    start = end
            elif kind in _CUTS:
                cut = yield from self._cut(token, start, origin, is_value)
                if cut:
                    start = end = cut
            else:
                self._note(kind, token.group())
            position = end
        self._keep(text, start, len(text), origin, is_value)

    def _cut(
        self, token: re.Match[str], start: int, origin: int, is_value: bool
    ) -> Generator[Item, None, int]:
        """Ends the piece before a token with a meaning; where the next begins, 0 for none."""
        kind, text, position, end = token.lastgroup, token.string, token.start(), token.end()
        if kind == "semi":
            if self._paren_depth or self._begin_depth:
                return 0
            self._keep(text, start, end, origin, is_value)
            if self._is_active():
                yield self.take()
            else:
                self._word_count, self._is_dull = 0, False
            return end
        if kind == "variable":
            self.has_references = True
            value = self._value(token.group())
            if value is None:
                return 0
            self._keep(text, start, position, origin, is_value)
            yield from self._expand(token.group(), value, origin if is_value else origin + position)
            return end
        self._keep(text, start, position, origin, is_value)
        if kind == "masked":
            self._keep(text, position + 1, end, origin, is_value)
            self._is_compound = self._is_compound or token.group() == "\\;"
            return end
        meta = self._meta(text, end, is_value)
        yield meta
        return meta.arguments.finish()

    def _keep(self, text: str, start: int, end: int, origin: int, is_value: bool) -> None:
        """Adds a piece of a line to the statement; a value stands where its variable stood."""
        self._append(text[start:end], origin if is_value else origin + start, is_fixed=is_value)

    def _note(self, kind: str | None, token: str) -> None:
        if kind == "word":
            self._note_word(token.lower())
        elif kind == "open":
            self._paren_depth += 1
        elif kind == "close":
            self._paren_depth = max(0, self._paren_depth - 1)
        elif kind == "comment":
            self._inside, self._comment_depth = "comment", 1
        elif kind == "dollar":
            self._inside, self._dollar_tag = "dollar", token
        elif kind == "quote" and token[0] in "'nN" and not self._standard_strings():
            self._inside = "escape"
        elif kind in _ENDS:
            self._inside = kind

    def _note_word(self, word: str) -> None:
        """Follows psql's rule of thumb for the bodies of SQL-standard routines."""
        if self._word_count == 0:
            self._routine = ""
        if self._word_count < 4:
            self._routine += word[0] if word in _ROUTINE_WORDS else "-"
        self._word_count += 1
        is_routine = _ROUTINE.match(self._routine) is not None
        self._is_dull = not is_routine and self._routine not in _ROUTINE_STARTS
        if self._is_after_begin:
            self._is_after_begin = False
            self._is_doubtful = self._is_doubtful or word != "atomic"
        if self._paren_depth or not is_routine:
            return
        if word == "begin" or (word == "case" and self._begin_depth):
            self._is_after_begin = word == "begin"
            self._is_doubtful = self._is_doubtful or (word == "begin" and self._begin_depth > 0)
            self._begin_depth += 1
        elif word == "end" and self._begin_depth:
            self._begin_depth -= 1

    def _skip_inside(self, text: str, position: int) -> int:
        if self._inside == "dollar":
            found = text.find(self._dollar_tag, position)
            if found < 0:
                return len(text)
            self._inside = None
            return found + len(self._dollar_tag)
        if self._inside == "comment":
            return self._skip_comment(text, position)
        for match in _ENDS[self._inside or "quote"].finditer(text, position):
            if match.group(1):
                self._inside = None
                return match.end()
        return len(text)

    def _skip_comment(self, text: str, position: int) -> int:
        for match in _COMMENT.finditer(text, position):
            self._comment_depth += 1 if match.group() == "/*" else -1
            if not self._comment_depth:
                self._inside = None
                return match.end()
        return len(text)

    def _value(self, reference: str) -> str | None:
        if not self._is_active() or reference[1:] in self._expanding:
            return None
        return self._variables.expand(reference)

    def _expand(self, reference: str, value: str, origin: int) -> Iterator[Item]:
        if reference[1] in "'\"{":
            self._append(value, origin, is_fixed=True)
            return
        self._expanding.append(reference[1:])
        yield from self._scan(value, origin, is_value=True)
        self._expanding.pop()

    def _meta(self, text: str, position: int, is_value: bool) -> Meta:
        if is_value:
            raise ScriptSyntaxError(
                f'variable "{self._expanding[-1]}" holds a backslash command',
                self._path,
                self.line,
            )
        if self._length == self._newline_at:
            self._pieces.pop()
            self._length -= 1
            self._origins = [origin for origin in self._origins if origin[0] < self._length]
            self._newline_at = -1
        end = position
        while end < len(text) and text[end] not in " \t\n\r\f\v\\":
            end += 1
        arguments = Arguments(text, end, self._variables, self._is_active)
        return Meta(text[position:end], arguments, self.line)
