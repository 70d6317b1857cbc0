"""Runs a deployment script for real: begun, attended, ended and tried again in the docket."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pgdocket.errors import ConnectionFailed, IllegalTransition
from pgdocket.script_runner.interpreters import Interpreter
from pgdocket.script_runner.kept import Kept, Lines, Masks
from pgdocket.script_runner.process import Ended, Process
from pgdocket.script_runner.recorder import LEASE_SECONDS, Recorder

if TYPE_CHECKING:
    from pgdocket.client import Docket
    from pgdocket.client.rows import DeploymentExecution

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FINISH_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be run: one version of a script, and what runs it here."""

    name: str
    version_no: int
    content: str
    interpreter: Interpreter
    timeout_seconds: float
    max_attempts: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """How the last attempt of a script ended."""

    script: Script
    deployment: DeploymentExecution
    was_stopped: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it has succeeded."""
        return self.deployment.status == "completed"


@dataclass(slots=True)
class Stop:
    """Whether somebody has asked to stop: by Ctrl-C, SIGTERM or SIGHUP."""

    number: int = 0

    def __bool__(self) -> bool:
        return bool(self.number)

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """Takes the signals for as long as this lasts."""

        def take(number: int, _: FrameType | None) -> None:
            self.number = number

        # What is ignored stays so: nohup is there to outlive a terminal.
        before = {
            number: signal.signal(number, take)
            for number in _SIGNALS
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(slots=True)
class Runner:
    """Runs scripts of one project in one environment.

    `show` takes what a script prints, with the stream's name; `say` what the person
    who runs it is told. `fields` go to start_deployment() as they are.
    """

    docket: Docket
    project_id: Any
    environment: str
    show: Callable[[str, bytes], None]
    say: Callable[[str], None]
    stop: Stop
    is_confirmed: bool = False
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    fields: Mapping[str, Any] = field(default_factory=dict)

    def run(self, script: Script) -> Report:
        """Runs a script, again as often as the docket says; the last attempt's report."""
        report = self._attempt(script, None)
        while (again := report.deployment.retry_at) is not None and not report.was_stopped:
            ended_at = report.deployment.completed_at or again
            pause = max((again - ended_at).total_seconds(), 0.0)
            number = report.deployment.attempt_no
            self.say(
                f"{script.name}: attempt {number} of {script.max_attempts} has failed"
                f" ({report.deployment.error_message}); again in {pause:g} s"
            )
            if not self._wait(pause):
                return Report(script, report.deployment, was_stopped=True)
            report = self._attempt(script, report.deployment)
        return report

    def _wait(self, seconds: float) -> bool:
        """Whether nobody has asked to stop meanwhile."""
        until = monotonic() + seconds
        while not self.stop and (rest := until - monotonic()) > 0:
            sleep(min(rest, 0.1))
        return not self.stop

    def _attempt(self, script: Script, before: DeploymentExecution | None) -> Report:
        deployment = self.docket.start_deployment(
            project_id=self.project_id,
            script_name=script.name,
            environment=self.environment,
            is_confirmed=self.is_confirmed,
            version_no=script.version_no,
            retry_of=None if before is None else before.deployment_id,
            environment_info=_surroundings(script),
            lease_seconds=LEASE_SECONDS,
            request_id=uuid4(),
            **self.fields,
        )
        masks = Masks(self.variables, self.docket.secret_keys())
        kept = {"stdout": Kept(), "stderr": Kept()}
        with (
            Recorder(self.docket, deployment.execution_id, self.say) as recorder,
            _file_of(script) as file,
        ):
            output = _Output(masks, kept, recorder, self.show)
            process = Process(
                script.interpreter.command(file),
                {**self.variables, **self._told(script, deployment)},
                output.take,
                timeout=script.timeout_seconds,
                should_stop=lambda: bool(self.stop) or recorder.was_ended.is_set(),
            )
            try:
                ended = process.run()
            except Exception as error:
                self._finish(script, deployment, "failed", kept, error_message=str(error))
                raise
            finally:
                output.flush()
            was_ended = recorder.was_ended.is_set()
        if was_ended:
            found = self.docket.get_deployment(deployment_id=deployment.deployment_id)
            return Report(script, found, was_stopped=True)
        status, message = self._verdict(script, ended)
        finished = self._finish(
            script, deployment, status, kept, error_message=message, exit_code=ended.exit_code
        )
        return Report(script, finished, was_stopped=ended.stopped)

    def _told(self, script: Script, deployment: DeploymentExecution) -> dict[str, str]:
        return {
            "PGDOCKET_ENVIRONMENT": self.environment,
            "PGDOCKET_SCRIPT": script.name,
            "PGDOCKET_SCRIPT_VERSION": str(script.version_no),
            "PGDOCKET_DEPLOYMENT_ID": str(deployment.deployment_id),
            "PGDOCKET_ATTEMPT": str(deployment.attempt_no),
        }

    def _verdict(self, script: Script, ended: Ended) -> tuple[str, str | None]:
        if ended.stopped:
            return "cancelled", f"stopped by {signal.Signals(self.stop.number).name}"
        if ended.timed_out:
            return "timed_out", f"it took more than {script.timeout_seconds:g} seconds"
        if ended.exit_code == 0:
            return "completed", None
        if ended.exit_code < 0:
            return "failed", f"it was ended by signal {-ended.exit_code}"
        return "failed", f"it ended with exit code {ended.exit_code}"

    def _finish(
        self,
        script: Script,
        deployment: DeploymentExecution,
        status: str,
        kept: Mapping[str, Kept],
        *,
        error_message: str | None,
        exit_code: int | None = None,
    ) -> DeploymentExecution:
        """Records the end, and goes on trying for a while where the database is away."""
        request_id, until = uuid4(), monotonic() + _FINISH_SECONDS
        while True:
            try:
                return self.docket.finish_deployment(
                    deployment_id=deployment.deployment_id,
                    status=status,
                    exit_code=exit_code,
                    stdout_preview=kept["stdout"].text(),
                    stderr_preview=kept["stderr"].text(),
                    error_message=error_message,
                    performance_metrics={f"{name}_bytes": each.size for name, each in kept.items()},
                    request_id=request_id,
                )
            except IllegalTransition:
                # Somebody has ended it at this moment, or it was taken for dead.
                found = self.docket.get_deployment(deployment_id=deployment.deployment_id)
                self.say(f"{script.name}: it is recorded as {found.status}, not {status}")
                return found
            except ConnectionFailed as error:
                if self.stop or monotonic() > until:
                    raise ConnectionFailed(
                        f"{script.name} is {status} in {self.environment},"
                        " and that could not be recorded",
                        detail=error.message,
                        hint="it counts as running until nothing was heard of it for"
                        f" {LEASE_SECONDS} s, and then as timed_out",
                    ) from None
                sleep(1.0)


class _Output:
    """Where the output of a script goes: to whoever looks, into the log, and what is kept."""

    def __init__(
        self,
        masks: Masks,
        kept: Mapping[str, Kept],
        recorder: Recorder,
        show: Callable[[str, bytes], None],
    ) -> None:
        self._masks, self._kept, self._recorder, self._show = masks, kept, recorder, show
        self._lines = {name: Lines() for name in kept}

    def take(self, stream: str, data: bytes) -> None:
        """Takes what was printed; nothing means that it has paused."""
        if not data:
            self.flush()
            return
        if whole := self._lines[stream].write(data):
            self._pass(stream, whole)

    def flush(self) -> None:
        """Passes on what has had no end so far, such as a question or a progress bar."""
        for stream, lines in self._lines.items():
            if rest := lines.flush():
                self._pass(stream, rest)

    def _pass(self, stream: str, data: bytes) -> None:
        data = self._masks.hide(data)
        self._kept[stream].write(data)
        self._recorder.take(stream, data)
        self._show(stream, data)


@contextmanager
def _file_of(script: Script) -> Iterator[Path]:
    """The script as a file that nobody else can read, for as long as it is run."""
    with tempfile.TemporaryDirectory(prefix="pgdocket-") as folder:
        name = script.name.rpartition("/")[2].replace(":", "_") or "script"
        path = Path(folder, name.removesuffix(script.interpreter.suffix)).with_suffix("")
        path = path.with_name(path.name + script.interpreter.suffix)
        path.write_text(script.content, encoding="utf-8", newline="")
        yield path


def _surroundings(script: Script) -> dict[str, Any]:
    with contextlib.suppress(OSError):
        return {
            "host": platform.node(),
            "system": platform.platform(),
            "interpreter": script.interpreter.before[0],
            "python": platform.python_version(),
            "pid": os.getpid(),
            "program": Path(sys.argv[0]).name,
        }
    return {}
