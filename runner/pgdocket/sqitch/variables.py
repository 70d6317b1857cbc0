"""psql variables: `:name`, `:'name'`, `:"name"` and `:{?name}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


def quote_literal(value: str) -> str:
    """The value as an SQL string constant, as libpq quotes it."""
    quoted = value.replace("'", "''")
    if "\\" not in quoted:
        return f"'{quoted}'"
    return " E'" + quoted.replace("\\", "\\\\") + "'"


def quote_identifier(value: str) -> str:
    """The value as a quoted SQL name."""
    return '"' + value.replace('"', '""') + '"'


def is_variable_name(name: str) -> bool:
    """Whether psql accepts the name for a variable."""
    return re.fullmatch(r"(?:[A-Za-z0-9_]|[^\x00-\x7f])+", name) is not None


class Variables:
    """The variables of one script run. `inherited` are those given from outside."""

    def __init__(self, inherited: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._values = dict(inherited)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> str | None:
        """The value, or None where there is no such variable."""
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        """Sets the variable."""
        self._values[name] = value

    def unset(self, name: str) -> None:
        """Removes the variable, if there is one."""
        self._values.pop(name, None)

    def copy(self) -> Variables:
        """Variables with the same values that may go their own way."""
        return Variables(self._values)

    def expand(self, reference: str) -> str | None:
        """What stands for a reference such as `:'name'`; None to leave it as it is."""
        if reference.startswith(":{?"):
            return "TRUE" if reference[3:-1] in self._values else "FALSE"
        if reference[1] == "'":
            value = self._values.get(reference[2:-1])
            return None if value is None else quote_literal(value)
        if reference[1] == '"':
            value = self._values.get(reference[2:-1])
            return None if value is None else quote_identifier(value)
        return self._values.get(reference[1:])
