"""The wheel: carries the change scripts, installs without a network, deploys from anywhere."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from pgdocket import __version__
from pgdocket.files import project_files
from support.second_project import run_project

ROOT = Path(__file__).resolve().parents[1]
CARRIED = ("sqitch.conf", "sqitch.plan", "deploy", "revert", "verify", "sql")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def files_below(folder: Path) -> dict[str, bytes]:
    """What is below a folder of the project's files, by path."""
    found = {}
    for name in CARRIED:
        top = folder / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed")
    folder = tmp_path_factory.mktemp("distributions")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    return distributions / f"pgdocket-{__version__}-py3-none-any.whl"


def install(wheel: Path, python: Path, folder: Path) -> Path:
    """The Python of a fresh virtual environment with the wheel.

    What it depends on is borrowed from ours: it is Python alone, or has a form that is.
    """
    if importlib.util.find_spec("pip") is None:
        pytest.skip("pip is not installed")
    run(python, "-m", "venv", "--without-pip", "--symlinks", folder, cwd=folder)
    target = folder / "bin" / "python"
    offline = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "--python", target, "install", *offline, wheel, cwd=folder)
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text("\n".join(sorted(libraries)) + "\n")
    return target


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    install(wheel, Path(sys.executable), folder)
    return folder


def pythons() -> dict[str, Path]:
    """This Python, and those of other versions that are at hand, on PATH or of pyenv."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": Path(sys.executable)}
    for minor in sorted({*range(11, 30)} - {sys.version_info.minor}):
        name = f"python3.{minor}"
        kept = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}"))
        on_path = shutil.which(name, path=without_shims())
        for path in [*map(Path, filter(None, [on_path])), *kept[-1:]]:
            found[f"3.{minor}"] = path
    return found


def without_shims() -> str:
    """PATH, but for the scripts of pyenv, which may stand for nothing."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(each for each in folders if not each.endswith("shims"))


def test_a_checkout_uses_its_own_files() -> None:
    assert project_files() == ROOT


def test_an_installed_pgdocket_has_its_files_anywhere(installed: Path) -> None:
    script = "from pgdocket.files import project_files; print(project_files())"
    for folder in (Path("/"), ROOT):
        found = Path(run(installed / "bin" / "python", "-c", script, cwd=folder))
        assert found.is_relative_to(installed)
    assert files_below(found) == files_below(ROOT)
    assert "sqitch.conf" in files_below(found)


def test_an_installed_command_runs(installed: Path) -> None:
    command = installed / "bin" / "pgdocket"
    assert run(command, "--version", cwd=Path("/")).endswith(__version__)
    assert "Commands:" in run(command, "--help", cwd=Path("/"))


@pytest.mark.parametrize("version", pythons())
def test_a_second_project_tests_against_a_docket(
    version: str, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    python = install(wheel, pythons()[version], tmp_path_factory.mktemp("venv"))
    project = tmp_path_factory.mktemp("project")
    assert run(python, "-V", cwd=project).startswith(f"Python {version}.")
    # The plugin of Hypothesis, which is no dependency of ours, is made for one version.
    assert "5 passed" in run_project(project, "-p", "no:hypothesispytest", python=python)


def test_the_wheel_carries_every_file_of_the_package(wheel: Path) -> None:
    package = ROOT / "runner" / "pgdocket"
    wanted = {
        f"pgdocket/{path.relative_to(package)}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert wanted <= names
    assert not [name for name in names if name.startswith("tests/")]
    assert f"pgdocket-{__version__}.dist-info/licenses/LICENSE" in names


def test_the_source_distribution_can_build_the_wheel(
    distributions: Path, wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(distributions / f"pgdocket-{__version__}.tar.gz") as archive:
        # Python 3.11.4 has filters; warnings about their absence begin with 3.12.
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(tmp_path)  # noqa: S202
    source = tmp_path / f"pgdocket-{__version__}"
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=source)
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(tmp_path / wheel.name) as theirs:
        assert sorted(ours.namelist()) == sorted(theirs.namelist())
