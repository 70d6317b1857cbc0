"""Runs an SQL script on a database, in a process of its own: `FILE VARIABLE`.

The variable of the environment that is named has the connection string. Statements are run one by
one, as psql would, and stop at the first that fails.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import psycopg

from pgdocket.sqitch.connection import connect
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.execute import ScriptSession
from pgdocket.sqitch.failure import ScriptError


class _Printer:
    def out(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def err(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def main(file: str, variable: str) -> int:
    """Runs a file on the database that a variable names; the exit code."""
    try:
        connection = connect(os.environ[variable])
    except KeyError:
        sys.stderr.write(f"the variable {variable} does not say which database\n")
        return 3
    except psycopg.Error as error:
        sys.stderr.write(f"the database that {variable} names can not be reached: {error}\n")
        return 3

    def cancel(number: int, _: FrameType | None) -> None:
        # Otherwise the server would go on with what nobody waits for any more.
        connection.cancel()
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, cancel)
    try:
        with connection:
            ScriptSession(connection, _Printer()).run(Path(file), {})
    except ScriptError as error:
        sys.stderr.write(error.text.rstrip("\n") + "\n")
        return 1
    except (SqitchError, psycopg.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
