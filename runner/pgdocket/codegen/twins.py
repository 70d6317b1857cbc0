"""The modules without coroutines, made of those with them."""

from __future__ import annotations

import re
from pathlib import Path

_CLIENT = Path("runner/pgdocket/client")
# The module that is written by hand, and the one that is made of it.
TWINS = {
    _CLIENT / "async_connections.py": _CLIENT / "connections.py",
    _CLIENT / "async_context_cache.py": _CLIENT / "context_cache.py",
    _CLIENT / "async_context_stores.py": _CLIENT / "context_stores.py",
    _CLIENT / "async_docket.py": _CLIENT / "docket.py",
}

_WORDS = (
    (r"async_(\w)", r"\1"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\b_Async(?=[A-Z])", "_"),
    (r"\basync(?=contextmanager\b)", ""),
    (r"\b__a(?=enter__|exit__)", "__"),
    (r"\basync (?=def |with |for )", ""),
    (r"\bawait ", ""),
    (r"\bThe tasks of an event loop may share it\b", "Threads may share it"),
    (r"\bAwaitable\[(\w+)\]", r"\1"),
    (r"\bAwaitable, ", ""),
    (r"# sync: ", ""),
    (r"\bredis\.asyncio\b", "redis"),
    (r"\baclose\b", "close"),
)
_HEAD = """# GENERATED from {source} by "pgdocket snapshot".\n"""


def twin_files(root: Path) -> dict[Path, str]:
    """The modules without coroutines, by their path in the project at `root`."""
    return {
        twin: _HEAD.format(source=source.name) + _without_coroutines((root / source).read_text())
        for source, twin in TWINS.items()
    }


def _without_coroutines(text: str) -> str:
    text = re.sub(r"\n\n`\w+\.py` is made of this file: [^\n]*\n", "\n", text, count=1)
    text = re.sub(r'\A("""[^\n]*)\n"""', r'\1"""', text)
    for pattern, replacement in _WORDS:
        text = re.sub(pattern, replacement, text)
    return re.sub(r"(?m)^(from \S+ import )([^(\n]+)$", _sorted_import, text)


def _sorted_import(line: re.Match[str]) -> str:
    """An import with its names in the order of ruff: constants, classes, others."""
    names = line[2].split(", ")
    return line[1] + ", ".join(sorted(names, key=lambda n: (not n.isupper(), n[0].islower(), n)))
