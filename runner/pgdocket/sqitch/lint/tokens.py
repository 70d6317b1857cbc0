"""The tokens of one statement, as the rules look at them: words, names, texts, signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WORD = r"(?:[A-Za-z_]|[^\x00-\x7f])(?:[A-Za-z0-9_$]|[^\x00-\x7f])*"
_TOKEN = re.compile(
    rf"""
    (?P<blank>    [ \t\n\r\f\v]+ | --[^\n]* )
  | (?P<comment>  /\* )
  | (?P<escape>   [eE]' (?: [^'\\] | \\. | '' )* ' )
  | (?P<text>     (?: [bBxXnN] | [uU]& )? ' (?: [^'] | '' )* ' )
  | (?P<name>     (?: [uU]& )? " (?: [^"] | "" )* " )
  | (?P<dollar>   \$ (?: {_WORD.replace("$", "")} )? \$ )
  | (?P<word>     {_WORD} )
  | (?P<number>   [0-9][0-9.]* )
  | (?P<variable> (?<! : ) : (?: ['"]? [A-Za-z0-9_]+ ['"]? | \{{\?[A-Za-z0-9_]+\}} ) )
  | (?P<sign>     :: | [-+*/<>=~!@\#%^&|`?]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_NESTED = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a statement.

    `kind` is word, name (in double quotes), text (in single or dollar quotes), number, variable
    (of psql) or sign. `value` is the word in lower case, or what stands between the quotes.
    `index` is the place of its first character; `depth` counts the parentheses around it.
    """

    kind: str
    value: str
    index: int
    depth: int

    @property
    def is_identifier(self) -> bool:
        """Whether it can be the name of something."""
        return self.kind in ("word", "name", "variable")


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a statement, or of the body of a routine; blanks and comments left out."""
    return tuple(_scan(text))


def is_open_ended(text: str) -> bool:
    """Whether a quote or a comment of the statement never ends."""
    last = list(_scan(text))[-1:]
    return bool(last) and last[0].kind == "open"


def comments_of(text: str) -> Iterator[tuple[int, str]]:
    """The `--` comments between the tokens of a text, each with the place where it begins."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return
        if match.lastgroup == "blank" and match[0].startswith("--"):
            yield position, match[0]
        position = _end(text, match)


def _scan(text: str) -> Iterator[Token]:
    position = depth = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return
        end = _end(text, match)
        kind = match.lastgroup or ""
        value = text[position:end]
        if kind in ("comment", "dollar") and end == len(text) and not _is_closed(kind, match, text):
            yield Token("open", value, position, depth)
        elif kind == "dollar":
            width = len(match[0])
            yield Token("text", value[width:-width], position, depth)
        elif kind == "sign":
            if value in ("'", '"'):
                yield Token("open", text[position:], position, depth)
                return
            depth = max(0, depth - (value == ")"))
            yield Token("sign", value, position, depth)
            depth += value == "("
        elif kind not in ("blank", "comment"):
            yield _plain(kind, value, position, depth)
        position = end


def _plain(kind: str, value: str, index: int, depth: int) -> Token:
    if kind == "word":
        return Token("word", value.lower(), index, depth)
    if kind == "name":
        start = value.index('"')
        return Token("name", value[start + 1 : -1].replace('""', '"'), index, depth)
    if kind in ("text", "escape"):
        start = value.index("'")
        return Token("text", value[start + 1 : -1].replace("''", "'"), index, depth)
    return Token(kind, value, index, depth)


def _end(text: str, match: re.Match[str]) -> int:
    if match.lastgroup == "dollar":
        found = text.find(match[0], match.end())
        return len(text) if found < 0 else found + len(match[0])
    if match.lastgroup != "comment":
        return match.end()
    depth = 1
    for nested in _NESTED.finditer(text, match.end()):
        depth += 1 if nested[0] == "/*" else -1
        if not depth:
            return nested.end()
    return len(text)


def _is_closed(kind: str, match: re.Match[str], text: str) -> bool:
    mark = match[0] if kind == "dollar" else "*/"
    return text.endswith(mark) and len(text) - match.start() >= 2 * len(match[0])


def words(*lines: str) -> frozenset[str]:
    """The words in these lines, as a set."""
    return frozenset(word for line in lines for word in line.split())


class Cursor:
    """Reads the tokens of a statement from left to right."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def word(self) -> str:
        """The word at the cursor, empty when there is none."""
        token = self.token
        return token.value if token is not None and token.kind == "word" else ""

    @property
    def token(self) -> Token | None:
        """The token at the cursor, None at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def accept(self, *words: str) -> bool:
        """Passes these words in this order; stays where it is unless all of them follow."""
        end = self.at + len(words)
        found = self.tokens[self.at : end]
        if [token.value for token in found if token.kind == "word"] != list(words):
            return False
        self.at = end
        return True

    def accept_any(self, *words: str) -> str:
        """Passes one of these words and returns it; empty when none follows."""
        found = self.word
        if found not in words:
            return ""
        self.at += 1
        return found

    def sign(self, value: str) -> bool:
        """Passes a sign."""
        token = self.token
        if token is None or token.kind != "sign" or token.value != value:
            return False
        self.at += 1
        return True

    def name(self) -> tuple[str, ...]:
        """Passes a name, qualified or not, and returns its parts; empty when none follows."""
        parts: list[str] = []
        while (token := self.token) is not None and token.is_identifier:
            parts.append(token.value)
            self.at += 1
            if not self.sign("."):
                break
        return tuple(parts)

    def skip_list(self) -> None:
        """Passes a list in parentheses, if one follows."""
        token = self.token
        if token is None or token.value != "(" or token.kind != "sign":
            return
        depth = token.depth
        self.at += 1
        while (token := self.token) is not None:
            self.at += 1
            if token.value == ")" and token.kind == "sign" and token.depth == depth:
                return

    def actions(self) -> list[Cursor]:
        """What follows, cut at the commas outside parentheses; an ending semicolon left out."""
        found: list[list[Token]] = [[]]
        for token in self.tokens[self.at :]:
            if token.kind == "sign" and not token.depth and token.value in (",", ";"):
                found.append([])
            else:
                found[-1].append(token)
        return [Cursor(each) for each in found if each]

    def has(self, *words: str) -> bool:
        """Whether these words stand somewhere, one after the other, at any depth."""
        values = [token.value if token.kind == "word" else "" for token in self.tokens[self.at :]]
        width = len(words)
        return any(values[at : at + width] == list(words) for at in range(len(values) - width + 1))
