"""`init`: the first files of a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pgdocket.sqitch import project_uri
from pgdocket.sqitch.config import Configuration, Target, resolve_target
from pgdocket.sqitch.configfile import ConfigText
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.names import is_valid_name
from pgdocket.sqitch.plan import load_plan
from pgdocket.sqitch.plan_file import make_folder, replace_file
from pgdocket.sqitch.talk import Talk
from pgdocket.sqitch.uri import ENGINE_NAMES

_OTHER_ENGINES = frozenset(
    {"sqlite", "mysql", "oracle", "firebird", "vertica", "exasol", "snowflake"}
)
_KINDS = ("deploy", "revert", "verify")
FOLDERS = (*_KINDS, "reworked", *(f"reworked_{kind}" for kind in _KINDS))


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What the new project's configuration is to say; `folders` by the names in FOLDERS."""

    uri: str | None = None
    engine: str | None = None
    target: str | None = None
    registry: str | None = None
    client: str | None = None
    extension: str | None = None
    top_dir: str | None = None
    plan_file: str | None = None
    folders: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Initialized:
    """The project, and the files and folders that were made for it."""

    project: str
    plan_file: Path
    created: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The result as data."""
        return {
            "project": self.project,
            "plan_file": str(self.plan_file),
            "created": list(self.created),
        }


def init(
    configuration: Configuration, project: str, options: InitOptions, talk: Talk
) -> Initialized:
    """Makes configuration, plan and folders, and leaves alone what is there already.

    SqitchError, before anything is made, when the project can't be.
    """
    if not is_valid_name(project) or project == "0":
        raise SqitchError(
            f'invalid project name "{project}": project names must not begin with punctuation, '
            'contain "@", ":", "#", or blanks, or end in punctuation or digits following '
            "punctuation"
        )
    _check(options)
    target = _target(configuration, options)
    is_planned = has_plan(target.plan_file, project)
    uri = project_uri.canonical(options.uri) if options.uri else _known_uri(configuration)
    created: list[str] = []

    def made(path: str) -> None:
        talk.info(f"Created {path}")
        created.append(path)

    file = Path(configuration.environ.get("SQITCH_CONFIG") or "sqitch.conf")
    if not file.is_file():
        replace_file(file, _first_settings(configuration, options, target).encode())
        made(str(file))
    if not is_planned:
        if make_folder(target.plan_file.parent):
            made(f"{target.plan_file.parent}/")
        replace_file(target.plan_file, first_plan(project, uri).encode())
        made(str(target.plan_file))
    for folder in dict.fromkeys(_folders(target)):
        if make_folder(folder):
            made(f"{folder}/")
    return Initialized(project, target.plan_file, tuple(created))


def _check(options: InitOptions) -> None:
    if options.engine in _OTHER_ENGINES:
        raise SqitchError(f'Engine "{options.engine}" is not supported; use pg')
    if options.engine and options.engine not in ENGINE_NAMES - {"postgres", "postgresql", "pgsql"}:
        raise SqitchError(f'Unknown engine "{options.engine}"', exit_code=255)
    unknown = sorted(options.folders.keys() - set(FOLDERS))
    if unknown:
        name = "name" if len(unknown) == 1 else "names"
        raise SqitchError(f"Unknown directory {name}: {', '.join(unknown)}", exit_code=255)


def _target(configuration: Configuration, options: InitOptions) -> Target:
    """The target that the new configuration describes."""
    get = configuration.get
    name = options.target
    if name and ":" not in name and not get(f"target.{name}.uri"):
        engine = options.engine or get("core.engine")
        if not engine:
            raise SqitchError("No engine specified; specify via target or core.engine")
        found = replace(_resolve(configuration, f"db:{engine}:", options), name=name)
    else:
        if options.engine and not name:
            name = get(f"engine.{options.engine}.target") or get("core.target") or "db:pg:"
        # Where no engine is configured yet, only the folders of a target matter.
        is_configured = get("core.engine") or get("core.target")
        found = _resolve(configuration, name or (None if is_configured else "db:pg:"), options)
    given = {kind: Path(folder) for kind, folder in options.folders.items()}
    below = given.get("reworked")
    if below is not None:
        given = {f"reworked_{kind}": below / kind for kind in _KINDS} | given
    return replace(
        found,
        extension=options.extension or found.extension,
        deploy_dir=given.get("deploy", found.deploy_dir),
        revert_dir=given.get("revert", found.revert_dir),
        verify_dir=given.get("verify", found.verify_dir),
        reworked_deploy_dir=given.get("reworked_deploy", found.reworked_deploy_dir),
        reworked_revert_dir=given.get("reworked_revert", found.reworked_revert_dir),
        reworked_verify_dir=given.get("reworked_verify", found.reworked_verify_dir),
    )


def _resolve(configuration: Configuration, name: str | None, options: InitOptions) -> Target:
    given = {
        "registry": options.registry,
        "client": options.client,
        "top_dir": options.top_dir,
        "plan_file": options.plan_file,
    }
    overrides = {key: value for key, value in given.items() if value}
    return resolve_target(configuration, name, overrides=overrides)


def has_plan(file: Path, project: str) -> bool:
    """Whether there is a plan of that project; SqitchError for a file that is something else."""
    if not file.exists():
        return False
    refused = f"Cannot initialize because {file} already exists and is not a"
    if not file.is_file():
        raise SqitchError(f"{refused} file")
    try:
        plan = load_plan(file)
    except SqitchError as error:
        raise SqitchError(f"{refused} valid plan file", detail=error.message) from error
    if plan.project != project:
        raise SqitchError(
            f'Cannot initialize because project "{plan.project}" already initialized in {file}'
        )
    return True


def _known_uri(configuration: Configuration) -> str | None:
    """The URI in the plan that the configuration names, which a second plan takes over."""
    try:
        return load_plan(resolve_target(configuration).plan_file).canonical_uri
    except SqitchError:
        return None


def first_plan(project: str, uri: str | None) -> str:
    """The text of a plan without changes."""
    uri_line = f"%uri={uri}\n" if uri else ""
    return f"%syntax-version=1.0.0\n%project={project}\n{uri_line}\n"


def _folders(target: Target) -> Iterator[Path]:
    yield from (target.deploy_dir, target.revert_dir, target.verify_dir)
    yield from (target.reworked_deploy_dir, target.reworked_revert_dir, target.reworked_verify_dir)


def _first_settings(configuration: Configuration, options: InitOptions, target: Target) -> str:
    """The text of sqitch.conf: what was asked for, and as comments what else there is."""
    get = configuration.get
    is_engine_known = options.target or get("core.engine") or get("core.target")
    engine = options.engine or ("pg" if is_engine_known else None)
    core = {"engine": engine, "plan_file": options.plan_file, "top_dir": options.top_dir}
    paths = {
        key: str(Path(value)) if value and key != "engine" else value for key, value in core.items()
    }
    more = {"extension": options.extension} | {
        f"{kind}_dir": str(Path(options.folders[kind]))
        for kind in FOLDERS
        if kind in options.folders
    }
    defaults = {"engine": "", "plan_file": str(target.plan_file), "top_dir": str(target.top_dir)}
    text = ConfigText("", Path("sqitch.conf"))
    text = _add_section(text, "core", {**paths, **more}, options.variables, defaults)
    if engine:
        settings = {
            "target": options.target,
            "registry": options.registry,
            "client": options.client,
        }
        defaults = {
            "target": target.name,
            "registry": target.registry,
            "client": target.client or "psql",
        }
        text = _add_section(text, f"engine.{engine}", settings, {}, defaults)
    if options.target and ":" not in options.target:
        text = text.add_value(f"target.{options.target}.uri", str(target.uri))
    return text.text


def _add_section(
    text: ConfigText,
    name: str,
    settings: Mapping[str, str | None],
    variables: Mapping[str, str],
    defaults: Mapping[str, str],
) -> ConfigText:
    """Adds a section with its settings; those without a value become comments with the default."""
    before = text
    for key, value in settings.items():
        if value:
            text = text.add_value(f"{name}.{key}", value)
    for key, value in variables.items():
        text = text.add_value(f"{name}.variables.{key}", value)
    section, dot, subsection = name.partition(".")
    heading = f'# [{section} "{subsection}"]\n' if dot else f"# [{section}]\n"
    comments = [f"\t# {key} = {value}\n" for key, value in defaults.items() if not settings[key]]
    return replace(text, text="".join([text.text, heading if text == before else "", *comments]))
