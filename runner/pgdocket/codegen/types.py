"""How SQL says it, and how Python does: names and types."""

from __future__ import annotations

import keyword
import re

from pgdocket.errors import Error

# The Python type of a value, and where it is another, of one that comes back and one that is given.
_BOTH_WAYS = {
    "boolean": "bool",
    "bytea": "bytes",
    "bigint": "int",
    "date": "date",
    "double precision": "float",
    "integer": "int",
    "interval": "timedelta",
    "jsonb": "Json",
    "numeric": "Decimal",
    "real": "float",
    "smallint": "int",
    "text": "str",
    "timestamp with time zone": "datetime",
    "uuid": "UUID",
}
_RETURNED = _BOTH_WAYS | {"json": "Json", "xid8": "str"}
_GIVEN = _BOTH_WAYS | {"numeric": "float | Decimal", "uuid": "Id"}
# Domains that say more than their type does.
_DOMAINS = {"named_values": "dict[str, Json]"}
# Texts that may as well be given as a number: a priority is 8 or high.
_NUMBER_OR_TEXT = frozenset({"priority", "min_priority", "max_priority"})


def returned_type(type_name: str, domain: str | None = None) -> str:
    """The Python type of a value of an SQL type. Raises Error for one that has none yet."""
    if domain in _DOMAINS:
        return _DOMAINS[domain]
    if type_name.endswith("[]"):
        return f"list[{returned_type(type_name.removesuffix('[]'))}]"
    return _known(_RETURNED, type_name)


def given_type(name: str, type_name: str) -> str:
    """The Python type of an argument. Raises Error for an SQL type that has none yet."""
    if type_name.endswith("[]"):
        return f"Sequence[{_known(_GIVEN, type_name.removesuffix('[]'))}]"
    if name in _NUMBER_OR_TEXT and type_name == "text":
        return "str | int"
    return _known(_GIVEN, type_name)


def default_value(default: str | None) -> str | None:
    """The Python literal for an SQL default; None for one that Python leaves to SQL."""
    if default is None or default.startswith("NULL::"):
        return None
    if re.fullmatch(r"-?\d+", default):
        return default
    if default in {"true", "false"}:
        return default.capitalize()
    if match := re.fullmatch(r"'((?:[^']|'')*)'::text", default):
        return quoted(match[1].replace("''", "'"))
    return None


def quoted(text: str) -> str:
    """A text as a Python literal with double quotes."""
    return '"' + text.encode("unicode_escape").decode().replace('"', '\\"') + '"'


def class_name(name: str) -> str:
    """`task_dependencies` or `not_found` as the name of a class, in the number that it has."""
    return "".join(word.capitalize() for word in name.split("_"))


def row_name(relation: str) -> str:
    """The class of a table's row: `TaskDependency` for task_dependencies."""
    head, _, last = relation.rpartition("_")
    for plural, singular in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("tches", "tch")):
        if last.endswith(plural):
            last = last.removesuffix(plural) + singular
            break
    else:
        if not last.endswith(("ss", "us")):
            last = last.removesuffix("s")
    return class_name(f"{head}_{last}")


def python_name(name: str, taken: frozenset[str] = frozenset()) -> str:
    """A name that Python allows: what is a keyword, or taken, gets an underscore behind it."""
    return f"{name}_" if keyword.iskeyword(name) or name in taken else name


def _known(types: dict[str, str], type_name: str) -> str:
    if type_name not in types:
        raise Error(f"there is no Python type for {type_name} yet", hint="see codegen/types.py")
    return types[type_name]
