"""Projects, workflows and the import of task files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pgdocket.client.calls import Calls, Id, as_json
from pgdocket.client.rows import Json, Project, Workflow


class ProjectCalls(Calls):
    """The functions about projects and workflows."""

    def create_project(
        self,
        *,
        slug: str,
        name: str | None = None,
        description: str | None = None,
        repository_url: str | None = None,
        settings: Mapping[str, Json] | None = None,
        organization_id: Id | None = None,
        request_id: Id | None = None,
    ) -> Project:
        """Makes a project, which its maker and the organization's members see.

        `slug` is the short name, `name` the one that people read (default: the slug). Raises
        Conflict (slug taken), NotFound (no such organization), InvalidArgument.
        """
        return self._written(
            Project,
            "create_project",
            slug=slug,
            name=name,
            description=description,
            repository_url=repository_url,
            settings=as_json(settings),
            organization_id=organization_id,
            request_id=request_id,
        )

    def project_id(self, *, reference: str) -> UUID:
        """The id of the project that people call by its slug or id. Raises NotFound, Conflict."""
        found: UUID = self._value("project_id", reference=reference)
        return found

    def get_project(self, *, project_id: Id) -> Project:
        """One project by its id. Raises NotFound."""
        return self._row(Project, "get_project", project_id=project_id)

    def list_projects(
        self,
        *,
        after: Id | None = None,
        page_size: int | None = None,
        include_archived: bool = False,
    ) -> list[Project]:
        """The projects that the caller may see, the oldest first, by pages of 1 to 1000."""
        return self._rows(
            Project,
            "list_projects",
            after=after,
            page_size=page_size,
            include_archived=include_archived,
        )

    def pause_project(self, *, project_id: Id, request_id: Id | None = None) -> Project:
        """Stops the claiming of a project's tasks. Raises NotFound, Forbidden."""
        return self._written(Project, "pause_project", project_id=project_id, request_id=request_id)

    def resume_project(self, *, project_id: Id, request_id: Id | None = None) -> Project:
        """Lets the tasks of a paused project be claimed again. Raises NotFound, Forbidden."""
        return self._written(
            Project, "resume_project", project_id=project_id, request_id=request_id
        )

    def update_project(
        self,
        *,
        project_id: Id,
        changes: Mapping[str, Json],
        expected_version: int | None = None,
        request_id: Id | None = None,
    ) -> Project:
        """Changes the given fields of a project.

        Raises NotFound, Forbidden, InvalidArgument, and StaleVersion when `expected_version` is
        no longer the project's.
        """
        return self._written(
            Project,
            "update_project",
            project_id=project_id,
            changes=as_json(changes),
            expected_version=expected_version,
            request_id=request_id,
        )

    def create_workflow(
        self,
        *,
        project_id: Id,
        name: str,
        requirements: Mapping[str, Json] | None = None,
        request_id: Id | None = None,
    ) -> Workflow:
        """Makes a workflow. Raises NotFound, Forbidden, Conflict (name taken), InvalidArgument."""
        return self._written(
            Workflow,
            "create_workflow",
            project_id=project_id,
            name=name,
            requirements=as_json(requirements),
            request_id=request_id,
        )

    def get_workflow(self, *, workflow_id: Id) -> Workflow:
        """One workflow by its id. Raises NotFound."""
        return self._row(Workflow, "get_workflow", workflow_id=workflow_id)

    def list_workflows(
        self, *, project_id: Id, after: Id | None = None, page_size: int | None = None
    ) -> list[Workflow]:
        """The workflows of a project, the oldest first, by pages of 1 to 1000."""
        return self._rows(
            Workflow, "list_workflows", project_id=project_id, after=after, page_size=page_size
        )

    def update_workflow(
        self,
        *,
        workflow_id: Id,
        changes: Mapping[str, Json],
        expected_version: int | None = None,
        request_id: Id | None = None,
    ) -> Workflow:
        """Changes the given fields of a workflow: name, requirements, status, metadata.

        Raises NotFound, Forbidden, Conflict, InvalidArgument, StaleVersion.
        """
        return self._written(
            Workflow,
            "update_workflow",
            workflow_id=workflow_id,
            changes=as_json(changes),
            expected_version=expected_version,
            request_id=request_id,
        )

    def workflow_progress(self, *, workflow_id: Id) -> dict[str, Any]:
        """How far a workflow is, counted from its tasks."""
        return self._dicts("workflow_progress", workflow_id=workflow_id)[0]

    def import_tasks_json(
        self,
        *,
        slug: str,
        source_name: str,
        content: bytes,
        project_name: str | None = None,
        dry_run: bool = False,
        request_id: Id | None = None,
    ) -> dict[str, Any]:
        """Imports the bytes of a task-master file into the project `slug`, made when missing.

        `source_name` says where they came from. The same file again changes nothing; a dry run
        writes nothing. Returns a report, in which all that could not be represented is named.
        Raises InvalidArgument, with line and column, for a file that can't be read.
        """
        report: dict[str, Any] = self._written_value(
            "import_tasks_json",
            slug=slug,
            source_name=source_name,
            content=content,
            project_name=project_name,
            dry_run=dry_run,
            request_id=request_id,
        )
        return report
