"""`pgdocket sqitch plan`."""

from __future__ import annotations

import click


@click.command("plan")
def plan_command() -> None:
    """List the changes of the plan."""
    raise NotImplementedError
