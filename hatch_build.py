"""Build hook: the wheel carries the change scripts, so that an installed pgdocket can deploy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROJECT_FILES = ("sqitch.conf", "sqitch.plan", "deploy", "revert", "verify", "sql")


class ProjectFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Maps the project files to pgdocket/project; an editable install reads the checkout's own."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        build_data["force_include"].update(
            {
                str(root / name): f"pgdocket/project/{name}"
                for name in PROJECT_FILES
                if (root / name).exists()
            }
        )
