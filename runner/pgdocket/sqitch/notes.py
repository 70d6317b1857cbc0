"""Asking for a note in the user's editor."""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pgdocket.sqitch.config import Configuration
from pgdocket.sqitch.errors import SqitchError
from pgdocket.sqitch.names import SPACE

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_COMMENT = re.compile(r"\s*#")
_EDGES = re.compile(r"\A[\n\v\f\r\x85\u2028\u2029]+|[\n\v\f\r\x85\u2028\u2029]+\Z")


def editor(configuration: Configuration) -> str:
    """The command that edits a file; the file's name is to be put behind it."""
    get = configuration.environ.get
    return (
        get("SQITCH_EDITOR")
        or configuration.get("core.editor")
        or get("VISUAL")
        or get("EDITOR")
        or "vi"
    )


def open_editor(configuration: Configuration, files: Sequence[Path | str]) -> None:
    """Opens the files and waits until the editor ends; SqitchError when it fails."""
    command = " ".join([editor(configuration), *(shlex.quote(str(file)) for file in files)])
    code = subprocess.run(command, shell=True, check=False).returncode  # noqa: S602
    if code < 0:
        raise SqitchError(f'"{command}" died to signal {-code}')
    if code in (126, 127):
        raise SqitchError(f'"{command}" failed to start: exit value {code}')
    if code:
        raise SqitchError(f'"{command}" unexpectedly returned exit value {code}')


def request_note(configuration: Configuration, prompt: str) -> str:
    """What the user writes into a file that holds the prompt as a comment.

    SqitchError, a soft one, when that is nothing.
    """
    asked = "".join(f"# {line}" for line in prompt.splitlines(keepends=True))
    with tempfile.TemporaryDirectory(prefix="pgdocket-note-") as folder:
        file = Path(folder, "NOTE")
        file.write_text(f"\n{asked}\n")
        open_editor(configuration, [file])
        try:
            text = file.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise SqitchError(f"Cannot open {file}: {error}") from error
    note = "".join(line for line in _LINE.findall(text) if not _COMMENT.match(line))
    if not note.strip(SPACE):
        raise SqitchError("Aborting due to empty note", exit_code=1)
    return _EDGES.sub("", note)


def change_prompt(command: str, planned: str, files: Sequence[Path | str]) -> str:
    """The question for the note of a change: `planned` is its name with its dependencies."""
    listed = "".join(f"\n    {file}" for file in files)
    return (
        "Please enter a note for your change. Lines starting with '#' will\n"
        f"be ignored, and an empty message aborts the {command}.\n"
        f"Change to {command}:\n\n  {planned}{listed}\n    \n"
    )


def tag_prompt() -> str:
    """The question for the note of a tag."""
    return "Write a tag note.\nLines starting with '#' will be ignored."
