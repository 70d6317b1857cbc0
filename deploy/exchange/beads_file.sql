-- Deploy pgdocket:exchange/beads_file to pg
-- requires: exchange/tasks_file

begin;
set local role docket_owner;

-- A file of beads has a JSON object in each line: an issue, mostly. Here lines become issues, and
-- what an issue says is set down in the file's own words, so that a task can be compared with it.
create type docket_private.beads_line as (
    n        integer,
    kind     text,
    issue_id text,
    source   json,
    fields   jsonb
);

comment on type docket_private.beads_line is
    'A line of a beads file, masked: its number, what it is (issue, tombstone, repeated, deletion, memory, header, other), the id of its issue, and of an issue the fields that tasks have.';

create function docket_private.known_bead_status(status text) returns text
language sql
immutable
parallel safe
begin atomic
    select case known_bead_status.status
               when 'open'           then 'pending'
               when 'in_progress'    then 'in_progress'
               when 'hooked'         then 'in_progress'
               when 'blocked'        then 'blocked'
               when 'deferred'       then 'deferred'
               when 'pinned'         then 'deferred'
               when 'pending_review' then 'review'
               when 'closed'         then 'completed'
               when 'done'           then 'completed'
               when 'complete'       then 'completed'
               when 'completed'      then 'completed'
               when 'cancelled'      then 'cancelled'
           end;
end;

comment on function docket_private.known_bead_status(text) is
    'The status of a task for that of a bead; null for one that beads does not know either.';

create function docket_private.bead_status(status text) returns text
language sql
immutable
parallel safe
begin atomic
    select case bead_status.status
               when 'in_progress' then 'in_progress'
               when 'review'      then 'in_progress'
               when 'blocked'     then 'blocked'
               when 'failed'      then 'blocked'
               when 'deferred'    then 'deferred'
               when 'completed'   then 'closed'
               when 'cancelled'   then 'closed'
               else 'open'
           end;
end;

comment on function docket_private.bead_status(text) is
    'The status of a bead for that of a task.';

create function docket_private.known_bead_priority(priority jsonb) returns smallint
language sql
immutable
parallel safe
begin atomic
    select case known_bead_priority.priority
               when '0' then 10
               when '1' then 8
               when '2' then 5
               when '3' then 3
               when '4' then 1
           end::smallint;
end;

comment on function docket_private.known_bead_priority(jsonb) is
    'The priority of a task for that of a bead, 0 (10) to 4 (1); null for any other.';

create function docket_private.bead_priority(priority integer) returns integer
language sql
immutable
parallel safe
begin atomic
    select case
               when bead_priority.priority >= 9 then 0
               when bead_priority.priority >= 7 then 1
               when bead_priority.priority >= 4 then 2
               when bead_priority.priority >= 2 then 3
               else 4
           end;
end;

comment on function docket_private.bead_priority(integer) is
    'The priority of a bead for that of a task.';

-- Those that make an issue wait are of type blocks here too; what is no type here is "related".
create function docket_private.known_bead_dependency(dependency_type text) returns text
language sql
immutable
parallel safe
begin atomic
    select case known_bead_dependency.dependency_type
               when 'blocks'             then 'blocks'
               when 'conditional-blocks' then 'blocks'
               when 'discovered-from'    then 'discovered_from'
               when 'duplicates'         then 'duplicates'
               when 'supersedes'         then 'supersedes'
               when 'suggests'           then 'suggests'
               else 'related'
           end;
end;

comment on function docket_private.known_bead_dependency(text) is
    'The type of a dependency for that of one between beads.';

create function docket_private.short_title(
    title    text,
    issue_id text
) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when btrim(coalesce(short_title.title, ''), e' \t\n\r') = ''
               then left(short_title.issue_id, 255)
               when length(short_title.title) > 255
               then left(short_title.title, 254) || chr(8230)
               else short_title.title
           end;
end;

comment on function docket_private.short_title(text, text) is
    'A title that a task can have: cut after 255 characters; without one, the id.';

create function docket_private.hours_of(minutes jsonb) returns numeric
language sql
immutable
parallel safe
begin atomic
    select case
               when jsonb_typeof(hours_of.minutes) = 'number' and hours_of.minutes::numeric >= 0
               then round(hours_of.minutes::numeric / 60, 4)
           end;
end;

comment on function docket_private.hours_of(jsonb) is
    'Minutes as hours; null for what is no number of minutes.';

create function docket_private.text_of(
    value    json,
    stand_in text
) returns text
language sql
immutable
begin atomic
    select case json_typeof(text_of.value)
               when 'string' then nullif(docket_private.plain_text(
                   text_of.value, text_of.stand_in), '')
           end;
end;

comment on function docket_private.text_of(json, text) is
    'The text of a masked JSON string; null for an empty one, and for what is no string.';

-- The next three are called for each issue by functions that plan anew: so that they are not
-- planned each time, which took 5 ms for a line, each says so itself, and none is in SQL.
-- The elements of a list of texts, each once, in their order.
create function docket_private.texts_of(
    value    json,
    stand_in text
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
as $$
begin
    if json_typeof(texts_of.value) is distinct from 'array' then
        return jsonb '[]';
    end if;

    return (
        select coalesce(jsonb_agg(e.word order by e.n), '[]')
          from (
              select t.word, min(l.n) as n
                from json_array_elements(texts_of.value) with ordinality as l (value, n)
               cross join lateral docket_private.text_of(l.value, texts_of.stand_in) as t (word)
               where t.word is not null
               group by t.word
          ) as e);
end;
$$;

comment on function docket_private.texts_of(json, text) is
    'The texts in a masked JSON array, each once; an empty array for what is no array.';

-- A dependency is a pair [type, issue]; its other keys stay in the line.
create function docket_private.dependencies_of(
    value    json,
    stand_in text
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
as $$
begin
    if json_typeof(dependencies_of.value) is distinct from 'array' then
        return jsonb '[]';
    end if;

    return (
        select coalesce(jsonb_agg(e.pair order by e.n), '[]')
          from (
              select jsonb_build_array(coalesce(k.type, 'blocks'), k.target) as pair,
                     min(l.n) as n
                from json_array_elements(dependencies_of.value) with ordinality as l (value, n)
               cross join lateral (
                         select docket_private.text_of(
                                    case json_typeof(l.value)
                                        when 'object' then l.value -> 'type'
                                    end, dependencies_of.stand_in) as type,
                                docket_private.text_of(
                                    case json_typeof(l.value)
                                        when 'object' then l.value -> 'depends_on_id'
                                    end, dependencies_of.stand_in) as target
                     ) as k
               where k.target is not null
               group by 1
          ) as e);
end;
$$;

comment on function docket_private.dependencies_of(json, text) is
    'The dependencies of a masked issue as pairs [type, issue], each once.';

create function docket_private.beads_fields(
    source   json,
    stand_in text
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_nestloop = on
as $$
begin
    return (
        select jsonb_build_object(
                   'title', docket_private.text_of(f.title, beads_fields.stand_in),
                   'description', docket_private.text_of(f.description, beads_fields.stand_in),
                   'design', docket_private.text_of(f.design, beads_fields.stand_in),
                   'acceptance_criteria',
                   docket_private.text_of(f.acceptance_criteria, beads_fields.stand_in),
                   'status', coalesce(
                       docket_private.text_of(f.status, beads_fields.stand_in), 'open'),
                   'priority', docket_private.kept_jsonb(f.priority, beads_fields.stand_in),
                   'assignee', docket_private.text_of(f.assignee, beads_fields.stand_in),
                   'estimated_minutes',
                   docket_private.kept_jsonb(f.estimated_minutes, beads_fields.stand_in),
                   'due_at', docket_private.text_of(f.due_at, beads_fields.stand_in),
                   'defer_until', docket_private.text_of(f.defer_until, beads_fields.stand_in),
                   'labels', docket_private.texts_of(f.labels, beads_fields.stand_in),
                   'dependencies',
                   docket_private.dependencies_of(f.dependencies, beads_fields.stand_in))
          from json_to_record(beads_fields.source)
               as f (title json, description json, design json, acceptance_criteria json,
                     status json, priority json, assignee json, estimated_minutes json, due_at json,
                     defer_until json, labels json, dependencies json));
end;
$$;

comment on function docket_private.beads_fields(json, text) is
    'What a masked issue says of what tasks have too: texts, null for none, labels and dependencies as arrays.';

-- What a line is. An issue has an id and something of what issues have; of several with one id
-- the one that was updated last counts, as for beads itself.
create function docket_private.beads_lines(
    lines    text[],
    stand_in text
) returns docket_private.beads_line[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set jit = off
set work_mem = '64MB'
as $$
begin
    return (
          with line as materialized (
              select l.n::integer as n, l.line::json as source
                from unnest(beads_lines.lines) with ordinality as l (line, n)
               where btrim(l.line, e' \t\r') <> ''
          ), told as materialized (
              select l.n, l.source,
                     case json_typeof(f.id)
                         when 'string'
                         then nullif(docket_private.plain_text(f.id, beads_lines.stand_in), '')
                         when 'number' then f.id #>> '{}'
                     end as issue_id,
                     docket_private.known_time(f.updated_at) as updated_at,
                     case
                         when f._schema is not null then 'header'
                         when f._type #>> '{}' <> 'issue'
                         then case f._type #>> '{}' when 'memory' then 'memory' else 'other' end
                         when f.id is null
                              and f.deleted_at is not null
                              and f.issue_id is not null then 'deletion'
                         when f.id is null then 'other'
                         when f.status #>> '{}' = 'tombstone' then 'tombstone'
                         when f.title is not null
                              or f.status is not null
                              or f.issue_type is not null then 'issue'
                         when f.ts is not null and f.reason is not null then 'deletion'
                         else 'other'
                     end as kind
                from line as l
               cross join lateral json_to_record(l.source)
                     as f (_schema json, _type json, id json, issue_id json, status json,
                           title json, issue_type json, updated_at json, deleted_at json, ts json,
                           reason json)
          ), counted as (
              select t.*,
                     t.kind = 'issue' and t.issue_id is not null as is_issue,
                     row_number() over (
                         partition by t.issue_id, t.kind in ('issue', 'tombstone')
                         order by t.updated_at desc nulls last, t.n desc) as rank
                from told as t
          )
        select array_agg(
                   row (c.n,
                        case
                            when c.kind in ('issue', 'tombstone') and c.issue_id is null
                            then 'other'
                            when c.kind = 'issue' and c.rank > 1 then 'repeated'
                            else c.kind
                        end,
                        c.issue_id, c.source,
                        case
                            when c.is_issue and c.rank = 1
                            then docket_private.beads_fields(c.source, beads_lines.stand_in)
                        end)::docket_private.beads_line
                   order by c.n)
          from counted as c);
end;
$$;

comment on function docket_private.beads_lines(text[], text) is
    'The masked lines of a beads file, each known for what it is; empty lines are left out.';

create function docket_private.refuse_beads_line(
    source_name text,
    lines       text[]
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_bad  record;
    v_said text := 'a line of a beads file is one JSON object';
begin
    -- The first line that is not one JSON object.
    select l.n, l.line, docket_private.is_json(l.line) as is_json
      into v_bad
      from unnest(refuse_beads_line.lines) with ordinality as l (line, n)
     where btrim(l.line, e' \t\r') <> ''
       and case
               when docket_private.is_json(l.line) then json_typeof(l.line::json) <> 'object'
               else true
           end
     order by l.n
     limit 1;

    perform docket_private.refuse_file(
        refuse_beads_line.source_name,
        array_to_string(refuse_beads_line.lines[:v_bad.n], e'\n'),
        length(array_to_string(refuse_beads_line.lines[:v_bad.n], e'\n')) - length(v_bad.line)
        + case
              when v_bad.is_json or v_bad.line ~ '^(<<<<<<< |=======$|>>>>>>> )' then 1
              else docket_private.json_error_place(v_bad.line)
          end,
        case
            when v_bad.line ~ '^(<<<<<<< |=======$|>>>>>>> )'
            then 'a conflict of a merge is not resolved'
            when v_bad.is_json then v_said || ', and this is none'
            else v_said || ', and here it stops being one'
        end,
        'Correct the line; nothing was imported.');
end;
$$;

comment on function docket_private.refuse_beads_line(text, text[]) is
    'Raises PD422 for the first line that is no JSON object, with line and column.';

create function docket_private.read_beads_file(
    source_name  text,
    content      bytea,
    out lines    docket_private.beads_line[],
    out stand_in text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text   text;
    v_masked text;
begin
    v_text := docket_private.read_text(
        read_beads_file.source_name,
        case
            when substring(read_beads_file.content from 1 for 3) = '\xefbbbf'
            then substring(read_beads_file.content from 4)
            else read_beads_file.content
        end);

    select m.content, m.stand_in into v_masked, stand_in
      from docket_private.mask_json(v_text) as m;

    lines := coalesce(
        docket_private.beads_lines(string_to_array(v_masked, e'\n'), stand_in), '{}');
exception
    -- 22023: a line is JSON, but no object.
    when invalid_text_representation or invalid_parameter_value then
        perform docket_private.refuse_beads_line(
            read_beads_file.source_name, string_to_array(v_text, e'\n'));
    when statement_too_complex then
        raise exception '% is nested too deeply to be read', read_beads_file.source_name
            using errcode = 'PD413',
                  hint    = 'How deep a document may be nested is set by max_stack_depth.';
end;
$$;

comment on function docket_private.read_beads_file(text, bytea) is
    'The lines of a beads file. Raises PD422 with line and column for one that is no JSON object, PD413 when it is nested too deeply.';

revoke all on function docket_private.known_bead_status(text) from public;
revoke all on function docket_private.bead_status(text) from public;
revoke all on function docket_private.known_bead_priority(jsonb) from public;
revoke all on function docket_private.bead_priority(integer) from public;
revoke all on function docket_private.known_bead_dependency(text) from public;
revoke all on function docket_private.short_title(text, text) from public;
revoke all on function docket_private.hours_of(jsonb) from public;
revoke all on function docket_private.text_of(json, text) from public;
revoke all on function docket_private.texts_of(json, text) from public;
revoke all on function docket_private.dependencies_of(json, text) from public;
revoke all on function docket_private.beads_fields(json, text) from public;
revoke all on function docket_private.beads_lines(text[], text) from public;
revoke all on function docket_private.refuse_beads_line(text, text[]) from public;
revoke all on function docket_private.read_beads_file(text, bytea) from public;

commit;
