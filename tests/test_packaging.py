"""The wheel: carries the change scripts, installs without a network, deploys from anywhere."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
import tarfile
import venv
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


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel; its dependencies are borrowed from ours."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("pip is not installed")
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    target = folder / "bin" / "python"
    offline = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "--python", target, "install", *offline, wheel, cwd=folder)
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    borrowed = folder / "lib" / version / "site-packages" / "borrowed.pth"
    borrowed.write_text("\n".join(sorted(libraries)) + "\n")
    return folder


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


def test_a_second_project_tests_against_a_docket(installed: Path, tmp_path: Path) -> None:
    assert "5 passed" in run_project(tmp_path, python=installed / "bin" / "python")


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
