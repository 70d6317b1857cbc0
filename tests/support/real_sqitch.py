"""The real sqitch, loaded once and run many times: a run takes a tenth of the usual time."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import pytest

from support.outcomes import Outcome

_SERVER = Path(__file__).with_name("sqitch_server.pl")


def run_sqitch(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], answer: str = ""
) -> Outcome:
    """Runs sqitch in a folder, with an answer on its standard input.

    The test is skipped where there is no sqitch.
    """
    if shutil.which("sqitch") is None:
        pytest.skip("sqitch is not installed")
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as name:
        Path(name, "stdin").write_text(answer)
        call = {
            "cwd": str(folder),
            "env": dict(environment),
            "args": [*arguments],
            "stdin": f"{name}/stdin",
            "stdout": f"{name}/stdout",
            "stderr": f"{name}/stderr",
        }
        server.stdin.write(json.dumps(call) + "\n")
        server.stdin.flush()
        code = server.stdout.readline()
        if not code:
            raise AssertionError(f"the server of sqitch has ended: {server.wait()}")
        said = [Path(name, stream).read_bytes().decode() for stream in ("stdout", "stderr")]
    return Outcome(int(code), *said)


@lru_cache(maxsize=1)
def _server() -> subprocess.Popen[str]:
    """A server for this process, which ends when its standard input does."""
    return subprocess.Popen(
        ["perl", str(_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
