"""The linter: each rule finds its breach, and leaves alone what is right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pgdocket.sqitch.config import load_configuration, resolve_target
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.lint import LintOptions, lint, rules
from support.changes import Project
from support.databases import ROOT
from support.linting import CREATE, DROP, LOOK, block, checked, deployed_by, found, run
from support.outcomes import Outcome


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop", "shop")


def test_pgdockets_own_plan_is_clean() -> None:
    is_checkout = (ROOT / ".git").exists()
    target = resolve_target(load_configuration(ROOT), "db:pg:")
    report = lint(target, LintOptions(released=is_checkout))
    assert report.findings == ()
    assert report.changes > 70


def test_an_ordinary_plan_is_clean(project: Project) -> None:
    project.change("a").change("b", "a").tag("v1")
    assert found(project) == []


# --- The plan, and which scripts there are ---------------------------------------------------


def test_missing_scripts_are_named_at_the_line_of_the_plan(project: Project) -> None:
    project.change("a").change("b", table=False)
    assert found(project) == [
        "sqitch.plan:5 missing-deploy",
        "sqitch.plan:5 missing-revert",
        "sqitch.plan:5 missing-verify",
    ]


def test_a_plan_without_a_syntax_version_keeps_its_line_numbers(project: Project) -> None:
    project.change("a", table=False).save()
    plan = project.folder / "sqitch.plan"
    plan.write_text(plan.read_text().removeprefix("%syntax-version=1.0.0\n"))
    report = lint(resolve_target(load_configuration(project.folder, environ={}), "db:pg:"))
    assert {each.line for each in report.findings} == {3}


def test_a_script_without_a_statement_is_empty(project: Project) -> None:
    project.change("a", table=False)
    project.scripts("a", CREATE, "-- Revert\nbegin;\ncommit;\n", "-- nothing\n")
    assert found(project) == ["revert/a.sql:1 empty-revert", "verify/a.sql:1 empty-verify"]


def test_a_change_that_does_nothing_has_nothing_to_undo(project: Project) -> None:
    project.change("a", table=False).scripts("a", "-- a\n", "-- b\n", "-- c\n")
    assert found(project) == ["deploy/a.sql:1 empty-deploy"]


def test_two_deploy_scripts_with_the_same_bytes_are_refused_as_the_registry_does(
    project: Project,
) -> None:
    project.change("a").change("b")
    project.write("b", "deploy", (project.folder / "deploy" / "a.sql").read_text())
    assert found(project) == ["deploy/b.sql:1 duplicate-script"]


def test_a_conflict_with_a_change_that_is_not_planned_stops_every_deploy(project: Project) -> None:
    project.change("a", "!dr_evil !other:evil").change("b", "!a")
    assert found(project) == ["sqitch.plan:4 unknown-conflict"]


def test_a_dependency_may_stand_in_a_change_once(project: Project) -> None:
    project.change("a").change("b", "a !a").change("c", "a shop:a")
    assert found(project) == [
        "sqitch.plan:5 duplicate-dependency",
        "sqitch.plan:6 duplicate-dependency",
    ]
    project.change("d", "a a")
    assert found(project) == ["sqitch.plan:7 duplicate-dependency"]


def test_an_unknown_dependency_and_a_broken_line_are_findings(project: Project) -> None:
    project.change("a", "ghost")
    assert found(project) == ["sqitch.plan:1 unknown-dependency"]
    project.lines[0] = "what is this"
    assert found(project) == ["sqitch.plan:4 plan-syntax"]


def test_a_file_that_no_change_has_is_an_orphan_unless_a_script_includes_it(
    project: Project,
) -> None:
    project.change("a")
    project.scripts("left", CREATE, DROP, LOOK).scripts("part", "select 1;\n", DROP, LOOK)
    project.write("a", "deploy", "begin;\n\\ir part.sql\ncreate table public.t (i int);\ncommit;\n")
    project.change("part2", table=False).scripts("part2", CREATE, DROP, LOOK)
    orphans = [each for each in found(project) if "orphan" in each]
    assert orphans == [
        "deploy/left.sql:1 orphan-script",
        *[f"{kind}/{name}.sql:1 orphan-script" for kind in ("revert", "verify")
          for name in ("left", "part")],
    ]  # fmt: skip


def test_a_reworked_change_needs_no_verify_script_of_its_past(project: Project) -> None:
    project.change("a").tag("v1").change("a", "a@v1", table=False)
    project.scripts("a@v1", CREATE, DROP, None)
    assert found(project) == []


# --- Head comments ---------------------------------------------------------------------------


def head(*lines: str) -> str:
    return "\n".join([*lines, CREATE])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("-- Deploy shop:b to pg", "-- requires: a"), None),
        (("-- Deploy b", "-- requires: a"), None),
        (("-- Deploy shop:b to pg", "-- requires: shop:a"), None),
        (("-- Deploy: schemas/b to pg", "-- requires: schemas/a"), None),
        (("-- Deploy everything anew",), None),
        (("-- Deploy shop:a to pg", "-- requires: a"), "the head names change a, the plan b"),
        (("-- Deploy shep:b to pg", "-- requires: a"), "project shep, the plan shop"),
        (("-- Revert shop:b from pg", "-- requires: a"), "says revert in a deploy script"),
        (("-- Deploy shop:b to pg",), 'lacks "requires: a"'),
        (("-- Deploy shop:b to pg", "-- requires: a, c"), 'has "requires: c"'),
        (("-- Deploy shop:b to pg", "-- requires: a", "-- conflicts: z"), 'has "conflicts: z"'),
    ],
)
def test_the_head_agrees_with_the_plan(
    lines: tuple[str, ...], message: str | None, project: Project
) -> None:
    project.change("a").change("b", "a", table=False).scripts("b", head(*lines), DROP, LOOK)
    messages = [each.message for each in checked(project).findings]
    assert len(messages) == (message is not None)
    assert message is None or message in messages[0]


def test_a_rework_keeps_the_head_that_sqitch_gave_it(project: Project) -> None:
    text = "-- Deploy shop:a to pg\n" + CREATE
    project.change("a", table=False).scripts("a@v1", text, DROP, LOOK).tag("v1")
    project.change("a", "a@v1", table=False).scripts("a", text + "-- now\n", text, LOOK)
    assert found(project) == []


# --- Transactions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "problems"),
    [
        ("begin;\ncreate table t (i int);\n", ["1 open-transaction"]),
        ("begin;\ncreate table t (i int);\nrollback;\nbegin;\n", ["4 open-transaction"]),
        ("begin;\nbegin;\ncreate table t ();\ncommit;\n", ["2 stray-transaction-control"]),
        ("create table t ();\ncommit;\n", ["2 stray-transaction-control"]),
        ("begin isolation level serializable;\ncreate table t ();\nend;\n", []),
        ("create table t ();\ncreate table u ();\n", ["1 no-transaction"]),
        ("set role docket;\ncreate table t ();\n", []),
        ("create table t ();\n", []),
        ("create index concurrently on t (i);\nvacuum t;\n", []),
        ("begin;\ncreate index concurrently on t (i);\ncommit;\n", ["2 not-in-transaction"]),
        ("begin;\nvacuum t;\ncommit;\n", ["2 not-in-transaction"]),
        ("begin;\ninsert into t values ('begin; vacuum t; -- commit');\ncommit;\n", []),
        ("begin;\n/* vacuum */ do $$ begin perform 1; end $$;\ncommit;\n", []),
        ("begin;\ncreate table t (a text default 'it''s;\n')\n;\ncommit;\n", []),
        ("\\if :x\nbegin;\n\\endif\ncreate table t ();\n", []),
    ],
)
def test_transactions(script: str, problems: list[str], project: Project) -> None:
    assert deployed_by(project, script) == problems


def test_a_forgotten_semicolon_is_the_reason_for_many_an_open_transaction(
    project: Project,
) -> None:
    project.change("a").write("a", "deploy", "begin;\ncreate table public.a (i int)\n\ncommit;\n")
    project.write("a", "verify", "begin;\nselect * from public.a\n\nROLLBACK;\n")
    assert [(each.rule.id, each.hint) for each in checked(project).findings] == [
        ("open-transaction", 'a semicolon is missing before the "commit" of line 4'),
        ("open-transaction", 'a semicolon is missing before the "rollback" of line 4'),
    ]
    project.write("a", "deploy", "begin;\ncreate table public.a (i int);\n")
    assert checked(project).findings[0].hint == 'end the script with "commit;"'


def test_a_script_in_another_encoding_is_read_all_the_same(project: Project) -> None:
    project.change("a")
    script = "begin;\ncreate index on public.caf\xe9 (i);\ncommit;\n".encode("latin-1")
    (project.folder / "deploy" / "a.sql").write_bytes(script)
    assert found(project) == ["deploy/a.sql:2 index-not-concurrent"]
    assert run(project).code == 0


def test_what_only_psql_can_run_and_what_nobody_can_is_named(project: Project) -> None:
    assert deployed_by(project, "\\timing\n" + CREATE) == ["1 psql-only"]
    project.write("a", "deploy", "begin;\nselect 'no end;\ncommit;\n")
    assert found(project) == ["deploy/a.sql:2 script-syntax"]
    project.write("a", "deploy", "\\if true\n" + CREATE)
    assert [each.split()[1] for each in found(project)] == ["script-syntax"]


# --- Exceptions and settings -----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "begin;\n-- lint: ignore truncate it is empty\n-- more\ntruncate t;\ncommit;\n",
        "begin;\ntruncate t; -- lint: ignore truncate it is empty\ncommit;\n",
        "begin;\ntruncate\n    t -- lint: ignore truncate it is empty\n;\ncommit;\n",
        "begin;\n-- lint: ignore lock-table,truncate it is empty\ntruncate t;\ncommit;\n",
    ],
)
def test_a_comment_excepts_its_statement(text: str, project: Project) -> None:
    assert deployed_by(project, text) == []
    project.write("a", "deploy", text.replace("commit;", "truncate u;\ncommit;"))
    assert [each.split()[1] for each in found(project)] == ["truncate"]


def test_text_that_looks_like_an_exception_is_none(project: Project) -> None:
    script = block("select '\n-- lint: ignore truncate no\n', $$", "-- lint: ignore truncate no",
                   "$$;", "truncate t;")  # fmt: skip
    assert [each.split()[1] for each in deployed_by(project, script)] == ["truncate"]


def test_an_exception_without_a_reason_is_none_but_a_finding(project: Project) -> None:
    script = block("truncate t; -- lint: ignore truncate")
    assert deployed_by(project, script) == ["2 ignore-unexplained", "2 truncate"]
    project.write("a", "deploy", block("create table u (); -- lint: ignore truncated by mistake"))
    assert found(project) == ["deploy/a.sql:2 ignore-unexplained"]


def test_what_is_missing_is_excepted_in_the_deploy_script(project: Project) -> None:
    project.change("a").write("a", "deploy", CREATE + "-- lint: ignore missing-verify data only\n")
    (project.folder / "verify" / "a.sql").unlink()
    assert found(project) == []


def test_rules_are_switched_off_by_settings_and_options(project: Project) -> None:
    project.change("a").write("a", "deploy", block("truncate t;", "drop table u;"))
    assert found(project, "truncate", "drop-table") == []
    with (project.folder / "sqitch.conf").open("a") as file:
        file.write("[lint]\n\tdisable = truncate rename\n")
    assert "drop-table" in run(project, "--strict").stdout
    clean = run(project, "--strict", "--disable", "drop-table")
    assert (clean.code, clean.stdout) == (0, "1 change: no errors, no warnings\n")
    with pytest.raises(SqitchError, match="Unknown rule"):
        checked(project, "no-such-rule")


# --- Output ----------------------------------------------------------------------------------


def test_warnings_pass_unless_strict_and_errors_never(project: Project) -> None:
    project.change("a").write("a", "deploy", block("truncate t;")).save()
    lines = [
        "deploy/a.sql:2: warning truncate: t is emptied",
        "    hint: delete its rows in batches",
        "1 change: no errors, 1 warning",
    ]
    assert run(project) == Outcome(0, "\n".join([*lines, ""]), "")
    assert run(project, "--strict").code == 1
    project.write("a", "deploy", "begin;\ntruncate t;\n")
    assert run(project).code == 1
    assert run(project, "--disable", "nonsense").code == 2


def test_json_has_what_the_lines_have(project: Project) -> None:
    project.change("a").write("a", "deploy", block("truncate t;")).save()
    told = json.loads(run(project, "--json").stdout)
    assert (told["errors"], told["warnings"], told["changes"]) == (0, 1, 1)
    assert told["findings"] == [
        {
            "rule": "truncate",
            "level": "warning",
            "path": "deploy/a.sql",
            "line": 2,
            "change": None,
            "message": "t is emptied",
            "hint": "delete its rows in batches",
        }
    ]


def test_sarif_has_the_shape_that_code_hosts_read(project: Project) -> None:
    project.change("a").write("a", "deploy", block("truncate\n t;")).save()
    log = json.loads(run(project, "--sarif").stdout)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    assert log["$schema"].endswith("sarif-2.1.0.json")
    driver = log["runs"][0]["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == [rule.id for rule in rules.ALL]
    for rule in driver["rules"]:
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
        assert rule["shortDescription"]["text"].endswith(".")
    [result] = log["runs"][0]["results"]
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "truncate"
    assert result["level"] == "warning"
    assert result["message"]["text"].startswith("t is emptied")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "deploy/a.sql"}
    assert place["region"] == {"startLine": 2, "endLine": 3}


def test_the_rules_are_listed_with_their_reasons(project: Project) -> None:
    project.folder.mkdir()
    listed = json.loads(run(project, "--rules", "--json").stdout)
    assert [each["rule"] for each in listed] == [rule.id for rule in rules.ALL]
    assert all(each["reason"] for each in listed)
    assert len({each["rule"] for each in listed}) == len(listed)
