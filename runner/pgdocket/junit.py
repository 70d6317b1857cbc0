"""Reports of tests in JUnit's XML, as the JSON that docket.ingest_junit() takes."""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from pgdocket.errors import InvalidArgument

_SUITES = ("testsuites", "testsuite")
_OUTCOMES = ("failure", "error", "skipped")
# What XML can carry and jsonb can't.
_UNFIT = re.compile("\x00|[\ud800-\udfff]")
_DEEPEST = 100


def looks_like_xml(content: bytes) -> bool:
    """Whether a file begins as XML does."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def read(content: bytes) -> dict[str, Any]:
    """Reads a report.

    content: the XML, as a tool wrote it (root element testsuites or testsuite).
    Returns an object with suites, as docket.ingest_junit() describes it.
    Raises InvalidArgument for what is no report of tests, also for XML with a document type: no
    tool writes one, and it is what entity bombs are made with.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise InvalidArgument(f"this is not XML: {error}") from None
    return {"suites": reader.suites}


class _Reader:
    """Follows the elements of one report, and keeps what is on the way from its root."""

    def __init__(self) -> None:
        self.suites: list[dict[str, Any]] = []
        self._path: list[str] = []
        self._open: list[dict[str, Any]] = []
        self._case: dict[str, Any] | None = None
        self._told: dict[str, Any] | None = None

    def doctype(self, *_: object) -> None:
        raise InvalidArgument("a report of tests has no document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name not in _SUITES:
            raise InvalidArgument(f"this is no report of tests: its root is {name}")
        if len(self._path) >= _DEEPEST:
            raise InvalidArgument(f"a report of tests is not nested more than {_DEEPEST} times")
        self._path.append(name)
        if name == "testsuite":
            suite = _chosen(attributes, "name", "timestamp") | {"suites": [], "cases": []}
            (self._open[-1]["suites"] if self._open else self.suites).append(suite)
            self._open.append(suite)
        elif name == "testcase" and self._open:
            self._case = _chosen(attributes, "name", "classname", "file", "line", "time")
            self._open[-1]["cases"].append(self._case)
        elif name in _OUTCOMES and self._case is not None:
            self._told = _chosen(attributes, "message", "type") | {"text": ""}
            self._case.setdefault(name, self._told)

    def text(self, data: str) -> None:
        if self._told is not None and self._path[-1] in _OUTCOMES:
            self._told["text"] += _UNFIT.sub("\ufffd", data)

    def end(self, name: str) -> None:
        self._path.pop()
        if name == "testsuite":
            self._open.pop()
        elif name == "testcase":
            self._case = None
        elif name in _OUTCOMES:
            self._told = None


def _chosen(attributes: dict[str, str], *names: str) -> dict[str, Any]:
    """The attributes that are kept; numbers without the commas that some tools write."""
    chosen: dict[str, Any] = {}
    for name in names:
        value = attributes.get(name)
        if value is None:
            continue
        if name in ("line", "time"):
            try:
                number = float(value.replace(",", ""))
            except ValueError:
                continue
            if number >= 0 and number < 1e9:  # neither nan nor inf
                chosen[name] = int(number) if name == "line" else number
        elif value or name != "timestamp":
            chosen[name] = _UNFIT.sub("\ufffd", value)
    return chosen
