"""Targets and engines in the project's configuration: adding, altering, renaming, removing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pgdocket.sqitch.config import Configuration, configuration_files
from pgdocket.sqitch.configfile import ConfigText, edit_file, set_values
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.gitconfig import Entry
from pgdocket.sqitch.init import FOLDERS, first_plan, has_plan
from pgdocket.sqitch.plan import Plan, load_plan
from pgdocket.sqitch.plan_file import make_folder, replace_file
from pgdocket.sqitch.positional import ENGINES
from pgdocket.sqitch.talk import Talk
from pgdocket.sqitch.targets import Target, configured_target, engine_target, resolve_target
from pgdocket.sqitch.uri import parse_database_uri


@dataclass(frozen=True, slots=True)
class Settings:
    """What is to be said of a target or an engine; `folders` by the names in FOLDERS."""

    uri: str | None = None
    target: str | None = None
    plan_file: str | None = None
    registry: str | None = None
    client: str | None = None
    extension: str | None = None
    top_dir: str | None = None
    folders: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def pairs(self, section: str) -> Iterator[tuple[str, str]]:
        """The keys and values to write; SqitchError for a folder of another name."""
        unknown = sorted(self.folders.keys() - set(FOLDERS))
        if unknown:
            name = "name" if len(unknown) == 1 else "names"
            raise SqitchError(f"Unknown directory {name}: {', '.join(unknown)}", exit_code=255)
        for name in ("uri", "target", "plan_file", "registry", "client", "extension", "top_dir"):
            value = getattr(self, name)
            if value is not None:
                is_path = name in ("plan_file", "top_dir")
                yield f"{section}.{name}", str(Path(value)) if is_path else value
        for name, folder in self.folders.items():
            yield f"{section}.{name}_dir", str(Path(folder))
        for name, value in self.variables.items():
            yield f"{section}.variables.{name}", value


def add_target(
    configuration: Configuration, name: str, uri: str, settings: Settings, talk: Talk
) -> Target:
    """Adds a target, and makes its plan and its folders where they are missing.

    SqitchError, before anything is written, when it can't be.
    """
    if configured_target(configuration, name):
        raise SqitchError(f'Target "{name}" already exists')
    settings = replace(settings, uri=parse_database_uri(settings.uri or uri).text)
    return _write(configuration, f"target.{name}", settings, talk, lambda _: name, plan=True)


def alter_target(configuration: Configuration, name: str, settings: Settings, talk: Talk) -> Target:
    """Changes settings of a target, and makes folders that are missing."""
    if settings.uri is not None:
        settings = replace(settings, uri=_checked(settings.uri))
    if not configured_target(configuration, name):
        hint = settings.uri or "$uri"
        raise SqitchError(f'Missing Target "{name}"; use "add {name} {hint}" to add it')
    return _write(configuration, f"target.{name}", settings, talk, lambda _: name)


def remove_target(configuration: Configuration, name: str, new: str | None = None) -> None:
    """Takes a target out, or gives it the `new` name; SqitchError while something refers to it."""
    keys = ("core.target", *(f"engine.{engine}.target" for engine in sorted(ENGINES)))
    using = [key for key in keys if configuration.get(key) == name]
    if using:
        verb = "rename" if new else "remove"
        raise SqitchError(
            f'Cannot {verb} target "{name}" because it\'s referenced by: {", ".join(using)}'
        )
    if new and all(configured_target(configuration, each) for each in (name, new)):
        raise SqitchError(f'Target "{new}" already exists')
    _move(configuration, f"target.{name}", new and f"target.{new}", f'Unknown target "{name}"')


def add_engine(
    configuration: Configuration, engine: str, target: str | None, settings: Settings, talk: Talk
) -> Target:
    """Adds the engine's settings, and makes its plan and folders where they are missing."""
    _check_engine(engine)
    if configuration.get(f"engine.{engine}.target"):
        raise SqitchError(f'Engine "{engine}" already exists')
    name = settings.target or target
    chosen = f"db:{engine}:" if name is None else _known(configuration, engine, name)
    settings = replace(settings, target=chosen)
    return _write(configuration, f"engine.{engine}", settings, talk, _target_of(engine), plan=True)


def alter_engine(
    configuration: Configuration, engine: str, settings: Settings, talk: Talk
) -> Target:
    """Changes settings of the engine, and makes folders that are missing."""
    _check_engine(engine)
    if not configuration.get(f"engine.{engine}.target"):
        hint = settings.target or f"db:{engine}:"
        raise SqitchError(f'Missing Engine "{engine}"; use "add {engine} {hint}" to add it')
    if settings.target == "":
        raise SqitchError("Cannot unset an engine target")
    if settings.target:
        settings = replace(settings, target=_known(configuration, engine, settings.target))
    return _write(configuration, f"engine.{engine}", settings, talk, _target_of(engine))


def remove_engine(configuration: Configuration, engine: str) -> None:
    """Takes the engine's settings out."""
    _move(configuration, f"engine.{engine}", None, f'Unknown engine "{engine}"')


def _target_of(engine: str) -> Callable[[Configuration], str]:
    return lambda configuration: engine_target(configuration, engine)


def _write(
    configuration: Configuration,
    section: str,
    settings: Settings,
    talk: Talk,
    name_of: Callable[[Configuration], str],
    *,
    plan: bool = False,
) -> Target:
    """Writes the settings of the section, then what the target that they make is missing."""
    pairs = list(settings.pairs(section))
    entries = tuple(_entry(key, value) for key, value in pairs)
    changed = replace(configuration, entries=configuration.entries + entries)
    target = resolve_target(changed, name_of(changed))
    text = _missing_plan(configuration, target) if plan else None
    if pairs:
        set_values(_local(configuration), pairs)
    if text is not None:
        if make_folder(target.plan_file.parent):
            talk.info(f"Created {target.plan_file.parent}/")
        replace_file(target.plan_file, text.encode())
        talk.info(f"Created {target.plan_file}")
    for folder in _folders(target):
        if make_folder(folder):
            talk.info(f"Created {folder}/")
    return target


def _entry(key: str, value: str) -> Entry:
    section, _, name = key.rpartition(".")
    return Entry(section, name, value)


def _folders(target: Target) -> Iterator[Path]:
    yield from (target.deploy_dir, target.revert_dir, target.verify_dir)
    yield from (target.reworked_deploy_dir, target.reworked_revert_dir, target.reworked_verify_dir)


def _missing_plan(configuration: Configuration, target: Target) -> str | None:
    """The text of the target's plan, where it has none; that of the project's default plan, without
    its changes.
    """
    known = _plan_of(lambda: resolve_target(configuration)) or _plan_of(lambda: target)
    if known is None:
        raise SqitchError(f"Missing %project pragma in {target.plan_file}")
    if has_plan(target.plan_file, known.project):
        return None
    return first_plan(known.project, known.canonical_uri)


def _plan_of(target: Callable[[], Target]) -> Plan | None:
    try:
        return load_plan(target().plan_file)
    except SqitchError:
        return None


def _checked(uri: str) -> str:
    if ":" not in uri:
        raise SqitchError(f'URI "{uri}" is not a database URI', exit_code=255)
    return parse_database_uri(uri).text


def _check_engine(engine: str) -> None:
    if engine not in ENGINES:
        raise SqitchError(f'Unknown engine "{engine}"')
    if engine != "pg":
        raise SqitchError(f'Engine "{engine}" is not supported; use pg')


def _known(configuration: Configuration, engine: str, target: str) -> str:
    """The target as it is written for an engine: a URI of that engine, or a known name."""
    if ":" in target:
        scheme = target.lower().removeprefix("db:").partition(":")[0]
        if scheme in ENGINES and scheme != engine:
            raise SqitchError(f'Cannot assign URI using engine "{scheme}" to engine "{engine}"')
        return parse_database_uri(target).text
    if not configured_target(configuration, target):
        raise SqitchError(f'Unknown target "{target}"')
    return target


def _move(configuration: Configuration, section: str, new: str | None, unknown: str) -> None:
    """Renames or removes a section and that of its variables."""

    def change(config: ConfigText) -> ConfigText:
        try:
            config = _moved(config, section, new)
        except SqitchError:
            raise SqitchError(unknown) from None
        try:
            return _moved(config, f"{section}.variables", new and f"{new}.variables")
        except SqitchError:  # it has none
            return config

    edit_file(_local(configuration), change)


def _moved(config: ConfigText, section: str, new: str | None) -> ConfigText:
    return config.rename_section(section, new) if new else config.remove_section(section)


def _local(configuration: Configuration) -> Path:
    return configuration_files(configuration.directory, configuration.environ)["local"]
