-- Deploy pgdocket:knowledge/build_prompt_context to pg
-- requires: context/context_statistics
-- requires: context/prompt_builds
-- requires: context/prune_contexts
-- requires: context/read_contexts
-- requires: delivery/required_validations
-- requires: delivery/task_pull_requests
-- requires: delivery/validation_findings
-- requires: graph/task_dependencies
-- requires: knowledge/read_knowledge
-- requires: knowledge/similar_tasks
-- requires: platform/idempotency_keys

begin;
set local role docket_owner;

-- The sections of a prompt, the most important first.
create function docket_private.prompt_sections() returns text[]
language sql
immutable
begin atomic
    select array['task', 'acceptance', 'failures', 'validations', 'pull_requests', 'rules',
                 'contexts', 'dependencies', 'parents', 'similar', 'knowledge', 'siblings'];
end;

comment on function docket_private.prompt_sections() is
    'The sections that a prompt may have, in the order in which they are kept when not all has room.';

-- All that a prompt for a task could say, piece by piece, each from one look by key. Nothing in it
-- changes by a claim or by the time of day, so that equal knowledge makes an equal prompt.
--
-- Plans are made for one task and its few neighbours.
create function docket_private.prompt_items(
    task_id    uuid,
    project_id uuid,
    sections   text[]
) returns table (
    section text,
    place   bigint,
    title   text,
    source  jsonb,
    body    jsonb
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    v_task     docket.tasks;
    v_project  docket.projects;
    v_rules    jsonb;
    v_words    text;
    v_findings integer;
begin
    select t.* into v_task
      from docket.tasks as t
     where t.task_id    = prompt_items.task_id
       and t.project_id = prompt_items.project_id;

    select p.* into v_project
      from docket.projects as p
     where p.project_id = prompt_items.project_id;

    return query
    select 'task', 1::bigint, v_task.title,
           jsonb_build_object('kind', 'task', 'id', v_task.task_id, 'version', v_task.version),
           jsonb_strip_nulls(jsonb_build_object(
               'key', v_task.task_key, 'description', v_task.description,
               'details', v_task.details, 'test_strategy', v_task.test_strategy,
               'requirements', nullif(v_task.requirements, '{}'),
               'affected_files', nullif(v_task.affected_files, '{}'),
               'tags', nullif(v_task.tags, '{}'), 'due_at', v_task.due_at));

    if v_task.acceptance_criteria <> '[]' then
        return query
        select 'acceptance', 1::bigint, 'Acceptance criteria',
               jsonb_build_object('kind', 'task', 'id', v_task.task_id, 'version', v_task.version),
               v_task.acceptance_criteria;
    end if;

    if 'failures' = any (prompt_items.sections) then
        return query
        select 'failures', row_number() over (order by a.attempt_no desc),
               format('Attempt %s %s', a.attempt_no,
                      case a.outcome when 'failed' then 'failed' else 'lost its lease' end),
               jsonb_build_object('kind', 'attempt', 'id', a.attempt_id),
               jsonb_strip_nulls(jsonb_build_object(
                   'agent', a.agent, 'failure_class', a.failure_class, 'error', a.error,
                   'details', a.details))
          from (
              select b.*
                from docket.task_attempts as b
               where b.task_id    = prompt_items.task_id
                 and b.project_id = prompt_items.project_id
                 and b.outcome in ('failed', 'lease_expired')
               order by b.attempt_no desc
               limit 3
          ) as a;
    end if;

    -- The newest result of each type, where it is bad, and what has to pass and has never been
    -- looked at.
    if 'validations' = any (prompt_items.sections) then
        v_findings := (
            docket_private.setting('prompt_findings', v_project.settings) #>> '{}')::integer;
        return query
        select 'validations', row_number() over (order by v.validation_type),
               format('%s: %s', v.validation_type, v.validation_status),
               jsonb_build_object('kind', 'validation', 'id', v.validation_result_id),
               jsonb_strip_nulls(jsonb_build_object(
                   'validator', v.validator_name, 'issues_found', v.issues_found,
                   'findings', w.findings, 'more_findings', nullif(x.more, 0),
                   'details', v.details, 'suggestions', nullif(v.suggestions, '[]')))
          from (
              select distinct on (r.validation_type) r.*
                from docket.validation_results as r
               where r.task_id    = prompt_items.task_id
                 and r.project_id = prompt_items.project_id
               order by r.validation_type, r.run_no desc
          ) as v
         cross join lateral (
                   -- The worst first, and of these what came back and what is new.
                   select jsonb_agg(
                              jsonb_strip_nulls(jsonb_build_object(
                                  'severity', f.severity, 'rule', f.rule_id,
                                  'place', concat_ws(':', f.path, f.start_line),
                                  'message', left(f.message, 500), 'state', f.state,
                                  'fix', f.details -> 'fix'))
                              order by f.rank, f.path, f.start_line, f.finding_id) as findings
                     from (
                         select d.*, s.state, s.rank
                           from docket.validation_findings as d
                          cross join lateral (
                                    select w.state,
                                           array_position(
                                               array['critical', 'major', 'minor', 'info'],
                                               d.severity::text) * 10
                                           + array_position(
                                                 array['reopened', 'new', 'unchanged'],
                                                 w.state) as rank
                                      from (select case
                                                       when d.opened_run_no < v.run_no
                                                           then 'unchanged'
                                                       when d.times_reopened > 0 then 'reopened'
                                                       else 'new'
                                                   end as state) as w
                                ) as s
                          where d.task_id         = v.task_id
                            and d.project_id      = v.project_id
                            and d.validation_type = v.validation_type
                            and d.fixed_run_no is null
                            and not d.is_suppressed
                          order by s.rank, d.path, d.start_line, d.finding_id
                          limit v_findings
                     ) as f
               ) as w
         cross join lateral (
                   select greatest(count(*) - v_findings, 0) as more
                     from docket.validation_findings as d
                    where d.task_id         = v.task_id
                      and d.project_id      = v.project_id
                      and d.validation_type = v.validation_type
                      and d.fixed_run_no is null
                      and not d.is_suppressed
               ) as x
         where v.validation_status in ('failed', 'error')
         union all
        select 'validations', 1000 + row_number() over (order by g.validation_type),
               format('%s: still to be passed', g.validation_type),
               jsonb_build_object('kind', 'gate', 'id', g.validation_type),
               'null'::jsonb
          from docket.required_validations as g
         where g.task_id    = prompt_items.task_id
           and g.project_id = prompt_items.project_id
           and not g.is_met
           and (g.validation_status is null or g.validation_status not in ('failed', 'error'));
    end if;

    -- What is proposed already, and what is in its way: those that are open before those that are
    -- over, the newest first.
    if 'pull_requests' = any (prompt_items.sections) then
        return query
        select 'pull_requests',
               row_number() over (
                   order by p.status in ('merged', 'closed'), p.pull_request_id desc),
               concat_ws(': ', format('%s#%s', p.repository, p.number), nullif(p.title, '')),
               jsonb_build_object('kind', 'pull_request', 'id', p.pull_request_id,
                                  'version', p.version),
               jsonb_strip_nulls(jsonb_build_object(
                   'status', p.status, 'checks', p.checks_status, 'reviews', p.review_status,
                   'conflict', nullif(p.has_conflict, false), 'head_branch', p.head_branch,
                   'base_branch', p.base_branch, 'url', p.url))
          from (
              select k.pull_request_id
                from docket.task_pull_requests as k
               where k.task_id    = prompt_items.task_id
                 and k.project_id = prompt_items.project_id
               order by k.pull_request_id desc
               limit 20
          ) as l
          join docket.pull_requests as p
            on p.pull_request_id = l.pull_request_id
           and p.project_id      = prompt_items.project_id
         order by 2
         limit 5;
    end if;

    if 'rules' = any (prompt_items.sections) then
        v_rules := docket_private.setting('prompt_rules', v_project.settings);
        return query
        select 'rules', r.ordinal, 'Rule of the project',
               jsonb_build_object('kind', 'project', 'id', prompt_items.project_id,
                                  'version', v_project.version),
               r.rule
          from jsonb_array_elements(
                   case jsonb_typeof(v_rules)
                       when 'array' then v_rules
                       else jsonb_build_array(v_rules)
                   end) with ordinality as r (rule, ordinal);
    end if;

    if 'contexts' = any (prompt_items.sections) then
        return query
        select 'contexts', row_number() over (order by c.created_at desc, c.context_type),
               c.context_type,
               jsonb_build_object('kind', 'context', 'id', c.context_type, 'version', c.version),
               c.data
          from docket.latest_contexts(prompt_items.task_id, page_size => 1000) as c
         where not c.is_tombstone
           and c.data <> 'null';
    end if;

    if 'dependencies' = any (prompt_items.sections) then
        return query
        select 'dependencies',
               row_number() over (order by t.completed_at desc nulls last, t.task_key),
               format('%s: %s', t.task_key, t.title),
               jsonb_build_object('kind', 'task', 'id', t.task_id, 'version', t.version),
               jsonb_strip_nulls(jsonb_build_object('status', t.status, 'results', t.results))
          from (
              select e.depends_on_id
                from docket.task_dependencies as e
               where e.task_id         = prompt_items.task_id
                 and e.project_id      = prompt_items.project_id
                 and e.dependency_type = 'blocks'
               order by e.depends_on_id
               limit 100
          ) as d
          join docket.tasks as t
            on t.task_id    = d.depends_on_id
           and t.project_id = prompt_items.project_id;
    end if;

    if 'parents' = any (prompt_items.sections) and v_task.parent_task_id is not null then
        return query
          with recursive chain as (
              select 1::bigint as depth, v_task.parent_task_id as ancestor_id
               union all
              select c.depth + 1, t.parent_task_id
                from chain as c
                join docket.tasks as t
                  on t.task_id    = c.ancestor_id
                 and t.project_id = prompt_items.project_id
               where t.parent_task_id is not null
                 and c.depth < 20
          )
        select 'parents', c.depth, format('%s: %s', t.task_key, t.title),
               jsonb_build_object('kind', 'task', 'id', t.task_id, 'version', t.version),
               jsonb_strip_nulls(jsonb_build_object(
                   'description', t.description, 'details', t.details,
                   'requirements', nullif(t.requirements, '{}'),
                   'acceptance_criteria', nullif(t.acceptance_criteria, '[]')))
          from chain as c
          join docket.tasks as t
            on t.task_id    = c.ancestor_id
           and t.project_id = prompt_items.project_id;
    end if;

    -- Who works beside, so that two do not do the same: few, so from those in progress.
    if 'siblings' = any (prompt_items.sections) then
        return query
        select 'siblings', row_number() over (order by t.task_key),
               format('%s: %s', t.task_key, t.title),
               jsonb_build_object('kind', 'task', 'id', t.task_id, 'version', t.version),
               jsonb_strip_nulls(jsonb_build_object(
                   'agent', t.assigned_to, 'affected_files', nullif(t.affected_files, '{}')))
          from (
              select s.*
                from docket.tasks as s
               where s.project_id = prompt_items.project_id
                 and s.status     = 'in_progress'
                 and s.task_id   <> prompt_items.task_id
                 and (s.parent_task_id = v_task.parent_task_id
                      or v_task.parent_task_id is null and s.workflow_id = v_task.workflow_id)
               order by s.task_id
               limit 20
          ) as t;
    end if;

    -- Finished tasks like it, and what came out of them.
    if 'similar' = any (prompt_items.sections) then
        return query
        select 'similar', row_number() over (order by f.similarity desc, f.task_id),
               format('%s: %s', t.task_key, t.title),
               jsonb_build_object('kind', 'task', 'id', t.task_id, 'version', t.version),
               jsonb_strip_nulls(jsonb_build_object(
                   'results', t.results, 'actual_effort', t.actual_effort))
          from docket_private.find_similar_tasks(
                   prompt_items.task_id, '{completed}', 5) as f
          join docket.tasks as t
            on t.task_id    = f.task_id
           and t.project_id = f.project_id;
    end if;

    -- Documents that say any word of its title or have any of its tags for a word.
    if 'knowledge' = any (prompt_items.sections) then
        v_words := (
            select string_agg(w.word, ' or ')
              from (
                  select distinct lower(m.match[1]) as word
                    from regexp_matches(
                             v_task.title || ' ' || array_to_string(v_task.tags, ' '),
                             '[[:alnum:]]{3,}', 'g') as m (match)
                   limit 30
              ) as w);
        return query
        select 'knowledge', row_number() over (order by f.rank desc, f.knowledge_id),
               concat_ws(': ', f.title, s.heading),
               jsonb_build_object('kind', 'knowledge', 'id', f.knowledge_id,
                                  'version', f.version, 'section', f.section),
               to_jsonb(s.body)
          from (
              select b.knowledge_id, b.section, b.rank, k.title, k.version
                from (
                    select distinct on (w.knowledge_id) w.knowledge_id, w.section, w.rank
                      from docket_private.find_knowledge(
                               prompt_items.project_id, coalesce(v_words, '')) as w
                     order by w.knowledge_id, w.rank desc, w.section
                ) as b
               cross join lateral (
                         select d.title, d.version
                           from docket.knowledge_base as d
                          where d.knowledge_id = b.knowledge_id
                            and d.project_id   = prompt_items.project_id
                            and d.archived_at is null
                          order by d.knowledge_id
                          limit 1
                     ) as k
               order by b.rank desc, b.knowledge_id
               limit 5
          ) as f
          join docket_private.knowledge_sections as s
            on s.knowledge_id = f.knowledge_id
           and s.project_id   = prompt_items.project_id
           and s.section      = f.section;
    end if;
end;
$$;

comment on function docket_private.prompt_items(uuid, uuid, text[]) is
    'What a prompt for a task could say: pieces by section, in the order of importance within each (`place`), with where each comes from. The caller has judged who asks.';

create type docket_private.prompt_item as (
    section text,
    title   text,
    source  jsonb,
    body    jsonb,
    tokens  integer,
    hash    text,
    is_cut  boolean
);

comment on type docket_private.prompt_item is
    'A piece of a prompt: what it says, where from, about how many tokens, and its SHA-256.';

create function docket_private.prompt_note(
    item   docket_private.prompt_item,
    reason text
) returns jsonb
language sql
immutable
begin atomic
    select jsonb_strip_nulls(jsonb_build_object(
               'section', (prompt_note.item).section, 'title', (prompt_note.item).title,
               'source', (prompt_note.item).source, 'tokens', (prompt_note.item).tokens,
               'hash', (prompt_note.item).hash,
               'cut', nullif((prompt_note.item).is_cut, false), 'reason', prompt_note.reason));
end;

comment on function docket_private.prompt_note(docket_private.prompt_item, text) is
    'What a build notes of a piece, and why it was left out, if it was.';

create function docket_private.cut_item(
    item  docket_private.prompt_item,
    room  integer,
    model text
) returns docket_private.prompt_item
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := case jsonb_typeof(item.body)
                       when 'string' then item.body #>> '{}'
                       else item.body::text
                   end;
begin
    item.body   := to_jsonb(
        left(v_text, trunc(length(v_text) * greatest(room - 10.0, 0) / item.tokens)::integer)
        || ' [...]');
    item.tokens := docket.estimate_tokens(item.title || item.body::text, cut_item.model);
    item.is_cut := true;
    return item;
end;
$$;

comment on function docket_private.cut_item(docket_private.prompt_item, integer, text) is
    'The beginning of a piece, as much as `room` tokens hold, about: a text, whatever it was.';

-- The journal is read by its first column. Where much was written since, it is cheaper to look at
-- what a prompt says than at what was written.
create function docket_private.prompt_stamp_holds(
    prompt_build_id uuid,
    project_id      uuid,
    settings        jsonb
) returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_most  constant integer := 5000;
    v_stamp docket_private.prompt_stamps;
begin
    select s.* into v_stamp
      from docket_private.prompt_stamps as s
     where s.prompt_build_id = prompt_stamp_holds.prompt_build_id
       and s.project_id      = prompt_stamp_holds.project_id;

    if not found
       or v_stamp.settings <> prompt_stamp_holds.settings
       or v_stamp.server_started_at <> pg_postmaster_start_time() then
        return false;
    end if;

    -- A transaction that changed something a month before it commits is not thought of. Left out
    -- is what building itself and those that work write, and no prompt says.
    return (
        select count(*) < v_most
               and not coalesce(
                       bool_or(l.project_id = v_stamp.project_id
                               and l.table_name not in (
                                       'agent_sessions', 'budgets', 'components', 'context_pins',
                                       'event_consumers', 'learning_data', 'learning_evidence',
                                       'prompt_builds')
                               and (l.transaction_id = v_stamp.transaction_id
                                    or not pg_visible_in_snapshot(
                                               l.transaction_id, v_stamp.snapshot))),
                       false)
          from (
              select a.transaction_id, a.project_id, a.table_name
                from docket.audit_log as a
               where a.transaction_id >= least(
                         v_stamp.transaction_id, pg_snapshot_xmin(v_stamp.snapshot))
                 and a.recorded_at     > v_stamp.stamped_at - interval '1 month'
               limit v_most
          ) as l);
end;
$$;

comment on function docket_private.prompt_stamp_holds(uuid, uuid, jsonb) is
    'Whether nothing that a build could say can have changed since its pieces were read: no row of the journal of its project that was not yet to be seen then, and the same `settings`.';

create procedure docket_private.stamp_prompt(
    prompt_build_id uuid,
    project_id      uuid,
    snapshot        pg_snapshot,
    settings        jsonb
)
language sql
begin atomic
    insert into docket_private.prompt_stamps as s
           (prompt_build_id, project_id, snapshot, transaction_id, settings)
    values (stamp_prompt.prompt_build_id, stamp_prompt.project_id, stamp_prompt.snapshot,
            pg_current_xact_id(), stamp_prompt.settings)
        on conflict on constraint prompt_stamps_pkey do update
       set snapshot          = excluded.snapshot,
           transaction_id    = excluded.transaction_id,
           settings          = excluded.settings,
           stamped_at        = excluded.stamped_at,
           server_started_at = excluded.server_started_at;
end;

comment on procedure docket_private.stamp_prompt(uuid, uuid, pg_snapshot, jsonb) is
    'Notes that a build says what there was to say at a snapshot that was taken before anything was read.';

-- Each piece is taken whole while there is room for it. One that has not enough is cut to half of
-- what is left, so that others still have some; in the end the first of these gets what nobody
-- took.
create function docket.build_prompt_context(
    task_id      uuid,
    token_budget integer default null,
    sections     text[]  default null,
    model        text    default null,
    attempt_id   uuid    default null,
    request_id   uuid    default null
) returns docket.prompt_builds
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_worth_cutting constant integer := 50;
    v_answer    jsonb := docket_private.replay(request_id, 'build_prompt_context');
    v_task      docket.tasks;
    v_settings  jsonb;
    v_build     docket.prompt_builds;
    v_items     docket_private.prompt_item[];
    v_item      docket_private.prompt_item;
    v_kept      docket_private.prompt_item[];
    v_left_out  jsonb   := jsonb_build_array();
    v_hashes    text[]  := array[]::text[];
    v_room      integer;
    v_whole     docket_private.prompt_item;
    v_place     integer;
    v_known     docket.prompt_builds;
    v_seconds   double precision;
    v_told      jsonb;
    v_snapshot  pg_snapshot;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.prompt_builds, v_answer);
    end if;

    select t.* into v_task
      from docket.tasks as t
     where t.task_id = build_prompt_context.task_id;

    if not found then
        raise exception 'task % does not exist',
                        coalesce(build_prompt_context.task_id::text, 'null')
            using errcode = 'PD404';
    end if;

    perform docket_private.require_project(v_task.project_id);

    v_settings := (
        select p.settings from docket.projects as p where p.project_id = v_task.project_id);

    v_build.sections     := coalesce(
        build_prompt_context.sections, docket_private.prompt_sections());
    v_build.token_budget := coalesce(
        build_prompt_context.token_budget,
        (docket_private.setting('prompt_token_budget', v_settings) #>> '{}')::integer);

    if not v_build.sections <@ docket_private.prompt_sections()
       or array_position(v_build.sections, null) is not null
       or cardinality(v_build.sections) not between 1 and 100 then
        raise exception 'a prompt has no such sections: %',
                        left(array_to_string(v_build.sections, ', ', 'null'), 200)
            using errcode = 'PD422',
                  hint    = format('Some of %s, the most important first.',
                                   array_to_string(docket_private.prompt_sections(), ', '));
    end if;

    if v_build.token_budget not between 100 and 10000000 then
        raise exception 'a prompt of % tokens can not be built', v_build.token_budget
            using errcode = 'PD422',
                  hint    = 'token_budget is 100 to 10,000,000 tokens.';
    end if;

    if length(build_prompt_context.model) not between 1 and 255 then
        raise exception 'the name of a model has % characters',
                        length(build_prompt_context.model)
            using errcode = 'PD422',
                  hint    = 'It has 1 to 255.';
    end if;

    if build_prompt_context.attempt_id is not null and not exists (
        select
          from docket.task_attempts as a
         where a.attempt_id = build_prompt_context.attempt_id
           and a.project_id = v_task.project_id
           and a.task_id    = v_task.task_id
    ) then
        raise exception 'attempt % is none at task %', build_prompt_context.attempt_id,
                        v_task.task_key
            using errcode = 'PD404',
                  hint    = 'docket.claim_tasks() gives each task its attempt_id.';
    end if;

    v_build.project_id      := v_task.project_id;
    v_build.task_id         := v_task.task_id;
    v_build.attempt_id      := build_prompt_context.attempt_id;
    v_build.model           := build_prompt_context.model;
    v_build.token_estimator := docket_private.setting('token_estimator') #>> '{}';

    v_seconds  := (docket_private.setting('prompt_cache_seconds', v_settings) #>> '{}')::numeric;
    v_told     := jsonb_build_array(
        docket_private.setting('prompt_rules', v_settings),
        docket_private.setting('prompt_findings', v_settings));

    if v_seconds > 0 then
        select b.* into v_known
          from docket.prompt_builds as b
          join docket_private.prompt_stamps as s
            on s.prompt_build_id = b.prompt_build_id
           and s.project_id      = b.project_id
         where b.task_id         = v_task.task_id
           and b.project_id      = v_task.project_id
           and b.sections        = v_build.sections
           and b.token_budget    = v_build.token_budget
           and b.model is not distinct from v_build.model
           and b.token_estimator = v_build.token_estimator
           and b.attempt_id is not distinct from v_build.attempt_id
           and b.created_at      > docket.clock() - make_interval(secs => v_seconds)
         order by s.stamped_at desc
         limit 1;

        if found and docket_private.prompt_stamp_holds(
               v_known.prompt_build_id, v_known.project_id, v_told) then
            perform docket_private.remember(request_id, to_jsonb(v_known));
            return v_known;
        end if;
    end if;

    -- Before anything is read: what is committed while that is done is looked at again.
    v_snapshot := pg_current_snapshot();

    v_items := array(
        select row(
                   i.section, i.title, i.source, b.body,
                   docket.estimate_tokens(i.title || b.body::text, v_build.model),
                   encode(sha256(convert_to(i.title || b.body::text, 'UTF8')), 'hex'), false
               )::docket_private.prompt_item
          from docket_private.prompt_items(
                   v_task.task_id, v_task.project_id, v_build.sections) as i
         cross join lateral (
                   select docket_private.without_secrets(i.body) as body
                    offset 0
               ) as b
         where i.section = any (v_build.sections)
         order by array_position(v_build.sections, i.section), i.place);

    -- Equal sources, chosen from in the same way, make an equal prompt: it is given again.
    v_build.source_hash := (
        select sha256(convert_to(
                   jsonb_build_array(
                       v_build.sections, v_build.token_budget, v_build.model,
                       v_build.token_estimator,
                       jsonb_agg(jsonb_build_array(u.section, u.source - 'version', u.hash)
                                 order by u.ordinal))::text,
                   'UTF8'))
          from unnest(v_items) with ordinality
               as u (section, title, source, body, tokens, hash, is_cut, ordinal));

    if v_seconds > 0 then
        select b.* into v_known
          from docket.prompt_builds as b
         where b.task_id     = v_task.task_id
           and b.project_id  = v_task.project_id
           and b.source_hash = v_build.source_hash
           and b.attempt_id is not distinct from v_build.attempt_id
           and b.created_at  > docket.clock() - make_interval(secs => v_seconds)
         order by b.prompt_build_id desc
         limit 1;

        if found then
            call docket_private.stamp_prompt(
                v_known.prompt_build_id, v_known.project_id, v_snapshot, v_told);
            perform docket_private.remember(request_id, to_jsonb(v_known));
            return v_known;
        end if;
    end if;

    v_room := v_build.token_budget;
    foreach v_item in array v_items loop
        if v_item.hash = any (v_hashes) then
            v_left_out := v_left_out || docket_private.prompt_note(v_item, 'duplicate');
            continue;
        end if;

        if v_item.tokens > v_room and v_room / 2 >= v_worth_cutting then
            if v_place is null then
                v_whole := v_item;
                v_place := coalesce(cardinality(v_kept), 0) + 1;
            end if;
            v_item := docket_private.cut_item(v_item, v_room / 2, v_build.model);
        end if;

        if v_item.tokens > v_room then
            v_left_out := v_left_out || docket_private.prompt_note(v_item, 'budget');
            continue;
        end if;

        v_room   := v_room - v_item.tokens;
        v_hashes := v_hashes || v_item.hash;
        v_kept   := v_kept || v_item;
    end loop;

    if v_place is not null then
        v_item := docket_private.cut_item(
            v_whole, v_kept[v_place].tokens + v_room, v_build.model);
        if v_item.tokens between v_kept[v_place].tokens and v_kept[v_place].tokens + v_room then
            v_room := v_room + v_kept[v_place].tokens - v_item.tokens;
            v_kept[v_place] := v_item;
        end if;
    end if;

    select coalesce(jsonb_agg(docket_private.prompt_note(u.item, null) order by u.ordinal), '[]')
      into v_build.included
      from unnest(v_kept) with ordinality
           as k (section, title, source, body, tokens, hash, is_cut, ordinal)
     cross join lateral (
               select row(k.section, k.title, k.source, k.body, k.tokens, k.hash,
                          k.is_cut)::docket_private.prompt_item as item,
                      k.ordinal) as u;

    select jsonb_build_object(
               'task', v_task.task_key,
               'sections', coalesce(jsonb_agg(
                   jsonb_build_object('section', g.section, 'items', g.items)
                   order by g.first_ordinal), '[]'))
      into v_build.content
      from (
          select k.section, min(k.ordinal) as first_ordinal,
                 jsonb_agg(
                     jsonb_build_object('title', k.title, 'data', k.body)
                     || case when k.is_cut then '{"cut": true}'::jsonb else '{}' end
                     order by k.ordinal) as items
            from unnest(v_kept) with ordinality
                 as k (section, title, source, body, tokens, hash, is_cut, ordinal)
           group by k.section
      ) as g;

    v_build.prompt_build_id := docket_private.new_id(v_task.project_id);
    v_build.left_out        := v_left_out;
    v_build.token_estimate  := v_build.token_budget - v_room;
    v_build.content_hash    := sha256(convert_to(v_build.content::text, 'UTF8'));
    v_build.created_at      := docket.clock();
    v_build.created_by      := docket.principal();

    insert into docket.prompt_builds
    select v_build.*;

    if v_seconds > 0 then
        call docket_private.stamp_prompt(
            v_build.prompt_build_id, v_build.project_id, v_snapshot, v_told);
    end if;

    -- What it was made of is kept as long as it is; what has gone in the meantime can't be.
    insert into docket.context_pins (task_id, project_id, context_type, version, pinned_for)
    select c.task_id, c.project_id, c.context_type, c.version,
           'prompt build ' || v_build.prompt_build_id
      from unnest(v_kept) as k
      join docket.task_contexts as c
        on c.task_id      = v_task.task_id
       and c.project_id   = v_task.project_id
       and c.context_type = k.source ->> 'id'
       and c.version      = (k.source ->> 'version')::integer
     where k.section = 'contexts'
       for key share of c;

    perform docket_private.count_context_uses(v_task.project_id, v_task.task_id, array(
        select k.source ->> 'id' from unnest(v_kept) as k where k.section = 'contexts'));

    perform docket_private.remember(request_id, to_jsonb(v_build));
    return v_build;
end;
$$;

comment on function docket.build_prompt_context(uuid, integer, text[], text, uuid, uuid) is
'Builds what an agent is told about a task, within a budget, and keeps it.

`token_budget` is how many tokens it may have, as docket.estimate_tokens() reckons (100 to
10,000,000; default: setting prompt_token_budget). `sections` are the sections wanted, the most
important first: task, acceptance, failures (of its last three attempts that failed), validations
(that failed or are still to be passed), pull_requests (what their checks and reviewers say), rules
(of the project), contexts (the latest of each type), dependencies (and their results), parents,
similar (finished tasks like it), knowledge (documents), siblings (in progress beside it); default:
all, in this order. Pieces are taken whole while there is
room; one that has not enough is cut where 50 tokens would be left of it, else left out, and so is
what is there already; included and left_out tell which, why and from what version. `model` is
handed to estimate_tokens(), `attempt_id` the attempt that asks. What stands under a secret key is
masked. From the same sources the same prompt is given again for the setting prompt_cache_seconds
(0: it is built anew, and is the same); where nothing was written in its project since, they are not
even read. The same `request_id` again returns the first answer.
Returns the build, its content as data: docket.render_prompt() makes text of it. Raises PD404,
PD403, PD422.';

revoke all on function docket_private.prompt_sections() from public;
revoke all on function docket_private.prompt_items(uuid, uuid, text[]) from public;
revoke all on function docket_private.prompt_stamp_holds(uuid, uuid, jsonb) from public;
revoke all on procedure docket_private.stamp_prompt(uuid, uuid, pg_snapshot, jsonb) from public;
revoke all on function docket_private.cut_item(docket_private.prompt_item, integer, text)
  from public;
revoke all on function docket_private.prompt_note(docket_private.prompt_item, text) from public;
revoke all on type docket_private.prompt_item from public;
revoke all on function docket.build_prompt_context(uuid, integer, text[], text, uuid, uuid)
  from public;
grant execute on function docket.build_prompt_context(uuid, integer, text[], text, uuid, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
