-- Deploy pgdocket:exchange/export_beads to pg
-- requires: exchange/beads_state
-- requires: projects/require_project

begin;
set local role docket_owner;

-- A file of beads is given back: the lines that nothing has changed as they came, byte for byte,
-- the others with their keys in the order that they had and escapes as their writer makes them.
create function docket_private.bead_escapes(content text) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when bead_escapes.content ~ '\\u(003[cCeE]|0026)' then 'go'
               when bead_escapes.content ~ '[<>&]' then 'raw'
               when bead_escapes.content ~ '\\u[0-9a-fA-F]{4}'
                    and octet_length(bead_escapes.content) = length(bead_escapes.content)
               then 'ascii'
               else 'go'
           end;
end;

comment on function docket_private.bead_escapes(text) is
    'How the writer of a file escapes: go (also "<", ">" and "&"), raw (what JSON asks for), or ascii (all but ASCII); go where nothing tells.';

create function docket_private.bead_string(
    value   text,
    escapes text
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := to_json(bead_string.value)::text;
begin
    if bead_string.escapes = 'go' and v_text ~ '[<>&\u2028\u2029]' then
        v_text := replace(replace(replace(v_text, '<', '\u003c'), '>', '\u003e'), '&', '\u0026');
        v_text := replace(replace(v_text, chr(8232), '\u2028'), chr(8233), '\u2029');
    elsif bead_string.escapes = 'ascii' and octet_length(v_text) > length(v_text) then
        select string_agg(
                   case
                       when ascii(c.letter) < 128 then c.letter
                       when ascii(c.letter) < 65536
                       then '\u' || lpad(to_hex(ascii(c.letter)), 4, '0')
                       else '\u' || to_hex(55296 + (ascii(c.letter) - 65536) / 1024)
                            || '\u' || to_hex(56320 + (ascii(c.letter) - 65536) % 1024)
                   end, '' order by c.n)
          into v_text
          from string_to_table(v_text, null) with ordinality as c (letter, n);
    end if;

    return v_text;
end;
$$;

comment on function docket_private.bead_string(text, text) is
    'A text as a JSON string, escaped as docket_private.bead_escapes() says.';

-- The elements of the line that are still meant, as they were written, then the new ones.
create function docket_private.bead_dependencies(
    source   json,
    issue_id text,
    base     jsonb,
    ours     jsonb,
    made_at  text,
    made_by  text,
    escapes  text,
    stand_in text,
    comma    text,
    colon    text
) returns text
language sql
immutable
begin atomic
      with written as (
          select d.value::text as item, d.n
            from json_array_elements(
                     case json_typeof(bead_dependencies.source)
                         when 'array' then bead_dependencies.source
                     end) with ordinality as d (value, n)
           where not exists (
                     select
                       from jsonb_array_elements(docket_private.dependencies_of(
                                json_build_array(d.value), bead_dependencies.stand_in)) as p (pair)
                      where not bead_dependencies.ours @> jsonb_build_array(p.pair))
           union all
          select '{' || concat_ws(
                     bead_dependencies.comma,
                     '"issue_id"' || bead_dependencies.colon || docket_private.bead_string(
                         bead_dependencies.issue_id, bead_dependencies.escapes),
                     '"depends_on_id"' || bead_dependencies.colon || docket_private.bead_string(
                         o.pair ->> 1, bead_dependencies.escapes),
                     '"type"' || bead_dependencies.colon || docket_private.bead_string(
                         o.pair ->> 0, bead_dependencies.escapes),
                     '"created_at"' || bead_dependencies.colon || docket_private.bead_string(
                         bead_dependencies.made_at, bead_dependencies.escapes),
                     '"created_by"' || bead_dependencies.colon || docket_private.bead_string(
                         bead_dependencies.made_by, bead_dependencies.escapes)) || '}',
                 1000000000 + o.n
            from jsonb_array_elements(bead_dependencies.ours) with ordinality as o (pair, n)
           where bead_dependencies.base is null
              or not bead_dependencies.base @> jsonb_build_array(o.pair)
      )
    select '[' || string_agg(w.item, bead_dependencies.comma order by w.n) || ']'
      from written as w;
end;

comment on function docket_private.bead_dependencies(json, text, jsonb, jsonb, text, text, text, text, text, text) is
    'The dependencies of an issue as a JSON array, `made_at` and `made_by` for those that are new; null for none.';

-- What is to be said otherwise than in the line: values in JSON, null for keys that go.
create function docket_private.bead_changes(
    state    docket_private.bead_state,
    task     docket.tasks,
    escapes  text,
    stand_in text,
    comma    text,
    colon    text
) returns table (key text, value text)
language sql
stable
begin atomic
      with changed as materialized (
          select o.key, (bead_changes.state).base -> o.key as was, o.value as is_now
            from jsonb_each((bead_changes.state).ours) as o
           where o.value is distinct from coalesce((bead_changes.state).base -> o.key, 'null')
             and (bead_changes.state).base is not null
              or (bead_changes.state).base is null
             and o.value not in ('null', '[]')
      )
    select c.key,
           case
               when c.key = 'dependencies'
               then docket_private.bead_dependencies(
                        (bead_changes.state).source -> 'dependencies',
                        (bead_changes.state).issue_id, c.was, c.is_now,
                        docket_private.bead_time((bead_changes.task).updated_at),
                        (bead_changes.task).updated_by, bead_changes.escapes,
                        bead_changes.stand_in, bead_changes.comma, bead_changes.colon)
               when c.key = 'labels'
               then (
                   select '[' || string_agg(
                              docket_private.bead_string(w.word, bead_changes.escapes),
                              bead_changes.comma order by w.n) || ']'
                     from jsonb_array_elements_text(c.is_now) with ordinality as w (word, n))
               when jsonb_typeof(c.is_now) = 'string'
               then docket_private.bead_string(c.is_now #>> '{}', bead_changes.escapes)
               else nullif(c.is_now::text, 'null')
           end
      from changed as c
     union all
    select 'updated_at',
           docket_private.bead_string(
               docket_private.bead_time((bead_changes.task).updated_at), bead_changes.escapes)
     where exists (select from changed)
     union all
    select 'closed_at',
           case
               when (bead_changes.task).completed_at is not null
               then docket_private.bead_string(
                   docket_private.bead_time((bead_changes.task).completed_at),
                   bead_changes.escapes)
           end
      from changed as c
     where c.key = 'status'
       and (c.is_now = '"closed"' or c.was = '"closed"')
     union all
    select 'close_reason', null
      from changed as c
     where c.key = 'status'
       and c.was = '"closed"'
     union all
    select k.key, k.value
      from (values
               ('_type', '"issue"'),
               ('id', docket_private.bead_string(
                          (bead_changes.state).issue_id, bead_changes.escapes)),
               ('issue_type', docket_private.bead_string(
                                  coalesce((bead_changes.task).metadata
                                               #>> '{imported,issue_type}', 'task'),
                                  bead_changes.escapes)),
               ('created_at', docket_private.bead_string(
                                  docket_private.bead_time((bead_changes.task).created_at),
                                  bead_changes.escapes)),
               ('created_by', docket_private.bead_string(
                                  (bead_changes.task).created_by, bead_changes.escapes))
           ) as k (key, value)
     where (bead_changes.state).base is null;
end;

comment on function docket_private.bead_changes(docket_private.bead_state, docket.tasks, text, text, text, text) is
    'The keys of an issue that its line does not say, or not so any more, each with its value in JSON; null: the key goes.';

-- Keys stay where they are; a new one comes after those that beads writes before it.
create function docket_private.bead_line(
    state    docket_private.bead_state,
    task     docket.tasks,
    escapes  text,
    stand_in text,
    comma    text,
    colon    text
) returns text
language sql
stable
begin atomic
      with rank as materialized (
          select r.key, r.n
            from unnest(array[
                     '_type', 'id', 'title', 'description', 'design', 'acceptance_criteria',
                     'notes', 'spec_id', 'status', 'priority', 'issue_type', 'assignee', 'owner',
                     'estimated_minutes', 'created_at', 'created_by', 'updated_at', 'started_at',
                     'closed_at', 'close_reason', 'closed_by_session', 'due_at', 'defer_until',
                     'external_ref', 'source_system', 'metadata', 'labels', 'dependencies',
                     'comments']) with ordinality as r (key, n)
      ), change as materialized (
          select c.key, c.value
            from docket_private.bead_changes(
                     bead_line.state, bead_line.task, bead_line.escapes, bead_line.stand_in,
                     bead_line.comma, bead_line.colon) as c
      ), member as materialized (
          select m.key, m.value::text as value, m.n::numeric as n, r.n as rank
            from json_each((bead_line.state).source) with ordinality as m (key, value, n)
            left join rank as r on r.key = m.key
      ), said as (
          select m.key, case when c.key is null then m.value else c.value end as value, m.n
            from member as m
            left join change as c on c.key = m.key
           union all
          select c.key, c.value,
                 coalesce((select max(m.n) from member as m where m.rank < r.n), 0) + r.n / 1000.0
            from change as c
            left join rank as r on r.key = c.key
           where c.key not in (select m.key from member as m)
      )
    select docket_private.unmasked_json(
               '{' || string_agg(
                   docket_private.bead_string(s.key, bead_line.escapes) || bead_line.colon
                   || s.value, bead_line.comma order by s.n) || '}',
               bead_line.stand_in)
      from said as s
     where s.value is not null;
end;

comment on function docket_private.bead_line(docket_private.bead_state, docket.tasks, text, text, text, text) is
    'The line of an issue as it is now.';

create function docket_private.write_beads(
    project_id uuid,
    import_id  uuid
) returns bytea
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
declare
    v_content  bytea := (
        select i.content
          from docket.imports as i
         where i.import_id = write_beads.import_id
           and i.project_id = write_beads.project_id);
    v_has_mark boolean := substring(v_content from 1 for 3) = '\xefbbbf';
    v_text     text := coalesce(convert_from(
        case when v_has_mark then substring(v_content from 4) else v_content end, 'UTF8'), '');
    v_stand_in text;
    v_escapes  text := docket_private.bead_escapes(v_text);
    v_is_named boolean := write_beads.import_id is null or v_text ~ '^\s*\{\s*"_type"';
    v_ends     boolean := v_text = '' or right(v_text, 1) = e'\n';
    v_written  text;
    v_new      text;
begin
    select m.stand_in into v_stand_in from docket_private.mask_json(v_text) as m;

      with state as materialized (
          select s.*
            from docket_private.beads_state(
                     write_beads.project_id, write_beads.import_id) as s
           where s.ours is distinct from s.base
      ), said as materialized (
          select s.n, s.ours is null as is_gone,
                 docket_private.bead_line(
                     s::docket_private.bead_state, t, v_escapes, v_stand_in,
                     case when l.is_spaced then ', ' else ',' end,
                     case when l.is_spaced then ': ' else ':' end) as line,
                 s.task_id, t.priority, t.created_at, s.issue_id
            from (
                select s.n, s.issue_id, s.task_id, s.source, s.base, s.ours
                  from state as s
            ) as s
            left join docket.tasks as t
              on t.task_id = s.task_id
             and t.project_id = write_beads.project_id
           cross join lateral (
                     select s.source is not null and s.source::text ~ '^\{"[^"]*": ' as is_spaced
                 ) as l
      ), line as (
          select w.n, w.line
            from string_to_table(v_text, e'\n') with ordinality as w (line, n)
      )
    select (select string_agg(
                       case
                           when s.n is null then l.line
                           else s.line || substring(l.line from '[ \t\r]*$')
                       end, e'\n' order by l.n)
              from line as l
              left join said as s on s.n = l.n
             where s.is_gone is not true),
           (select string_agg(
                       case when v_is_named then s.line
                            else '{' || substr(s.line, length('{"_type":"issue",') + 1)
                       end || e'\n', ''
                       order by s.priority desc, s.created_at desc, s.issue_id collate "C")
              from said as s
             where s.n is null)
      into v_written, v_new;

    return case when v_has_mark then '\xefbbbf'::bytea else '' end
           || convert_to(
                  coalesce(v_written, '')
                  || case when v_new is not null and not v_ends then e'\n' else '' end
                  || coalesce(v_new, ''), 'UTF8');
end;
$$;

comment on function docket_private.write_beads(uuid, uuid) is
    'An imported beads file as it would be now, or the tasks of a project without one as beads would write them.';

create function docket.export_beads(
    project_id  uuid,
    source_name text default null
) returns bytea
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_import_id uuid;
begin
    perform docket_private.require_project(export_beads.project_id, to_write => false);

    select i.import_id into v_import_id
      from docket.imports as i
     where i.project_id = export_beads.project_id
       and i.shape = 'beads'
       and (export_beads.source_name is null or i.source_name = export_beads.source_name)
     order by i.import_id desc
     limit 1;

    if not found and export_beads.source_name is not null then
        raise exception 'no file of beads was imported as %', left(export_beads.source_name, 200)
            using errcode = 'PD404',
                  hint    = 'docket.list_imports() lists what was imported.';
    end if;

    return docket_private.write_beads(export_beads.project_id, v_import_id);
end;
$$;

comment on function docket.export_beads(uuid, text) is
'The tasks of a project as a JSONL file of beads: every line of the imported file that nothing has
changed byte for byte, the others with their keys in the order that they had.

`source_name` is the file, as it was imported (default: the latest of beads). Tasks that were put
away are left out, and those that were made here come last; a project that has imported no such
file is written whole, as beads would write it. Returns the bytes. Raises PD404.';

revoke all on function docket_private.bead_escapes(text) from public;
revoke all on function docket_private.bead_string(text, text) from public;
revoke all on function docket_private.bead_dependencies(json, text, jsonb, jsonb, text, text, text, text, text, text)
    from public;
revoke all on function docket_private.bead_changes(docket_private.bead_state, docket.tasks, text, text, text, text)
    from public;
revoke all on function docket_private.bead_line(docket_private.bead_state, docket.tasks, text, text, text, text)
    from public;
revoke all on function docket_private.write_beads(uuid, uuid) from public;
revoke all on function docket.export_beads(uuid, text) from public;
grant execute on function docket.export_beads(uuid, text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
