"""Random walks: both programs run the same commands, and keep the same files at every step."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pgdocket.sqitch.plan import Plan, load_plan
from support import soak
from support.twins import Twins, twins_in

CONF = (
    '[target "x"]\n\turi = db:pg:x\n\tplan_file = x.plan\n\textension = ddl\n'
    "\treworked_deploy_dir = old\n"
    '[target "y"]\n\turi = db:pg:y\n\ttop_dir = y\n\treworked_dir = y/old\n'
    '[target "z"]\n\turi = db:pg:z\n\tverify_dir = z/verify\n\tplan_file = sqitch.plan\n'
)
PLANS = {
    "": "sqitch.plan",
    "pg": "sqitch.plan",
    "x": "x.plan",
    "y": "y/sqitch.plan",
    "z": "sqitch.plan",
}
NAMES = ("a", "b", "c", "d/e", "é", "x-1y")
STEPS = 14


@pytest.mark.soak
@pytest.mark.timeout(soak.PATIENCE)
@pytest.mark.parametrize("seed", range(soak.size(3, 30)))
def test_a_random_walk_leaves_the_same_files(tmp_path: Path, seed: int) -> None:
    twins = twins_in(tmp_path).plan(conf=CONF)
    empty = "%syntax-version=1.0.0\n%project=flipr\n\n"
    twins.write({"x.plan": empty, "y/sqitch.plan": empty})
    # Sqitch gives up where a reworked script has no folder to go to.
    for folder in ("old/d", "verify/d", "y/old/deploy/d", "y/old/revert/d", "y/old/verify/d"):
        for side in ("ours", "theirs"):
            (twins.base / side / folder).mkdir(parents=True, exist_ok=True)
    choose = random.Random(seed)  # noqa: S311
    codes = []
    for number in range(STEPS):
        arguments = command(twins, choose, number)
        mine, real = twins.ours(*arguments), twins.theirs(*arguments)
        assert (mine.code, mine.stdout, mine.stderr) == (real.code, real.stdout, real.stderr), (
            arguments
        )
        assert twins.files("ours") == twins.files("theirs"), arguments
        codes.append(mine.code)
    assert codes.count(0) > STEPS / 4


def command(twins: Twins, choose: random.Random, number: int) -> list[str]:
    """Arguments that make sense most of the time."""
    target = choose.choice(list(PLANS))
    plan = load_plan(twins.mine / PLANS[target])
    names = sorted({change.name for change in plan.changes})
    where = [target] if target else []
    note = ["-n", choose.choice([f"Note {number}.", "a\\nb", " x ", "0"])]
    kind = choose.choice(["add", "add", "add", "tag", "tag", "rework", "rework", "show", "bundle"])
    if kind == "tag":
        tagged = choose.choice(["", *names, *(f"@{tag.name[1:]}^" for tag in plan.tags)])
        return ["tag", f"v{choose.randint(0, 20)}", *([tagged] if tagged else []), *where, *note]
    if kind == "show":
        key = choose.choice([*names, *(tag.name for tag in plan.tags), "HEAD"])
        what = choose.choice(["deploy", "revert", "verify"])
        return ["show", what, key, *(["-t", target] if target not in ("", "pg") else [])]
    if kind == "bundle" and names:  # of an empty plan sqitch makes half a bundle
        return ["bundle", *where, "--dir", f"bundle{number}"]
    kind = "add" if kind == "bundle" else kind
    name = choose.choice(NAMES if kind == "add" else names or NAMES)
    return [kind, name, *where, *note, *dependencies(plan, name, choose)]


def dependencies(plan: Plan, name: str, choose: random.Random) -> list[str]:
    """Options that name each dependency once."""
    names = sorted({change.name for change in plan.changes} - {name})
    known = [*names, *(tag.name for tag in plan.tags), "o:x"]
    picked = choose.sample(known, k=min(len(known), choose.choice([0, 0, 1, 2])))
    return [part for each in picked for part in (choose.choice(["-r", "-r", "-x"]), each)]
