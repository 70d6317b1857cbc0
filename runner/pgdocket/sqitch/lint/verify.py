"""Whether a verify script can fail at all.

It fails when a statement raises. What is not known to be harmless counts as able to raise: a
rule that cries wolf is soon switched off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgdocket.sqitch.lint import rules
from pgdocket.sqitch.lint.model import Finding
from pgdocket.sqitch.lint.source import Script
from pgdocket.sqitch.lint.tokens import Token, tokens_of, words

# Statements that succeed whatever the database has in it.
_HARMLESS_STATEMENTS = frozenset(
    ("set", "reset", "discard", "savepoint", "release", "listen", "unlisten", "notify", "")
)
_QUERIES = frozenset(("select", "with", "values", "(", "do", "explain"))
# Conversions to these raise when there is no such thing.
_REGISTRIES = words(
    "regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig",
    "regdictionary regcollation",
)
_QUIET_LEVELS = frozenset(("notice", "warning", "info", "log", "debug"))
# Words that may stand before a parenthesis and are no function.
_GRAMMAR = words(
    "select from where and or not in exists any all some case when then else end as on using",
    "over filter within group by having order limit offset union intersect except values with",
    "recursive materialized distinct array row lateral join inner left right full cross",
    "outer is between like ilike similar to if begin declare loop return elsif only into",
    "partition rows range interval perform exception text varchar numeric char timestamp",
)
# Functions that answer, and don't raise, whatever is missing.
_HARMLESS_FUNCTIONS = words(
    "count sum min max avg bool_and bool_or every array_agg string_agg json_agg jsonb_agg",
    "coalesce nullif greatest least to_regclass to_regproc to_regprocedure to_regtype",
    "to_regrole to_regnamespace now current_schema current_schemas current_database version",
    "clock_timestamp concat concat_ws lower upper length char_length trim btrim ltrim rtrim",
    "replace format quote_ident quote_literal row_number rank cardinality array_length",
    "unnest generate_series pg_get_viewdef pg_get_functiondef pg_get_constraintdef",
    "pg_get_indexdef pg_get_triggerdef pg_table_is_visible pg_function_is_visible",
    "pg_get_function_identity_arguments pg_get_function_arguments format_type",
    "obj_description col_description extract substring position overlay random set_config",
    "aclexplode acldefault array_position array_to_string string_to_array abs round",
)
_EXTENSION_VIEWS = frozenset(("pg_stat_statements", "pg_stat_statements_info", "pg_buffercache"))
_READERS = frozenset(("extract", "substring", "trim", "overlay", "position"))


def verify_findings(script: Script) -> Iterator[Finding]:
    """A finding for a verify script whose statements all pass, whatever is missing."""
    if script.commands or not script.work:
        return  # what psql's commands do with a result is up to them
    if any(can_fail(part.tokens) for part in script.work):
        return
    part = script.work[0]
    yield Finding(
        rules.VERIFY_CANNOT_FAIL,
        part.statement.path,
        part.statement.line,
        "no statement of this script raises an error when the change is not there",
        'select from the relation itself, or "select 1 / count(*) ...", or raise in a do block',
        part.statement.last_line,
        is_about_file=True,
    )


def can_fail(tokens: Sequence[Token]) -> bool:
    """Whether the statement with these tokens may raise an error."""
    first = tokens[0].value if tokens and tokens[0].kind in ("word", "sign") else ""
    if first == "set":
        return any(each.value in ("role", "authorization") for each in tokens[1:3])
    if first in _HARMLESS_STATEMENTS:
        return False
    if first not in _QUERIES:
        return True
    if first == "do":
        bodies = [each.value for each in tokens if each.kind == "text"]
        return any(_body_can_fail(tokens_of(body)) for body in bodies)
    return _expression_can_fail(tokens)


def _body_can_fail(tokens: Sequence[Token]) -> bool:
    for at, token in enumerate(tokens):
        if token.kind != "word":
            continue
        following = tokens[at + 1].value if at + 1 < len(tokens) else ""
        if token.value == "raise" and following not in _QUIET_LEVELS:
            return True
        if token.value in ("assert", "strict", "execute", "insert", "update", "delete", "call"):
            return True
    return _expression_can_fail(tokens)


def _expression_can_fail(tokens: Sequence[Token]) -> bool:
    known = _own_names(tokens)
    return any(
        _raises(tokens, at) or _reads_a_relation(tokens, at, known) for at in range(len(tokens))
    )


def _raises(tokens: Sequence[Token], at: int) -> bool:
    """Whether at this token stands a division, a conversion or a call that may raise."""
    token = tokens[at]
    if token.kind == "variable":
        return True
    if token.kind == "sign" and token.value == "::":
        return _is_own_type(tokens, at + 1) or any(each.value == "case" for each in tokens[:at])
    if token.kind == "sign":
        return "/" in token.value or "%" in token.value
    if token.kind == "name":
        return _is_sign(tokens, at + 1, "(")
    if token.kind != "word":
        return False
    if token.value in _REGISTRIES:
        return True
    if not _is_sign(tokens, at + 1, "(") or token.value in _GRAMMAR:
        return False
    schema = tokens[at - 2].value if at >= 2 and _is_sign(tokens, at - 1, ".") else "pg_catalog"
    return schema != "pg_catalog" or token.value not in _HARMLESS_FUNCTIONS


def _is_own_type(tokens: Sequence[Token], at: int) -> bool:
    """Whether the type there is qualified with a schema that the server did not bring along."""
    return (
        at + 1 < len(tokens)
        and tokens[at].is_identifier
        and _is_sign(tokens, at + 1, ".")
        and tokens[at].value not in ("pg_catalog", "information_schema")
    )


def _reads_a_relation(tokens: Sequence[Token], at: int, known: frozenset[str]) -> bool:
    """Whether at this token a relation is named that may be missing."""
    token = tokens[at]
    if token.kind == "word" and token.value == "table":
        return at + 1 < len(tokens) and tokens[at + 1].is_identifier
    if not _opens_a_relation(tokens, at):
        return False
    name = []
    at += 1
    while (
        at < len(tokens) and tokens[at].kind == "word" and tokens[at].value in ("only", "lateral")
    ):
        at += 1
    while at < len(tokens) and tokens[at].is_identifier:
        name.append(tokens[at].value)
        at += 1
        if not _is_sign(tokens, at, "."):
            break
        at += 1
    if not name or _is_sign(tokens, at, "("):
        return False
    if len(name) > 1:
        return name[-2] not in ("pg_catalog", "information_schema")
    return name[0] not in known and (not name[0].startswith("pg_") or name[0] in _EXTENSION_VIEWS)


def _opens_a_relation(tokens: Sequence[Token], at: int) -> bool:
    """Whether a relation follows: behind from and join, and behind a comma in a list of them."""
    token = tokens[at]
    if token.kind == "word" and token.value == "join":
        return True
    if token.kind == "word" and token.value == "from":
        is_operator = at and tokens[at - 1].value == "distinct" and tokens[at - 1].kind == "word"
        return not is_operator and _opener(tokens, at) not in _READERS
    if token.value != "," or token.kind != "sign":
        return False
    for before in reversed(tokens[:at]):
        if before.depth < token.depth:
            return False
        if before.depth == token.depth and before.kind == "word" and before.value in _CLAUSES:
            return before.value in ("from", "join")
    return False


_CLAUSES = frozenset(("select", "from", "where", "group", "order", "having", "join", "on", "with"))


def _opener(tokens: Sequence[Token], at: int) -> str:
    """The word before the parenthesis around a token."""
    depth = tokens[at].depth
    for index in range(at - 1, 0, -1):
        if tokens[index].depth < depth:
            return tokens[index - 1].value
    return ""


def _own_names(tokens: Sequence[Token]) -> frozenset[str]:
    """The names that the statement itself gives: `name as (`, `name (columns) as (`."""
    found = set()
    for at, token in enumerate(tokens):
        if token.kind != "word" or token.value != "as":
            continue
        following = at + 1
        while following < len(tokens) and tokens[following].value in ("not", "materialized"):
            following += 1
        if not _is_sign(tokens, following, "(") or not at:
            continue
        before = at - 1
        if tokens[before].value == ")" and tokens[before].kind == "sign":
            depth = tokens[before].depth
            while before > 0 and not (
                tokens[before].value == "(" and tokens[before].depth == depth
            ):
                before -= 1
            before -= 1
        if tokens[before].is_identifier:
            found.add(tokens[before].value)
    return frozenset(found)


def _is_sign(tokens: Sequence[Token], at: int, value: str, depth: int | None = None) -> bool:
    if not 0 <= at < len(tokens):
        return False
    token = tokens[at]
    return token.kind == "sign" and token.value == value and depth in (None, token.depth)
