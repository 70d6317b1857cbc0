"""Edges in large batches and one by one, against networkx: ordered, or refused.

Everything of one example happens in a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import networkx as nx
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import graphs
from support.databases import Database
from support.graphs import Edge, Graph
from support.invariants import violations
from support.sessions import Connect, Connection

BATCHES = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def rolled_back(connection: Connection, body: Callable[[], None]) -> None:
    """Runs one example in a transaction that leaves nothing behind."""
    connection.execute("begin")
    try:
        body()
    finally:
        connection.execute("rollback")


def insert_batch(connection: Connection, graph: Graph, edges: Sequence[Edge]) -> str | None:
    """One INSERT of many edges; the SQLSTATE when it is refused."""
    try:
        with connection.transaction():
            connection.execute(
                "select count(*) from docket.add_dependencies(%s, %s)",
                (graph.project_id, graph.batch(edges)),
            )
    except psycopg.Error as error:
        return error.sqlstate
    return None


@st.composite
def large_batches(draw: st.DrawFn) -> tuple[int, list[list[Edge]]]:
    """A size, and batches of edges among so many tasks, mostly along one hidden order.

    The order is not the one of the ids, so that many edges disagree with the ranks.
    """
    size = draw(st.integers(40, 90))
    random = draw(st.randoms(use_true_random=False))
    hidden = list(range(size))
    random.shuffle(hidden)
    batches = []
    for _ in range(draw(st.integers(1, 3))):
        pairs = {tuple(sorted(random.sample(range(size), 2))) for _ in range(size * 2)}
        edges = [(f"t{hidden[high]}", f"t{hidden[low]}") for low, high in sorted(pairs)]
        if draw(st.booleans()):
            task, depends_on = random.choice(edges)
            edges.insert(random.randrange(len(edges)), (depends_on, task))
        batches.append(edges)
    return size, batches


def test_large_batches_are_ordered_or_refused(docket: Database, connect: Connect) -> None:
    connection = connect(docket)

    @BATCHES
    @given(large_batches())
    def check(case: tuple[int, list[list[Edge]]]) -> None:
        size, batches = case

        def body() -> None:
            graph = graphs.new_graph(connection, [f"t{i}" for i in range(size)])
            model: nx.DiGraph[str] = nx.DiGraph()
            for edges in batches:
                wanted = nx.DiGraph(model)
                wanted.add_edges_from(edges)
                refused = not nx.is_directed_acyclic_graph(wanted)
                sqlstate = insert_batch(connection, graph, edges)
                assert sqlstate == ("PDCYC" if refused else None)
                model = model if refused else wanted
                assert graphs.health(connection) == []
            assert graphs.stored_edges(connection, graph) == set(model.edges)

        rolled_back(connection, body)

    check()


@st.composite
def single_edges(draw: st.DrawFn) -> tuple[int, list[Edge]]:
    """Edges one by one among some dozens of tasks: long searches, both ways, and cycles."""
    size = draw(st.integers(20, 50))
    random = draw(st.randoms(use_true_random=False))
    along = list(range(size))
    random.shuffle(along)
    chain = list(zip(along[1:], along, strict=False))
    random.shuffle(chain)
    others = [tuple(random.sample(range(size), 2)) for _ in range(size // 2)]
    return size, [(f"t{a}", f"t{b}") for a, b in [*chain, *others]]


def test_edges_one_by_one_are_ordered_or_refused(docket: Database, connect: Connect) -> None:
    connection = connect(docket)

    @BATCHES
    @given(single_edges())
    def check(case: tuple[int, list[Edge]]) -> None:
        size, edges = case

        def body() -> None:
            graph = graphs.new_graph(connection, [f"t{i}" for i in range(size)])
            model: nx.DiGraph[str] = nx.DiGraph()
            model.add_nodes_from(graph.ids)
            for task, depends_on in edges:
                refused = nx.has_path(model, depends_on, task)
                sqlstate = insert_batch(connection, graph, [(task, depends_on)])
                assert sqlstate == ("PDCYC" if refused else None)
                if not refused:
                    model.add_edge(task, depends_on)
            assert graphs.health(connection) == []
            judge_readers(connection, graph, model)

        rolled_back(connection, body)

    check()


def judge_readers(connection: Connection, graph: Graph, model: nx.DiGraph[str]) -> None:
    """Traversals, waves and the critical path say what networkx says."""
    task = next(iter(model))
    depths: list[tuple[str, dict[str, int]]] = [
        ("select blocker_key, depth from docket.blockers(%s, max_tasks => null)",
         nx.single_source_shortest_path_length(model, task)),
        ("select affected_key, depth from docket.impact(%s, max_tasks => null)",
         nx.single_source_shortest_path_length(model.reverse(), task)),
    ]  # fmt: skip
    for query, expected in depths:
        found = dict(connection.execute(query, (graph.ids[task],)).fetchall())
        assert found == {other: depth for other, depth in expected.items() if depth}

    query = "select task_key, wave from docket.waves(%s)"
    waves = dict(connection.execute(query, (graph.project_id,)).fetchall())
    generations = enumerate(nx.topological_generations(model.reverse()), 1)
    assert waves == {key: wave for wave, keys in generations for key in keys}

    query = "select task_key from docket.critical_path(%s)"
    path = [row[0] for row in connection.execute(query, (graph.project_id,)).fetchall()]
    assert len(path) == nx.dag_longest_path_length(model) + 1
    assert all(model.has_edge(later, earlier) for earlier, later in pairwise(path))


def test_there_is_always_room_between_two_ranks(docket: Database, connect: Connect) -> None:
    """Each task comes between the last one and the same neighbour: the room halves each time."""
    connection = connect(docket)
    names = [f"t{i:02}" for i in range(45)]
    graph = graphs.new_graph(connection, names, [("t01", "t00")])
    for before, between in zip(["t00", *names[2:]], names[2:], strict=False):
        connection.execute(graphs.ADD, graph.pair(("t01", between)))
        connection.execute(graphs.ADD, graph.pair((between, before)))
    assert graphs.health(connection) == []
    assert violations(connection) == []


def test_the_smaller_side_moves_and_stays_below_what_waits_for_it(
    docket: Database, connect: Connect
) -> None:
    """Forty tasks come before x40; only t and f have to get above it, and g is above both."""
    connection = connect(docket)
    chain = [f"x{i:02}" for i in range(1, 41)]
    edges = [("f", "t"), *((late, early) for early, late in pairwise(chain)), ("g", "f")]
    graph = graphs.new_graph(connection, ["t", "f", *chain, "g"], edges)
    before = ranks(connection, graph)
    assert before["t"] < before["f"] < before["x01"] < before["x40"] < before["g"]
    connection.execute(graphs.ADD, graph.pair(("t", "x40")))
    after = ranks(connection, graph)
    assert {key for key, rank in after.items() if rank != before[key]} == {"t", "f"}
    assert after["x40"] < after["t"] < after["f"] < after["g"]


def test_the_smaller_side_moves_and_stays_above_what_it_waits_for(
    docket: Database, connect: Connect
) -> None:
    """Forty tasks wait for y01; only d and e have to get below it, and p is below both."""
    connection = connect(docket)
    chain = [f"y{i:02}" for i in range(1, 41)]
    edges = [
        ("q", "p"),
        *((late, early) for early, late in pairwise(chain)),
        ("d", "e"),
        ("e", "p"),
    ]
    graph = graphs.new_graph(connection, ["p", "q", *chain, "e", "d"], edges)
    before = ranks(connection, graph)
    assert before["p"] < before["y01"] < before["y40"] < before["e"] < before["d"]
    connection.execute(graphs.ADD, graph.pair(("y01", "d")))
    after = ranks(connection, graph)
    assert {key for key, rank in after.items() if rank != before[key]} == {"d", "e"}
    assert after["p"] < after["e"] < after["d"] < after["y01"]


def ranks(connection: Connection, graph: Graph) -> dict[str, int]:
    """The rank of each task that has one; the graph is right."""
    assert graphs.health(connection) == []
    rows = connection.execute(
        "select n.task_id, n.rank from docket_private.task_nodes as n where n.project_id = %s",
        (graph.project_id,),
    ).fetchall()
    return {graph.key(task_id): rank for task_id, rank in rows}
