"""Questions on the terminal, asked and answered as with Sqitch."""

from __future__ import annotations

import sys

import click

from pgdocket.sqitch.errors import SqitchError


class Prompt:
    """Asks a question as Sqitch does, on the terminal or of whatever standard input is.

    `accept` is the answer that silence stands for. With `refusal` somebody must answer: where
    standard input is at its end, this is what the error says, with `hint`.
    """

    def __init__(
        self, accept: bool, *, refusal: str | None, as_json: bool, hint: str = "use -y"
    ) -> None:
        self._accept = accept
        self._refusal = refusal
        self._as_json = as_json
        self._hint = hint

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
        if self._refusal is None:
            click.echo(default, err=self._as_json)
            return self._accept
        click.echo(err=self._as_json)
        raise SqitchError(
            f"Refusing to {self._refusal}: nobody is there to answer", hint=self._hint
        )
