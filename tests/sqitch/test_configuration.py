"""Settings and targets are found where Sqitch finds them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pgdocket.sqitch.config import Configuration, Target, load_configuration, resolve_target
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.positional import resolve_positional


def configuration(tmp_path: Path, text: str, **environ: str) -> Configuration:
    """What a project with this sqitch.conf is configured to, apart from this machine's files."""
    (tmp_path / "sqitch.conf").write_text(text)
    return load_configuration(tmp_path, {"HOME": str(tmp_path), **environ}, tmp_path / "etc")


def target(tmp_path: Path, text: str, name: str | None = None, **overrides: str) -> Target:
    return resolve_target(configuration(tmp_path, text), name, overrides=overrides)


def test_the_local_file_wins_over_the_users_over_the_systems(tmp_path: Path) -> None:
    for folder, text in (
        ("etc", "[core]\n\ta = system\n\tb = system\n\tc = system\n"),
        (".sqitch", "[core]\n\ta = user\n\tb = user\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sqitch.conf").write_text(text)
    found = configuration(tmp_path, "[core]\n\ta = local\n")
    assert [found.get(f"core.{key}") for key in "abcd"] == ["local", "user", "system", None]


def test_the_environment_names_other_files(tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_text("[core]\nengine = pg\n")
    found = configuration(tmp_path, "[core]\nengine = no\n", SQITCH_CONFIG=str(other))
    assert found.get("core.engine") == "pg"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ('[a "B.c"]\nKey = v', "A.B.c.KEY", "v"),
        ('[a "B"]\nk = v', "a.b.k", None),
        ("[A.Sub]\nx=y", "a.sub.x", "y"),
        ('[a "b\\"q"]\nz=1', 'a.b"q.z', "1"),
        ("[q]\n\tb =  tr  ail  ", "q.b", "tr ail"),
        ("[q]\nc = a;b#c", "q.c", "a;b#c"),
        ("[q]\nc = a ; b", "q.c", "a"),
        ('[q]\ne="a;b" c', "q.e", "a;b c"),
        ("[q]\nf=", "q.f", ""),
        ("[q] a=b", "q.a", "b"),
        ('; c\n# d\n[q]\na=\\\\x\\"y\\n', "q.a", '\\x"y\n'),
        ("[q]\r\na=b\r\n", "q.a", "b"),
        ("[q]\na = b \\\n  c", "q.a", "b c"),
        ('[q]\na="b\n c"', "q.a", "b\n c"),
        ("[q]\na=1\na=2", "q.a", "2"),
        ("[q]\na=é", "q.a", "é"),
        ("\ufeff[q]\na=1", "q.a", "1"),
        ("[q]\nsome.name of = b", "q.some", None),
        ('[a "q"]\nb c = d', "a.q.b c", "d"),
        ("[q]\na", "q.a", "true"),
        ("[q]\na # b = c", "q.a", "true"),
        ("[q]\na = ; b", "q.a", ""),
        ('[q]\na = " x " # y', "q.a", " x "),
    ],
)
def test_git_syntax(tmp_path: Path, text: str, key: str, value: str | None) -> None:
    assert configuration(tmp_path, text).get(key) == value


@pytest.mark.parametrize("text", ["[core", "junk", "[q]\n=c", "a=1", '[q]\na="x'])
def test_a_line_that_cannot_be_read_is_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(SqitchError, match=r"^Error parsing .*sqitch\.conf at line") as caught:
        configuration(tmp_path, text)
    assert "Bad line was: '" in caught.value.message


@pytest.mark.parametrize(
    ("text", "value"), [("a", True), ("a=yes", True), ("a=Off", False), ("a=0", False)]
)
def test_booleans(tmp_path: Path, text: str, value: bool) -> None:
    assert configuration(tmp_path, f"[q]\n{text}\n").get_bool("q.a") is value
    assert configuration(tmp_path, "").get_bool("q.a", default=value) is value


def test_a_boolean_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SqitchError, match=r"q\.a"):
        configuration(tmp_path, "[q]\na=maybe\n").get_bool("q.a")


TARGETS = """
[core]
    engine = pg
    top_dir = db
    registry = core_registry
[engine "pg"]
    target = dev
    registry = engine_registry
    client = /engine/psql
[target "dev"]
    uri = db:pg://u:p@h:5433/x
    registry = target_registry
    deploy_dir = td
[target "prod"]
    uri = db:pg:prod
    plan_file = other.plan
[target "bare"]
    registry = x
"""


def test_a_target_wins_over_its_engine_over_core(tmp_path: Path) -> None:
    found = target(tmp_path, TARGETS)
    assert (found.name, found.display, found.registry) == ("dev", "dev", "target_registry")
    assert found.client == "/engine/psql"
    assert found.conninfo() == "user=u password=p dbname=x host=h port=5433"
    assert target(tmp_path, TARGETS, "prod").registry == "engine_registry"
    assert target(tmp_path, TARGETS, "prod", registry="r").registry == "r"


def test_paths_start_at_the_projects_folder(tmp_path: Path) -> None:
    found = target(tmp_path, TARGETS)
    assert found.top_dir == tmp_path / "db"
    assert found.plan_file == tmp_path / "db" / "sqitch.plan"
    assert found.deploy_dir == tmp_path / "td"
    assert found.revert_dir == tmp_path / "db" / "revert"
    # As in Sqitch: below reworked_dir, which is top_dir unless it is set.
    assert found.reworked_deploy_dir == tmp_path / "db" / "deploy"
    assert target(tmp_path, TARGETS, "prod").plan_file == tmp_path / "other.plan"


def test_in_the_working_directory_paths_are_shown_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = resolve_target(load_configuration(environ={"HOME": str(tmp_path)}), "db:pg:")
    assert str(found.plan_file) == "sqitch.plan"
    assert str(found.deploy_dir) == "deploy"


def test_reworked_scripts_may_have_folders_of_their_own(tmp_path: Path) -> None:
    text = "[core]\nreworked_dir = old\nreworked_verify_dir = checks\n"
    found = target(tmp_path, text, "db:pg:")
    assert found.reworked_deploy_dir == tmp_path / "old" / "deploy"
    assert found.reworked_verify_dir == tmp_path / "checks"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", 'Cannot find target "nope"'),
        ("bare", 'No URI associated with target "bare"'),
    ],
)
def test_a_target_that_is_none(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(SqitchError) as caught:
        target(tmp_path, TARGETS, name)
    assert caught.value.message == message


def test_the_default_target(tmp_path: Path) -> None:
    pg = "[core]\nengine = pg\n"
    engine = pg + '[engine "pg"]\ntarget = db:pg:engine\n'
    core = f"{engine}[core]\ntarget = db:pg:core\n"
    assert target(tmp_path, pg).name == "db:pg:"
    assert target(tmp_path, engine).name == "db:pg:engine"
    assert target(tmp_path, core).name == "db:pg:core"
    found = configuration(tmp_path, core, SQITCH_TARGET="db:pg:environment")
    assert resolve_target(found).name == "db:pg:environment"
    assert resolve_target(found, "db:pg:argument").name == "db:pg:argument"


def test_without_an_engine_there_is_no_default_target(tmp_path: Path) -> None:
    with pytest.raises(SqitchError, match=r"^No engine specified; specify via target or core\."):
        target(tmp_path, "")
    nothing = load_configuration(tmp_path / "none", {"HOME": str(tmp_path)}, tmp_path / "etc")
    with pytest.raises(SqitchError, match=r"^No project configuration found"):
        resolve_target(replace(nothing, is_initialized=False))


def test_the_projects_file_may_lie_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sqitch.conf").write_text("[core]\nengine = pg\n")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    found = load_configuration(environ={"HOME": str(tmp_path)})
    assert (found.is_initialized, found.get("core.engine")) == (True, "pg")
    # The plan is looked for in the working directory all the same, as with sqitch.
    assert str(resolve_target(found).plan_file) == "sqitch.plan"


def test_options_change_the_server_but_not_a_targets_name(tmp_path: Path) -> None:
    options = {"db_host": "hh", "db_name": "dd", "db_user": "uu", "db_port": "99"}
    named = target(tmp_path, TARGETS, "dev", **options)
    assert (named.name, named.display) == ("dev", "dev")
    assert named.conninfo() == "user=uu password=p dbname=dd host=hh port=99"
    assert str(target(tmp_path, TARGETS, "dev", db_host="hh").uri) == "db:pg://u:p@hh:5433/x"
    assert target(tmp_path, "", "db:pg:x", db_host="hh").name == "db:pg://hh/x"


def test_user_and_password_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"SQITCH_USERNAME": "su", "SQITCH_PASSWORD": "s p"}
    found = configuration(tmp_path, "", **environ)
    chosen = resolve_target(found, "db:pg://u:p@h/x")
    assert chosen.conninfo() == "user=su password='s p' dbname=x host=h"
    assert chosen.display == "db:pg://u:@h/x"
    assert "s p" not in repr(chosen)


def test_variables_of_a_script(tmp_path: Path) -> None:
    text = """
[core "variables"]
    Core = 1
    all = core
[deploy "variables"]
    Deploy = 1
    all = deploy
[verify "variables"]
    Verify = 1
    all = verify
[engine "pg.variables"]
    engine = 1
    all = engine
[target "dev"]
    uri = db:pg:x
[target "dev.variables"]
    all = target
"""
    found = configuration(tmp_path, text)
    dev, other = resolve_target(found, "dev"), resolve_target(found, "db:pg:")
    assert found.variables("verify", dev) == {
        "Core": "1",
        "Deploy": "1",
        "Verify": "1",
        "all": "target",
        "engine": "1",
    }
    assert "Verify" not in found.variables("deploy", dev)
    assert found.variables("deploy", other)["all"] == "engine"
    assert found.variables("deploy", dev, {"all": "option"})["all"] == "option"


def test_who_is_at_work(tmp_path: Path) -> None:
    text = '[user]\nname = "Ada # L"\nemail = a@x\n'
    assert configuration(tmp_path, text).user() == ("Ada # L", "a@x")
    environ = {"SQITCH_FULLNAME": "Ada Lövelace", "SQITCH_EMAIL": "l@x"}
    assert configuration(tmp_path, text, **environ).user() == ("Ada Lövelace", "l@x")
    origin = {"SQITCH_ORIG_FULLNAME": "Bob", "SQITCH_ORIG_EMAIL": "b@x"}
    assert configuration(tmp_path, "", **origin).user() == ("Bob", "b@x")


def test_names_that_are_no_text_are_refused(tmp_path: Path) -> None:
    environ = {"SQITCH_FULLNAME": b"L\xf6ve".decode("utf-8", "surrogateescape")}
    with pytest.raises(SqitchError, match=r"^User name is not valid UTF-8$"):
        configuration(tmp_path, "", **environ).user()


@pytest.mark.parametrize("setting", ["name = A <b", "name = [A", "email = a>b"])
def test_names_that_no_plan_could_hold_are_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(SqitchError, match=r"^User (name|email) may not contain"):
        configuration(tmp_path, f"[user]\n{setting}\n").user()


def test_bare_arguments_are_changes_targets_engines_or_plans(tmp_path: Path) -> None:
    found = configuration(tmp_path, TARGETS)
    plan = "%project=p\n\nusers 2020-01-02T03:04:05Z Ada <a@x>\n@v1 2020-01-02T03:04:05Z A <a@x>\n"
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "sqitch.plan").write_text(plan)
    (tmp_path / "other.plan").write_text(plan)

    assert resolve_positional(found, ["@v1", "users"]).changes == ("@v1", "users")
    assert resolve_positional(found, ["prod"]).target.name == "prod"
    assert resolve_positional(found, ["pg"]).target.name == "dev"
    assert resolve_positional(found, ["db:pg:x"]).target.name == "db:pg:x"
    assert resolve_positional(found, ["other.plan"]).target.name == "prod"
    both = resolve_positional(found, ["prod", "users"], target="dev")
    assert (both.target.name, both.changes, both.surplus_targets) == ("dev", ("users",), ("prod",))
    for nothing in ("zzz", "nope:", "", "users", "postgres://h/d"):
        with pytest.raises(SqitchError, match=f'^Unknown argument "{nothing}"$'):
            resolve_positional(found, [nothing], allow_changes=False)
    with pytest.raises(SqitchError, match=r"^Unknown arguments: x, y$"):
        resolve_positional(found, ["x", "prod", "y"])


def test_a_change_is_looked_for_in_the_plan_of_the_target_named_before(tmp_path: Path) -> None:
    found = configuration(tmp_path, TARGETS)
    stamp = "2020-01-02T03:04:05Z Ada <a@x>"
    (tmp_path / "other.plan").write_text(f"%project=p\n\nothers {stamp}\n@v1 {stamp}\n")
    assert resolve_positional(found, ["prod", "others"]).changes == ("others",)
    with pytest.raises(SqitchError, match=r'^Unknown argument "others"$'):
        resolve_positional(found, ["others", "prod"])
    with pytest.raises(SqitchError, match=r'^Unknown tag "@nope"$'):
        resolve_positional(found, ["prod", "others@nope"])


def test_missing_names_are_taken_from_arguments(tmp_path: Path) -> None:
    found = configuration(tmp_path, TARGETS)
    chosen = resolve_positional(found, ["prod", "new", "pg"], allow_changes=False, names=(None,))
    assert chosen.names == ("new",)
    assert [each.name for each in chosen.targets] == ["prod", "dev"]
    chosen = resolve_positional(found, ["b"], allow_changes=False, names=("a", None, None))
    assert chosen.names == ("a", "b", None)


def test_all_targets(tmp_path: Path) -> None:
    text = TARGETS.replace("uri = db:pg:prod", 'uri = db:pg:prod\n[engine "mysql"]\nclient=x')
    every = configuration(tmp_path, TARGETS.replace('"bare"', '"bare.variables"'))
    chosen = resolve_positional(every, [], every=True)
    assert [each.name for each in chosen.targets] == ["dev", "prod"]
    assert resolve_positional(every, [], every_by_default=True) == chosen
    named = resolve_positional(every, ["prod"], every_by_default=True)
    assert [each.name for each in named.targets] == ["prod"]
    with pytest.raises(SqitchError, match=r"^Cannot specify both --all and engine, target"):
        resolve_positional(every, ["prod"], every=True)
    with pytest.raises(SqitchError, match=r'^Engine "mysql" of URI db:mysql: is not PostgreSQL'):
        resolve_positional(configuration(tmp_path, text), [], every=True)


def test_files_may_include_others(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.conf").write_text("[include]\npath = b.conf\n[q]\na = 2\n")
    (tmp_path / "more" / "b.conf").write_text("[q]\nb = 3\n")
    found = configuration(tmp_path, "[q]\na = 1\n[include]\npath = more/a.conf\npath = none\n")
    assert (found.get("q.a"), found.get("q.b")) == ("2", "3")
    with pytest.raises(SqitchError, match=r"sqitch\.conf is included by itself"):
        configuration(tmp_path, "[include]\npath = sqitch.conf\n")


def test_the_values_of_a_key_are_those_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "sqitch.conf").write_text("[q]\na = 1\na = 2\nb = 3\nb = 4\n")
    found = configuration(tmp_path, "[q]\na = 5\n")
    assert (found.get_all("q.a"), found.get_all("q.b")) == (("5",), ("3", "4"))
