-- Deploy pgdocket:exchange/lists to pg
-- requires: exchange/beads_state
-- requires: exchange/import_tasks_json
-- requires: exchange/other_formats

begin;
set local role docket_owner;

-- Lists of tasks come from GitHub, Linear, Markdown and CSV, and go there; a Gantt chart only goes.
create function docket_private.read_list(
    source_name text,
    content     bytea,
    format      text,
    mapping     jsonb,
    out lines   docket_private.beads_line[],
    out stand_in text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text   text := docket_private.read_text(
        read_list.source_name,
        case
            when substring(read_list.content from 1 for 3) = '\xefbbbf'
            then substring(read_list.content from 4)
            else read_list.content
        end);
    v_issues docket_private.foreign_issue[];
begin
    if read_list.format in ('github', 'linear') then
        perform docket_private.read_json(read_list.source_name, v_text);
    end if;

    if read_list.format = 'markdown' then
        v_issues := docket_private.markdown_issues(v_text);
    elsif read_list.format = 'csv' then
        v_issues := docket_private.csv_issues(v_text, coalesce(read_list.mapping, '{}'));
    else
        select m.content, m.stand_in into v_text, stand_in
          from docket_private.mask_json(v_text) as m;
        v_issues := case
                        when read_list.format = 'github'
                        then docket_private.github_issues(v_text::json)
                        else docket_private.linear_issues(v_text::json)
                    end;
    end if;

    if v_issues is null or exists (select from unnest(v_issues) as i where i.issue_id is null) then
        perform docket_private.refuse_file(
            read_list.source_name, v_text, 1,
            format('this is no list of tasks in the format %s', read_list.format),
            case read_list.format
                when 'github' then 'An array of issues with number, title, body, labels, state.'
                when 'linear' then 'An array of issues with identifier, title, state, priority.'
                when 'csv' then 'The first line names the columns; mapping says what they are.'
                else 'Items look like "- [ ] title".'
            end);
    end if;

    lines := docket_private.foreign_lines(v_issues);
end;
$$;

comment on function docket_private.read_list(text, bytea, text, jsonb) is
    'The entries of a list in a format, as lines of beads. Raises PD422 for what is none.';

create function docket_private.refuse_format(format text) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception '% is no format of lists',
                    coalesce(quote_literal(left(refuse_format.format, 100)), 'null')
        using errcode = 'PD422',
              hint    = 'One of github, linear, markdown, csv; gantt goes out only.';
end;
$$;

comment on function docket_private.refuse_format(text) is
    'Raises PD422 for a format that lists do not come in.';

create function docket.import_list(
    slug         text,
    source_name  text,
    content      bytea,
    list_format  text,
    mapping      jsonb   default '{}',
    project_name text    default null,
    dry_run      boolean default false,
    request_id   uuid    default null
) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_is_dry     boolean := coalesce(dry_run, false);
    v_answer     jsonb   := case
                                when not v_is_dry
                                then docket_private.replay(request_id, 'import_list')
                            end;
    v_project_id uuid;
    v_is_new     boolean;
    v_lines      docket_private.beads_line[];
    v_stand_in   text;
    v_report     jsonb;
begin
    if v_answer is not null then
        return v_answer;
    end if;

    if slug is null
       or content is null
       or length(btrim(source_name)) between 1 and 1024 is not true then
        raise exception 'an import needs a project, a source and a content'
            using errcode = 'PD422',
                  hint    = 'slug, source_name (1 to 1024 characters) and content are all required.';
    end if;

    if import_list.list_format in ('github', 'linear', 'markdown', 'csv') is not true then
        perform docket_private.refuse_format(import_list.list_format);
    end if;

    if (case jsonb_typeof(coalesce(mapping, '{}'))
            when 'object' then exists (
                select
                  from jsonb_each(mapping) as m
                 where jsonb_typeof(m.value) <> 'string'
                    or m.key not in ('key', 'title', 'description', 'status', 'priority',
                                     'assignee', 'labels', 'due', 'parent', 'depends_on'))
            else true
        end)
    then
        raise exception 'mapping does not say which column is which field: %',
                        left(mapping::text, 200)
            using errcode = 'PD422',
                  hint    = 'Give an object such as {"title": "Summary"}; fields are key, title, description, status, priority, assignee, labels, due, parent and depends_on.';
    end if;

    if exists (
        select
          from docket.projects as p
         where p.slug = import_list.slug
            or p.project_id::text = lower(import_list.slug)
    ) then
        v_project_id := docket.project_id(slug);
        perform docket_private.require_project(v_project_id);
    end if;
    v_is_new := v_project_id is null;

    -- Reading takes the time; nobody waits for it.
    select r.lines, r.stand_in into v_lines, v_stand_in
      from docket_private.read_list(source_name, content, import_list.list_format, mapping) as r;

    -- Undone for a dry run.
    begin
        if v_is_new then
            v_project_id := (docket.create_project(slug => slug, name => project_name)).project_id;
        end if;

        -- The graph first; another import of this source that was on its way has ended then.
        perform docket_private.lock_graph(v_project_id);
        v_report := coalesce(
            docket_private.imported_before(v_project_id, source_name, sha256(content)),
            docket_private.store_beads_file(
                v_project_id, v_is_new, source_name, content, v_lines, v_stand_in,
                import_list.list_format));

        if v_is_dry then
            raise exception 'a dry run' using errcode = 'XXDRY';
        end if;
    exception
        when sqlstate 'XXDRY' then
            v_report := v_report || jsonb_build_object(
                'import_id', null,
                'project_id', case when not v_is_new then v_project_id end);
    end;

    v_report := v_report || jsonb_build_object('dry_run', v_is_dry);

    if not v_is_dry then
        perform docket_private.remember(request_id, v_report);
    end if;

    return v_report;
end;
$$;

comment on function docket.import_list(text, text, bytea, text, jsonb, text, boolean, uuid) is
'Imports a list of tasks: GitHub''s issues or Linear''s as JSON, a Markdown checklist, or CSV.

`slug` is the project (its slug or id), made with the name `project_name` (default: the slug) when
the caller sees none; `source_name` says where the list comes from, `content` are its bytes in
UTF-8, `list_format` is github, linear, markdown or csv; `mapping` says for CSV which column is
which field, {"title": "Summary"}, where its name does not (key, title, description, status,
priority, assignee, labels, due, parent, depends_on). With `dry_run`, nothing is written, and the
report is the same. The same `request_id` again returns the first answer; the same content again
from the same source writes nothing.

Returns the report, as docket.import_beads() does. Raises PD422 (no UTF-8, no such list, an unknown
format), PD409 (another content of this source, or this content from another source, was imported
before), PD403, and what docket.create_project() raises.';

-- What every format tells of a task.
create function docket_private.listed_tasks(project_id uuid)
returns table (
    n integer, task docket.tasks, parent_key text, parent_n integer, blockers text[],
    blocker_ns integer[], blocked text[], workflow text
)
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
      with listed as materialized (
          select (row_number() over (order by t.task_id))::integer as n, t::docket.tasks as task,
                 t.task_id, t.task_key, t.parent_task_id, t.workflow_id
            from docket.tasks as t
           where t.project_id = listed_tasks.project_id
             and t.archived_at is null
      ), edge as materialized (
          select l.task_id, l.task_key, o.task_id as blocker_id, o.task_key as blocker, o.n
            from docket.task_dependencies as d
            join listed as l on l.task_id = d.task_id
            join listed as o on o.task_id = d.depends_on_id
           where d.project_id = listed_tasks.project_id
             and d.dependency_type = 'blocks'
      ), before as (
          select e.task_id, array_agg(e.blocker order by e.n) as keys,
                 array_agg(e.n order by e.n) as ns
            from edge as e
           group by e.task_id
      ), behind as (
          select e.blocker_id, array_agg(e.task_key order by e.task_id) as keys
            from edge as e
           group by e.blocker_id
      )
    select l.n, l.task, p.task_key, p.n, coalesce(b.keys, '{}'), coalesce(b.ns, '{}'),
           coalesce(h.keys, '{}'), w.name
      from listed as l
      left join listed as p on p.task_id = l.parent_task_id
      left join before as b on b.task_id = l.task_id
      left join behind as h on h.blocker_id = l.task_id
      left join docket.workflows as w
        on w.workflow_id = l.workflow_id
       and w.project_id = listed_tasks.project_id
     order by l.n;
end;
$$;

comment on function docket_private.listed_tasks(uuid) is
    'The tasks in use of a project, the first made first, each with what lists tell of it.';

create function docket_private.write_github(project_id uuid) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(e'[\n' || string_agg(
               json_build_object(
                   'number', l.n,
                   'key', (l.task).task_key,
                   'title', (l.task).title,
                   'body', coalesce((l.task).description, ''),
                   'state', case
                       when (l.task).status in ('completed', 'cancelled') then 'closed'
                       else 'open'
                   end,
                   'state_reason', case (l.task).status
                       when 'completed' then 'completed'
                       when 'cancelled' then 'not_planned'
                   end,
                   'status', (l.task).status,
                   'priority', (l.task).priority,
                   'due_at', docket_private.bead_time((l.task).due_at),
                   'labels', (
                       select coalesce(json_agg(json_build_object('name', w.word) order by w.n),
                                       '[]')
                         from unnest((l.task).tags) with ordinality as w (word, n)),
                   'assignees', case
                       when (l.task).assigned_to is null then '[]'
                       else json_build_array(json_build_object('login', (l.task).assigned_to))
                   end,
                   'closed_at', docket_private.bead_time((l.task).completed_at),
                   'parent', case
                       when l.parent_n is not null then json_build_object('number', l.parent_n)
                   end,
                   'blocked_by', (
                       select coalesce(json_agg(json_build_object('number', b.n) order by b.n),
                                       '[]')
                         from unnest(l.blocker_ns) as b (n)))::text,
               e',\n' order by l.n) || e'\n]\n', e'[]\n')
      from docket_private.listed_tasks(write_github.project_id) as l;
$$;

comment on function docket_private.write_github(uuid) is
    'Tasks as GitHub''s issues, with key, status, priority and due_at beside what GitHub has.';

create function docket_private.write_linear(project_id uuid) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(e'[\n' || string_agg(
               json_build_object(
                   'identifier', (l.task).task_key,
                   'number', l.n,
                   'title', (l.task).title,
                   'description', (l.task).description,
                   'priority', case
                       when (l.task).priority >= 9 then 1
                       when (l.task).priority >= 7 then 2
                       when (l.task).priority >= 4 then 3
                       else 4
                   end,
                   'state', json_build_object(
                       'name', initcap(replace((l.task).status, '_', ' ')),
                       'type', case (l.task).status
                           when 'completed'   then 'completed'
                           when 'cancelled'   then 'canceled'
                           when 'in_progress' then 'started'
                           when 'review'      then 'started'
                           when 'deferred'    then 'backlog'
                           else 'unstarted'
                       end),
                   'assignee', case
                       when (l.task).assigned_to is not null
                       then json_build_object('name', (l.task).assigned_to)
                   end,
                   'dueDate', to_char((l.task).due_at at time zone 'UTC', 'YYYY-MM-DD'),
                   'completedAt', docket_private.bead_time((l.task).completed_at),
                   'labels', json_build_object('nodes', (
                       select coalesce(json_agg(json_build_object('name', w.word) order by w.n),
                                       '[]')
                         from unnest((l.task).tags) with ordinality as w (word, n))),
                   'parent', case
                       when l.parent_key is not null
                       then json_build_object('identifier', l.parent_key)
                   end,
                   'relations', json_build_object('nodes', (
                       select coalesce(
                                  json_agg(
                                      json_build_object(
                                          'type', 'blocks',
                                          'relatedIssue', json_build_object('identifier', b.key))
                                      order by b.n),
                                  '[]')
                         from unnest(l.blocked) with ordinality as b (key, n))))::text,
               e',\n' order by l.n) || e'\n]\n', e'[]\n')
      from docket_private.listed_tasks(write_linear.project_id) as l;
$$;

comment on function docket_private.write_linear(uuid) is
    'Tasks as Linear''s issues; of priorities Linear has four.';

create function docket_private.write_markdown(project_id uuid) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
as $$
begin
    return coalesce((
          with recursive listed as materialized (
              select l.*
                from docket_private.listed_tasks(write_markdown.project_id) as l
          ), placed as (
              select l.n, array[l.n] as place
                from listed as l
               where l.parent_n is null
               union all
              select l.n, p.place || l.n
                from placed as p
                join listed as l on l.parent_n = p.n
          )
        select string_agg(
                   repeat('  ', cardinality(p.place) - 1) || '- ['
                   || case (l.task).status
                          when 'completed'   then 'x'
                          when 'cancelled'   then '-'
                          when 'in_progress' then '/'
                          else ' '
                      end
                   || '] ' || regexp_replace((l.task).title, '\s+', ' ', 'g') || ' <!-- '
                   || replace(jsonb_strip_nulls(jsonb_build_object(
                          'key', (l.task).task_key,
                          'status', case
                              when (l.task).status in ('review', 'failed', 'blocked', 'deferred')
                              then (l.task).status
                          end,
                          'priority', (l.task).priority,
                          'description', (l.task).description,
                          'assignee', (l.task).assigned_to,
                          'due', docket_private.bead_time((l.task).due_at),
                          'labels', nullif(to_jsonb((l.task).tags), '[]'),
                          'after', nullif(to_jsonb(l.blockers), '[]')))::text, '>', '\u003e')
                   || e' -->\n', '' order by p.place)
          from listed as l
          join placed as p on p.n = l.n), '');
end;
$$;

comment on function docket_private.write_markdown(uuid) is
    'Tasks as a Markdown checklist, parts below what they are parts of; what a checklist can not say stands in comments.';

create function docket_private.csv_field(value text) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when csv_field.value ~ '[",\r\n]'
               then '"' || replace(csv_field.value, '"', '""') || '"'
               else coalesce(csv_field.value, '')
           end;
end;

comment on function docket_private.csv_field(text) is
    'A text as a field of CSV.';

create function docket_private.write_csv(project_id uuid) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select e'key,title,description,status,priority,assignee,labels,due,parent,depends_on\r\n'
           || coalesce(string_agg(
                  concat_ws(
                      ',',
                      docket_private.csv_field((l.task).task_key),
                      docket_private.csv_field((l.task).title),
                      docket_private.csv_field((l.task).description),
                      (l.task).status,
                      (l.task).priority,
                      docket_private.csv_field((l.task).assigned_to),
                      docket_private.csv_field(array_to_string((l.task).tags, ',')),
                      coalesce(docket_private.bead_time((l.task).due_at), ''),
                      docket_private.csv_field(l.parent_key),
                      docket_private.csv_field(array_to_string(l.blockers, ',')))
                  || e'\r\n', '' order by l.n), '')
      from docket_private.listed_tasks(write_csv.project_id) as l;
$$;

comment on function docket_private.write_csv(uuid) is
    'Tasks as CSV (RFC 4180), with a heading.';

-- A task begins when those before it end, or on the day on which the project's first was made.
create function docket_private.write_gantt(project_id uuid) returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
      with listed as materialized (
          select l.*, min((l.task).created_at) over () as first_at
            from docket_private.listed_tasks(write_gantt.project_id) as l
      ), line as (
          select coalesce(l.workflow, 'Tasks') as section, min(l.n) over w as section_n, l.n,
                 row_number() over (w order by l.n) = 1 as is_first,
                 regexp_replace((l.task).title, '[:;#,\s]+', ' ', 'g') || ' :'
                 || case
                        when (l.task).status = 'completed' then 'done, '
                        when (l.task).status in ('in_progress', 'review') then 'active, '
                        when (l.task).priority >= 9 then 'crit, '
                        else ''
                    end
                 || 't' || l.n || ', '
                 || case
                        when l.blocker_ns <> '{}'
                        then 'after ' || array_to_string(
                                 array(select 't' || b.n from unnest(l.blocker_ns) as b (n)), ' ')
                        else to_char(l.first_at at time zone 'UTC', 'YYYY-MM-DD')
                    end
                 || ', ' || greatest(1, ceil(coalesce((l.task).estimated_effort, 8) / 8)) || 'd'
                 as said
            from listed as l
          window w as (partition by coalesce(l.workflow, 'Tasks'))
      )
    select e'gantt\n    dateFormat YYYY-MM-DD\n    title '
           || (select regexp_replace(p.name, '[:;#\s]+', ' ', 'g')
                 from docket.projects as p
                where p.project_id = write_gantt.project_id)
           || e'\n'
           || coalesce(string_agg(
                  case
                      when l.is_first
                      then '    section '
                           || regexp_replace(l.section, '[:;#\s]+', ' ', 'g') || e'\n'
                      else ''
                  end
                  || '    ' || l.said || e'\n', '' order by l.section_n, l.n), '')
      from line as l;
$$;

comment on function docket_private.write_gantt(uuid) is
    'Tasks as a Gantt chart of Mermaid, a section for each workflow; eight hours are a day.';

create function docket.export_list(
    project_id  uuid,
    list_format text
) returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform docket_private.require_project(export_list.project_id, to_write => false);

    return case export_list.list_format
               when 'github'   then docket_private.write_github(export_list.project_id)
               when 'linear'   then docket_private.write_linear(export_list.project_id)
               when 'markdown' then docket_private.write_markdown(export_list.project_id)
               when 'csv'      then docket_private.write_csv(export_list.project_id)
               when 'gantt'    then docket_private.write_gantt(export_list.project_id)
               else docket_private.refuse_format(export_list.list_format)
           end;
end;
$$;

comment on function docket.export_list(uuid, text) is
'The tasks of a project as a list that people and other tools read.

`list_format` is github (issues as JSON), linear (issues as JSON), markdown (a checklist), csv, or
gantt (a chart of Mermaid). All but gantt come back by docket.import_list(). Returns the text.
Raises PD404, and PD422 for an unknown format.';

revoke all on function docket_private.read_list(text, bytea, text, jsonb) from public;
revoke all on function docket_private.listed_tasks(uuid) from public;
revoke all on function docket_private.write_github(uuid) from public;
revoke all on function docket_private.write_linear(uuid) from public;
revoke all on function docket_private.write_markdown(uuid) from public;
revoke all on function docket_private.csv_field(text) from public;
revoke all on function docket_private.write_csv(uuid) from public;
revoke all on function docket_private.write_gantt(uuid) from public;
revoke all on function docket_private.refuse_format(text) from public;
revoke all on function docket.import_list(text, text, bytea, text, jsonb, text, boolean, uuid)
    from public;
revoke all on function docket.export_list(uuid, text) from public;
grant execute on function docket.import_list(text, text, bytea, text, jsonb, text, boolean, uuid)
   to docket_admin, docket_app;
grant execute on function docket.export_list(uuid, text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
