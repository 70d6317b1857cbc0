"""The dependency graph as a picture: Mermaid, DOT and SVG, nodes coloured by status.

SVG is made by Graphviz where its `dot` is installed, because nothing lays a graph out better;
else by grandalf's layered layout, which is pure Python and comes with pgdocket.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgdocket.errors import Error

# status: (fill, line)
COLOURS: Mapping[str, tuple[str, str]] = {
    "pending": ("#f1f3f5", "#868e96"),
    "in_progress": ("#d0ebff", "#1c7ed6"),
    "review": ("#e5dbff", "#7048e8"),
    "completed": ("#d3f9d8", "#2f9e44"),
    "failed": ("#ffe3e3", "#e03131"),
    "blocked": ("#ffe8cc", "#e8590c"),
    "deferred": ("#fff3bf", "#f08c00"),
    "cancelled": ("#dee2e6", "#495057"),
}
_OTHER = ("#ffffff", "#000000")
_GATING = "blocks"
_LINE_CHARACTERS, _TITLE_LINES = 26, 2
_DOT_SECONDS = 120
_MERMAID_CODES = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"}
# What XML can't hold, even escaped.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """A task as it is drawn."""

    task_id: str
    task_key: str
    title: str
    status: str

    @property
    def lines(self) -> list[str]:
        """The key, and the title in lines that fit."""
        title = _UNPRINTABLE.sub("", self.title)
        wrapped = textwrap.wrap(title, _LINE_CHARACTERS, max_lines=_TITLE_LINES, placeholder="...")
        return [_UNPRINTABLE.sub("", self.task_key), *wrapped]

    @property
    def colours(self) -> tuple[str, str]:
        """Fill and line."""
        return COLOURS.get(self.status, _OTHER)


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow: from the task that is waited for to the one that waits."""

    before: str
    after: str
    kind: str

    @property
    def is_gating(self) -> bool:
        """Whether it orders work; the others are drawn as dashes."""
        return self.kind == _GATING


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def caption(self) -> str:
        """How many tasks there are, by status."""
        counts = Counter(node.status for node in self.nodes)
        shown = [f"{counts[status]} {status}" for status in COLOURS if counts[status]]
        return f"{len(self.nodes)} tasks: {', '.join(shown)}" if shown else "no tasks"


def picture_of(graph: Mapping[str, Any]) -> Picture:
    """The picture of what docket.graph() returned."""
    nodes = tuple(
        Node(str(row["task_id"]), row["task_key"], row["title"], row["status"])
        for row in graph["nodes"]
    )
    known = {node.task_id for node in nodes}
    edges = tuple(
        Edge(str(row["depends_on_id"]), str(row["task_id"]), row["dependency_type"])
        for row in graph["edges"]
        if {str(row["depends_on_id"]), str(row["task_id"])} <= known
    )
    return Picture(nodes, edges)


def mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart, for Markdown pages."""
    names = {node.task_id: f"t{number}" for number, node in enumerate(picture.nodes, 1)}
    lines = ["flowchart LR"]
    for node in picture.nodes:
        label = "<br/>".join(_for_mermaid(line) for line in node.lines)
        lines.append(f'    {names[node.task_id]}["{label}"]:::{node.status}')
    for edge in picture.edges:
        arrow = "-->" if edge.is_gating else f"-. {edge.kind} .->"
        lines.append(f"    {names[edge.before]} {arrow} {names[edge.after]}")
    for status in dict.fromkeys(node.status for node in picture.nodes):
        fill, line = COLOURS.get(status, _OTHER)
        lines.append(f"    classDef {status} fill:{fill},stroke:{line},color:#212529")
    return "\n".join(lines) + "\n"


def dot(picture: Picture) -> str:
    """The picture in Graphviz's language."""
    names = {node.task_id: f"t{number}" for number, node in enumerate(picture.nodes, 1)}
    lines = [
        "digraph tasks {",
        '    graph [rankdir=LR, nodesep=0.2, ranksep=0.6, fontname="sans-serif", fontsize=12,',
        f"           labelloc=t, labeljust=l, label={_for_dot(picture.caption)}]",
        '    node [shape=box, style="filled,rounded", fontname="sans-serif", fontsize=10]',
        '    edge [color="#868e96", arrowsize=0.7, fontname="sans-serif", fontsize=9]',
    ]
    for node in picture.nodes:
        fill, line = node.colours
        lines.append(
            f"    {names[node.task_id]} [label={_for_dot(chr(10).join(node.lines))},"
            f" tooltip={_for_dot(f'{node.task_key} {node.title} ({node.status})')},"
            f' fillcolor="{fill}", color="{line}"]'
        )
    for edge in picture.edges:
        style = "" if edge.is_gating else f" [style=dashed, constraint=false, label={edge.kind}]"
        lines.append(f"    {names[edge.before]} -> {names[edge.after]}{style}")
    return "\n".join([*lines, "}"]) + "\n"


def svg(picture: Picture) -> str:
    """The picture as SVG: by Graphviz where it is installed, else by the built-in layout."""
    program = shutil.which("dot")
    if program is None:
        from pgdocket.graph_layout import svg as built_in

        return built_in(picture)
    try:
        done = subprocess.run(
            [program, "-Tsvg"],
            input=dot(picture).encode(),
            capture_output=True,
            check=True,
            timeout=_DOT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Error(
            f"Graphviz could not draw the graph: {error}",
            hint="draw it elsewhere from: pgdocket graph --format dot",
        ) from error
    return done.stdout.decode()


def _for_mermaid(text: str) -> str:
    # Mermaid reads #number; and #name; as characters, and has no other escape.
    return "".join(_MERMAID_CODES.get(character, character) for character in text)


def _for_dot(text: str) -> str:
    escaped = _UNPRINTABLE.sub("", text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n") + '"'
