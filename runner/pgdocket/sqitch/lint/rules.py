"""The catalogue of rules: each with the reason that `--rules`, SARIF and the docs show."""

from __future__ import annotations

from pgdocket.sqitch.lint.model import Level, Rule

_E, _W = Level.ERROR, Level.WARNING

PLAN_SYNTAX = Rule("plan-syntax", _E, "A plan that can't be read stops every command.")
UNKNOWN_CONFLICT = Rule(
    "unknown-conflict",
    _E,
    "A conflict with a change that the plan does not have stops every deploy of the change.",
)
UNKNOWN_DEPENDENCY = Rule(
    "unknown-dependency", _E, "A required id that the plan does not have can't be resolved."
)
DUPLICATE_DEPENDENCY = Rule(
    "duplicate-dependency",
    _E,
    "The registry keeps each dependency of a change once: the second one fails at deploy.",
)
MISSING_DEPLOY = Rule("missing-deploy", _E, "Without its deploy script a change can't be deployed.")
MISSING_REVERT = Rule(
    "missing-revert",
    _E,
    "Without its revert script a change can't be taken back, nor any change before it.",
)
MISSING_VERIFY = Rule("missing-verify", _W, "A change without a verify script always passes.")
EMPTY_DEPLOY = Rule("empty-deploy", _W, "A deploy script without a statement changes nothing.")
EMPTY_REVERT = Rule(
    "empty-revert", _W, "A revert script without a statement leaves everything in the database."
)
EMPTY_VERIFY = Rule("empty-verify", _W, "A verify script without a statement always passes.")
VERIFY_CANNOT_FAIL = Rule(
    "verify-cannot-fail",
    _W,
    "A verify script fails only when a statement raises an error: a query that selects false, or "
    "no row, passes.",
)
SCRIPT_SYNTAX = Rule("script-syntax", _E, "A script that can't be read can't be run.")
PSQL_ONLY = Rule(
    "psql-only", _W, "The script can be run by psql alone, so only where psql is installed."
)
OPEN_TRANSACTION = Rule(
    "open-transaction",
    _E,
    "What a script has not committed at its end is rolled back, and recorded as deployed.",
)
STRAY_CONTROL = Rule(
    "stray-transaction-control",
    _W,
    "A begin inside a transaction, or a commit outside of one, does nothing but warn.",
)
NO_TRANSACTION = Rule(
    "no-transaction",
    _W,
    "Where one of several statements fails, those before it stay, unless all are one transaction.",
)
NOT_IN_TRANSACTION = Rule(
    "not-in-transaction", _E, "The server refuses this command inside a transaction block."
)
DUPLICATE_SCRIPT = Rule(
    "duplicate-script",
    _E,
    "The registry refuses a second change whose deploy script has the same bytes.",
)
HEADER = Rule(
    "header-mismatch", _W, "A head comment that disagrees with the plan misleads its readers."
)
ORPHAN_SCRIPT = Rule("orphan-script", _W, "A script that no change of the plan has is never run.")
RELEASED_SCRIPT = Rule(
    "released-script-edited",
    _E,
    "An edited script is not run where it has been deployed: databases then differ. Rework the "
    "change instead.",
)
RELEASED_PLAN = Rule(
    "released-plan-edited",
    _E,
    "Each id depends on all lines before it: databases that have the old one can't go on.",
)
INDEX_LOCKS = Rule(
    "index-not-concurrent", _W, "Nobody can write to the table until its index is built or gone."
)
VOLATILE_DEFAULT = Rule(
    "volatile-default", _W, "The whole table is rewritten, and nobody can read it meanwhile."
)
NOT_NULL_COLUMN = Rule(
    "not-null-column", _W, "The command fails where the table has a row: the column has no value."
)
ALTER_COLUMN_TYPE = Rule(
    "alter-column-type",
    _W,
    "Most changes of type rewrite the table and its indexes, and nobody can read it meanwhile.",
)
TABLE_REWRITE = Rule(
    "table-rewrite", _W, "The whole table is rewritten, and nobody can read it meanwhile."
)
CONSTRAINT_VALIDATED = Rule(
    "constraint-not-valid", _W, "All rows are checked while nobody can write to the table."
)
CONSTRAINT_INDEX = Rule(
    "constraint-builds-index",
    _W,
    "Nobody can read the table until the index is built.",
)
SET_NOT_NULL = Rule("set-not-null", _W, "All rows are looked at while nobody can read the table.")
DROP_COLUMN = Rule(
    "drop-column", _W, "The data are gone, and programs that still name the column fail."
)
DROP_TABLE = Rule(
    "drop-table", _W, "The data are gone, and programs that still name the table fail."
)
DROP_CASCADE = Rule(
    "drop-cascade", _W, "Cascade drops what depends on it, also what nobody thought of."
)
RENAME = Rule("rename", _W, "Programs that still use the old name fail at once.")
LOCK_TABLE = Rule("lock-table", _W, "Everybody who needs the table waits until the commit.")
TRUNCATE = Rule("truncate", _W, "All rows are gone, and everybody else waits until the commit.")
IGNORE_UNEXPLAINED = Rule(
    "ignore-unexplained",
    _W,
    "An exception without a reason, or for no rule, explains nothing.",
)

ALL: tuple[Rule, ...] = tuple(value for value in globals().values() if isinstance(value, Rule))
BY_ID: dict[str, Rule] = {rule.id: rule for rule in ALL}
