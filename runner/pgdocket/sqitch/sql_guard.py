"""The head of a script for psql: it runs where it was meant to run, and alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from pgdocket import __version__
from pgdocket.sqitch.engine import Engine
from pgdocket.sqitch.queries import named_queries
from pgdocket.sqitch.variables import quote_identifier, quote_literal

_HEAD = """\
-- Written by pgdocket {version} for the state of {destination}:
-- {state}.
-- Run it with:  psql --no-psqlrc --file FILE DATABASE
-- It stops at the first error. What was committed by then stays, as with --mode change; a new
-- script must then be made, since this one is for another state.
\\set ON_ERROR_STOP on
\\set VERBOSITY default
\\set QUIET on
\\encoding UTF8
\\pset format unaligned
\\pset tuples_only on
\\pset null ''
"""


def guard(engine: Engine) -> str:
    """The head for the state in which the engine finds the database.

    It takes the lock of deployments, which ends with the session, and raises unless registry and
    deployed changes, of the projects that matter, are those that the script was made for.
    """
    job, registry, control = engine.job, engine.registry, engine.control
    version = registry.version(control)
    projects = _projects(engine)
    deployed = [
        (project, row.id)
        for project in sorted(projects)
        for row in (registry.deployed(control, project) if version is not None else ())
    ]
    own = [change_id for project, change_id in deployed if project == job.plan.project]
    state = f"nothing of {job.plan.project} is deployed"
    if version is None:
        state = "there is no registry"
    elif own:
        state = f"{len(own)} changes of {job.plan.project} are deployed, the last one is {own[-1]}"
    head = _HEAD.format(version=__version__, destination=job.display, state=state)
    values = {
        "timeout": str(job.lock_timeout),
        "changes": quote_literal(f"{quote_identifier(registry.schema)}.changes"),
        "releases": quote_literal(f"{quote_identifier(registry.schema)}.releases"),
        "version": quote_literal(version or ""),
        "state": quote_literal(state),
        "projects": ", ".join(quote_literal(project) for project in sorted(projects)),
        "digest": quote_literal(_digest(change_id for _, change_id in deployed)),
    }
    queries = named_queries("sql_guard.sql", registry.schema)
    parts = (queries["lock"], queries["no_registry" if version is None else "state"])
    filled = [_fill(part.decode(), values) for part in parts]
    return head + "".join(part + ";\n\n" for part in filled)


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), text)


def _projects(engine: Engine) -> set[str]:
    """The plan's project and those that its dependencies name."""
    plan = engine.job.plan
    named = (
        entry.project for change in plan.changes for entry in (*change.requires, *change.conflicts)
    )
    return {plan.project, *(project for project in named if project is not None)}


def _digest(ids: Iterable[str]) -> str:
    return hashlib.md5(",".join(ids).encode(), usedforsecurity=False).hexdigest()
