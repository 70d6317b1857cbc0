"""Which names a plan may hold, and the regular expressions made of that rule.

Sqitch's rule is written in Perl's Unicode classes, which are not Python's: `proxy` maps a text,
character by character, to one that Python's `\\w` judges as Perl's would.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

BLANK = "[\\t \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000]"
# What Perl takes for white space; Python's own strip would take U+001C to U+001F as well.
SPACE = (
    " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_PUNCTUATION = r"[!-/:-@\[-^`{-~]"
_NOT_IN_NAMES = BLANK[:-1] + r":@#\\]"

NAME = (
    rf"(?!{_PUNCTUATION})"
    rf"(?:(?![~/=%^\[\]]\d+(?:\Z|{BLANK}))[^{_NOT_IN_NAMES[1:]})+"
    rf"(?<!{_PUNCTUATION})\b"
)
NAME_RULE = (
    'names must not begin with punctuation, contain "@", ":", "#", "\\", "[", "]", or blanks, '
    "or end in punctuation or digits following punctuation"
)
RESERVED = frozenset({"HEAD", "ROOT"})
HEX_ID = re.compile(r"[0-9a-f]{40}")

_WHOLE_NAME = re.compile(rf"{NAME}\Z")
_WORD_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nl", "Nd", "Pc"})
_BLANKS = re.compile(BLANK)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def proxy(text: str) -> str:
    """The text with every character outside ASCII replaced by one of the same kind."""
    if text.isascii():
        return text
    return _NOT_ASCII.sub(lambda match: _proxy_character(match[0]), text)


def is_valid_name(text: str) -> bool:
    """Whether a project, change or tag (without its `@`) may have this name."""
    return _WHOLE_NAME.match(proxy(text)) is not None


@lru_cache(maxsize=1024)
def _proxy_character(character: str) -> str:
    if character.isdecimal() or _BLANKS.match(character):
        return character
    return "é" if _is_word_in_perl(character) else "§"


def _is_word_in_perl(character: str) -> bool:
    return (
        unicodedata.category(character) in _WORD_CATEGORIES
        or character in "\u200c\u200d"
        or "Ⓐ" <= character <= "ⓩ"
        or "🄰" <= character <= "🅉"
        or "🅐" <= character <= "🅩"
        or "🅰" <= character <= "🆉"
    )
