"""Validations of tasks, and the gates that ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pgdocket.client.calls import Calls, Id, as_json
from pgdocket.client.rows import Json


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """What one run of a validation said of a task; `execution_time_ms` in milliseconds."""

    validation_result_id: UUID
    project_id: UUID
    task_id: UUID
    validation_type: str
    run_no: int
    validation_status: str
    validator_name: str | None
    attempt_id: UUID | None
    agent: str | None
    pull_request_id: UUID | None
    score: Decimal | None
    max_score: Decimal | None
    issues_found: int
    issues_critical: int
    issues_major: int
    issues_minor: int
    details: Json
    suggestions: Json
    started_at: datetime | None
    completed_at: datetime | None
    execution_time_ms: int | None
    metadata: dict[str, Json]
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class RequiredValidation:
    """A gate: what a task has to pass before it can be completed, and what was said last."""

    task_id: UUID
    project_id: UUID
    validation_type: str
    run_no: int | None
    validation_status: str | None
    waived_at: datetime | None
    waived_by: str | None
    waive_reason: str | None
    is_met: bool
    metadata: dict[str, Json]
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


class ValidationCalls(Calls):
    """The functions about validations and gates."""

    def require_validation(
        self, *, task_id: Id, validation_type: str, request_id: Id | None = None
    ) -> RequiredValidation:
        """Gives a task a gate: it can't be completed before the validation has passed.

        Raises NotFound, Forbidden, InvalidArgument.
        """
        return self._written(
            RequiredValidation,
            "require_validation",
            task_id=task_id,
            validation_type=validation_type,
            request_id=request_id,
        )

    def require_validations(
        self,
        *,
        task_ids: Sequence[Id],
        validation_types: Sequence[str],
        request_id: Id | None = None,
    ) -> list[RequiredValidation]:
        """Gives each of these tasks of one project a gate for each of these types.

        Raises NotFound, Forbidden, InvalidArgument, LimitExceeded.
        """
        return self._written_rows(
            RequiredValidation,
            "require_validations",
            task_ids=[str(task_id) for task_id in task_ids],
            validation_types=list(validation_types),
            request_id=request_id,
        )

    def waive_validation(
        self, *, task_id: Id, validation_type: str, waive_reason: str, request_id: Id | None = None
    ) -> RequiredValidation:
        """Lets a task go without a validation that it requires; agents may not.

        Raises NotFound, Forbidden, InvalidArgument.
        """
        return self._written(
            RequiredValidation,
            "waive_validation",
            task_id=task_id,
            validation_type=validation_type,
            waive_reason=waive_reason,
            request_id=request_id,
        )

    def list_required_validations(
        self,
        *,
        task_id: Id,
        unmet_only: bool = False,
        after: str | None = None,
        page_size: int | None = None,
    ) -> list[RequiredValidation]:
        """The gates of a task by type; with `unmet_only` those that are still in its way."""
        return self._rows(
            RequiredValidation,
            "list_required_validations",
            task_id=task_id,
            unmet_only=unmet_only,
            after=after,
            page_size=page_size,
        )

    def record_validation(
        self,
        *,
        task_id: Id,
        validation_type: str,
        status: str,
        validator_name: str | None = None,
        score: float | Decimal | None = None,
        max_score: float | Decimal | None = None,
        issues_found: int | None = None,
        issues_critical: int | None = None,
        issues_major: int | None = None,
        issues_minor: int | None = None,
        details: Json = None,
        suggestions: Json = None,
        attempt_id: Id | None = None,
        agent: str | None = None,
        pull_request_id: Id | None = None,
        started_at: datetime | None = None,
        completed_at: datetime | None = None,
        execution_time_ms: int | None = None,
        metadata: Mapping[str, Json] | None = None,
        request_id: Id | None = None,
    ) -> ValidationResult:
        """Records what a validation of a task said; passed and warning open its gate.

        `status` is pending, running, passed, failed, warning, error or skipped.
        Raises NotFound, Forbidden, InvalidArgument, LeaseLost (the attempt has lost its task).
        """
        return self._written(
            ValidationResult,
            "record_validation",
            task_id=task_id,
            validation_type=validation_type,
            status=status,
            validator_name=validator_name,
            score=score,
            max_score=max_score,
            issues_found=issues_found,
            issues_critical=issues_critical,
            issues_major=issues_major,
            issues_minor=issues_minor,
            details=as_json(details),
            suggestions=as_json(suggestions),
            attempt_id=attempt_id,
            agent=agent,
            pull_request_id=pull_request_id,
            started_at=started_at,
            completed_at=completed_at,
            execution_time_ms=execution_time_ms,
            metadata=as_json(metadata),
            request_id=request_id,
        )

    def record_validations(
        self, *, validations: Sequence[Mapping[str, Json]], request_id: Id | None = None
    ) -> list[ValidationResult]:
        """Records many results at once; each is an object with the keys of record_validation.

        Raises as record_validation does, and LimitExceeded; then none is recorded.
        """
        return self._written_rows(
            ValidationResult,
            "record_validations",
            validations=as_json(list(validations)),
            request_id=request_id,
        )

    def list_validations(
        self,
        *,
        project_id: Id,
        task_id: Id | None = None,
        validation_type: str | None = None,
        status: str | None = None,
        pull_request_id: Id | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[ValidationResult]:
        """What validations said in a project, the first recorded first, by pages."""
        return self._rows(
            ValidationResult,
            "list_validations",
            project_id=project_id,
            task_id=task_id,
            validation_type=validation_type,
            status=status,
            pull_request_id=pull_request_id,
            after=after,
            page_size=page_size,
        )
