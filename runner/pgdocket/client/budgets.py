"""Budgets: what tasks, workflows and projects use of tokens and money, and how much they may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pgdocket.client.calls import Calls, Id


@dataclass(frozen=True, slots=True)
class Budget:
    """What one task, one workflow, or (with neither named) the project has used, and may use."""

    budget_id: UUID
    project_id: UUID
    workflow_id: UUID | None
    task_id: UUID | None
    max_tokens: int | None
    max_cost: Decimal | None
    used_tokens: int
    used_cost: Decimal
    is_exhausted: bool
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


class BudgetCalls(Calls):
    """The functions about budgets; costs are in the currency that the project reckons in."""

    def set_budget(
        self,
        *,
        project_id: Id,
        workflow_id: Id | None = None,
        task_id: Id | None = None,
        max_tokens: int | None = None,
        max_cost: float | Decimal | None = None,
        request_id: Id | None = None,
    ) -> Budget:
        """Limits what a project, a workflow or a task may use; None takes a limit away.

        When a limit is reached, nothing of it is claimed any more. Raises NotFound, Forbidden,
        InvalidArgument.
        """
        return self._written(
            Budget,
            "set_budget",
            project_id=project_id,
            workflow_id=workflow_id,
            task_id=task_id,
            max_tokens=max_tokens,
            max_cost=max_cost,
            request_id=request_id,
        )

    def record_usage(
        self,
        *,
        task_id: Id,
        tokens: int = 0,
        cost: float | Decimal = 0,
        request_id: Id | None = None,
    ) -> list[Budget]:
        """Counts what work on a task has used, whether a limit is reached or not.

        Returns the budgets of the task, its workflow and its project; where one is_exhausted, an
        agent stops and fails with the class budget_exceeded. Raises NotFound, Forbidden.
        """
        return self._written_rows(
            Budget,
            "record_usage",
            task_id=task_id,
            tokens=tokens,
            cost=cost,
            request_id=request_id,
        )

    def list_budgets(
        self,
        *,
        project_id: Id,
        only_exhausted: bool = False,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[Budget]:
        """The budgets of a project, its workflows and its tasks, a page of them."""
        return self._rows(
            Budget,
            "list_budgets",
            project_id=project_id,
            only_exhausted=only_exhausted,
            after=after,
            page_size=page_size,
        )
