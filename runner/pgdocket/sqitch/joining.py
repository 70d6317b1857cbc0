"""Which statements of a script can go to the server in one go, with the same outcome.

They go by PostgreSQL's extended protocol, which takes one command at a time, knows parameters,
and has no COPY. Where their outcome might differ by a hair, statements go alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pgdocket.sqitch.statement import Statement

# What prints nothing; what prints rows; and what prints rows where a rule adds a query, but not by
# the extended protocol.
_SILENT = (
    "alter|comment|create|do|drop|grant|lock|notify|reassign|refresh|reset|revoke|security|set"
    "|truncate"
)
_KIND = re.compile(
    rf"(?:(?P<silent>{_SILENT})|(?P<rows>select)|(?P<rules>insert|update|delete|with))\b",
    re.IGNORECASE,
)
# What would be taken for a parameter. What makes the server speak while it reads a statement,
# which could be heard before the end of the one before: names that are too long, and others.
_SPECIAL = re.compile(
    rb"""\$[0-9] | [\w$\x80-\xff]{64} | "[^"]{64} | \bglobal\b
       | \b(?:time|timestamp|interval[a-z\s]*) \s*\(\s* (?: [7-9] | [0-9]{2} )""",
    re.IGNORECASE | re.VERBOSE,
)
_MOST_BYTES = 1 << 16
_MOST_STATEMENTS = 200


def joined(
    statements: Iterable[Statement], *, is_muted: bool
) -> Iterator[tuple[bool, list[Statement]]]:
    """The statements in groups, and whether a group can be sent in one go: others are one alone.

    Unless they are `is_muted`, only the last one of a group can have rows to print.
    """
    group: list[Statement] = []
    size = 0
    for statement in statements:
        can_join, prints = _judge(statement, is_muted)
        size += len(statement.text)
        if group and (not can_join or size > _MOST_BYTES or len(group) == _MOST_STATEMENTS):
            yield True, group
            group, size = [], len(statement.text)
        group.append(statement)
        if prints or not can_join:
            yield can_join, group
            group, size = [], 0
    if group:
        yield True, group


def _judge(statement: Statement, is_muted: bool) -> tuple[bool, bool]:
    """Whether the statement can go with others, and whether it may have rows to print."""
    found = _KIND.match(statement.text)
    if found is None or statement.is_compound or statement.is_doubtful:
        return False, True
    if found["rules"] and not is_muted:
        return False, True
    if len(statement.text) > _MOST_BYTES or _SPECIAL.search(statement.encoded):
        return False, True
    return True, not (found["silent"] or is_muted)
