"""Where the change scripts are: in the checkout that this package runs from, else in the wheel."""

from __future__ import annotations

from pathlib import Path

from pgdocket.errors import Error


def project_files() -> Path:
    """The folder that holds sqitch.conf, sqitch.plan, deploy/, revert/, verify/ and sql/.

    It depends on where this package lies, never on the working directory. Raises Error when the
    installation carries no scripts.
    """
    package = Path(__file__).resolve().parent
    checkout, installed = package.parents[1], package / "project"
    if package.parent.name == "runner" and (checkout / "sqitch.conf").is_file():
        return checkout
    if (installed / "sqitch.conf").is_file():
        return installed
    raise Error(
        "this installation of pgdocket carries no change scripts",
        detail=f"neither {checkout} nor {installed} has a sqitch.conf",
        hint="reinstall it: pip install --force-reinstall pgdocket",
    )
