"""The little language of script templates: `[% name %]`, `[% IF %]`, `[% FOREACH x IN y %]`.

It is that of Template::Tiny, with ELSIF and comments: `[%-` and `-%]` take the line's blanks and
line end with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgdocket.sqitch.errors import SqitchError

Value = str | Sequence[str]

_TAG = re.compile(r"\[%(?P<left>[-+]?)(?P<text>.*?)(?P<right>[-+]?)%\]", re.DOTALL)
_LINE_START = re.compile(r"(?:\A|\n)[ \t]*\Z")
_LINE_END = re.compile(r"[ \t]*\n")
_NAME = r"[A-Za-z_]\w*(?:\.\w+)*"
_EXPRESSION = re.compile(rf"{_NAME}\Z")
_LOOP = re.compile(rf"(?:FOREACH|FOR)\s+([A-Za-z_]\w*)\s*(?:\bIN\b|=)\s*({_NAME})\Z")
_CONDITION = re.compile(rf"(IF|UNLESS|ELSIF)\s+({_NAME})\Z")


@dataclass(slots=True)
class _Node:
    """Text, the value of a name, a condition or a loop, as `kind` says."""

    kind: str
    text: str = ""
    item: str = ""
    body: list[_Node] = field(default_factory=list)
    otherwise: list[_Node] = field(default_factory=list)


def render(text: str, values: Mapping[str, Value], name: str = "template") -> str:
    """The template filled in; what is not among the values is empty.

    `name` names the template in errors. SqitchError when it can't be read.
    """
    tokens = list(_tokens(text))
    nodes, rest, _ = _parse(tokens, 0, name)
    if rest < len(tokens):
        raise _unreadable(name, f"unexpected {tokens[rest].text}")
    return "".join(_fill(nodes, values))


def _tokens(text: str) -> Iterator[_Node]:
    position = 0
    for tag in _TAG.finditer(text):
        before = text[position : tag.start()]
        if tag["left"] == "-":
            before = _LINE_START.sub("", before)
        yield _Node("text", before)
        position = tag.end()
        if tag["right"] == "-" and (end := _LINE_END.match(text, position)):
            position = end.end()
        yield _Node("tag", "" if tag["text"].startswith("#") else tag["text"].strip())
    yield _Node("text", text[position:])


def _parse(tokens: Sequence[_Node], at: int, name: str) -> tuple[list[_Node], int, str]:
    """The nodes up to the tag that ends this block, that tag's position, and its text."""
    nodes: list[_Node] = []
    while at < len(tokens):
        token = tokens[at]
        word = token.text.partition(" ")[0] if token.kind == "tag" else ""
        if word in ("END", "ELSE", "ELSIF"):
            return nodes, at, token.text
        if token.kind == "text":
            nodes.append(token)
        elif word in ("IF", "UNLESS", "FOREACH", "FOR"):
            node, at = _block(tokens, at, name)
            nodes.append(node)
        elif _EXPRESSION.match(token.text):
            nodes.append(_Node("value", token.text))
        elif token.text:
            raise _unreadable(name, f"unknown directive {token.text}")
        at += 1
    return nodes, at, ""


def _block(tokens: Sequence[_Node], at: int, name: str) -> tuple[_Node, int]:
    """The condition or loop that begins at a tag, and the position of the tag that ends it."""
    opening = tokens[at].text
    loop, condition = _LOOP.match(opening), _CONDITION.match(opening)
    if loop is not None:
        node = _Node("loop", loop[2], item=loop[1])
    elif condition is not None:
        node = _Node("unless" if condition[1] == "UNLESS" else "if", condition[2])
    else:
        raise _unreadable(name, f"unknown directive {opening}")
    node.body, at, closing = _parse(tokens, at + 1, name)
    if closing.startswith("ELSIF") and loop is None:
        inner, at = _block(tokens, at, name)
        node.otherwise = [inner]
        return node, at
    if closing == "ELSE" and loop is None:
        node.otherwise, at, closing = _parse(tokens, at + 1, name)
    if closing != "END":
        raise _unreadable(name, f"no END for {opening}")
    return node, at


def _fill(nodes: Sequence[_Node], values: Mapping[str, Value]) -> Iterator[str]:
    for node in nodes:
        if node.kind == "text":
            yield node.text
            continue
        value = _look_up(node.text, values)
        if node.kind == "value":
            yield value if isinstance(value, str) else ", ".join(value)
        elif node.kind == "loop":
            for item in [value] if isinstance(value, str) and value else value:
                yield from _fill(node.body, {**values, node.item: item})
        else:
            # As in Perl, "0" is false and a list is true.
            holds = (value not in ("", "0")) == (node.kind == "if")
            yield from _fill(node.body if holds else node.otherwise, values)


def _look_up(name: str, values: Mapping[str, Value]) -> Value:
    first, *path = name.split(".")
    value = values.get(first, "")
    for step in path:
        if isinstance(value, str) or not (step == "size" or step.isdecimal()):
            return ""
        if step == "size":
            value = str(len(value))
        else:
            value = value[int(step)] if int(step) < len(value) else ""
    return value


def _unreadable(name: str, why: str) -> SqitchError:
    return SqitchError(f"Error executing {name}: {why}")
