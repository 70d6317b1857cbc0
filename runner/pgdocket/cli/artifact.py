"""artifact: files that were made for tasks."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pgdocket import output
from pgdocket.cli import Options, common_options
from pgdocket.cli.session import as_row, opened, the_project, the_task
from pgdocket.errors import Error, InvalidArgument, NotFound

if TYPE_CHECKING:
    from pgdocket.client import Docket

_COLUMNS = {
    "file_path": "path",
    "version_no": "version",
    "artifact_type": "type",
    "content_size": "bytes",
    "content_type": "content",
    "storage_type": "kept in",
    "created_at": "when",
    "artifact_id": "artifact",
}
_WRONG = {"file_path": "path", "version_no": "version", "problem": "problem", "artifact_id": "id"}
_PART = 8 << 20


@click.group()
@common_options
def artifact() -> None:
    """Keep the files that were made for tasks, in versions, and prove that they are unchanged.

    \b
    Example:
      pgdocket artifact put shop-3 src/login.py tests/test_login.py
      pgdocket artifact get shop-3 src/login.py --output login.py
    """


def _hash(text: str) -> bytes:
    """A SHA-256 as sha256sum prints it."""
    if re.fullmatch("[0-9a-fA-F]{64}", text) is None:
        raise click.BadParameter("a SHA-256 is 64 hex digits")
    return bytes.fromhex(text)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise click.BadParameter(f"{file}: {error.strerror}") from None


def _path_of(file: str) -> str:
    """Where a file is, seen from here; what is not below here needs a name."""
    path = Path(os.path.relpath(file))
    if file == "-" or path.parts[:1] == ("..",):
        raise click.UsageError(f"say with --as what the path of {file} is in the repository")
    return path.as_posix()


@artifact.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("files", metavar="FILE...", nargs=-1)
@click.option("--as", "file_path", metavar="PATH", help="Its path in the repository.")
@click.option("--type", "artifact_type", default="source_code", show_default=True, help="Any word.")
@click.option("--content-type", metavar="TYPE", help="Its media type; else told from the file.")
@click.option("--sha256", "content_hash", type=_hash, help="What its SHA-256 has to be.")
@click.option("--location", metavar="URL", help="Where it is kept instead: s3://, gs://...")
@click.option("--size", "content_size", type=int, help="Its bytes, with --location.")
@click.option("--attempt", "attempt_id", metavar="ID", help="Your attempt.")
@click.option("--interaction", "interaction_id", metavar="ID", help="The interaction it came of.")
@click.pass_obj
def put(
    options: Options,
    /,
    reference: str,
    files: tuple[str, ...],
    file_path: str | None,
    location: str | None,
    **fields: Any,
) -> None:
    """Store each FILE (- for standard input) as the next version of its path.

    The same content again makes no version. With --location nothing is read: only what is there
    is noted, with its SHA-256 and size.

    \b
    Example:
      pgdocket artifact put shop-3 src/login.py
      pgdocket artifact put shop-3 - --as reports/tests.xml --type test_report
    """
    named = {name: value for name, value in fields.items() if value is not None}
    pairs: list[tuple[str, str | None]]
    pairs = [(file_path or _path_of(file), file) for file in files]
    if location is not None:
        if files or file_path is None:
            raise click.UsageError("--location takes --as PATH and no FILE")
        named |= {"storage_type": _storage_of(location), "storage_location": location}
        pairs = [(file_path, None)]
    elif not files or (len(files) > 1 and (file_path or "content_hash" in named)):
        raise click.UsageError("give FILEs; --as and --sha256 are for one")
    with opened(options) as docket, _progress("storing", len(pairs)) as done:
        task_id = the_task(docket, options, reference)
        stored = []
        for path, file in pairs:
            named["content"] = None if file is None else _read(file)
            stored.append(docket.put_artifact(task_id=task_id, file_path=path, **named))
            done(1)
    if options.json:
        output.print_json([_described(each) for each in stored])
    for each in stored if not options.json else ():
        output.plain(f"{reference}: {each.file_path} is at version {each.version_no}")


def _storage_of(location: str) -> str:
    schemes = {"s3": "s3", "gs": "gcs", "https": "azure_blob", "file": "file"}
    scheme = location.partition("://")[0]
    if scheme not in schemes:
        raise click.BadParameter(f"{location} begins with none of {', '.join(schemes)}")
    return schemes[scheme]


def _described(stored: Any) -> dict[str, Any]:
    row = as_row(stored)
    del row["stored_hash"]
    return row | {"content_hash": row["content_hash"].hex()}


@artifact.command()
@common_options
@click.argument("reference", metavar="TASK")
@click.argument("file_path", metavar="PATH")
@click.option("--version", "version_no", type=int, help="That version, not the latest.")
@click.option("--output", "-o", "target", metavar="FILE", help="Write it there; - is the default.")
@click.pass_obj
def get(
    options: Options, reference: str, file_path: str, version_no: int | None, target: str | None
) -> None:
    """Write the content of a file of TASK, byte for byte; with --json, what is known about it.

    \b
    Example:
      pgdocket artifact get shop-3 src/login.py --version 1
      pgdocket artifact get shop-3 dist/shop.whl --output shop.whl
    """
    with opened(options) as docket:
        task_id = the_task(docket, options, reference)
        found = docket.find_artifact(task_id=task_id, file_path=file_path, version_no=version_no)
        if found is None:
            raise NotFound(
                f"{reference} has no such artifact", hint=f"see: pgdocket artifact list {reference}"
            )
        if options.json:
            output.print_json(_described(found))
        if target is None and options.json:
            return
        if found.storage_type != "database":
            raise InvalidArgument(
                f"the content of {file_path} is not in the database",
                hint=f"it is at {found.storage_location}",
            )
        _write(docket, found, target)


def _write(docket: Docket, found: Any, target: str | None) -> None:
    """Writes a content in parts, and a file only once it is whole and the right one."""
    if target in (None, "-"):
        _copy(docket, found, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    path = Path(str(target))
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            _copy(docket, found, file)
        unfinished.replace(path)
    except OSError as error:
        raise click.BadParameter(f"{target}: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(docket: Docket, found: Any, file: IO[bytes]) -> None:
    sha256 = hashlib.sha256()
    with _progress("reading", found.content_size, is_long=found.content_size > _PART) as done:
        for start in range(0, found.content_size, _PART):
            part = docket.artifact_content(
                artifact_id=found.artifact_id, from_byte=start, max_bytes=_PART
            )
            if part is None or part.content is None:
                raise NotFound(f"{found.file_path} has been deleted meanwhile")
            sha256.update(part.content)
            file.write(part.content)
            done(len(part.content))
    if sha256.digest() != found.content_hash:
        raise Error(
            f"the content of {found.file_path} has another SHA-256 than when it was stored",
            hint="see: pgdocket artifact verify",
        )


@artifact.command("list")
@common_options
@click.argument("reference", metavar="[TASK]", required=False)
@click.option("--type", "artifact_type", help="Only of this type.")
@click.option("--path", "file_path", help="Only of this path.")
@click.option("--sha256", "content_hash", type=_hash, help="Only with this content.")
@click.option("--attempt", "attempt_id", metavar="ID", help="Only of this attempt.")
@click.option("--interaction", "interaction_id", metavar="ID", help="Only of this interaction.")
@click.option("--latest", "latest_only", is_flag=True, help="Only the latest versions.")
@click.option("--after", metavar="ID", help="Go on behind this artifact.")
@click.option("--limit", "page_size", type=int, default=100, show_default=True, help="How many.")
@click.pass_obj
def list_(options: Options, /, reference: str | None, **conditions: Any) -> None:
    """List the artifacts of TASK, or of the project, the first stored first.

    \b
    Example:
      pgdocket artifact list shop-3 --latest
    """
    with opened(options) as docket:
        project_id = the_project(docket, options).project_id
        task_id = None if reference is None else the_task(docket, options, reference)
        found = docket.list_artifacts(project_id=project_id, task_id=task_id, **conditions)
    rows = [_described(each) for each in found]
    output.table(rows, _COLUMNS, as_json=options.json, empty="no artifacts")


@artifact.command()
@common_options
@click.pass_obj
def verify(options: Options) -> None:
    """Verify that the content of every artifact in the database is what was stored.

    Works in steps of some hundred artifacts. Ends with exit code 1 when one is not.

    \b
    Example:
      pgdocket artifact verify
    """
    checked, after = 0, None
    wrong: list[dict[str, Any]] = []
    with opened(options) as docket, _progress("verifying", None) as done:
        project_id = the_project(docket, options).project_id
        while True:
            step = docket.verify_artifacts(project_id=project_id, after=after)
            checked += step.checked
            wrong += step.wrong
            done(step.checked)
            after = step.next_after
            if after is None:
                break
    if options.json:
        output.print_json({"checked": checked, "wrong": wrong})
    else:
        output.table(wrong, _WRONG, empty=f"{checked} artifacts are what was stored")
    if wrong:
        raise Error(f"{len(wrong)} of {checked} artifacts are not what was stored")


@contextmanager
def _progress(
    what: str, total: int | None, *, is_long: bool | None = None
) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where a person looks at it and it may take long."""
    if not sys.stderr.isatty() or is_long is False or (is_long is None and total == 1):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=total)
        yield lambda amount: progress.advance(bar, amount)
