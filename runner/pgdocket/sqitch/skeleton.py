"""The scripts that a new change gets, made from templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pgdocket.sqitch.config import Configuration, Target
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.plan_file import make_folder, replace_file
from pgdocket.sqitch.talk import Talk
from pgdocket.sqitch.template import Value, render

_ETC = Path("/etc/sqitch")
_DEPLOY = """\
-- Deploy [% project %]:[% change %] to [% engine %]
[% FOREACH item IN requires -%]
-- requires: [% item %]
[% END -%]
[% FOREACH item IN conflicts -%]
-- conflicts: [% item %]
[% END -%]

BEGIN;

-- XXX Add DDLs here.

COMMIT;
"""
_REVERT = """\
-- Revert [% project %]:[% change %] from [% engine %]

BEGIN;

-- XXX Add DDLs here.

COMMIT;
"""
_VERIFY = """\
-- Verify [% project %]:[% change %] on [% engine %]

BEGIN;

-- XXX Add verifications here.

ROLLBACK;
"""
_BUILT_IN = {"deploy": _DEPLOY, "revert": _REVERT, "verify": _VERIFY}


@dataclass(frozen=True, slots=True)
class Template:
    """The text of a template, and how errors name it."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Templates:
    """Where to look for templates.

    `files` are those named one by one, by script; `folders` are searched in their order for
    `SCRIPT/NAME.tmpl`; `wanted` says which scripts are made: those with False are not, all
    others are for which there is a template.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    wanted: Mapping[str, bool] = field(default_factory=dict)
    name: str | None = None

    def find(self, engine: str = "pg") -> dict[str, Template]:
        """The template of each script to make, by script, sorted.

        SqitchError when that of deploy, revert or verify is wanted and missing.
        """
        name = self.name or engine
        files = dict(self.files)
        for script, file in self._in_folders(f"{name}.tmpl"):
            files.setdefault(script, file)
        scripts = {*files, *(_BUILT_IN if name == "pg" else ())}
        for script in _BUILT_IN:
            if script not in scripts and self.wanted.get(script, True):
                raise SqitchError(f"Cannot find {script} template")
        return {
            script: _read(files[script]) if script in files else _built_in(script)
            for script in sorted(scripts)
            if self.wanted.get(script, True)
        }

    def _in_folders(self, file_name: str) -> Iterator[tuple[str, Path]]:
        for folder in self.folders:
            if not folder.is_dir():
                continue
            for script in sorted(child for child in folder.iterdir() if child.is_dir()):
                if (script / file_name).is_file():
                    yield script.name, script / file_name


def template_folders(
    configuration: Configuration, given: str | None = None, etc_path: Path | None = None
) -> tuple[Path, ...]:
    """The folder that option or configuration name, the user's, and the system's."""
    named = given or configuration.get("add.template_directory")
    if named and not Path(named).exists():
        raise SqitchError(f'Directory "{named}" does not exist', exit_code=255)
    if named and not Path(named).is_dir():
        raise SqitchError(f'"{named}" is not a directory', exit_code=255)
    home = Path(configuration.environ.get("HOME") or "~").expanduser()
    usual = (home / ".sqitch" / "templates", (etc_path or _ETC) / "templates")
    return (Path(named), *usual) if named else usual


def template_files(configuration: Configuration, given: Mapping[str, str]) -> dict[str, Path]:
    """The templates named one by one, in the configuration and in options, by script."""
    named = configuration.section("add.templates") | dict(given)
    for file in named.values():
        if not Path(file).exists():
            raise SqitchError(f"Template {file} does not exist", exit_code=255)
        if not Path(file).is_file():
            raise SqitchError(f"Template {file} is not a file", exit_code=255)
    return {script: Path(file) for script, file in named.items()}


def script_path(target: Target, script: str, change: str) -> Path:
    """Where a script of a change lies; `script` is deploy, revert, verify or another folder's."""
    folders = {
        "deploy": target.deploy_dir,
        "revert": target.revert_dir,
        "verify": target.verify_dir,
    }
    return folders.get(script, target.top_dir / script) / f"{change}.{target.extension}"


def write_script(path: Path, template: Template, values: Mapping[str, Value], talk: Talk) -> bool:
    """Makes a script, unless there is one; whether it was made."""
    if path.exists():
        talk.info(f"Skipped {path}: already exists")
        return False
    text = render(template.text, values, template.name)
    if make_folder(path.parent):
        talk.debug(f"    Created {path.parent}")
    replace_file(path, text.encode())
    talk.info(f"Created {path}")
    extension = path.suffix.removeprefix(".")
    if path.name.endswith(f".{extension}.{extension}"):
        talk.warn(f"File {path} has a double extension of {extension}")
    return True


def _read(file: Path) -> Template:
    try:
        return Template(file.read_bytes().decode(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SqitchError(f"Cannot open {file}: {error}") from error


def _built_in(script: str) -> Template:
    return Template(_BUILT_IN[script], f"the {script} template")
