"""What stops a change, as errors and as the lines that people read."""

from __future__ import annotations

import psycopg

from pgdocket.errors import Error, from_psycopg
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.failure import ScriptError
from pgdocket.sqitch.reporter import Reporter

STOPPING = (SqitchError, psycopg.Error, KeyboardInterrupt)


def understood(problem: BaseException) -> Error:
    """The error that a problem is; an interruption becomes a cancelled statement."""
    if isinstance(problem, Error):
        return problem
    if isinstance(problem, psycopg.Error):
        return from_psycopg(problem)
    return SqitchError("Interrupted", sqlstate="57014")


def explain(reporter: Reporter, error: Error) -> None:
    """Tells an error, with everything psql would have said of it."""
    text = error.text if isinstance(error, ScriptError) else error.message
    reporter.warn(text.rstrip("\n"))
