-- Deploy pgdocket:delivery/record_validations to pg
-- requires: delivery/put_artifacts
-- requires: delivery/required_validations
-- requires: platform/check_batch
-- requires: queue/complete_tasks

begin;
set local role docket_owner;

-- Refuses what can't be meant before anything is written, and says which element it is.
create function docket_private.check_validations(validations jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_known constant text[] := array[
        'task_id', 'validation_type', 'status', 'validator_name', 'attempt_id', 'agent',
        'pull_request_id', 'artifact_id', 'score', 'max_score', 'issues_found', 'issues_critical',
        'issues_major', 'issues_minor', 'issues_new', 'issues_unchanged', 'issues_reopened',
        'issues_fixed', 'details', 'suggestions', 'started_at', 'completed_at',
        'execution_time_ms', 'metadata'];
    v_wrong record;
begin
    perform docket_private.check_batch(
        validations, 'validations', 'validation',
        'Give an array of objects with task_id, validation_type and status.', v_known);

    select e.place, w.reason into v_wrong
      from jsonb_array_elements(validations) with ordinality as e (element, place)
     cross join lateral (
               select case
                          when coalesce(e.element ->> 'task_id', '')
                               !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                              then 'has no task_id'
                          when e.element ->> 'validation_type' is null
                              then 'has no validation_type'
                          when e.element ->> 'status' is null then 'has no status'
                          when e.element ->> 'status' not in (
                                   'pending', 'running', 'passed', 'failed', 'warning', 'error',
                                   'skipped')
                              then format('has the unknown status %L',
                                          left(e.element ->> 'status', 100))
                      end as reason
           ) as w
     where w.reason is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'validation number % %', v_wrong.place, v_wrong.reason
            using errcode = 'PD422',
                  hint    = format('Known are %s.', array_to_string(v_known, ', '));
    end if;
end;
$$;

comment on function docket_private.check_validations(jsonb) is
    'Raises PD422 or PD413 for what can not be a batch of validations.';

-- An agent that has lost its task says nothing about it any more.
create function docket.record_validations(
    validations jsonb,
    request_id  uuid default null
) returns setof docket.validation_results
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'record_validations');
    v_task_ids   uuid[];
    v_project    uuid;
    v_results    docket.validation_results[];
    v_constraint text;
begin
    if v_answer is not null then
        return query
        select * from jsonb_populate_recordset(null::docket.validation_results, v_answer);
        return;
    end if;

    perform docket_private.check_validations(record_validations.validations);

    v_task_ids := array(
        select distinct (e.element ->> 'task_id')::uuid
          from jsonb_array_elements(record_validations.validations) as e (element));
    v_project  := docket_private.lock_gated(v_task_ids);

    begin
        perform docket_private.check_attempts(
                    v_project, array_agg(r.task_id), array_agg(r.attempt_id))
           from jsonb_to_recordset(record_validations.validations) as r (
                    task_id uuid, attempt_id uuid);

          with given as materialized (
              select g.ordinal, r.*,
                     docket_private.read_validation_type(r.validation_type) as known_type,
                     row_number() over (
                         partition by r.task_id,
                                      docket_private.read_validation_type(r.validation_type)
                         order by g.ordinal) as place
                from jsonb_array_elements(record_validations.validations)
                     with ordinality as g (element, ordinal)
               cross join lateral jsonb_to_record(g.element) as r (
                         task_id uuid, validation_type text, status text, validator_name text,
                         attempt_id uuid, agent text, pull_request_id uuid, artifact_id uuid,
                         score numeric, max_score numeric, issues_found integer,
                         issues_critical integer, issues_major integer, issues_minor integer,
                         issues_new integer, issues_unchanged integer, issues_reopened integer,
                         issues_fixed integer, details jsonb,
                         suggestions jsonb, started_at timestamptz, completed_at timestamptz,
                         execution_time_ms bigint, metadata jsonb)
          ), timed as (
              select g.*,
                     case
                         when g.status in ('pending', 'running') then g.completed_at
                         else coalesce(g.completed_at, greatest(docket.clock(), g.started_at))
                     end as ended_at
                from given as g
          ), recorded as (
              insert into docket.validation_results as v (
                  validation_result_id, project_id, task_id, validation_type, run_no,
                  validation_status, validator_name, attempt_id, agent, pull_request_id,
                  artifact_id, score, max_score, issues_found, issues_critical, issues_major,
                  issues_minor, issues_new, issues_unchanged, issues_reopened, issues_fixed,
                  details, suggestions, started_at, completed_at, execution_time_ms, metadata)
              select docket_private.new_id(v_project, t.ordinal), v_project, t.task_id,
                     t.known_type, coalesce(n.run_no, 0) + t.place, t.status, t.validator_name,
                     t.attempt_id, coalesce(t.agent, a.agent), t.pull_request_id, t.artifact_id,
                     t.score, t.max_score,
                     coalesce(t.issues_found,
                              coalesce(t.issues_critical, 0) + coalesce(t.issues_major, 0)
                              + coalesce(t.issues_minor, 0)),
                     coalesce(t.issues_critical, 0), coalesce(t.issues_major, 0),
                     coalesce(t.issues_minor, 0), t.issues_new, t.issues_unchanged,
                     t.issues_reopened, t.issues_fixed, t.details,
                     coalesce(t.suggestions, '[]'), t.started_at, t.ended_at,
                     coalesce(t.execution_time_ms,
                              (extract(epoch from t.ended_at - t.started_at) * 1000)::bigint),
                     coalesce(t.metadata, '{}')
                from timed as t
                left join lateral (
                         select p.run_no
                           from docket.validation_results as p
                          where p.task_id = t.task_id
                            and p.project_id = v_project
                            and p.validation_type = t.known_type
                          order by p.run_no desc
                          limit 1
                     ) as n on true
                left join lateral (
                         select b.agent
                           from docket.task_attempts as b
                          where b.attempt_id = t.attempt_id
                            and b.project_id = v_project
                         offset 0
                     ) as a on true
               order by t.ordinal
              returning v
          )
        select array_agg(r.v order by (r.v).validation_result_id) into v_results
          from recorded as r;
    exception
        when foreign_key_violation then
            raise exception 'the pull request or artifact of a validation is none of this project'
                using errcode = 'PD404';
        -- A feature that is not supported: to measure a time that never began.
        when check_violation or not_null_violation or data_exception or feature_not_supported then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'validations are refused: %',
                            coalesce(
                                docket_private.constraint_text('validation_results', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    -- What is newest of its type moves the gate.
    update docket.required_validations as r
       set run_no            = n.run_no,
           validation_status = n.validation_status,
           is_met            = r.waived_at is not null
                               or n.validation_status in ('passed', 'warning')
      from (
          select distinct on (u.task_id, u.validation_type)
                 u.task_id, u.validation_type, u.run_no, u.validation_status
            from unnest(v_results) as u
           order by u.task_id, u.validation_type, u.run_no desc
      ) as n
     where r.task_id = n.task_id
       and r.project_id = v_project
       and r.validation_type = n.validation_type;

    perform docket_private.count_gates(v_project, v_task_ids);
    perform docket_private.remember(record_validations.request_id, to_jsonb(v_results));

    return query
    select u.* from unnest(v_results) as u;
end;
$$;

comment on function docket.record_validations(jsonb, uuid) is
'Records what validations of tasks said, and opens or closes the gates that ask for them: the newest
result of a type counts. All or none.

`validations` is an array of objects (up to the setting max_batch_size), of tasks of one project,
with task_id, validation_type (a word such as tests or style), status (pending, running, passed,
failed, warning, error, skipped) and, where it is known, validator_name, attempt_id (an attempt
that has lost its task is refused), agent, pull_request_id, artifact_id, score and max_score,
issues_found, issues_critical, issues_major and issues_minor (issues_found is their sum unless
given), issues_new, issues_unchanged, issues_reopened and issues_fixed (against the run before),
details, suggestions (array or object), started_at, completed_at (now, unless it is pending or
running),
execution_time_ms (milliseconds; from the two times unless given), metadata (object). The same
`request_id` again returns the first answer. Returns the results, in the order given. Raises PD404,
PD403, PD413, PD422, PDLSE.';

create function docket.record_validation(
    task_id           uuid,
    validation_type   text,
    status            text,
    validator_name    text        default null,
    score             numeric     default null,
    max_score         numeric     default null,
    issues_found      integer     default null,
    issues_critical   integer     default null,
    issues_major      integer     default null,
    issues_minor      integer     default null,
    details           jsonb       default null,
    suggestions       jsonb       default null,
    attempt_id        uuid        default null,
    agent             text        default null,
    pull_request_id   uuid        default null,
    artifact_id       uuid        default null,
    started_at        timestamptz default null,
    completed_at      timestamptz default null,
    execution_time_ms bigint      default null,
    metadata          jsonb       default null,
    request_id        uuid        default null
) returns docket.validation_results
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'record_validation');
    v_result docket.validation_results;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.validation_results, v_answer);
    end if;

    select r.* into v_result
      from docket.record_validations(jsonb_build_array(jsonb_build_object(
               'task_id', record_validation.task_id,
               'validation_type', record_validation.validation_type,
               'status', record_validation.status,
               'validator_name', record_validation.validator_name,
               'score', record_validation.score,
               'max_score', record_validation.max_score,
               'issues_found', record_validation.issues_found,
               'issues_critical', record_validation.issues_critical,
               'issues_major', record_validation.issues_major,
               'issues_minor', record_validation.issues_minor,
               'details', record_validation.details,
               'suggestions', record_validation.suggestions,
               'attempt_id', record_validation.attempt_id,
               'agent', record_validation.agent,
               'pull_request_id', record_validation.pull_request_id,
               'artifact_id', record_validation.artifact_id,
               'started_at', record_validation.started_at,
               'completed_at', record_validation.completed_at,
               'execution_time_ms', record_validation.execution_time_ms,
               'metadata', record_validation.metadata))) as r;

    perform docket_private.remember(request_id, to_jsonb(v_result));
    return v_result;
end;
$$;

comment on function docket.record_validation(
    uuid, text, text, text, numeric, numeric, integer, integer, integer, integer, jsonb, jsonb,
    uuid, text, uuid, uuid, timestamptz, timestamptz, bigint, jsonb, uuid) is
'Records what one validation of task `task_id` said, and opens or closes the gate that asks for it: the
newest result of a type counts.

`validation_type` is a word such as tests or style, `status` pending, running, passed, failed,
warning, error or skipped; passed and warning let the task through. The other parameters as the
fields of record_validations(); `execution_time_ms` in milliseconds. The same `request_id` again
returns the first answer. Returns the result. Raises PD404, PD403, PD422, PDLSE.';

revoke all on function docket_private.check_validations(jsonb) from public;
revoke all on function docket.record_validations(jsonb, uuid) from public;
revoke all on function docket.record_validation(
    uuid, text, text, text, numeric, numeric, integer, integer, integer, integer, jsonb, jsonb,
    uuid, text, uuid, uuid, timestamptz, timestamptz, bigint, jsonb, uuid) from public;
grant execute on function docket.record_validations(jsonb, uuid), docket.record_validation(
    uuid, text, text, text, numeric, numeric, integer, integer, integer, integer, jsonb, jsonb,
    uuid, text, uuid, uuid, timestamptz, timestamptz, bigint, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
