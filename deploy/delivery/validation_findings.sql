-- Deploy pgdocket:delivery/validation_findings to pg
-- requires: delivery/validation_results

begin;
set local role docket_owner;

create domain docket.finding_severity as text
    constraint finding_severity_known check (value in ('critical', 'major', 'minor', 'info'));

comment on domain docket.finding_severity is
    'How bad a finding is: critical, major, minor or info; as severity of errors and alerts critical, high, medium and low, as level of SARIF error, warning, note and none.';

-- One row for each thing that was found at a task, however many runs find it: what a run finds
-- again unchanged costs no write. It is there in the runs from opened_run_no on, until the one in
-- which it was found fixed; what comes back is the same row, opened anew. Who merges a run holds
-- the task's row (docket_private.lock_gated()).
create table docket.validation_findings (
    finding_id         uuid                    not null,
    project_id         uuid                    not null,
    task_id            uuid                    not null,
    validation_type    docket.validation_type  not null,
    tool               text                    not null,
    fingerprint        text                    not null,
    fingerprint_source text                    not null,
    rule_id            text,
    severity           docket.finding_severity not null,
    message            text                    not null,
    path               text,
    start_line         integer,
    start_column       integer,
    end_line           integer,
    end_column         integer,
    help_url           text,
    is_suppressed      boolean                 not null default false,
    details            jsonb                   not null default '{}',
    first_run_no       integer                 not null,
    opened_run_no      integer                 not null,
    fixed_run_no       integer,
    times_reopened     integer                 not null default 0,
    version            bigint                  not null default 1,
    created_at         timestamptz             not null default docket.clock(),
    updated_at         timestamptz             not null default docket.clock(),
    created_by         text                    not null default docket.principal(),
    updated_by         text                    not null default docket.principal(),

    constraint validation_findings_pkey primary key (finding_id, project_id),
    constraint validation_findings_fingerprint_key
        unique (task_id, project_id, validation_type, tool, fingerprint),
    constraint validation_findings_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint validation_findings_names_bounded
        check (length(tool) between 1 and 255
               and length(fingerprint) between 1 and 255
               and length(rule_id) <= 255),
    constraint validation_findings_source_known
        check (fingerprint_source in ('tool', 'partial', 'computed')),
    constraint validation_findings_texts_bounded
        check (length(message) <= 10000 and length(path) <= 4096 and length(help_url) <= 4096),
    constraint validation_findings_place_positive
        check (least(start_line, start_column, end_line, end_column) >= 0),
    constraint validation_findings_runs_in_order
        check (first_run_no >= 1
               and opened_run_no >= first_run_no
               and fixed_run_no > opened_run_no
               and times_reopened >= 0),
    constraint validation_findings_details_are_object check (jsonb_typeof(details) = 'object')
);

create index validation_findings_project_idx
    on docket.validation_findings (project_id, finding_id);

comment on table docket.validation_findings is
    'What the validations of tasks found, one row for each thing, through all runs.';
comment on column docket.validation_findings.finding_id is
    'The finding.';
comment on column docket.validation_findings.task_id is
    'The task that was validated.';
comment on column docket.validation_findings.validation_type is
    'The type of the validation that found it.';
comment on column docket.validation_findings.tool is
    'The program that found it.';
comment on column docket.validation_findings.fingerprint is
    'What makes it the same thing in the next run, within task, type and tool.';
comment on column docket.validation_findings.fingerprint_source is
    'Where the fingerprint is from: told by the tool, made of what it told in part, or computed of rule, path and message.';
comment on column docket.validation_findings.rule_id is
    'The rule that is broken, as its tool names it.';
comment on column docket.validation_findings.severity is
    'How bad it is.';
comment on column docket.validation_findings.message is
    'What it is.';
comment on column docket.validation_findings.path is
    'The file, relative to the project''s root where that is known.';
comment on column docket.validation_findings.start_line is
    'The line where it begins, from 1.';
comment on column docket.validation_findings.start_column is
    'The column where it begins, from 1.';
comment on column docket.validation_findings.end_line is
    'The line where it ends.';
comment on column docket.validation_findings.end_column is
    'The column where it ends.';
comment on column docket.validation_findings.help_url is
    'Where the rule is explained.';
comment on column docket.validation_findings.is_suppressed is
    'Whether somebody said in the code or to the tool that it is to be let be; it is kept, and not counted.';
comment on column docket.validation_findings.details is
    'What else the tool tells of it.';
comment on column docket.validation_findings.first_run_no is
    'The run (run_no of its type) that found it first.';
comment on column docket.validation_findings.opened_run_no is
    'The run since which it is there: the first, or the one that found it again.';
comment on column docket.validation_findings.fixed_run_no is
    'The run that found it no longer; null: it is there.';
comment on column docket.validation_findings.times_reopened is
    'How often it came back.';

comment on constraint validation_findings_names_bounded on docket.validation_findings is
    'a tool and a fingerprint have 1 to 255 characters, a rule_id at most 255';
comment on constraint validation_findings_source_known on docket.validation_findings is
    'a fingerprint_source is tool, partial or computed';
comment on constraint validation_findings_texts_bounded on docket.validation_findings is
    'a message has at most 10,000 characters, a path and a help_url at most 4096';
comment on constraint validation_findings_place_positive on docket.validation_findings is
    'lines and columns are not negative';
comment on constraint validation_findings_runs_in_order on docket.validation_findings is
    'a finding is fixed after it was opened, and opened when it was first found or later';
comment on constraint validation_findings_details_are_object on docket.validation_findings is
    'details are a JSON object';

call docket_private.add_touch('docket.validation_findings');
call docket_private.add_journal('docket.validation_findings', 'finding_id');
call docket_private.add_isolation('docket.validation_findings');

insert into docket.settings (setting_key, value, description)
values ('max_findings', '100000', 'The most findings that one document may have.'),
       ('prompt_findings', '20', 'How many findings of a validation that failed a prompt tells, the worst first; a project may set its own.'),
       ('validation_fails_from', '"major"', 'From which severity on (critical, major, minor, info) a finding fails its validation; what is below lets it pass with a warning, or without one where it is info. A project may set its own.');

create type docket_private.found as (
    tool               text,
    fingerprint        text,
    fingerprint_source text,
    rule_id            text,
    severity           text,
    message            text,
    path               text,
    start_line         integer,
    start_column       integer,
    end_line           integer,
    end_column         integer,
    help_url           text,
    is_suppressed      boolean,
    details            jsonb
);

comment on type docket_private.found is
    'Something that one run of a validation found.';

-- Joins by hash: what a document holds is never estimated right, and a nested loop over 50,000
-- findings on either side takes minutes where this takes a tenth of a second.
create function docket_private.merge_findings(
    project_id      uuid,
    task_id         uuid,
    validation_type text,
    run_no          integer,
    findings        docket_private.found[],
    tools           text[],
    gone            text[] default null
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set work_mem = '64MB'
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
    v_counts jsonb;
begin
      with given as materialized (
          -- The same thing twice in one run is two things: the second has a number.
          select f.*,
                 f.fingerprint || coalesce(
                     '#' || nullif(row_number() over (
                                       partition by f.tool, f.fingerprint
                                       order by f.path, f.start_line, f.start_column, f.ordinal),
                                   1), '') as identity
            from unnest(merge_findings.findings) with ordinality
                 as f (tool, fingerprint, fingerprint_source, rule_id, severity, message, path,
                       start_line, start_column, end_line, end_column, help_url, is_suppressed,
                       details, ordinal)
      ), known as materialized (
          select v.*
            from docket.validation_findings as v
           where v.task_id         = merge_findings.task_id
             and v.project_id      = merge_findings.project_id
             and v.validation_type = merge_findings.validation_type
             and v.tool            = any (merge_findings.tools)
      ), paired as materialized (
          select k.finding_id as known_id, k.fixed_run_no as was_fixed,
                 k.tool as known_tool, k.fingerprint as known_identity, g.*,
                 (k.rule_id, k.severity, k.message, k.path, k.start_line, k.start_column,
                  k.end_line, k.end_column, k.help_url, k.is_suppressed, k.details)
                 is distinct from
                 (g.rule_id, g.severity, g.message, g.path, g.start_line, g.start_column,
                  g.end_line, g.end_column, g.help_url, g.is_suppressed, g.details) as is_changed
            from given as g
            full join known as k
              on k.tool        = g.tool
             and k.fingerprint = g.identity
      ), made as (
          insert into docket.validation_findings (
              finding_id, project_id, task_id, validation_type, tool, fingerprint,
              fingerprint_source, rule_id, severity, message, path, start_line, start_column,
              end_line, end_column, help_url, is_suppressed, details, first_run_no,
              opened_run_no)
          select docket_private.new_id(merge_findings.project_id, p.ordinal),
                 merge_findings.project_id, merge_findings.task_id,
                 merge_findings.validation_type, p.tool, p.identity, p.fingerprint_source,
                 p.rule_id, p.severity, p.message, p.path, p.start_line, p.start_column,
                 p.end_line, p.end_column, p.help_url, p.is_suppressed, p.details,
                 merge_findings.run_no, merge_findings.run_no
            from paired as p
           where p.known_id is null
           order by p.ordinal
      ), moved as (
          update docket.validation_findings as v
             set rule_id        = p.rule_id,
                 severity       = p.severity,
                 message        = p.message,
                 path           = p.path,
                 start_line     = p.start_line,
                 start_column   = p.start_column,
                 end_line       = p.end_line,
                 end_column     = p.end_column,
                 help_url       = p.help_url,
                 is_suppressed  = p.is_suppressed,
                 details        = p.details,
                 opened_run_no  = case
                                      when p.was_fixed is null then v.opened_run_no
                                      else merge_findings.run_no
                                  end,
                 fixed_run_no   = null,
                 times_reopened = v.times_reopened + (p.was_fixed is not null)::integer
            from paired as p
           where v.finding_id = p.known_id
             and v.project_id = merge_findings.project_id
             and v.task_id    = merge_findings.task_id
             and p.tool is not null
             and (p.was_fixed is not null or p.is_changed)
      ), closed as (
          update docket.validation_findings as v
             set fixed_run_no = merge_findings.run_no
            from paired as p
           where v.finding_id = p.known_id
             and v.project_id = merge_findings.project_id
             and v.task_id    = merge_findings.task_id
             and p.tool is null
             and p.was_fixed is null
             and (merge_findings.gone is null
                  or split_part(p.known_identity, '#', 1) = any (merge_findings.gone))
      )
    select jsonb_build_object(
               'issues_found', count(*) filter (where s.counts),
               'issues_critical', count(*) filter (where s.counts and p.severity = 'critical'),
               'issues_major', count(*) filter (where s.counts and p.severity = 'major'),
               'issues_minor', count(*) filter (where s.counts and p.severity = 'minor'),
               'issues_new', count(*) filter (where p.known_id is null),
               'issues_reopened', count(*) filter (
                   where p.tool is not null and p.was_fixed is not null),
               'issues_unchanged', count(*) filter (
                   where p.tool is not null and p.known_id is not null and p.was_fixed is null),
               'issues_fixed', count(*) filter (
                   where p.tool is null and p.was_fixed is null
                     and (merge_findings.gone is null
                          or split_part(p.known_identity, '#', 1) = any (merge_findings.gone))))
      into v_counts
      from paired as p
     cross join lateral (
               select p.tool is not null and not p.is_suppressed as counts
           ) as s;

    return v_counts;
end;
$$;

comment on function docket_private.merge_findings(
    uuid, uuid, text, integer, docket_private.found[], text[], text[]) is
    'Brings what a run found together with what is known of its `tools`: what is new, was there before, is back, or is there no longer (of `gone` only, where that is given). Returns the counts by the names of the columns of a result. The caller holds lock_gated().';

create function docket.list_findings(
    project_id      uuid,
    task_id         uuid    default null,
    validation_type text    default null,
    state           text    default null,
    severity        text    default null,
    path            text    default null,
    rule_id         text    default null,
    after           uuid    default null,
    page_size       integer default 100
) returns table (
    finding_id      uuid,
    task_id         uuid,
    task_key        text,
    validation_type docket.validation_type,
    state           text,
    severity        docket.finding_severity,
    rule_id         text,
    message         text,
    path            text,
    start_line      integer,
    start_column    integer,
    end_line        integer,
    end_column      integer,
    tool            text,
    help_url        text,
    is_suppressed   boolean,
    fingerprint     text,
    first_run_no    integer,
    opened_run_no   integer,
    fixed_run_no    integer,
    times_reopened  integer,
    details         jsonb,
    created_at      timestamptz,
    updated_at      timestamptz
)
language sql
stable
begin atomic
      with page as (
          select f.*
            from docket.validation_findings as f
           where f.project_id = list_findings.project_id
             and (list_findings.task_id is null or f.task_id = list_findings.task_id)
             and (list_findings.validation_type is null
                  or f.validation_type = lower(btrim(list_findings.validation_type)))
             and (list_findings.severity is null or f.severity = list_findings.severity)
             and (list_findings.path is null or f.path = list_findings.path)
             and (list_findings.rule_id is null or f.rule_id = list_findings.rule_id)
             and (list_findings.after is null or f.finding_id > list_findings.after)
             and (list_findings.state is null
                  or list_findings.state = 'fixed' and f.fixed_run_no is not null
                  or list_findings.state = 'open' and f.fixed_run_no is null
                     and not f.is_suppressed
                  or list_findings.state in ('new', 'reopened', 'unchanged')
                     and f.fixed_run_no is null
                     and (list_findings.state = 'unchanged'
                          or (list_findings.state = 'reopened') = (f.times_reopened > 0))
                     and (list_findings.state = 'unchanged') = exists (
                             select
                               from docket.validation_results as v
                              where v.task_id         = f.task_id
                                and v.project_id      = f.project_id
                                and v.validation_type = f.validation_type
                                and v.run_no          > f.opened_run_no))
           order by f.finding_id
           limit least(greatest(list_findings.page_size, 1), 1000)
      )
    select f.finding_id, f.task_id, t.task_key, f.validation_type,
           case
               when f.fixed_run_no is not null        then 'fixed'
               when f.opened_run_no < newest.run_no   then 'unchanged'
               when f.times_reopened > 0              then 'reopened'
               else                                        'new'
           end,
           f.severity, f.rule_id, f.message, f.path, f.start_line, f.start_column, f.end_line,
           f.end_column, f.tool, f.help_url, f.is_suppressed, f.fingerprint, f.first_run_no,
           f.opened_run_no, f.fixed_run_no, f.times_reopened, f.details, f.created_at,
           f.updated_at
      from page as f
     cross join lateral (
               select u.task_key
                 from docket.tasks as u
                where u.task_id    = f.task_id
                  and u.project_id = f.project_id
           ) as t
     cross join lateral (
               select v.run_no
                 from docket.validation_results as v
                where v.task_id         = f.task_id
                  and v.project_id      = f.project_id
                  and v.validation_type = f.validation_type
                order by v.run_no desc
                limit 1
           ) as newest
     order by f.finding_id;
end;

comment on function docket.list_findings(
    uuid, uuid, text, text, text, text, text, uuid, integer) is
'What validations found in project `project_id`, the first found first: of one task (`task_id`), one
`validation_type`, in one `state`, of one `severity` (critical, major, minor, info), in the file
`path`, against one rule (`rule_id`), where these are given.

`state` is how the newest run of its type left it: new, unchanged, reopened (it had been fixed) or
fixed; open stands for all that are there and not suppressed. `after` is the id of the last row of
the previous page, `page_size` is in rows (1 to 1000). rule_id, path, start_line, start_column,
end_line, end_column, help_url and fixed_run_no may be null. Returns findings; raises nothing.';

revoke all on function docket_private.merge_findings(
    uuid, uuid, text, integer, docket_private.found[], text[], text[]) from public;
revoke all on function docket.list_findings(
    uuid, uuid, text, text, text, text, text, uuid, integer) from public;
grant execute on function docket.list_findings(
    uuid, uuid, text, text, text, text, text, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.validation_findings
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
