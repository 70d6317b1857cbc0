"""Running linters, and not running them again over what they have found clean."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterable
from contextlib import redirect_stdout
from importlib import metadata
from io import StringIO
from pathlib import Path

from pglast import ast, parse_sql
from pglast.parser import ParseError

from support.databases import ROOT
from support.pgtap import cache_folder

LONGEST_LINE = 100
LONGEST_CODE = 60
SIGNATURE = re.compile(
    r"(?:comment on|revoke all on|grant execute on|drop) (?:function|procedure) |"
    r".*has_(?:function|table|column)_privilege\(|  +on function |  +[a-z0-9_., \[\]]+\);?$"
)


def run(*command: str) -> str:
    """What a linter of the virtual environment prints; empty when it exits with 0."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [str(program), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def scripts(*folders: str) -> list[Path]:
    """The SQL files below folders of the project."""
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.sql"))]


def sqlfluff(paths: list[Path]) -> list[str]:
    """The findings of sqlfluff, of files that it has not found clean before."""
    seal = hashlib.sha256((ROOT / ".sqlfluff").read_bytes() + version("sqlfluff").encode())
    folder = cache_folder() / "sqlfluff"
    folder.mkdir(parents=True, exist_ok=True)
    marks = {path: folder / digest(path, seal.digest()) for path in paths}
    unknown = [str(path.relative_to(ROOT)) for path in paths if not marks[path].exists()]
    if not unknown:
        return []
    done = subprocess.run(
        [str(Path(sys.executable).parent / "sqlfluff"), "lint", "--format=json", "--processes=2",
         "--disable-progress-bar", *unknown],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    reports = json.loads(done.stdout)
    read = {file["filepath"] for file in reports}
    found = [f"{name}: was not read: {done.stderr}" for name in unknown if name not in read]
    for file in reports:
        found += [f"{file['filepath']}:{line(v)}: {v['name'] or 'parsing'}: {v['description']}"
                  for v in file["violations"]]  # fmt: skip
        if not file["violations"]:
            marks[ROOT / file["filepath"]].touch()
    return found


def line(violation: dict[str, object]) -> object:
    """The line of a finding of sqlfluff."""
    return violation.get("start_line_no") or violation.get("line_no")


def digest(path: Path, seal: bytes) -> str:
    """A name for the contents of a file under one configuration."""
    return hashlib.sha256(seal + path.read_bytes()).hexdigest()


def version(package: str) -> str:
    """The installed version of a package."""
    return metadata.version(package)


def long_lines(paths: Iterable[Path]) -> list[str]:
    """Lines over 100 characters that could be broken.

    A text in quotes can't be, and the signature of a function stays whole, to be searched for.
    """
    return [
        f"{path.relative_to(ROOT)}:{number}: {len(text)} characters"
        for path in paths
        for number, text in enumerate(path.read_text().splitlines(), 1)
        if len(text) > LONGEST_LINE
        and len(text) - longest_literal(text) > LONGEST_CODE
        and not SIGNATURE.match(text)
    ]


def longest_literal(text: str) -> int:
    """The length of the longest string literal in a line; one may begin or end outside it."""
    return max(map(len, re.findall(r"'(?:[^']|'')*(?:'|$)", text)), default=0)


def first_sqlstate(call: str) -> str | None:
    """The SQLSTATE that a call of throws_ok, at the beginning of a text, asks for."""
    statement = call.partition(";\n")[0]
    match = re.search(r"'([0-9A-Z]{5})'", statement)
    return match[1] if match else None


def pgspot(path: Path, root: Path = ROOT) -> list[str]:
    """The findings of pgspot for one script.

    It is told that the session looks into pg_catalog first, which it does unless the deployer
    moved it; names of our own are all qualified.
    """
    try:
        found = judge(without_atomic(path), with_bodies=True)
    except ParseError as error:
        # Its parser knows no table, so not the fields of a row or a parameter called by its full
        # name, where one is assigned to or read in a loop. plpgsql_check reads those bodies.
        if "is not a known variable" not in str(error):
            raise
        found = judge(without_atomic(path), with_bodies=False)
    return [f"{path.relative_to(root)}: {text}" for text in found if text]


def judge(script: str, *, with_bodies: bool) -> list[str]:
    """What pgspot prints about a script, with or without the bodies of plpgsql functions."""
    from pgspot.state import Counter, State  # type: ignore[import-untyped]
    from pgspot.visitors import visit_sql  # type: ignore[import-untyped]

    arguments = Namespace(
        append=False, proc_without_search_path=[], summary_only=False, plpgsql=with_bodies,
        ignore=[], ignore_lang=[], sql_fn=[],
    )  # fmt: skip
    output = StringIO()
    with redirect_stdout(output):
        visit_sql(
            State(Counter(arguments)), f"set search_path = pg_catalog, pg_temp; {script}", True
        )
    return output.getvalue().splitlines()


def without_atomic(path: Path) -> str:
    """A script without its "begin atomic" functions, which pgspot can't read.

    They are bound to what they name when they are created: there is nothing to hijack later.
    """
    data = path.read_bytes()
    for statement in parse_sql(data.decode()):
        created = statement.stmt
        if isinstance(created, ast.CreateFunctionStmt) and created.sql_body is not None:
            begin = statement.stmt_location
            end = begin + statement.stmt_len
            blank = re.sub(rb"[^\n]", b" ", data[begin:end])
            data = data[:begin] + blank + data[end:]
    return data.decode()
