-- Deploy pgdocket:exchange/lint_project to pg
-- requires: context/update_task_status
-- requires: exchange/imports
-- requires: graph/update_task
-- requires: projects/require_project

begin;
set local role docket_owner;

-- What is odd about a project's tasks: what their files said that rows can not, and what can't be
-- meant so. Each with what to do about it; what can be done safely, fix_project() does.
-- error: something that was meant does not hold here; warning: it holds, but was guessed or lost
-- something; note: worth knowing.
create function docket_private.lint_kinds()
returns table (kind text, severity text, remedy text)
language sql
immutable
parallel safe
begin atomic
    select k.kind, k.severity, k.remedy
      from (values
               ('dangling_dependency', 'error',
                'Add the missing task, or take the dependency out of the file.'),
               ('cyclic_dependency', 'error',
                'Decide which of the tasks comes first, and take the other dependency out of the file.'),
               ('cyclic_parent', 'error',
                'Decide which is the parent, and take the other out of the file.'),
               ('ancestor_dependency', 'error',
                'Take the dependency out of the file: a task is done when its subtasks are.'),
               ('self_dependency', 'warning', 'Take the dependency out of the file.'),
               ('duplicate_dependency', 'note', 'Take the second one out of the file.'),
               ('second_parent', 'warning',
                'Choose one parent; make the other a dependency of type related.'),
               ('ambiguous_dependency', 'warning',
                'Write the full id ("3.2") in the file, or change the dependency here.'),
               ('joined_dependencies', 'warning',
                'Write a list of ids in the file; other tools do not read them joined.'),
               ('null_dependency', 'note', 'Take it out of the file.'),
               ('unreadable_dependency', 'error', 'Write the id of a task in its place.'),
               ('dependencies_not_list', 'warning', 'Make it a list in the file.'),
               ('unknown_dependency', 'warning',
                'If the task has to wait, add a dependency of type blocks.'),
               ('subtasks_not_list', 'error', 'Make it a list in the file, and import the file again.'),
               ('missing_id', 'warning', 'Give the entry an id in the file.'),
               ('unreadable_id', 'warning', 'Give the entry a number or a short text as its id.'),
               ('fractional_id', 'warning',
                'Write the id as a text: other tools take 8.1 and 8.10 for the same.'),
               ('duplicate_id', 'error', 'Give each entry an id of its own in the file.'),
               ('key_taken', 'note',
                'Import into another project, or go on with the key that it was given.'),
               ('missing_title', 'warning', 'Give the task a title with docket.update_task().'),
               ('long_title', 'note', 'Shorten the title; the whole is in metadata or in the file.'),
               ('not_text', 'warning', 'Make it a text in the file.'),
               ('unknown_status', 'error',
                'Set the status with docket.update_task_status(); docket.fix_project() does where the word is a common one.'),
               ('unknown_priority', 'warning',
                'Set the priority with docket.update_task(); docket.fix_project() does where the word is a common one.'),
               ('unreadable_time', 'note', 'Write the time as ISO 8601 in the file.'),
               ('not_a_task', 'error', 'Make it an object in the file.'),
               ('task_is_text', 'note', 'Make it an object in the file, with an id and a title.'),
               ('unstorable_character', 'warning', 'Take the character out of the file.'),
               ('duplicate_key', 'warning', 'Keep one of the keys in the file.'),
               ('tasks_beside_tags', 'error', 'Move these tasks into a tag.'),
               ('unknown_record', 'note', 'Nothing to do; the line is kept.'),
               ('refused_change', 'error', 'Do what stands in the way, and import the file again.'),
               ('done_with_open_subtasks', 'warning',
                'Complete or cancel the subtasks, or open the task again.'),
               ('waits_for_cancelled', 'error', 'Remove the dependency, or supersede what was given up.'),
               ('repeated_tag', 'note', 'docket.fix_project() keeps one of each.'),
               ('title_in_space', 'note', 'docket.fix_project() takes the space away.')
           ) as k (kind, severity, remedy);
end;

comment on function docket_private.lint_kinds() is
    'The kinds of oddities as reports of imports name them, how bad each is, and what to do about it.';

-- Words that mean a status or a priority to most people, and not to the vocabulary.
create function docket_private.common_status(word text) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when w.word in ('wip', 'doing', 'started', 'active', 'working', 'inprogress',
                               'in_development', 'ongoing') then 'in_progress'
               when w.word in ('finished', 'complete', 'resolved', 'fixed', 'merged', 'shipped',
                               'implemented', 'verified') then 'completed'
               when w.word in ('deprecated', 'obsolete', 'wontfix', 'wont_fix', 'abandoned',
                               'dropped', 'rejected', 'invalid') then 'cancelled'
               when w.word in ('on_hold', 'onhold', 'hold', 'waiting', 'stuck') then 'blocked'
               when w.word in ('postponed', 'later', 'someday', 'paused', 'icebox')
               then 'deferred'
               when w.word in ('in_review', 'reviewing', 'testing', 'qa', 'pending_review')
               then 'review'
           end
      from (
          select replace(replace(lower(btrim(common_status.word)), '-', '_'), ' ', '_') as word
      ) as w;
end;

comment on function docket_private.common_status(text) is
    'The status that a word means to most people; null where that is not clear.';

create function docket_private.common_priority(word text) returns smallint
language sql
immutable
parallel safe
begin atomic
    select case
               when lower(btrim(common_priority.word)) in (
                        'urgent', 'highest', 'blocker', 'p0', 'critique', 'kritisch')
               then 10
               when lower(btrim(common_priority.word)) in ('p1', 'major', 'haute', 'hoch', 'alta')
               then 8
               when lower(btrim(common_priority.word)) in (
                        'normal', 'p2', 'med', 'moderate', 'moyenne', 'mittel', 'media')
               then 5
               when lower(btrim(common_priority.word)) in (
                        'p3', 'minor', 'basse', 'niedrig', 'baja')
               then 3
               when lower(btrim(common_priority.word)) in ('lowest', 'trivial', 'p4')
               then 1
           end::smallint;
end;

comment on function docket_private.common_priority(text) is
    'The priority that a word means to most people; null where that is not clear.';

create function docket_private.lint_findings(project_id uuid)
returns table (kind text, task_id uuid, source_name text, path text[], value jsonb, finding text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
begin
    return query
      with told as materialized (
          select i.import_id, i.source_name, o.n, o.value ->> 'kind' as kind,
                 array(select s.step
                         from jsonb_array_elements_text(o.value -> 'path')
                              with ordinality as s (step, k)
                        order by s.k) as path,
                 o.value -> 'value' as value, o.value ->> 'reason' as finding
            from docket.imports as i
           cross join lateral jsonb_array_elements(i.report -> 'oddities')
                 with ordinality as o (value, n)
           where i.project_id = lint_findings.project_id
      ), item as materialized (
          select m.import_id, m.item_path, m.task_id, cardinality(m.item_path) as depth
            from docket.import_items as m
           where m.project_id = lint_findings.project_id
      ), placed as materialized (
          -- The entry is the longest path that the oddity's own begins with.
          select distinct on (t.import_id, t.n)
                 t.import_id, t.n, t.source_name, t.kind, t.path, t.value, t.finding, m.task_id,
                 m.import_id is not null as is_placed
            from told as t
           cross join lateral generate_series(0, cardinality(t.path)) as d (depth)
            left join item as m
              on m.import_id = t.import_id
             and m.item_path = t.path[:d.depth]
           order by t.import_id, t.n, m.depth desc nulls last
      ), task as materialized (
          select t.task_id, t.title, t.status::text as status, t.priority::integer as priority,
                 t.tags, t.parent_task_id
            from docket.tasks as t
           where t.project_id = lint_findings.project_id
             and t.archived_at is null
      )
    -- What was told holds until the task is put away, or has been given what was missing.
    select p.kind, p.task_id, p.source_name, p.path, p.value, p.finding
      from placed as p
      left join task as t on t.task_id = p.task_id
     where (p.task_id is null and p.kind <> 'byte_order_mark' and p.kind <> 'workflow_exists'
            or t.task_id is not null)
       and case p.kind
               when 'unknown_status' then t.status = 'pending'
               when 'unknown_priority' then t.priority = 5
               else true
           end
     union all
    select 'done_with_open_subtasks', t.task_id, null, null, to_jsonb(count(*)),
           format('it is completed, and %s of its subtasks are not', count(*))
      from task as t
      join task as s on s.parent_task_id = t.task_id
     where t.status = 'completed'
       and s.status not in ('completed', 'cancelled')
     group by t.task_id
     union all
    select 'waits_for_cancelled', t.task_id, null, null, jsonb_agg(o.title order by o.task_id),
           'it waits for what was given up'
      from task as t
      join docket.task_dependencies as d
        on d.task_id = t.task_id
       and d.project_id = lint_findings.project_id
       and d.dependency_type = 'blocks'
      join task as o on o.task_id = d.depends_on_id
     where o.status = 'cancelled'
       and t.status not in ('completed', 'cancelled')
     group by t.task_id
     union all
    select 'repeated_tag', t.task_id, null, null, to_jsonb(t.tags), 'it has a tag more than once'
      from task as t
     where cardinality(t.tags) > 1
       and cardinality(t.tags) > (select count(distinct w.word) from unnest(t.tags) as w (word))
     union all
    select 'title_in_space', t.task_id, null, null, to_jsonb(t.title),
           'its title begins or ends with space'
      from task as t
     where t.title <> btrim(t.title, e' \t\n\r')
       and btrim(t.title, e' \t\n\r') <> '';
end;
$$;

comment on function docket_private.lint_findings(uuid) is
    'What is odd about the tasks of a project: what reports of imports told that still holds, and what the tasks themselves show.';

-- What can be done without asking anybody: a word that means one thing, one tag of each, no space.
create function docket_private.safe_fix(
    kind  text,
    value jsonb
) returns jsonb
language sql
immutable
parallel safe
begin atomic
    select case safe_fix.kind
               when 'unknown_status' then
                   jsonb_build_object(
                       'status', docket_private.common_status(safe_fix.value #>> '{}'))
               when 'unknown_priority' then
                   jsonb_build_object(
                       'priority', docket_private.common_priority(safe_fix.value #>> '{}'))
               when 'repeated_tag' then
                   jsonb_build_object('tags', (
                       select jsonb_agg(w.word order by w.n)
                         from (
                             select e.word, min(e.n) as n
                               from jsonb_array_elements_text(safe_fix.value)
                                    with ordinality as e (word, n)
                              group by e.word
                         ) as w))
               when 'title_in_space' then
                   jsonb_build_object('title', btrim(safe_fix.value #>> '{}', e' \t\n\r'))
           end;
end;

comment on function docket_private.safe_fix(text, jsonb) is
    'The change of a task that does away with a finding safely; null or a null in it where there is none.';

create function docket.lint_project(
    project_id uuid,
    after      bigint  default null,
    page_size  integer default 1000
) returns table (
    place       bigint,
    kind        text,
    severity    text,
    task_id     uuid,
    task_key    text,
    source_name text,
    path        text[],
    value       jsonb,
    finding     text,
    remedy      text,
    is_fixable  boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.require_project(lint_project.project_id, to_write => false);

    return query
      with finding as materialized (
          select row_number() over (
                     order by array_position(array['error', 'warning', 'note'], k.severity),
                              f.kind, f.source_name, f.path, f.task_id) as place,
                 f.kind, coalesce(k.severity, 'note') as severity, f.task_id, f.source_name,
                 f.path, f.value, f.finding,
                 coalesce(k.remedy, 'Look at the file.') as remedy,
                 f.task_id is not null
                     and coalesce(
                         jsonb_path_exists(
                             docket_private.safe_fix(f.kind, f.value), '$.* ? (@ != null)'),
                         false) as is_fixable
            from docket_private.lint_findings(lint_project.project_id) as f
            left join docket_private.lint_kinds() as k on k.kind = f.kind
      )
    select f.place, f.kind, f.severity, f.task_id, t.task_key, f.source_name, f.path, f.value,
           f.finding, f.remedy, f.is_fixable
      from finding as f
      left join docket.tasks as t
        on t.task_id = f.task_id
       and t.project_id = lint_project.project_id
     where lint_project.after is null
        or f.place > lint_project.after
     order by f.place
     limit least(greatest(lint_project.page_size, 1), 10000);
end;
$$;

comment on function docket.lint_project(uuid, bigint, integer) is
'What is odd about the tasks of a project, the worst first, each with what to do about it: what
their files said that could not be stored or was guessed, and what can not be meant so.

`after` is the place of the last row of the previous page, `page_size` is in rows (1 to 10000).
Returns rows; task_id, task_key, source_name, path and value may be null. severity is error
(something that was meant does not hold), warning (it was guessed) or note; is_fixable says that
docket.fix_project() does it. Raises PD404.';

create function docket.fix_project(
    project_id uuid,
    kinds      text[]  default null,
    dry_run    boolean default false,
    request_id uuid    default null
) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_dry boolean := coalesce(dry_run, false);
    v_answer jsonb   := case
                            when not v_is_dry
                            then docket_private.replay(request_id, 'fix_project')
                        end;
    v_fix    record;
begin
    if v_answer is not null then
        return v_answer;
    end if;

    perform docket_private.require_project(fix_project.project_id, to_write => not v_is_dry);
    v_answer := '[]';

    -- The graph before any task, as everywhere: statuses and priorities need it.
    if not v_is_dry then
        perform docket_private.lock_graph(fix_project.project_id);
    end if;

    for v_fix in
        select f.task_id, t.task_key, t.assigned_to, f.kind, f.value,
               docket_private.safe_fix(f.kind, f.value) as change
          from docket_private.lint_findings(fix_project.project_id) as f
          join docket.tasks as t
            on t.task_id = f.task_id
           and t.project_id = fix_project.project_id
         where (fix_project.kinds is null or f.kind = any (fix_project.kinds))
           and jsonb_path_exists(
                   docket_private.safe_fix(f.kind, f.value), '$.* ? (@ != null)')
         order by f.task_id, f.kind
    loop
        begin
            if not v_is_dry and v_fix.change ? 'status' then
                perform docket.update_task_status(v_fix.task_id, v_fix.change ->> 'status');
                -- Who moves a task has it; who repairs a file does not.
                perform docket.update_task(
                    v_fix.task_id, jsonb_build_object('assigned_to', v_fix.assigned_to));
            elsif not v_is_dry then
                perform docket.update_task(v_fix.task_id, v_fix.change);
            end if;

            v_answer := v_answer || jsonb_build_array(jsonb_build_object(
                'task_id', v_fix.task_id, 'task_key', v_fix.task_key, 'kind', v_fix.kind,
                'was', v_fix.value, 'change', v_fix.change));
        exception
            -- A gate stands in the way, or somebody has moved the task: it stays a finding.
            when sqlstate 'PDGAT' or sqlstate 'PDTRN' or sqlstate 'PD422' then
                null;
        end;
    end loop;

    v_answer := jsonb_build_object('dry_run', v_is_dry, 'fixed', v_answer);

    if not v_is_dry then
        perform docket_private.remember(request_id, v_answer);
    end if;

    return v_answer;
end;
$$;

comment on function docket.fix_project(uuid, text[], boolean, uuid) is
'Does what can be done safely about the oddities that docket.lint_project() names: a status or a
priority by a common word ("wip", "urgent") is set, repeated tags and space around titles go. Each
is a change of its task, in the journal.

`kinds` narrows it to some kinds (default: all); with `dry_run` nothing is written. The same
`request_id` again returns the first answer. Done again, it finds nothing more to do.
What a gate (PDGAT), the way of statuses (PDTRN) or another rule (PD422) forbids stays a finding.
Returns {dry_run, fixed: [{task_id, task_key, kind, was, change}]}. Raises PD404, PD403.';

revoke all on function docket_private.lint_kinds() from public;
revoke all on function docket_private.common_status(text) from public;
revoke all on function docket_private.common_priority(text) from public;
revoke all on function docket_private.lint_findings(uuid) from public;
revoke all on function docket_private.safe_fix(text, jsonb) from public;
revoke all on function docket.lint_project(uuid, bigint, integer) from public;
revoke all on function docket.fix_project(uuid, text[], boolean, uuid) from public;
grant execute on function docket.lint_project(uuid, bigint, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function docket.fix_project(uuid, text[], boolean, uuid)
   to docket_admin, docket_app;

commit;
