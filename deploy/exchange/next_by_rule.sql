-- Deploy pgdocket:exchange/next_by_rule to pg
-- requires: exchange/beads_state
-- requires: exchange/taskmaster_rules
-- requires: projects/require_project
-- requires: queue/read_queue

begin;
set local role docket_owner;

-- What is next, as this docket or another tool would say it of the same tasks.
create function docket.next_by_rule(
    project_id uuid,
    rule       text    default 'pgdocket',
    tag        text    default null,
    page_size  integer default 1
) returns table (
    place     bigint,
    reference text,
    task_id   uuid,
    task_key  text,
    title     text,
    status    text,
    priority  text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rule text := lower(btrim(next_by_rule.rule));
    v_tags text[];
    v_tag  text := next_by_rule.tag;
begin
    if v_rule in ('pgdocket', 'taskmaster-cli', 'taskmaster-mcp', 'beads') is not true then
        raise exception '% is no rule',
                        coalesce(quote_literal(left(next_by_rule.rule, 100)), 'null')
            using errcode = 'PD422',
                  hint    = 'One of pgdocket, taskmaster-cli, taskmaster-mcp, beads.';
    end if;

    perform docket_private.require_project(next_by_rule.project_id, to_write => false);

    if v_rule = 'pgdocket' then
        return query
        select n.place, t.task_key, t.task_id, t.task_key, t.title, t.status::text,
               docket.priority_label(t.priority)
          from (
              select array_agg(t.task_id) as task_ids
                from docket.next_tasks(
                         next_by_rule.project_id,
                         (select w.workflow_id
                            from docket.workflows as w
                           where w.project_id = next_by_rule.project_id
                             and w.name = v_tag),
                         null, next_by_rule.page_size) as t
          ) as f
         cross join lateral unnest(f.task_ids) with ordinality as n (task_id, place)
          join docket.tasks as t
            on t.task_id = n.task_id
           and t.project_id = next_by_rule.project_id
         where v_tag is null
            or exists (
                   select
                     from docket.workflows as w
                    where w.project_id = next_by_rule.project_id
                      and w.name = v_tag)
         order by n.place;
        return;
    end if;

    if v_rule = 'beads' then
        return query
        select r.place, r.name, r.task_id, t.task_key, r.title, r.status, r.priority
          from docket_private.next_by_beads(
                   next_by_rule.project_id,
                   (select i.import_id
                      from docket.imports as i
                     where i.project_id = next_by_rule.project_id
                       and i.shape = 'beads'
                     order by i.import_id desc
                     limit 1)) as r (place, parent_n, task_id, name, own_number, title, is_titled,
                                     is_described, status, priority, dependencies)
          join docket.tasks as t
            on t.task_id = r.task_id
           and t.project_id = next_by_rule.project_id
         order by r.place
         limit least(greatest(next_by_rule.page_size, 1), 1000);
        return;
    end if;

    -- Without a tag: master; by the command line the first there is, where that is missing.
    if v_tag is null then
        v_tags := array(
            select t.value ->> 'name'
              from (
                  select i.report
                    from docket.imports as i
                   where i.project_id = next_by_rule.project_id
                     and i.shape in ('flat', 'tagged', 'raw_tagged')
                   order by i.import_id desc
                   limit 1
              ) as i
             cross join lateral jsonb_array_elements(i.report -> 'tags')
                   with ordinality as t (value, n)
             order by t.n);
        v_tag := case
                     when 'master' = any (v_tags) or v_rule = 'taskmaster-mcp' then 'master'
                     else coalesce(v_tags[1], 'master')
                 end;
    end if;

    return query
    select r.place, r.name, r.task_id, t.task_key, r.title, r.status, r.priority
      from docket_private.next_by_taskmaster(next_by_rule.project_id, v_rule, v_tag)
           with ordinality
           as r (n, parent_n, task_id, name, own_number, title, is_titled, is_described, status,
                 priority, dependencies, place)
      join docket.tasks as t
        on t.task_id = r.task_id
       and t.project_id = next_by_rule.project_id
     order by r.place
     limit least(greatest(next_by_rule.page_size, 1), 1000);
end;
$$;

comment on function docket.next_by_rule(uuid, text, text, integer) is
'What to do next by the rule of a tool, without claiming it: the same answer as that tool gives for
the file, as it would be exported now.

`rule` is pgdocket (what docket.next_tasks() gives), taskmaster-cli (task-master next),
taskmaster-mcp (its tool next_task) or beads (bd ready); `tag` narrows the choice to a tag of the
file, or a workflow (default: all for pgdocket, "master" for task-master; beads has none);
`page_size` is in rows (1 to 1000; task-master tells the first only). Returns rows, the best first:
place (1 is the next), reference (what the tool calls it), the task with its key and title, status
and priority in the tool''s words.
Raises PD404, and PD422 for an unknown rule and, by taskmaster-cli, in its words for a task that it
refuses (a missing title or description, an unknown status or priority).';

revoke all on function docket.next_by_rule(uuid, text, text, integer) from public;
grant execute on function docket.next_by_rule(uuid, text, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
