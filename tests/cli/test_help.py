"""Every command says what it is for, with an example that it would itself accept."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from pgdocket.cli import cli

MINE = (
    "demo", "import", "project", "task", "history", "dep", "why", "graph", "next", "claim",
    "complete", "fail", "release", "heartbeat", "sqitch",
)  # fmt: skip


def commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            found = command.get_command(click.Context(command), name)
            assert found is not None
            yield from commands(found, (*path, name))


ALL = [
    pytest.param(path, command, id=" ".join(path))
    for name in MINE
    if (top := cli.get_command(click.Context(cli), name)) is not None
    for path, command in commands(top, (name,))
]


def test_all_commands_are_there() -> None:
    assert set(MINE) <= set(cli.list_commands(click.Context(cli)))


@pytest.mark.parametrize(("path", "command"), ALL)
def test_help_has_an_example_that_parses(path: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"])
    assert shown.exit_code == 0
    assert "Example:" in shown.output
    examples = [
        shlex.split(line)
        for line in (command.help or "").splitlines()
        if line.strip().startswith("pgdocket ")
    ]
    assert examples
    for example in examples:
        name, *arguments = example[1:]
        assert name == path[0]
        found = cli.get_command(click.Context(cli), name)
        assert found is not None
        while isinstance(found, click.Group):
            found, arguments = found.get_command(click.Context(found), arguments[0]), arguments[1:]
            assert found is not None
        found.make_context(name, arguments)  # raises click.UsageError for what it doesn't take


def test_every_option_is_explained() -> None:
    silent = [
        (*path, each.name)
        for path, command in (case.values for case in ALL)
        for each in command.params
        if isinstance(each, click.Option) and not each.help
    ]
    assert silent == []
