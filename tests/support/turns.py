"""Random histories: a plan that grows and is edited while two programs take turns on a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support.changes import WHEN, WHO, Project

NAMES = ("ape", "bee", "cat", "dog")
_COMMANDS = (
    *("deploy", "deploy", "deploy", "revert", "rebase", "rebase", "rebase"),
    *("check", "verify", "status"),
)
FAILURE = "select 1 / 0;\n"


@dataclass(frozen=True, slots=True)
class _Branch:
    """The plan and its scripts as they were at some time."""

    lines: list[str]
    tags: list[str]
    present: dict[str, int]
    reworkable: set[str]
    scripts: dict[Path, str]


@dataclass(slots=True)
class History:
    """A project whose plan changes at random. Every change makes a table of its own."""

    random: Random
    project: Project
    made: int = 0
    lines: int = 0
    tags: list[str] = field(default_factory=list)
    present: dict[str, int] = field(default_factory=dict)
    reworkable: set[str] = field(default_factory=set)
    branches: list[_Branch] = field(default_factory=list)

    def grow(self, count: int) -> None:
        """Adds changes, reworks and tags."""
        for _ in range(count):
            self._change()
            if self.random.random() < 0.4:
                self._tag()
        self.project.save()

    def edit_script(self) -> None:
        """Adds a comment to a deploy script."""
        path = self.random.choice(sorted((self.project.folder / "deploy").glob("*.sql")))
        path.write_text(path.read_text() + "-- edited\n")

    def toggle_failure(self) -> None:
        """Breaks a deploy or verify script, or repairs all that are broken."""
        folder = self.project.folder
        broken = [
            path
            for kind in ("deploy", "verify")
            for path in (folder / kind).glob("*.sql")
            if FAILURE in path.read_text()
        ]
        for path in broken:
            path.write_text(path.read_text().replace(FAILURE, ""))
        if not broken:
            kind = self.random.choice(("deploy", "verify"))
            path = self.random.choice(sorted((folder / kind).glob("*.sql")))
            path.write_text(path.read_text().replace("begin;\n", f"begin;\n{FAILURE}"))

    def remember(self) -> None:
        """Keeps the plan as it is, to come back to."""
        scripts = {path: path.read_text() for path in self.project.folder.glob("*/*.sql")}
        lines, tags, present = list(self.project.lines), list(self.tags), dict(self.present)
        self.branches.append(_Branch(lines, tags, present, set(self.reworkable), scripts))

    def switch(self) -> None:
        """Goes back to an earlier plan, which then grows another way; its scripts come back."""
        branch = self.random.choice(self.branches)
        self.remember()
        self.project.lines = list(branch.lines)
        self.tags, self.present = list(branch.tags), dict(branch.present)
        self.reworkable = set(branch.reworkable)
        for path, text in branch.scripts.items():
            path.write_text(text)
        self.project.save()

    def reference(self) -> str:
        """Something that may name a change."""
        name = self.random.choice(list(self.present) or ["ape"])
        tag = self.random.choice(self.tags) if self.tags else "@none"
        base = self.random.choice([name, name, f"{name}{tag}", tag, "HEAD", "ROOT", f"{name}@HEAD"])
        return base + self.random.choice(["", "", "", "^", "~", "^2"])

    def command(self) -> tuple[str, ...]:
        """A command that both programs know."""
        pick, chance = self.random.choice, self.random.random
        name = pick(_COMMANDS)
        options = [name]
        if name in ("check", "verify"):
            options += ["--from", self.reference()] if chance() < 0.3 else []
            options += ["--to", self.reference()] if chance() < 0.3 else []
        elif name != "status":
            options += ["--log-only"] if chance() < 0.1 else []
        if name in ("revert", "rebase"):
            options.append("-y")
            kind = chance()
            to = "--to" if name == "revert" else "--onto"
            options += ["-m"] if kind < 0.25 else [to, self.reference()] if kind < 0.9 else []
        if name in ("deploy", "rebase"):
            options += ["--mode", pick(("all", "tag", "change"))]
            options += ["--verify"] if chance() < 0.5 else []
            to = "--to" if name == "deploy" else "--upto"
            options += [to, self.reference()] if chance() < 0.4 else []
        return tuple(options)

    def step(self) -> tuple[str, ...]:
        """Edits the project now and then; returns the next command."""
        chance = self.random.random()
        if chance < 0.3:
            self.grow(self.random.randint(1, 2))
        elif chance < 0.4:
            self.edit_script()
        elif chance < 0.55:
            self.toggle_failure()
        elif chance < 0.65:
            self.switch()
        return self.command()

    def _line(self, text: str) -> None:
        when = WHEN.format(self.lines % 60)
        self.lines += 1
        self.project.lines.append(f"{text} {when} {WHO}")

    def _tag(self) -> None:
        name = f"v{len(self.project.lines)}"
        self._line(f"@{name}")
        self.tags.append(f"@{name}")
        self.reworkable = set(self.present)

    def _change(self) -> None:
        fresh = [name for name in NAMES if name not in self.present]
        again = sorted(self.reworkable)
        if not fresh and not again:
            self._tag()
            again = sorted(self.reworkable)
        name = self.random.choice(fresh + again)
        required = []
        if name in self.present:
            self._set_aside(name, self.tags[-1])
            required.append(f"{name}{self.tags[-1]}")
        elif self.present and self.random.random() < 0.5:
            required.append(self.random.choice(list(self.present)))
        self._line(f"{name} [{' '.join(required)}]" if required else name)
        self.present[name] = self.made
        self.reworkable.discard(name)
        self._write(name)

    def _set_aside(self, name: str, tag: str) -> None:
        for kind in ("deploy", "revert", "verify"):
            path = self.project.folder / kind / f"{name}.sql"
            path.rename(path.with_name(f"{name}{tag}.sql"))

    def _write(self, name: str) -> None:
        table, self.made = f"public.t{self.made}", self.made + 1
        self.project.scripts(
            name,
            f"begin;\ncreate table {table} (id int);\ncommit;\n",
            f"begin;\ndrop table {table};\ncommit;\n",
            f"begin;\nselect from {table};\nrollback;\n",
        )


def begin(folder: Path, seed: int) -> History:
    """A new history; the same seed makes the same one."""
    history = History(Random(seed), Project(folder, f"turns{seed}"))  # noqa: S311
    folder.mkdir()
    history.grow(2)
    history.remember()
    history.grow(2)
    return history
