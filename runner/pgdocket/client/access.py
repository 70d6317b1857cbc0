"""Access: who may see and change which projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pgdocket.client.calls import Calls, Id


@dataclass(frozen=True, slots=True)
class Member:
    """What a principal was given: in one project, or (project_id None) in all of them."""

    member_id: UUID
    organization_id: UUID
    project_id: UUID | None
    principal: str
    access: str
    version: int
    created_at: datetime
    updated_at: datetime
    created_by: str
    updated_by: str


class AccessCalls(Calls):
    """The functions about access: `project_id` or `organization_id` say to what."""

    def grant_access(
        self,
        *,
        principal: str,
        access: str,
        project_id: Id | None = None,
        organization_id: Id | None = None,
        request_id: Id | None = None,
    ) -> Member:
        """Lets a principal see (reader), change (writer) or share (admin) a project, or all.

        Raises NotFound, Forbidden (the caller is no admin, or means himself), Conflict (the last
        admin would be none any more), InvalidArgument.
        """
        return self._written(
            Member,
            "grant_access",
            principal=principal,
            access=access,
            project_id=project_id,
            organization_id=organization_id,
            request_id=request_id,
        )

    def revoke_access(
        self,
        *,
        principal: str,
        project_id: Id | None = None,
        organization_id: Id | None = None,
        request_id: Id | None = None,
    ) -> Member:
        """Takes what a principal was given there; what he was given elsewhere stays.

        Raises NotFound, Forbidden, Conflict (he is the last admin), InvalidArgument.
        """
        return self._written(
            Member,
            "revoke_access",
            principal=principal,
            project_id=project_id,
            organization_id=organization_id,
            request_id=request_id,
        )

    def list_access(
        self,
        *,
        project_id: Id | None = None,
        organization_id: Id | None = None,
        after: Id | None = None,
        page_size: int | None = None,
    ) -> list[Member]:
        """Who was given what there, a page of them; with neither, the caller's own.

        Admins and operators see everybody, others themselves alone.
        """
        return self._rows(
            Member,
            "list_access",
            project_id=project_id,
            organization_id=organization_id,
            after=after,
            page_size=page_size,
        )
