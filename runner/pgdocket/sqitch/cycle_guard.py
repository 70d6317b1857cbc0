"""Keeps a trial from changing what all databases of a server share: roles, above all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pgdocket.sqitch.engine import Job
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lint.plan_rules import script_path
from pgdocket.sqitch.lint.source import read_script
from pgdocket.sqitch.lint.tokens import Token, tokens_of
from pgdocket.sqitch.model import Change

_VERBS = frozenset(("create", "alter", "drop", "comment"))
_SHARED = frozenset(("role", "user", "group", "database", "tablespace", "system"))
_OWNED = ("reassign", "drop")


def refuse_shared(job: Job, changes: Sequence[Change]) -> None:
    """SqitchError where a script changes roles, databases, tablespaces or the server's settings.

    They are looked for in statements, and in the bodies and texts of DO blocks, which may put
    statements together.
    """
    found = next(shared_statements(job, changes), None)
    if found is None:
        return
    path, line, what = found
    raise SqitchError(
        f"{path.as_posix()}:{line}: {what} would change what the other databases of the server use",
        hint="add --scratch for a server of its own, or --shared where it does no harm",
    )


def shared_statements(job: Job, changes: Sequence[Change]) -> Iterator[tuple[Path, int, str]]:
    """Where scripts change what databases share: file, line, and the words."""
    for change in changes:
        for kind in ("deploy", "revert"):
            path = script_path(kind, change, job.target)
            if not path.is_file():
                continue
            for part in read_script(kind, path, change, job.variables.get(kind, {})).parts:
                if what := _shared(part.tokens):
                    yield part.statement.path, part.statement.line, what


def _shared(tokens: Sequence[Token]) -> str:
    """The words with which a statement changes what databases share; empty where it does not."""
    first = tokens[0].value if tokens else ""
    if first != "do":
        return _words(tokens[:2]) if _is_shared(tokens, 0) else ""
    for token in tokens:
        if token.kind == "text" and (what := _shared_in_body(token.value, depth=0)):
            return what
    return ""


def _shared_in_body(text: str, depth: int) -> str:
    tokens = tokens_of(text)
    for at, token in enumerate(tokens):
        if token.kind == "word" and _is_shared(tokens, at):
            return _words(tokens[at : at + 2])
        if token.kind == "text" and depth < 2:
            what = _shared_in_body(token.value, depth + 1)
            if what:
                return what
    return ""


def _is_shared(tokens: Sequence[Token], at: int) -> bool:
    words = [token.value if token.kind == "word" else "" for token in tokens[at : at + 3]]
    verb, what = (*words, "", "")[:2]
    if verb == "comment":
        return len(words) > 2 and words[2] in ("role", "database", "tablespace")
    if verb in _OWNED and what == "owned":
        return True
    if verb in ("grant", "revoke"):
        return _is_membership(tokens[at + 1 :])
    return verb in _VERBS and what in _SHARED


def _is_membership(tokens: Sequence[Token]) -> bool:
    """Whether what is granted or revoked is a role, not a right on something."""
    for token in tokens:
        if token.value == ";" or (token.kind == "word" and token.value in ("on", "option")):
            return False
        if token.kind == "word" and token.value in ("to", "from"):
            return True
    return False


def _words(tokens: Sequence[Token]) -> str:
    return " ".join(token.value for token in tokens)
