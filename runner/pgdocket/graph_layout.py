"""The graph as SVG without Graphviz: grandalf finds the places, this module draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from grandalf.graphs import Edge as LaidEdge
from grandalf.graphs import Graph, Vertex
from grandalf.layouts import SugiyamaLayout
from grandalf.routing import EdgeViewer, route_with_lines

from pgdocket.errors import LimitExceeded
from pgdocket.graph_picture import Edge, Node, Picture

Point = tuple[float, float]

# In pixels.
_WIDTH, _LINE_HEIGHT, _PADDING = 190.0, 15.0, 7.0
_COLUMN_GAP, _ROW_GAP, _MARGIN, _CAPTION = 60.0, 14.0, 16.0, 28.0
_SINGLES_IN_A_ROW = 6


@dataclass(slots=True)
class _Box:
    """A node with the middle of its place."""

    node: Node
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class _View:
    """What grandalf asks of a vertex. It lays layers out downwards: width and height are swapped
    here, and its x and y afterwards, so that the picture reads from left to right."""

    w: float
    h: float
    xy: Point = (0.0, 0.0)


def svg(picture: Picture) -> str:
    """The picture as SVG, laid out in layers from left to right."""
    boxes = {
        node.task_id: _Box(node, len(node.lines) * _LINE_HEIGHT + 2 * _PADDING)
        for node in picture.nodes
    }
    routes = _place(boxes, [edge for edge in picture.edges if edge.is_gating])
    width = max((box.x + _WIDTH / 2 for box in boxes.values()), default=0.0) + _MARGIN
    height = max((box.y + box.height / 2 for box in boxes.values()), default=_CAPTION) + _MARGIN
    body = [
        *(_arrow(route) for route in routes),
        *(
            _arrow(_straight(boxes[edge.before], boxes[edge.after]), dashed=True)
            for edge in picture.edges
            if not edge.is_gating
        ),
        *(line for box in boxes.values() for line in _drawn(box)),
    ]
    return "\n".join([*_head(picture, max(width, 400.0), height), *body, "</svg>"]) + "\n"


def _place(boxes: dict[str, _Box], edges: Sequence[Edge]) -> list[list[Point]]:
    """Gives each box its place, component below component, and returns the edges' points."""
    vertices = {task_id: Vertex(task_id) for task_id in boxes}
    for task_id, vertex in vertices.items():
        vertex.view = _View(boxes[task_id].height, _WIDTH)
    laid = [LaidEdge(vertices[edge.before], vertices[edge.after]) for edge in edges]
    for each in laid:
        each.view = EdgeViewer()
    top = _MARGIN + _CAPTION
    routes: list[list[Point]] = []
    single: list[_Box] = []
    for component in sorted(Graph(list(vertices.values()), laid).C, key=_size, reverse=True):
        if _size(component) == 1:
            single.append(boxes[next(iter(component.sV)).data])
            continue
        top = _place_component(component, boxes, top, routes)
    _place_singles(single, top)
    return routes


def _place_component(
    component: Any, boxes: dict[str, _Box], top: float, routes: list[list[Point]]
) -> float:
    layout = SugiyamaLayout(component)
    layout.xspace, layout.yspace = _ROW_GAP, _COLUMN_GAP
    layout.route_edge = route_with_lines
    try:
        layout.init_all(roots=[v for v in component.sV if not v.e_in()])
        layout.draw(8)
    except RecursionError:
        raise LimitExceeded(
            f"a chain in these {len(component.sV)} tasks is too long for the built-in layout",
            hint="install Graphviz, or draw it elsewhere from: pgdocket graph --format dot",
        ) from None
    placed = [boxes[vertex.data] for vertex in component.sV]
    for vertex in component.sV:
        boxes[vertex.data].y, boxes[vertex.data].x = vertex.view.xy
    left = min(box.x - _WIDTH / 2 for box in placed) - _MARGIN
    upper = min(box.y - box.height / 2 for box in placed) - top
    for box in placed:
        box.x, box.y = box.x - left, box.y - upper
    for edge in component.sE:
        before, after = boxes[edge.v[0].data], boxes[edge.v[1].data]
        # A long edge passes the layers between straight, and bends only in the gaps.
        passed = [
            (x - left + side, y - upper)
            for y, x in edge.view._pts[1:-1]
            for side in (-_WIDTH / 2, _WIDTH / 2)
        ]
        ends = _straight(before, after)
        routes.append([ends[0], *sorted(passed), ends[-1]])
    return max(box.y + box.height / 2 for box in placed) + 2 * _ROW_GAP


def _place_singles(boxes: Sequence[_Box], top: float) -> None:
    row_height = max((box.height for box in boxes), default=0.0) + _ROW_GAP
    for number, box in enumerate(boxes):
        row, column = divmod(number, _SINGLES_IN_A_ROW)
        box.x = _MARGIN + _WIDTH / 2 + column * (_WIDTH + _ROW_GAP)
        box.y = top + row * row_height + box.height / 2


def _size(component: Any) -> int:
    return len(component.sV)


def _straight(before: _Box, after: _Box) -> list[Point]:
    return [(before.x + _WIDTH / 2, before.y), (after.x - _WIDTH / 2, after.y)]


def _arrow(points: Sequence[Point], *, dashed: bool = False) -> str:
    """A smooth line through the points, leaving and entering each one horizontally."""
    path = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        half = (x2 - x1) / 2
        path.append(f"C{x1 + half:.1f},{y1:.1f} {x2 - half:.1f},{y2:.1f} {x2:.1f},{y2:.1f}")
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="#868e96"{dashes}'
        ' marker-end="url(#arrow)"/>'
    )


def _drawn(box: _Box) -> Iterator[str]:
    fill, line = box.node.colours
    left, top = box.x - _WIDTH / 2, box.y - box.height / 2
    yield f"<g><title>{escape(f'{box.node.lines[0]} ({box.node.status})')}</title>"
    yield (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{_WIDTH:.0f}" height="{box.height:.0f}"'
        f' rx="6" fill={quoteattr(fill)} stroke={quoteattr(line)}/>'
    )
    for number, text in enumerate(box.node.lines, 1):
        weight = ' font-weight="bold"' if number == 1 else ""
        yield (
            f'<text x="{box.x:.1f}" y="{top + _PADDING + number * _LINE_HEIGHT - 4:.1f}"'
            f' text-anchor="middle"{weight}>{escape(text)}</text>'
        )
    yield "</g>"


def _head(picture: Picture, width: float, height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif" font-size="12"'
        ' fill="#212529">'
    )
    yield (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#868e96"/>'
        "</marker></defs>"
    )
    yield f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
    yield f'<text x="{_MARGIN:.0f}" y="{_MARGIN + 8:.0f}">{escape(picture.caption)}</text>'
