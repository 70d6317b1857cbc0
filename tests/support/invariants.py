"""What holds after every commit, recounted from the rows themselves.

Each query finds what breaks its invariant. They read all projects: run them as a superuser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from support.catalog import nothing
from support.sessions import Connection

INVARIANTS: Mapping[str, LiteralString] = {
    "I1 the rank of a task is above that of everything it waits for": """
        select format('%s waits for %s', e.task_id, e.depends_on_id)
          from docket.task_dependencies as e
          left join docket_private.task_nodes as t
            on t.project_id = e.project_id and t.task_id = e.task_id
          left join docket_private.task_nodes as d
            on d.project_id = e.project_id and d.task_id = e.depends_on_id
         where e.dependency_type = 'blocks'
           and (d.rank < t.rank) is not true
    """,
    "I2 the top of a project is the highest rank": """
        select format('%s has rank %s over top %s', n.task_id, n.rank, g.top)
          from docket_private.task_nodes as n
          left join docket_private.project_graphs as g on g.project_id = n.project_id
         where (n.rank <= g.top) is not true
    """,
    "I3 the counter is the number of unmet dependencies": """
        with recount as (
            select n.project_id,
                   n.task_id,
                   n.unmet,
                   count(d.task_id) filter (where not (d.status = 'completed'
                                   and case e.satisfied_by
                                           when 'merged' then d.merged_at is not null
                                           when 'validated' then d.unmet_gates = 0
                                           else true
                                       end)) as counted
              from docket_private.task_nodes as n
              left join docket.task_dependencies as e
                on e.project_id = n.project_id
               and e.task_id = n.task_id
               and e.dependency_type = 'blocks'
              left join docket.tasks as d
                on d.project_id = e.project_id and d.task_id = e.depends_on_id
             group by n.project_id, n.task_id, n.unmet
        )
        select format('%s: %s instead of %s', r.task_id, r.unmet, r.counted)
          from recount as r
         where r.unmet <> r.counted
    """,
    "I4 a task is ready exactly when it can be claimed": """
        with claimable as (
            select t.task_id, t.project_id, t.priority, t.not_before, t.workflow_id
              from docket.tasks as t
             where t.status = 'pending'
               and t.archived_at is null
               and not exists (
                       select
                         from docket.task_dependencies as e
                         join docket.tasks as d
                           on d.project_id = e.project_id and d.task_id = e.depends_on_id
                        where e.project_id = t.project_id
                          and e.task_id = t.task_id
                          and e.dependency_type = 'blocks'
                          and not (d.status = 'completed'
                               and case e.satisfied_by
                                       when 'merged' then d.merged_at is not null
                                       when 'validated' then d.unmet_gates = 0
                                       else true
                                   end))
        )
        select case
                   when r.task_id is null then format('%s is missing', c.task_id)
                   when c.task_id is null then format('%s can not be claimed', r.task_id)
                   else format('%s is ready with another priority, time or workflow', c.task_id)
               end
          from claimable as c
          full join docket.ready_tasks as r
            on r.project_id = c.project_id and r.task_id = c.task_id
         where r.task_id is null
            or c.task_id is null
            or (r.priority, r.workflow_id) is distinct from (c.priority, c.workflow_id)
            or (r.not_before is distinct from c.not_before
                and coalesce(c.not_before, '-infinity') > docket.clock())
    """,
    "I7 no task is its own ancestor": """
        with recursive up as (
            select t.project_id, t.task_id, t.parent_task_id as ancestor_id
              from docket.tasks as t
             where t.parent_task_id is not null
             union
            select u.project_id, u.task_id, p.parent_task_id
              from up as u
              join docket.tasks as p on p.project_id = u.project_id and p.task_id = u.ancestor_id
             where p.parent_task_id is not null
        )
        select u.task_id from up as u where u.ancestor_id = u.task_id
    """,
    "I7 no task waits for its own ancestor or descendant": """
        with recursive up as (
            select t.project_id, t.task_id, t.parent_task_id as ancestor_id
              from docket.tasks as t
             where t.parent_task_id is not null
             union
            select u.project_id, u.task_id, p.parent_task_id
              from up as u
              join docket.tasks as p on p.project_id = u.project_id and p.task_id = u.ancestor_id
             where p.parent_task_id is not null
        )
        select format('%s and its ancestor %s', u.task_id, u.ancestor_id)
          from up as u
          join docket.task_dependencies as e
            on e.project_id = u.project_id
           and e.dependency_type = 'blocks'
           and ((e.task_id, e.depends_on_id) = (u.task_id, u.ancestor_id)
                or (e.depends_on_id, e.task_id) = (u.task_id, u.ancestor_id))
    """,
    "G1 a task counts the required validations that it has not passed": """
        with newest as (
            select r.task_id, r.project_id, r.waived_at, r.is_met, r.run_no, r.validation_status,
                   v.run_no as newest_no, v.validation_status as newest_status
              from docket.required_validations as r
              left join lateral (
                       select v.run_no, v.validation_status
                         from docket.validation_results as v
                        where v.task_id = r.task_id
                          and v.project_id = r.project_id
                          and v.validation_type = r.validation_type
                        order by v.run_no desc
                        limit 1
                   ) as v on true
        )
        select format('%s counts %s', t.task_id, t.unmet_gates)
          from docket.tasks as t
          left join newest as n on n.task_id = t.task_id and n.project_id = t.project_id
         group by t.task_id, t.project_id, t.unmet_gates
        having t.unmet_gates <> count(n.task_id) filter (
                   where n.waived_at is null
                     and coalesce(n.newest_status not in ('passed', 'warning'), true))
            or count(*) filter (
                   where (n.run_no, n.validation_status)
                         is distinct from (n.newest_no, n.newest_status)) > 0
    """,
    "G2 a task is merged when one of its pull requests is and none is still open": """
        select format('%s has %s', t.task_id, t.merged_at)
          from docket.tasks as t
          left join docket.task_pull_requests as l
            on l.task_id = t.task_id and l.project_id = t.project_id
          left join docket.pull_requests as p
            on p.pull_request_id = l.pull_request_id and p.project_id = l.project_id
         group by t.task_id, t.project_id, t.merged_at
        having t.merged_at is distinct from case
                   when count(*) filter (where p.status in ('draft', 'open')) = 0
                       then max(p.merged_at)
               end
    """,
    "Q1 a live attempt is the one that its task names": """
        select format('attempt %s of task %s', a.attempt_id, a.task_id)
          from docket.task_attempts as a
          join docket.tasks as t on t.project_id = a.project_id and t.task_id = a.task_id
         where a.outcome is null
           and (t.status <> 'in_progress' or t.attempt_id is distinct from a.attempt_id)
    """,
    "Q2 the attempt that a task names is alive": """
        select t.task_id
          from docket.tasks as t
          left join docket.task_attempts as a
            on a.project_id = t.project_id and a.attempt_id = t.attempt_id
         where t.attempt_id is not null
           and (a.attempt_id is null or a.outcome is not null or a.task_id <> t.task_id)
    """,
    "Q3 a task is completed by one attempt at most, unless it was reopened": """
        select a.task_id
          from docket.task_attempts as a
         where a.outcome = 'completed'
         group by a.project_id, a.task_id
        having count(*) > 1 + (
                   select count(*)
                     from docket.audit_log as l
                    where l.table_name = 'tasks'
                      and l.row_id = a.task_id
                      and l.old_values ->> 'status' in ('completed', 'review'))
    """,
    "J1 the journal of a task or an attempt ends in what its row says": """
        with said as (
            select l.table_name, l.row_id, jsonb_object_agg(e.key, e.value order by l.audit_id) as v
              from docket.audit_log as l
             cross join jsonb_each(l.new_values) as e
             where l.table_name in ('tasks', 'task_attempts')
             group by l.table_name, l.row_id
        ), rows_now as (
            select 'tasks' as table_name, t.task_id as row_id,
                   docket_ext.hstore_to_jsonb(docket_ext.hstore(t)) as v
              from docket.tasks as t
             union all
            select 'task_attempts', a.attempt_id,
                   docket_ext.hstore_to_jsonb(docket_ext.hstore(a))
              from docket.task_attempts as a
        )
        select format('%s %s: %s', r.table_name, r.row_id, (
                          select jsonb_object_agg(e.key, jsonb_build_array(e.value, s.v -> e.key))
                            from jsonb_each(r.v) as e
                           where e.value is distinct from coalesce(s.v -> e.key, 'null')))
          from rows_now as r
          left join said as s on s.table_name = r.table_name and s.row_id = r.row_id
         where jsonb_strip_nulls(r.v) - array['lease_expires_at', 'heartbeat_at']
               is distinct from jsonb_strip_nulls(s.v) - array['lease_expires_at', 'heartbeat_at']
    """,
    "J3 what the journal says was before is what it said last": """
        with said as (
            select l.audit_id, l.operation, l.table_name, l.row_id, e.key,
                   l.old_values -> e.key as before,
                   lag(e.value) over (
                       partition by l.table_name, l.row_id, e.key order by l.audit_id) as last
              from docket.audit_log as l
             cross join jsonb_each(l.new_values) as e
             where l.table_name in ('tasks', 'task_attempts')
        )
        select format('%s of %s %s was %s, not %s', s.key, s.table_name, s.row_id, s.last, s.before)
          from said as s
         where s.operation = 'update'
           and (s.before is null or s.before <> coalesce(s.last, 'null'))
    """,
    "J2 the journal has the birth of every attempt and the end of every ended one": """
        select a.attempt_id
          from docket.task_attempts as a
         where not exists (
                   select
                     from docket.audit_log as l
                    where l.table_name = 'task_attempts'
                      and l.row_id = a.attempt_id
                      and l.operation = 'insert')
            or a.outcome is distinct from (
                   select l.new_values ->> 'outcome'
                     from docket.audit_log as l
                    where l.table_name = 'task_attempts'
                      and l.row_id = a.attempt_id
                      and l.new_values ? 'outcome'
                    order by l.audit_id desc
                    limit 1)
    """,
    "A1 access is what the memberships say": """
        with recount as (
            select m.principal,
                   p.project_id,
                   max(array_position(array['reader', 'writer', 'admin'], m.access::text)) as level
              from docket.members as m
              join docket.projects as p
                on p.organization_id = m.organization_id
               and p.project_id = coalesce(m.project_id, p.project_id)
             group by m.principal, p.project_id
        )
        select format('%s on %s', coalesce(r.principal, a.principal),
                      coalesce(r.project_id, a.project_id))
          from recount as r
          full join docket_private.project_access as a
            on a.principal = r.principal and a.project_id = r.project_id
         where (array['reader', 'writer', 'admin'])[r.level] is distinct from a.access::text
    """,
    "C1 what contexts are searched by is the latest version of each that is there": """
        with latest as (
            select distinct on (c.task_id, c.context_type) c.*
              from docket.task_contexts as c
             order by c.task_id, c.context_type, c.version desc
        )
        select format('%s %s', coalesce(l.task_id, s.task_id),
                      coalesce(l.context_type, s.context_type))
          from (select n.* from latest as n where not n.is_tombstone) as l
          full join docket_private.context_search as s
            on s.task_id = l.task_id
           and s.context_type = l.context_type
         where s.version is distinct from l.version
    """,
    "D1 no deployment script waits for itself": """
        with recursive waits as (
            select d.script_id, d.depends_on_id
              from docket.deployment_script_dependencies as d
             union
            select w.script_id, d.depends_on_id
              from waits as w
              join docket.deployment_script_dependencies as d on d.script_id = w.depends_on_id
        )
        select w.script_id from waits as w where w.script_id = w.depends_on_id
    """,
    "D2 a deployment stands as its execution does": """
        select format('%s is %s, and its execution %s', d.deployment_id, d.status, e.status)
          from docket.deployment_executions as d
          join docket.execution_history as e on e.execution_id = d.execution_id
         where (d.status, d.completed_at, d.exit_code)
               is distinct from (e.status, e.completed_at, e.exit_code)
    """,
}


def violations(connection: Connection) -> list[str]:
    """What breaks any invariant, each with the name of the invariant."""
    # The journal has times as they are written in this zone and style.
    with connection.transaction():
        connection.execute("set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'")
        return _violations(connection)


def _violations(connection: Connection) -> list[str]:
    return [
        f"{name}: {row[0]}"
        for name, query in INVARIANTS.items()
        for row in connection.execute(query)
    ]


def assert_invariants(connection: Connection) -> None:
    """Fails with what breaks any invariant."""
    nothing(violations(connection))
