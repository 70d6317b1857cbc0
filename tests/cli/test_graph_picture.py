"""Pictures of graphs: whatever is in a title, what comes out is well formed and complete."""

from __future__ import annotations

import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

from pgdocket import graph_layout, graph_picture
from pgdocket.errors import LimitExceeded
from pgdocket.graph_picture import COLOURS, Picture, picture_of

SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'Say "hi" <b>&amp;</b> \\ # ` %s {x} \x07 ünï'


def picture(titles: dict[str, str], edges: list[tuple[str, str, str]], **statuses: str) -> Picture:
    """A picture of tasks by key, and edges (task, depends on, type)."""
    return picture_of(
        {
            "nodes": [
                {
                    "task_id": key,
                    "task_key": key,
                    "title": title,
                    "status": statuses.get(key, "pending"),
                }
                for key, title in titles.items()
            ],
            "edges": [
                {"task_id": task, "depends_on_id": before, "dependency_type": kind}
                for task, before, kind in edges
            ],
        }
    )


DIAMOND = picture(
    {"a": "Start", "b": NASTY, "c": "Right", "d": "End", "e": "Alone"},
    [
        ("b", "a", "blocks"), ("c", "a", "blocks"), ("d", "b", "blocks"), ("d", "c", "blocks"),
        ("e", "a", "related"),
    ],
    a="completed",
    b="in_progress",
)  # fmt: skip


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_every_task_and_dependency() -> None:
    drawn = ET.fromstring(graph_picture.svg(DIAMOND))  # noqa: S314 - our own
    classes = [group.get("class") for group in drawn.iter(f"{SVG}g")]
    assert (classes.count("node"), classes.count("edge")) == (5, 5)
    assert "Say" in "".join(drawn.itertext())


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_the_dot_text() -> None:
    done = subprocess.run(
        ["dot", "-Tplain"],
        input=graph_picture.dot(DIAMOND).encode(),
        capture_output=True,
        check=True,
    )
    assert done.stdout.count(b"\nnode ") == 5


def test_the_built_in_layout_draws_every_task_and_dependency_from_left_to_right() -> None:
    drawn = ET.fromstring(graph_layout.svg(DIAMOND))  # noqa: S314 - our own
    text = "".join(drawn.itertext())
    assert 'Say "hi" <b>&amp;</b> \\ #' in text
    assert len([p for p in drawn.iter(f"{SVG}path") if p.get("marker-end")]) == 5
    left = {group[2].text: float(str(group[1].get("x"))) for group in drawn.iter(f"{SVG}g")}
    assert left["a"] < left["b"] == left["c"] < left["d"]
    fills = {group[2].text: group[1].get("fill") for group in drawn.iter(f"{SVG}g")}
    assert fills["a"] == COLOURS["completed"][0]
    assert fills["b"] == COLOURS["in_progress"][0]


def test_boxes_of_the_built_in_layout_do_not_overlap() -> None:
    titles = {f"t{n}": "Some title of a task that is long" for n in range(60)}
    edges = [(f"t{n}", f"t{n // 2}", "blocks") for n in range(1, 50)]
    drawn = ET.fromstring(graph_layout.svg(picture(titles, edges)))  # noqa: S314 - our own
    boxes = [
        tuple(float(str(group[1].get(side))) for side in ("x", "y", "width", "height"))
        for group in drawn.iter(f"{SVG}g")
    ]
    assert len(boxes) == 60
    overlapping = [
        (one, other)
        for place, one in enumerate(boxes)
        for other in boxes[:place]
        if one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    ]
    assert overlapping == []


def test_without_graphviz_the_built_in_layout_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert '<marker id="arrow"' in graph_picture.svg(DIAMOND)


def test_mermaid_keeps_its_own_signs_out_of_titles() -> None:
    text = graph_picture.mermaid(DIAMOND)
    assert text.startswith("flowchart LR\n")
    assert text.count(" --> ") == 4
    assert text.count("-. related .->") == 1
    assert "t1 --> t2" in text
    label = re.search(r't2\["(.*)"\]:::in_progress', text)
    assert label is not None
    assert "#quot;hi#quot;" in label[1]
    assert not set('"`') & set(label[1])
    assert "<" not in label[1].replace("<br/>", "")


def test_an_empty_graph_is_a_picture_too() -> None:
    empty = picture({}, [])
    ET.fromstring(graph_layout.svg(empty))  # noqa: S314 - our own
    assert graph_picture.mermaid(empty) == "flowchart LR\n"
    assert "no tasks" in graph_picture.dot(empty)


def test_a_chain_that_is_too_long_for_the_built_in_layout_is_refused_in_words() -> None:
    titles = {f"t{n}": "T" for n in range(3000)}
    chain = picture(titles, [(f"t{n}", f"t{n - 1}", "blocks") for n in range(1, 3000)])
    with pytest.raises(LimitExceeded, match="too long"):
        graph_layout.svg(chain)
