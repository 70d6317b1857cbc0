"""Every command says what it is for, with an example that it would itself accept."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from pgdocket.cli import cli

ROOT = Path(__file__).parents[2]


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
    for name in cli.list_commands(click.Context(cli))
    if (top := cli.get_command(click.Context(cli), name)) is not None
    for path, command in commands(top, (name,))
]


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
    assert path[0] in {example[1] for example in examples}
    for example in examples:
        parse(example)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_the_commands_that_a_page_shows_are_understood(page: Path) -> None:
    for line in page.read_text().splitlines():
        if line.startswith("    pgdocket "):
            parse(shlex.split(line.partition(" > ")[0], comments=True))


def parse(words: list[str]) -> None:
    """Reads a command line; raises click.UsageError for what it does not take."""
    name, *arguments = words[1:]
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    while isinstance(found, click.Group):
        found, arguments = found.get_command(click.Context(found), arguments[0]), arguments[1:]
        assert found is not None
    found.make_context(name, arguments)


def test_every_option_is_explained() -> None:
    silent = [
        (*path, each.name)
        for path, command in (case.values for case in ALL)
        for each in command.params
        if isinstance(each, click.Option) and not each.help
    ]
    assert silent == []
