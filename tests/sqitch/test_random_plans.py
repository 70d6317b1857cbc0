"""Thousands of random plans: whatever the real program makes of one, so does pgdocket.

Each plan gives the same project, ids, tag ids, dependencies and lines, or the same error; changes
added, tagged or reworked give the same plan; references name the same change. PGDOCKET_PLANS sets
how many plans there are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from test_plan_vectors import describe

from pgdocket.sqitch.bundle import part_of_plan
from pgdocket.sqitch.edit import (
    ChangeRequest,
    Edit,
    add_change,
    add_tag,
    given_note,
    rework_change,
)
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lines import ChangeLine, Stamp
from pgdocket.sqitch.plan import Plan, parse_plan
from support import soak
from support.random_plans import RandomPlan, random_plan

COUNT = int(os.environ.get("PGDOCKET_PLANS", soak.size(1000, 6000)))
CHUNK = 500
DRIVER = Path(__file__).parents[1] / "support" / "sqitch_plans.pl"
STAMP = Stamp("2020-01-02T03:04:05Z", "Grace Hopper", "grace@example.com")


def read_by_sqitch(plans: Sequence[RandomPlan]) -> list[dict[str, Any]]:
    """What the real program makes of the plans; the test is skipped where there is none."""
    if shutil.which("sqitch") is None:
        pytest.skip("sqitch is not installed")
    if subprocess.run(
        ["perl", "-MApp::Sqitch", "-e1"], capture_output=True, check=False
    ).returncode:
        pytest.skip("perl does not find the modules of sqitch")
    records = b"".join(
        json.dumps({"length": len(plan.data), "tasks": plan.tasks}).encode() + b"\n" + plan.data
        for plan in plans
    )
    done = subprocess.run(
        ["perl", str(DRIVER)], input=records, capture_output=True, check=True, timeout=240
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def read_by_us(random_one: RandomPlan) -> dict[str, Any]:
    """The same of our own."""
    try:
        plan = parse_plan(random_one.data, Path("FILE"))
    except SqitchError as error:
        return {"error": error.message}
    lines = plan.serialize().split("\n")[:-1]
    answers = [answer(plan, task) for task in random_one.tasks]
    found = describe(plan) | {"lines": lines, "answers": answers}
    stamps = [line.stamp for line in plan.lines if isinstance(line, ChangeLine)]
    for change, stamp in zip(found["changes"], stamps, strict=True):
        change["date"] = stamp.date  # a leap second, which Python's times don't know
    return found


def answer(plan: Plan, task: dict[str, Any]) -> dict[str, Any]:
    """What a task of the driver gives with our own functions."""
    try:
        if task["do"] == "find":
            return {"position": position(plan, task["key"])}
        if task["do"] == "part":
            ends = [known_position(plan, task.get(end)) for end in ("from", "to")]
            return {"lines": [str(line) for line in part_of_plan(plan, *ends)]}
        return {"lines": edited(plan, task).text.split("\n")[:-1]}
    except SqitchError as error:
        return {"error": error.message}


def position(plan: Plan, key: str) -> int | None:
    change = plan.find(key)
    return None if change is None else plan.index_of(change.id)


def known_position(plan: Plan, key: str | None) -> int | None:
    if key is None:
        return None
    found = position(plan, key)
    if found is None:
        raise SqitchError(f"Cannot find change {key}")
    return found


def edited(plan: Plan, task: dict[str, Any]) -> Edit:
    note = given_note([task["note"]])
    if task["do"] == "tag":
        return add_tag(plan, task["name"], task.get("change"), STAMP, note)
    request = ChangeRequest(task["name"], task["requires"], task["conflicts"])
    change = add_change if task["do"] == "add" else rework_change
    return change(plan, request, STAMP, note)


def same_error(mine: str, real: str) -> bool:
    """Whether both refuse for the same reason; where Perl's own words say it, ours may differ."""
    # Later versions than 1.3 also name brackets, and so do we.
    mine, real = mine.replace('"[", "]", ', ""), real.rstrip("\n")
    if mine == real:
        return True
    if mine.endswith("\nChange lookup failed") and real == "Change lookup failed":
        return True  # sqitch has printed the rest already
    if " is not UTF-8: " in mine:
        return True  # sqitch may name a line before that one
    if '"" is not a valid dependency' in mine and real.startswith("Depend object must have"):
        return True  # what 1.3 says of a blank behind the bracket
    is_date = mine.startswith(("Invalid ", "Impossible ")) and not mine.startswith("Invalid name")
    return is_date and not real.startswith(("Syntax error", "Missing", "Dependency"))


def same_answer(task: dict[str, Any], mine: dict[str, Any], real: dict[str, Any]) -> bool:
    """Whether a task has ended in the same way, or better."""
    if task["do"] == "part" and mine.get("error", "").endswith("\nChange lookup failed"):
        return True  # sqitch writes the plan first, and fails over the scripts
    if "error" in mine and "error" in real:
        # Sqitch finds out later, or never, that "0" is no name.
        return same_error(mine["error"], real["error"]) or mine["error"].startswith('"0" is inv')
    # Sqitch writes some lines that it can't read again; we refuse, or write a line that can be.
    return mine == real or (task["do"] != "find" and is_broken(real) and not is_broken(mine))


def is_broken(answered: dict[str, Any]) -> bool:
    if "lines" not in answered:
        return False
    try:
        parse_plan("".join(f"{line}\n" for line in answered["lines"]).encode(), Path("FILE"))
    except SqitchError:
        return True
    return False


def written(lines: Sequence[str]) -> list[str]:
    """The lines; `%syntax-version` without a value is written back by sqitch without a `=`."""
    return [line.replace("%syntax-version1.0.0", "%syntax-version=1.0.0") for line in lines]


def differences(one: RandomPlan, mine: dict[str, Any], real: dict[str, Any]) -> list[str]:
    """What the two programs disagree on."""
    if "error" in mine or "error" in real:
        if "error" in mine and "error" in real and same_error(mine["error"], real["error"]):
            return []
        return [f"error: {mine.get('error')!r} is not {real.get('error')!r}"]
    for each in (mine, real, *mine["answers"], *real["answers"]):
        if "lines" in each:
            each["lines"] = written(each["lines"])
    found = [
        f"{key}: {mine[key]!r} is not {real[key]!r}"
        for key in ("project", "uri", "lines", "changes")
        if mine[key] != real[key]
    ]
    tasks = zip(one.tasks, mine["answers"], real["answers"], strict=True)
    return found + [
        f"{task}: {ours!r} is not {theirs!r}"
        for task, ours, theirs in tasks
        if not same_answer(task, ours, theirs)
    ]


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_both_programs_read_and_change_a_plan_alike(first: int) -> None:
    plans = [random_plan(seed) for seed in range(first, min(first + CHUNK, COUNT))]
    found = zip(plans, map(read_by_us, plans), read_by_sqitch(plans), strict=True)
    wrong = {
        plan.seed: (plan.data.decode(errors="replace"), problems)
        for plan, mine, real in found
        if (problems := differences(plan, mine, real))
    }
    assert not wrong, f"{len(wrong)} plans, for instance {next(iter(wrong.items()))}"


def test_the_plans_are_worth_comparing() -> None:
    found = [read_by_us(random_plan(seed)) for seed in range(600)]
    errors = [each["error"] for each in found if "error" in each]
    assert 80 < len(errors) < 300
    changes = [change for each in found for change in each.get("changes", ())]
    assert len(changes) > 1500
    assert sum(bool(change["rework_tags"]) for change in changes) > 100
    assert sum(bool(change["requires"]) for change in changes) > 300
    kinds = Counter(" ".join(error.split(": ")[-1].split('"')[0::2]) for error in errors)
    assert len(kinds) > 15


def test_a_plan_of_2000_changes_is_read_fast_and_small(tmp_path: Path) -> None:
    head = "%syntax-version=1.0.0\n%project=big\n%uri=https://example.com/big\n\n"
    who = "2024-05-06T07:08:09Z Ada Lövelace <ada@example.com>"
    lines = [head]
    for number in range(2000):
        needs = " ".join(f"schema/c{each}x" for each in range(max(0, number - 3), number))
        lines.append(
            f"schema/c{number}x {f'[{needs}] ' if needs else ''}{who} # No. {number}\\n…\n"
        )
        if number % 50 == 49:
            lines.append(f"@v{number} {who}\n\n")
    data = "".join(lines).encode()
    seconds = []
    for _ in range(3):
        start = time.process_time()
        plan = parse_plan(data, tmp_path / "sqitch.plan")
        seconds.append(time.process_time() - start)
    assert len(plan.changes) == 2000
    assert min(seconds) < 0.75
    tracemalloc.start()
    parse_plan(data, tmp_path / "sqitch.plan")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000
