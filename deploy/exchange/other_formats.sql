-- Deploy pgdocket:exchange/other_formats to pg
-- requires: exchange/json_text
-- requires: exchange/store_beads_file

begin;
set local role docket_owner;

-- Lists of tasks in other formats, read as if they were issues of beads: from there on, all that
-- holds for those holds for them.
create type docket_private.foreign_issue as (
    issue_id     text,
    title        text,
    description  text,
    status       text,
    priority     smallint,
    assignee     text,
    due_at       text,
    closed_at    text,
    labels       text[],
    parent       text,
    depends_on   text[],
    source       json
);

comment on type docket_private.foreign_issue is
    'An entry of a list in another format, with status and priority as tasks have them, and the entry as it was.';

create function docket_private.foreign_lines(issues docket_private.foreign_issue[])
returns docket_private.beads_line[]
language sql
immutable
begin atomic
      with issue as (
          select i.*, row_number() over (partition by i.issue_id order by i.n) > 1 as is_repeated
            from unnest(foreign_lines.issues) with ordinality
                 as i (issue_id, title, description, status, priority, assignee, due_at,
                       closed_at, labels, parent, depends_on, source, n)
      )
    select array_agg(
               row (i.n::integer,
                    case when i.is_repeated then 'repeated' else 'issue' end,
                    i.issue_id,
                    i.source,
                    jsonb_build_object(
                        'title', i.title, 'description', nullif(i.description, ''),
                        'design', null, 'acceptance_criteria', null,
                        'status', 'open', 'priority', null, 'task_status', i.status,
                        'task_priority', i.priority, 'closed_at', i.closed_at,
                        'assignee', nullif(i.assignee, ''), 'estimated_minutes', null,
                        'due_at', i.due_at, 'defer_until', null,
                        'labels', to_jsonb(coalesce(i.labels, '{}')),
                        'dependencies', (
                            select coalesce(jsonb_agg(d.pair order by d.n), '[]')
                              from (
                                  select jsonb_build_array('parent-child', i.parent) as pair, 0 as n
                                   where i.parent <> ''
                                   union all
                                  select jsonb_build_array('blocks', btrim(o.name)), o.n
                                    from unnest(i.depends_on) with ordinality as o (name, n)
                                   where btrim(o.name) <> ''
                              ) as d)))::docket_private.beads_line
               order by i.n)
      from issue as i;
end;

comment on function docket_private.foreign_lines(docket_private.foreign_issue[]) is
    'Entries of a list as lines of beads; of several with one id the first counts.';

create function docket_private.named_issue(value json) returns text
language sql
immutable
parallel safe
begin atomic
    select case json_typeof(named_issue.value)
               when 'object'
               then coalesce(named_issue.value ->> 'identifier', named_issue.value ->> 'number',
                             named_issue.value ->> 'id')
               else named_issue.value #>> '{}'
           end;
end;

comment on function docket_private.named_issue(json) is
    'The issue that a JSON value names: its number or identifier, or that of an object.';

-- An array as it is, or the nodes of a GraphQL connection.
create function docket_private.nodes_of(value json) returns setof json
language sql
immutable
begin atomic
    select e.value
      from json_array_elements(
               case
                   when json_typeof(nodes_of.value) = 'array' then nodes_of.value
                   when json_typeof(nodes_of.value -> 'nodes') = 'array'
                   then nodes_of.value -> 'nodes'
               end) as e (value);
end;

comment on function docket_private.nodes_of(json) is
    'The elements of an array, or of the "nodes" of an object; nothing of anything else.';

-- GitHub's issues, as `gh issue list --json` or the REST interface give them.
create function docket_private.github_issues(document json)
returns docket_private.foreign_issue[]
language sql
immutable
begin atomic
      with issue as (
          select i.value as source, row_number() over () as n, f.number #>> '{}' as id,
                 f.key, f.status, f.priority, f.due_at as own_due_at, f.title,
                 f.body, lower(f.state) as state,
                 lower(coalesce(f.state_reason, f."stateReason")) as reason, f.labels,
                 coalesce(f.assignee ->> 'login', f.assignees -> 0 ->> 'login') as assignee,
                 coalesce(f.milestone ->> 'due_on', f.milestone ->> 'dueOn') as due_at,
                 coalesce(f.closed_at, f."closedAt") as closed_at,
                 docket_private.named_issue(f.parent) as parent,
                 coalesce(f.sub_issues, f."subIssues") as parts,
                 coalesce(f.blocked_by, f."blockedBy", f.dependencies) as blockers
            from docket_private.nodes_of(github_issues.document) as i (value)
           cross join lateral json_to_record(i.value)
                 as f (number json, key text, status json, priority json, due_at text, title text,
                       body text, state text, state_reason text,
                       "stateReason" text, labels json, assignees json, assignee json,
                       milestone json, closed_at text, "closedAt" text, parent json,
                       sub_issues json, "subIssues" json, blocked_by json, "blockedBy" json,
                       dependencies json)
      ), part as (
          -- An issue names its parts, or a part its parent.
          select docket_private.named_issue(p.value) as id, min(i.id) as parent
            from issue as i
           cross join lateral docket_private.nodes_of(i.parts) as p (value)
           group by docket_private.named_issue(p.value)
      ), named as materialized (
          -- An export of ours has keys, statuses and priorities too.
          select i.id, coalesce(i.key, i.id) as key
            from issue as i
      )
    select array_agg(
               row (coalesce(i.key, i.id), i.title, i.body,
                    case
                        when docket_private.known_status(i.status) is not null
                        then docket_private.known_status(i.status)
                        when i.state <> 'closed' then 'pending'
                        when i.reason = 'not_planned' then 'cancelled'
                        else 'completed'
                    end,
                    docket_private.known_priority(i.priority), i.assignee,
                    coalesce(i.own_due_at, i.due_at), i.closed_at,
                    array(select coalesce(l.value ->> 'name', l.value #>> '{}')
                            from docket_private.nodes_of(i.labels) as l (value)),
                    (select coalesce(min(k.key), coalesce(i.parent, p.parent))
                       from named as k
                      where k.id = coalesce(i.parent, p.parent)),
                    array(select coalesce(k.key, docket_private.named_issue(b.value))
                            from docket_private.nodes_of(i.blockers) as b (value)
                            left join named as k
                              on k.id = docket_private.named_issue(b.value)),
                    i.source)::docket_private.foreign_issue
               order by i.n)
      from issue as i
      left join part as p on p.id = i.id;
end;

comment on function docket_private.github_issues(json) is
    'GitHub''s issues as entries: parts by sub_issues or parent, what blocks them by blocked_by.';

create function docket_private.linear_issues(document json)
returns docket_private.foreign_issue[]
language sql
immutable
begin atomic
      with issue as (
          select i.value as source, row_number() over () as n, f.*
            from docket_private.nodes_of(
                     coalesce(linear_issues.document -> 'data' -> 'issues',
                              linear_issues.document -> 'issues', linear_issues.document))
                     as i (value)
           cross join lateral json_to_record(i.value)
                 as f (identifier text, title text, description text, state json,
                       priority integer, assignee json, "dueDate" text, "completedAt" text,
                       labels json, parent json, relations json)
      ), relation as (
          -- A relation stands with the issue that blocks.
          select docket_private.named_issue(r.value -> 'relatedIssue') as id,
                 array_agg(i.identifier order by i.n) as blockers
            from issue as i
           cross join lateral docket_private.nodes_of(i.relations) as r (value)
           where r.value ->> 'type' = 'blocks'
           group by docket_private.named_issue(r.value -> 'relatedIssue')
      )
    select array_agg(
               row (i.identifier, i.title, i.description,
                    case i.state ->> 'type'
                        when 'started'   then 'in_progress'
                        when 'completed' then 'completed'
                        when 'canceled'  then 'cancelled'
                        when 'duplicate' then 'cancelled'
                        else 'pending'
                    end,
                    case i.priority when 1 then 10 when 2 then 8 when 4 then 3 else 5 end,
                    coalesce(i.assignee ->> 'email', i.assignee ->> 'name', i.assignee #>> '{}'),
                    i."dueDate", i."completedAt",
                    array(select coalesce(l.value ->> 'name', l.value #>> '{}')
                            from docket_private.nodes_of(i.labels) as l (value)),
                    docket_private.named_issue(i.parent), coalesce(r.blockers, '{}'),
                    i.source)::docket_private.foreign_issue
               order by i.n)
      from issue as i
      left join relation as r on r.id = i.identifier;
end;

comment on function docket_private.linear_issues(json) is
    'Linear''s issues as entries; of its priorities 1 is the most urgent, 0 none.';

-- "- [x] Title <!-- {...} -->": what stands deeper is a part of what stands above it. The comment,
-- which a rendered page does not show, carries what a checklist can not say.
create function docket_private.markdown_issues(content text)
returns docket_private.foreign_issue[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
    v_item    record;
    v_depth   integer   := 0;
    v_indents integer[] := array[]::integer[];
    v_ids     text[]    := array[]::text[];
    v_counts  integer[] := array[0];
    v_id      text;
    v_said    jsonb;
    v_issues  docket_private.foreign_issue[];
    v_found   jsonb[]   := array[]::jsonb[];
begin
    for v_item in
        select m.part[1] as indent, m.part[2] as mark, m.part[3] as title, m.part[4] as said
          from string_to_table(markdown_issues.content, e'\n') with ordinality as l (line, n)
         cross join lateral regexp_match(
                   l.line,
                   '^([ \t]*)(?:[-*+]|\d+[.)]) \[(.)\] (.*?)(?: ?<!-- (\{.*\}) -->)?\s*$')
                   as m (part)
         where m.part is not null
         order by l.n
    loop
        while v_depth > 0
              and v_indents[v_depth] >= length(replace(v_item.indent, e'\t', '    ')) loop
            v_depth := v_depth - 1;
        end loop;
        v_counts[v_depth + 1] := v_counts[v_depth + 1] + 1;
        v_said := case
                      when v_item.said is not null and docket_private.is_json(v_item.said)
                      then v_item.said::jsonb
                      else '{}'
                  end;
        v_id := coalesce(
            v_said ->> 'key',
            case when v_depth > 0 then v_ids[v_depth] || '.' else '' end
            || v_counts[v_depth + 1]);
        v_found := v_found || (v_said || jsonb_build_object(
            'key', v_id, 'title', v_item.title, 'mark', v_item.mark,
            'parent', case when v_depth > 0 then v_ids[v_depth] end));
        v_depth := v_depth + 1;
        v_indents[v_depth] := length(replace(v_item.indent, e'\t', '    '));
        v_ids[v_depth] := v_id;
        v_counts[v_depth + 1] := 0;
    end loop;

    select array_agg(
               row (f.value ->> 'key', f.value ->> 'title', f.value ->> 'description',
                    case
                        when f.value ->> 'mark' in ('x', 'X') then 'completed'
                        when f.value ->> 'mark' = '-' then 'cancelled'
                        when f.value ->> 'mark' = '/' then 'in_progress'
                        else docket_private.known_status((f.value -> 'status')::json)
                    end,
                    docket_private.known_priority((f.value -> 'priority')::json),
                    f.value ->> 'assignee', f.value ->> 'due', null,
                    array(select jsonb_array_elements_text(f.value -> 'labels')),
                    f.value ->> 'parent',
                    array(select jsonb_array_elements_text(f.value -> 'after')),
                    f.value::json)::docket_private.foreign_issue
               order by f.n)
      into v_issues
      from unnest(v_found) with ordinality as f (value, n);
    return v_issues;
end;
$$;

comment on function docket_private.markdown_issues(text) is
    'The items of Markdown checklists as entries: [ ] open, [/] in progress, [x] done, [-] given up.';

-- RFC 4180: fields may be quoted, and hold separators, quotes (doubled) and line ends then.
create function docket_private.csv_rows(content text)
returns table (row_no bigint, column_no bigint, value text)
language sql
immutable
begin atomic
      with field as materialized (
          select f.n,
                 case
                     when f.part[1] like '"%'
                     then replace(substr(f.part[1], 2, length(f.part[1]) - 2), '""', '"')
                     else f.part[1]
                 end as value,
                 f.part[2] <> ',' as ends_row
            from regexp_matches(
                     csv_rows.content || case
                         when right(csv_rows.content, 1) = e'\n' then '' else e'\n'
                     end,
                     '("(?:[^"]|"")*"|[^,"\r\n]*)(,|\r?\n)', 'g')
                 with ordinality as f (part, n)
      ), counted as (
          select f.n, f.value,
                 1 + count(*) filter (where f.ends_row) over (
                     order by f.n rows between unbounded preceding and 1 preceding) as row_no
            from field as f
      )
    select c.row_no, row_number() over (partition by c.row_no order by c.n), c.value
      from counted as c;
end;

comment on function docket_private.csv_rows(text) is
    'The fields of a CSV text by row and column, 1 the first.';

create function docket_private.csv_issues(
    content text,
    mapping jsonb
) returns docket_private.foreign_issue[]
language sql
immutable
begin atomic
      with cell as materialized (
          select c.row_no, c.column_no, c.value
            from docket_private.csv_rows(csv_issues.content) as c
      ), heading as materialized (
          -- Which field a column is: by the mapping, else by its usual names.
          select h.column_no, h.value as name,
                 coalesce(
                     (select m.key
                        from jsonb_each_text(csv_issues.mapping) as m
                       where lower(m.value) = lower(btrim(h.value))
                       order by m.key
                       limit 1),
                     (select u.field
                        from (values ('key', '{key,id,identifier,number,issue}'::text[]),
                                     ('title', '{title,summary,name,task,subject}'),
                                     ('description', '{description,body,details,text}'),
                                     ('status', '{status,state}'),
                                     ('priority', '{priority}'),
                                     ('assignee', '{assignee,assigned_to,owner}'),
                                     ('labels', '{labels,tags}'),
                                     ('due', '{due,due_at,"due date"}'),
                                     ('parent', '{parent,"parent issue","parent task"}'),
                                     ('depends_on',
                                      '{depends_on,dependencies,"blocked by",blocked_by}'))
                             as u (field, names)
                       where lower(btrim(h.value)) = any (u.names)
                         and not csv_issues.mapping ? u.field)) as field
            from cell as h
           where h.row_no = 1
      ), line as (
          select c.row_no,
                 jsonb_object_agg(h.field, c.value) filter (where h.field is not null) as told,
                 json_object_agg(h.name, c.value order by h.column_no) as source
            from cell as c
            join heading as h on h.column_no = c.column_no
           where c.row_no > 1
           group by c.row_no
          having count(*) > 1
              or max(c.value) <> ''
      )
    select array_agg(
               row (coalesce(nullif(btrim(l.told ->> 'key'), ''), (l.row_no - 1)::text),
                    l.told ->> 'title', l.told ->> 'description',
                    coalesce(
                        docket_private.known_status(to_json(l.told ->> 'status')),
                        docket_private.known_bead_status(lower(btrim(l.told ->> 'status')))),
                    docket_private.known_priority(to_json(l.told ->> 'priority')),
                    l.told ->> 'assignee', nullif(l.told ->> 'due', ''), null,
                    array(select btrim(t.word)
                            from string_to_table(l.told ->> 'labels', ',') as t (word)
                           where btrim(t.word) <> ''),
                    nullif(btrim(l.told ->> 'parent'), ''),
                    string_to_array(l.told ->> 'depends_on', ','),
                    l.source)::docket_private.foreign_issue
               order by l.row_no)
      from line as l;
end;

comment on function docket_private.csv_issues(text, jsonb) is
    'The rows of a CSV text as entries; `mapping` says which column is which field ({"title": "Summary"}), where its name does not.';

revoke all on function docket_private.foreign_lines(docket_private.foreign_issue[]) from public;
revoke all on function docket_private.named_issue(json) from public;
revoke all on function docket_private.nodes_of(json) from public;
revoke all on function docket_private.github_issues(json) from public;
revoke all on function docket_private.linear_issues(json) from public;
revoke all on function docket_private.markdown_issues(text) from public;
revoke all on function docket_private.csv_rows(text) from public;
revoke all on function docket_private.csv_issues(text, jsonb) from public;

commit;
