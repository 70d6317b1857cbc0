"""Questions on the terminal, asked and answered as with Sqitch."""

from __future__ import annotations

import sys

import click

from pgdocket.sqitch.errors import SqitchError


class Prompt:
    """Asks a question as Sqitch does, on the terminal or of whatever standard input is.

    `accept` is the answer that silence stands for; with `needs_answer` there must be one.
    """

    def __init__(self, accept: bool, *, needs_answer: bool, as_json: bool) -> None:
        self._accept = accept
        self._needs_answer = needs_answer
        self._as_json = as_json

    def __call__(self, question: str) -> bool:
        default = "Yes" if self._accept else "No"
        for _ in range(3):
            click.echo(f"{question} [{default}] ", nl=False, err=self._as_json)
            line = sys.stdin.readline()
            if not line:
                return self._without_answer(default)
            answer = line.strip().lower() or default.lower()
            if "yes".startswith(answer):
                return True
            if "no".startswith(answer):
                return False
            click.echo('Please answer "y" or "n".', err=self._as_json)
        raise SqitchError("No valid answer after 3 attempts; aborting")

    def _without_answer(self, default: str) -> bool:
        if not self._needs_answer:
            click.echo(default, err=self._as_json)
            return self._accept
        click.echo(err=self._as_json)
        raise SqitchError(
            "Refusing to revert all changes: nobody is there to answer",
            hint="use -y, or name the last change to keep with --to",
        )
