"""`bundle`: a copy of the project, or of a part of its plan, to hand on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgdocket.sqitch.config import Configuration, Target
from pgdocket.sqitch.edit import line_position
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import BlankLine, Line, TagLine
from pgdocket.sqitch.model import Change
from pgdocket.sqitch.plan import Plan, load_plan, parse_plan, serialize
from pgdocket.sqitch.plan_file import make_folder, replace_file
from pgdocket.sqitch.scripts import script_name
from pgdocket.sqitch.talk import Talk


@dataclass(frozen=True, slots=True)
class Part:
    """A target and the part of its plan to bundle: both ends included, None for no limit."""

    target: Target
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Bundled:
    """Where the bundle is, the files that were written, and the changes it holds."""

    folder: Path
    written: tuple[Path, ...]
    changes: tuple[Change, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as data."""
        return {
            "folder": str(self.folder),
            "written": [str(path) for path in self.written],
            "changes": [{"change_id": each.id, "change": each.name} for each in self.changes],
        }


@dataclass(frozen=True, slots=True)
class _Work:
    """A part whose ends have been found."""

    part: Part
    plan: Plan
    first: int
    last: int


def bundle(
    configuration: Configuration, parts: Sequence[Part], folder: Path, talk: Talk
) -> Bundled:
    """Copies configuration, plan and scripts of each part into the folder.

    A file whose copy is the same already is not written. SqitchError, before anything is
    written, when an end of a part is not in its plan.
    """
    settings = Path(configuration.environ.get("SQITCH_CONFIG") or "sqitch.conf")
    for file in (settings, *(part.target.plan_file for part in parts)):
        if not file.exists():
            raise SqitchError(f"Cannot copy {file}: does not exist")
    work = [_find_ends(part) for part in parts]
    written: list[Path] = []
    changes: list[Change] = []
    talk.info(f"Bundling into {folder}")
    talk.info("Writing config")
    written += _copy(settings, folder / settings.name, talk)
    for each in work:
        written += _write_plan(each, folder, talk)
        talk.info("Writing scripts")
        chosen = each.plan.changes[each.first : each.last + 1]
        last = {change.name: change.id for change in chosen}
        for change in chosen:
            talk.info(f"  + {change.format_name_with_tags}")
            is_last = last[change.name] == change.id
            written += _copy_scripts(change, each.part.target, folder, talk, is_last=is_last)
        changes += chosen
    return Bundled(folder, tuple(written), tuple(changes))


def part_of_plan(plan: Plan, first: int | None, last: int | None) -> tuple[Line, ...]:
    """The lines of the head, and those from one change to another with the tags of that.

    Positions of changes, counted from 0; None for no limit.
    """
    lines = plan.lines
    head = next(
        (at for at, line in enumerate(lines) if isinstance(line, BlankLine) and not line.note),
        len(lines) - 1,
    )
    start = head + 1 if first is None else line_position(plan, plan.changes[first])
    end = len(lines) - 1
    if last is not None:
        end = line_position(plan, plan.changes[last])
        for _ in plan.changes[last].tags:
            end = next(at for at in range(end + 1, len(lines)) if isinstance(lines[at], TagLine))
    return (*lines[: head + 1], *lines[start : end + 1])


def _find_ends(part: Part) -> _Work:
    plan = load_plan(part.target.plan_file)
    ends = []
    for reference, default in ((part.start, 0), (part.end, len(plan.changes) - 1)):
        found = plan.find(reference) if reference else None
        if reference and found is None:
            raise SqitchError(f"Cannot find change {reference}")
        ends.append(default if found is None else plan.index_of(found.id) or 0)
    return _Work(part, plan, *ends)


def _write_plan(work: _Work, folder: Path, talk: Talk) -> Iterator[Path]:
    part, plan = work.part, work.plan
    destination = folder / _relative(part.target.top_dir) / part.target.plan_file.name
    if part.start is None and part.end is None:
        talk.info("Writing plan")
        yield from _copy(part.target.plan_file, destination, talk)
        return
    start, end = part.start or "@ROOT", part.end or "@HEAD"
    talk.info(f"Writing plan from {start} to {end}")
    lines = part_of_plan(
        plan,
        work.first if part.start else None,
        work.last if part.end else None,
    )
    data = serialize(lines).encode()
    try:
        parse_plan(data, destination)
    except SqitchError as error:
        talk.warn(f"The bundled plan can't be deployed by itself.\n{error.message}")
    _make_folder_of(destination, talk)
    replace_file(destination, data)
    yield destination


def _copy_scripts(
    change: Change, target: Target, folder: Path, talk: Talk, *, is_last: bool
) -> Iterator[Path]:
    """Copies the scripts of a change under the names that the bundled plan gives them.

    `is_last` says that no later change of the bundle has the same name. Sqitch keeps the names of
    the whole plan, where the bundled one then misses the scripts of what is reworked behind it.
    """
    plain = (target.deploy_dir, target.revert_dir, target.verify_dir)
    reworked = (target.reworked_deploy_dir, target.reworked_revert_dir, target.reworked_verify_dir)
    name = script_name(change, target)
    new_name = f"{change.name}.{target.extension}" if is_last else name
    sources = reworked if change.is_reworked else plain
    destinations = plain if is_last else reworked
    for source, destination in zip(sources, destinations, strict=True):
        if (source / name).exists():
            new = folder / _relative(destination) / new_name
            yield from _copy(source / name, new, talk)


def _relative(folder: Path) -> str:
    return os.path.relpath(folder)


def _copy(source: Path, destination: Path, talk: Talk) -> Iterator[Path]:
    """Copies a file whose copy is another one; Sqitch goes by the times, which git changes."""
    data = source.read_bytes()
    if destination.is_file() and destination.read_bytes() == data:
        return
    if not destination.exists():
        _make_folder_of(destination, talk)
    talk.debug(f"    Copying {source} -> {destination}")
    replace_file(destination, data)
    yield destination


def _make_folder_of(file: Path, talk: Talk) -> None:
    if make_folder(file.parent):
        talk.debug(f"    Created {file.parent}")
