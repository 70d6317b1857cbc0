"""Runs deployment scripts for real, and records how they went."""

from pgdocket.script_runner.interpreters import Interpreter, interpreter_of
from pgdocket.script_runner.kept import Kept, Masks
from pgdocket.script_runner.process import Ended, Process
from pgdocket.script_runner.runner import Report, Runner, Script, Stop

__all__ = [
    "Ended",
    "Interpreter",
    "Kept",
    "Masks",
    "Process",
    "Report",
    "Runner",
    "Script",
    "Stop",
    "interpreter_of",
]
