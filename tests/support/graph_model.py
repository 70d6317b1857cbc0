"""What a project's graph ought to be, from the few facts that decide it."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from support.graphs import Edge

PASSES = {"passed", "warning"}


class Model:
    """The tasks of one project by key: what is so, and what follows from it."""

    def begin_model(self, keys: Sequence[str]) -> None:
        """Begins with pending tasks that have nothing to do with each other."""
        self.edges: nx.DiGraph[str] = nx.DiGraph()
        self.edges.add_nodes_from(keys)
        self.parent: dict[str, str] = {}
        self.status = dict.fromkeys(keys, "pending")
        self.archived: set[str] = set()
        self.claimed: set[str] = set()
        # Of a task, by type: whether it is required, and what was said last.
        self.required: dict[str, set[str]] = {name: set() for name in keys}
        self.said: dict[str, dict[str, str]] = {name: {} for name in keys}
        self.proposals = dict.fromkeys((1, 2, 3), "open")
        self.links: set[tuple[str, int]] = set()

    def ancestors(self, task: str) -> set[str]:
        found: set[str] = set()
        while task in self.parent and self.parent[task] not in found:
            task = self.parent[task]
            found.add(task)
        return found

    def are_kin(self, task: str, other: str) -> bool:
        return other in self.ancestors(task) or task in self.ancestors(other)

    def is_refused(self, added: Sequence[Edge]) -> bool:
        wanted = nx.DiGraph(self.edges)
        wanted.add_edges_from(added)
        return not nx.is_directed_acyclic_graph(wanted) or any(
            self.are_kin(task, depends_on) for task, depends_on in added
        )

    def unmet_gates(self, task: str) -> int:
        return sum(self.said[task].get(kind) not in PASSES for kind in self.required[task])

    def is_merged(self, task: str) -> bool:
        found = {status for n, status in self.proposals.items() if (task, n) in self.links}
        return "merged" in found and not found & {"draft", "open"}

    def is_satisfied(self, other: str, by: str, done: Sequence[str] = ()) -> bool:
        if other in done:
            return by != "merged" or self.is_merged(other)
        return (
            self.status[other] == "completed"
            and (by != "merged" or self.is_merged(other))
            and (by != "validated" or not self.unmet_gates(other))
        )

    def blockers(self, task: str, done: Sequence[str] = ()) -> set[str]:
        return {
            other
            for _, other, by in self.edges.out_edges(task, data="by")
            if not self.is_satisfied(other, by, done)
        }

    def unmet(self, task: str) -> int:
        return len(self.blockers(task))

    def ready(self) -> set[str]:
        return {
            task
            for task, status in self.status.items()
            if status == "pending" and task not in self.archived and not self.unmet(task)
        }
