-- Deploy pgdocket:delivery/read_validations to pg
-- requires: context/prompt_builds
-- requires: delivery/code_artifacts
-- requires: delivery/validation_results
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

insert into docket.settings (setting_key, value, description)
values ('validation_weights', '{}', 'How much each type of validation weighs in a combined score, as an object such as {"security": 3, "style": 0.5}; what is not named weighs 1, and 0 leaves a type out. A project may set its own.');

create function docket.list_validations(
    project_id      uuid,
    task_id         uuid        default null,
    validation_type text        default null,
    status          text        default null,
    pull_request_id uuid        default null,
    artifact_id     uuid        default null,
    validator_name  text        default null,
    since           timestamptz default null,
    until           timestamptz default null,
    after           uuid        default null,
    page_size       integer     default 100
) returns table (
    validation_result_id uuid,
    project_id           uuid,
    task_id              uuid,
    task_key             text,
    task_title           text,
    task_status          docket.task_status,
    validation_type      docket.validation_type,
    run_no               integer,
    validation_status    docket.validation_status,
    validator_name       text,
    attempt_id           uuid,
    agent                text,
    pull_request_id      uuid,
    artifact_id          uuid,
    artifact_type        docket.artifact_type,
    artifact_path        text,
    score                numeric,
    max_score            numeric,
    issues_found         integer,
    issues_critical      integer,
    issues_major         integer,
    issues_minor         integer,
    issues_new           integer,
    issues_unchanged     integer,
    issues_reopened      integer,
    issues_fixed         integer,
    details              jsonb,
    suggestions          jsonb,
    started_at           timestamptz,
    completed_at         timestamptz,
    execution_time_ms    bigint,
    metadata             jsonb,
    created_at           timestamptz,
    created_by           text
)
language sql
stable
begin atomic
    select v.validation_result_id, v.project_id, v.task_id, t.task_key, t.title, t.status,
           v.validation_type, v.run_no, v.validation_status, v.validator_name, v.attempt_id,
           v.agent, v.pull_request_id, v.artifact_id, a.artifact_type,
           a.file_path, v.score, v.max_score, v.issues_found, v.issues_critical, v.issues_major,
           v.issues_minor, v.issues_new,
           v.issues_unchanged, v.issues_reopened, v.issues_fixed, v.details, v.suggestions,
           v.started_at, v.completed_at, v.execution_time_ms, v.metadata, v.created_at, v.created_by
      from docket.validation_results as v
      join docket.tasks as t
        on t.task_id    = v.task_id
       and t.project_id = v.project_id
      left join docket.code_artifacts as a
        on a.artifact_id = v.artifact_id
       and a.project_id  = v.project_id
     where v.project_id = list_validations.project_id
       and (list_validations.task_id is null or v.task_id = list_validations.task_id)
       and (list_validations.validation_type is null
            or v.validation_type = lower(btrim(list_validations.validation_type)))
       and (list_validations.status is null or v.validation_status = list_validations.status)
       and (list_validations.pull_request_id is null
            or v.pull_request_id = list_validations.pull_request_id)
       and (list_validations.artifact_id is null
            or v.artifact_id = list_validations.artifact_id)
       and (list_validations.validator_name is null
            or v.validator_name = list_validations.validator_name)
       and (list_validations.since is null or v.created_at >= list_validations.since)
       and (list_validations.until is null or v.created_at < list_validations.until)
       and (list_validations.after is null or v.validation_result_id > list_validations.after)
     order by v.validation_result_id
     limit least(greatest(list_validations.page_size, 1), 1000);
end;

comment on function docket.list_validations(
    uuid, uuid, text, text, uuid, uuid, text, timestamptz, timestamptz, uuid, integer) is
'What validations said in project `project_id`, the first recorded first, each with its task and
artifact: of one task (`task_id`), one `validation_type`, with one `status`, of one pull request
(`pull_request_id`) or artifact (`artifact_id`), by one `validator_name`, recorded from `since` on
and before `until`, where these are given.

validation_trend() tells how the runs of a task got on. `after` is the id of the last row of the
previous page, `page_size` is in rows (1 to 1000). validator_name, attempt_id, agent,
pull_request_id, artifact_id, artifact_type, artifact_path, score, max_score, issues_new,
issues_unchanged, issues_reopened, issues_fixed, details, started_at, completed_at and
execution_time_ms may be null. Returns results; raises nothing.';

-- The loop of a task in one row for each turn: who was asked, what he was told, what came out,
-- which prompt took that up, and what became better by it.
create function docket.validation_trend(
    task_id         uuid,
    validation_type text    default null,
    pull_request_id uuid    default null,
    max_runs        integer default 20
) returns table (
    validation_type      docket.validation_type,
    run_no               integer,
    validation_status    docket.validation_status,
    score                numeric,
    max_score            numeric,
    score_change         numeric,
    issues_found         integer,
    issues_change        integer,
    issues_new           integer,
    issues_reopened      integer,
    issues_fixed         integer,
    agent                text,
    attempt_id           uuid,
    pull_request_id      uuid,
    prompt_build_id      uuid,
    feedback_build_id    uuid,
    execution_time_ms    bigint,
    validation_result_id uuid,
    created_at           timestamptz
)
language sql
stable
begin atomic
      with runs as (
          select v.*,
                 v.score - lag(v.score) over w as score_change,
                 v.issues_found - lag(v.issues_found) over w as issues_change,
                 row_number() over (
                     partition by v.validation_type order by v.run_no desc) as age
            from docket.get_task(validation_trend.task_id) as t
            join docket.validation_results as v
              on v.task_id    = t.task_id
             and v.project_id = t.project_id
           where (validation_trend.validation_type is null
                  or v.validation_type = lower(btrim(validation_trend.validation_type)))
             and (validation_trend.pull_request_id is null
                  or v.pull_request_id = validation_trend.pull_request_id)
          window w as (partition by v.validation_type order by v.run_no)
      )
    select r.validation_type, r.run_no, r.validation_status, r.score, r.max_score,
           r.score_change, r.issues_found, r.issues_change, r.issues_new, r.issues_reopened,
           r.issues_fixed, r.agent, r.attempt_id, r.pull_request_id, told.prompt_build_id,
           fed.feedback_build_id, r.execution_time_ms, r.validation_result_id, r.created_at
      from runs as r
      left join lateral (
               select b.prompt_build_id
                 from docket.prompt_builds as b
                where b.task_id    = r.task_id
                  and b.project_id = r.project_id
                  and b.prompt_build_id < r.validation_result_id
                  and b.attempt_id is not distinct from coalesce(r.attempt_id, b.attempt_id)
                order by b.prompt_build_id desc
                limit 1
           ) as told on true
      left join lateral (
               select b.prompt_build_id as feedback_build_id
                 from docket.prompt_builds as b
                where b.task_id    = r.task_id
                  and b.project_id = r.project_id
                  and b.prompt_build_id > r.validation_result_id
                  and b.included @> jsonb_build_array(jsonb_build_object(
                          'source', jsonb_build_object(
                              'kind', 'validation', 'id', r.validation_result_id)))
                order by b.prompt_build_id
                limit 1
           ) as fed on true
     where r.age <= least(greatest(validation_trend.max_runs, 1), 1000)
     order by r.validation_type, r.run_no;
end;

comment on function docket.validation_trend(uuid, text, uuid, integer) is
'How a task got on in its validations, run by run, by type: of one `validation_type`, of one pull
request (`pull_request_id`), where these are given; the last `max_runs` of each type (1 to 1000).

Each row is one turn of the loop: agent and attempt_id say whose work it was, prompt_build_id which
prompt he had been given, feedback_build_id the first prompt that told of this result,
score_change and issues_change what differs from the run before (fewer issues are a negative
number); issues_new, issues_reopened and issues_fixed count findings where they are kept. score,
max_score, score_change, issues_change, issues_new, issues_reopened, issues_fixed, agent,
attempt_id, pull_request_id, prompt_build_id, feedback_build_id and execution_time_ms may be null.
Returns runs by type, the oldest first. Raises PD404.';

create function docket.validation_score(task_id uuid) returns table (
    score           numeric,
    types           integer,
    types_passed    integer,
    issues_found    bigint,
    issues_critical bigint,
    issues_major    bigint,
    issues_minor    bigint,
    parts           jsonb
)
language sql
stable
rows 1
begin atomic
      with newest as (
          select distinct on (v.validation_type)
                 v.*,
                 coalesce(
                     p.settings -> 'validation_weights',
                     (select s.value
                        from docket.settings as s
                       where s.setting_key = 'validation_weights'))
                 -> v.validation_type::text as told
            from docket.get_task(validation_score.task_id) as t
            join docket.projects as p
              on p.project_id = t.project_id
            join docket.validation_results as v
              on v.task_id    = t.task_id
             and v.project_id = t.project_id
             and v.validation_status not in ('pending', 'running', 'skipped')
           order by v.validation_type, v.run_no desc
      ), weighed as (
          select n.*,
                 case
                     when n.told is null then 1
                     when jsonb_typeof(n.told) = 'number'
                         then greatest((n.told #>> '{}')::numeric, 0)
                     else 0
                 end as weight,
                 case
                     when n.score is not null then least(n.score / coalesce(n.max_score, 100), 1)
                     when n.validation_status = 'passed' then 1
                     when n.validation_status = 'warning' then 0.5
                     else 0
                 end as share
            from newest as n
      )
    select round(100 * sum(w.share * w.weight) / nullif(sum(w.weight), 0), 2),
           count(*)::integer,
           (count(*) filter (where w.validation_status in ('passed', 'warning')))::integer,
           coalesce(sum(w.issues_found), 0), coalesce(sum(w.issues_critical), 0),
           coalesce(sum(w.issues_major), 0), coalesce(sum(w.issues_minor), 0),
           coalesce(
               jsonb_agg(
                   jsonb_build_object(
                       'validation_type', w.validation_type, 'run_no', w.run_no,
                       'status', w.validation_status, 'weight', w.weight,
                       'score', round(100 * w.share, 2))
                   order by w.validation_type),
               '[]')
      from weighed as w;
end;

comment on function docket.validation_score(uuid) is
'How good the work of task `task_id` is found in all: the newest results of its types of validation,
weighed by the setting validation_weights, from 0 to 100.

A type counts by its score out of max_score (100 where that is not told); without one passed counts
100, warning 50, failed and error 0. What is pending, running or skipped does not count. parts has
each type with run_no, status, weight and score. score may be null: nothing counts yet.
Returns one row. Raises PD404.';

revoke all on function docket.list_validations(
    uuid, uuid, text, text, uuid, uuid, text, timestamptz, timestamptz, uuid, integer) from public;
revoke all on function docket.validation_trend(uuid, text, uuid, integer) from public;
revoke all on function docket.validation_score(uuid) from public;
grant execute on function
    docket.list_validations(
        uuid, uuid, text, text, uuid, uuid, text, timestamptz, timestamptz, uuid, integer),
    docket.validation_trend(uuid, text, uuid, integer),
    docket.validation_score(uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
