-- Deploy pgdocket:graph/task_dependencies to pg
-- requires: tasks/tasks

begin;
set local role docket_owner;

create domain docket.dependency_type as text
    constraint dependency_type_known check (value in (
        'blocks', 'suggests', 'related', 'duplicates', 'discovered_from', 'supersedes'));

comment on domain docket.dependency_type is
    'What one task is to another. "blocks" alone orders work, and never closes a cycle.';

create domain docket.satisfaction as text
    constraint satisfaction_known check (value in ('completed', 'merged', 'validated'));

comment on domain docket.satisfaction is
    'What a task that blocks another has to be until it does so no longer: completed, or completed and merged (its pull requests are), or completed and validated (it has passed every validation that it requires).';

-- One row (t, d) says "task t depends on task d". Both keys serve a scan by their first three
-- columns without touching the table: what t waits for, what waits for d, and for how much of it.
create table docket.task_dependencies (
    task_id         uuid                   not null,
    project_id      uuid                   not null,
    depends_on_id   uuid                   not null,
    dependency_type docket.dependency_type not null default 'blocks',
    satisfied_by    docket.satisfaction    not null default 'completed',
    strength        numeric,
    metadata        jsonb                  not null default '{}',
    created_at      timestamptz            not null default docket.clock(),
    created_by      text                   not null default docket.principal(),

    constraint task_dependencies_pkey
        primary key (task_id, project_id, dependency_type, depends_on_id) include (satisfied_by),
    constraint task_dependencies_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint task_dependencies_depends_on_fkey
        foreign key (depends_on_id, project_id) references docket.tasks on delete cascade,
    constraint task_dependencies_not_on_itself check (depends_on_id <> task_id),
    constraint task_dependencies_others_ask_for_nothing
        check (dependency_type = 'blocks' or satisfied_by = 'completed'),
    constraint task_dependencies_strength_bounded check (strength between 0 and 1),
    constraint task_dependencies_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

create unique index task_dependencies_dependents_key
    on docket.task_dependencies (depends_on_id, project_id, dependency_type, task_id)
       include (satisfied_by);

comment on table docket.task_dependencies is
    'The edges of the graph: one task depends on another, or has to do with it in another way.';
comment on column docket.task_dependencies.task_id is
    'The task that depends.';
comment on column docket.task_dependencies.depends_on_id is
    'The task that it depends on.';
comment on column docket.task_dependencies.dependency_type is
    'In what way: blocks (it waits for the other), suggests, related, duplicates, discovered_from or supersedes.';
comment on column docket.task_dependencies.satisfied_by is
    'What the other has to be until the task waits for it no longer: completed, merged or validated; of blocks alone.';
comment on column docket.task_dependencies.strength is
    'How strong the relation is, 0 to 1; null: nobody has said.';
comment on constraint task_dependencies_not_on_itself on docket.task_dependencies is
    'a task does not depend on itself';
comment on constraint task_dependencies_others_ask_for_nothing on docket.task_dependencies is
    'only a dependency of type blocks asks for merged or validated';
comment on constraint task_dependencies_strength_bounded on docket.task_dependencies is
    'a strength is between 0 and 1';
comment on constraint task_dependencies_metadata_is_object on docket.task_dependencies is
    'metadata is a JSON object';

-- The order of the graph is kept where edges come and go; an edge that turned would escape it.
create function docket_private.refuse_turned_dependency() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the ends and the type of a dependency do not change'
        using errcode = 'PD422',
              detail  = jsonb_build_object(
                            'task_id', old.task_id, 'depends_on_id', old.depends_on_id,
                            'dependency_type', old.dependency_type)::text,
              hint    = 'Remove the dependency and add another.';
end;
$$;

comment on function docket_private.refuse_turned_dependency() is
    'Refuses an update of a dependency''s key: PD422.';

create trigger task_dependencies_fixed
    before update of task_id, project_id, depends_on_id, dependency_type
    on docket.task_dependencies
    for each row
    when ((old.task_id, old.project_id, old.depends_on_id, old.dependency_type)
          is distinct from (new.task_id, new.project_id, new.depends_on_id, new.dependency_type))
    execute function docket_private.refuse_turned_dependency();

create function docket_private.read_dependency_type(
    dependency_type text
) returns docket.dependency_type
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := replace(lower(btrim(read_dependency_type.dependency_type)), '-', '_');
    v_type docket.dependency_type;
begin
    -- Assigned and not just returned: what is returned is converted outside the handler.
    v_type := case v_name when 'depends_on' then 'blocks' else v_name end;
    return v_type;
exception
    when check_violation then
        raise exception '% is no type of dependency', quote_literal(left(dependency_type, 100))
            using errcode = 'PD422',
                  hint    = 'One of blocks (or depends_on), suggests, related, duplicates, discovered_from, supersedes.';
end;
$$;

comment on function docket_private.read_dependency_type(text) is
    'A type of dependency from its name or the alias depends_on. Null stays null. Raises PD422.';

create function docket_private.read_satisfaction(satisfied_by text) returns docket.satisfaction
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_satisfaction docket.satisfaction;
begin
    v_satisfaction := lower(btrim(read_satisfaction.satisfied_by));
    return v_satisfaction;
exception
    when check_violation then
        raise exception '% satisfies no dependency', quote_literal(left(satisfied_by, 100))
            using errcode = 'PD422',
                  hint    = 'One of completed, merged, validated.';
end;
$$;

comment on function docket_private.read_satisfaction(text) is
    'What satisfies a dependency, from its name. Null stays null. Raises PD422.';

-- The one place that says what satisfies what. All three are written to be inlined.
create function docket_private.satisfactions(
    status      text,
    merged_at   timestamptz,
    unmet_gates integer
) returns integer
language sql
immutable
parallel safe
begin atomic
    select case
               when satisfactions.status = 'completed'
                   then 1
                        + case when satisfactions.merged_at is null then 0 else 2 end
                        + case when satisfactions.unmet_gates = 0 then 4 else 0 end
               else 0
           end;
end;

comment on function docket_private.satisfactions(text, timestamptz, integer) is
    'What dependencies on a task are satisfied, by what they ask for: the sum of 1 (completed), 2 (merged) and 4 (validated).';

create function docket_private.satisfaction_bit(satisfied_by text) returns integer
language sql
immutable
parallel safe
begin atomic
    select case satisfaction_bit.satisfied_by
               when 'completed' then 1
               when 'merged'    then 2
               when 'validated' then 4
           end;
end;

comment on function docket_private.satisfaction_bit(text) is
    'What a dependency asks for, as a part of docket_private.satisfactions().';

create function docket_private.is_satisfied(
    satisfied_by text,
    status       text,
    merged_at    timestamptz,
    unmet_gates  integer
) returns boolean
language sql
immutable
parallel safe
begin atomic
    select docket_private.satisfactions(
               is_satisfied.status, is_satisfied.merged_at, is_satisfied.unmet_gates)
           & docket_private.satisfaction_bit(is_satisfied.satisfied_by) <> 0;
end;

comment on function docket_private.is_satisfied(text, text, timestamptz, integer) is
    'Whether a dependency that asks for `satisfied_by` waits no longer for a task of this status, merge and number of unmet gates.';

call docket_private.add_journal('docket.task_dependencies', 'task_id');
call docket_private.add_isolation('docket.task_dependencies');

revoke all on function docket_private.refuse_turned_dependency() from public;
revoke all on function docket_private.read_dependency_type(text) from public;
revoke all on function docket_private.read_satisfaction(text) from public;
revoke all on function docket_private.satisfactions(text, timestamptz, integer) from public;
revoke all on function docket_private.satisfaction_bit(text) from public;
revoke all on function docket_private.is_satisfied(text, text, timestamptz, integer) from public;
-- Inlined into what readers call, in their name.
grant execute on function
    docket_private.satisfactions(text, timestamptz, integer),
    docket_private.satisfaction_bit(text),
    docket_private.is_satisfied(text, text, timestamptz, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.task_dependencies
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
