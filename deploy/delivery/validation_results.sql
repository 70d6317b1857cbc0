-- Deploy pgdocket:delivery/validation_results to pg
-- requires: delivery/code_artifacts
-- requires: delivery/pull_requests
-- requires: queue/task_attempts

begin;
set local role docket_owner;

create domain docket.validation_type as text
    constraint validation_type_known check (value ~ '^[a-z0-9][a-z0-9_.:/-]{0,62}$');

comment on domain docket.validation_type is
    'What is looked at: syntax, style, tests, security, performance... Any word of lower-case letters, digits and _ . : / - (up to 63).';

create domain docket.validation_status as text
    constraint validation_status_known check (value in (
        'pending', 'running', 'passed', 'failed', 'warning', 'error', 'skipped'));

comment on domain docket.validation_status is
    'What a validation says: passed and warning let a task through a gate, failed and error (it could not be done) do not, and pending, running and skipped say nothing yet.';

-- One row for each run of a validation, and what it said. Rows are added, none is ever changed: the
-- newest of a type counts.
create table docket.validation_results (
    validation_result_id uuid                     not null,
    project_id           uuid                     not null,
    task_id              uuid                     not null,
    validation_type      docket.validation_type   not null,
    run_no               integer                  not null,
    validation_status    docket.validation_status not null,
    validator_name       text,
    attempt_id           uuid,
    agent                text,
    pull_request_id      uuid,
    artifact_id          uuid,
    score                numeric,
    max_score            numeric,
    issues_found         integer                  not null default 0,
    issues_critical      integer                  not null default 0,
    issues_major         integer                  not null default 0,
    issues_minor         integer                  not null default 0,
    issues_new           integer,
    issues_unchanged     integer,
    issues_reopened      integer,
    issues_fixed         integer,
    details              jsonb,
    suggestions          jsonb                    not null default '[]',
    started_at           timestamptz,
    completed_at         timestamptz,
    execution_time_ms    bigint,
    metadata             jsonb                    not null default '{}',
    created_at           timestamptz              not null default docket.clock(),
    created_by           text                     not null default docket.principal(),

    constraint validation_results_pkey primary key (validation_result_id, project_id),
    constraint validation_results_run_key unique (task_id, project_id, validation_type, run_no),
    constraint validation_results_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint validation_results_attempt_fkey
        foreign key (attempt_id, project_id) references docket.task_attempts on delete cascade,
    constraint validation_results_pull_request_fkey
        foreign key (pull_request_id, project_id) references docket.pull_requests
        on delete cascade,
    constraint validation_results_artifact_fkey
        foreign key (artifact_id, project_id) references docket.code_artifacts
        on delete set null (artifact_id),
    constraint validation_results_run_no_positive check (run_no > 0),
    constraint validation_results_validator_bounded
        check (length(validator_name) between 1 and 255),
    constraint validation_results_agent_bounded check (length(agent) between 1 and 255),
    constraint validation_results_score_bounded
        check (score >= 0 and max_score > 0 and score <= max_score),
    constraint validation_results_counts_not_negative
        check (least(issues_found, issues_critical, issues_major, issues_minor, issues_new,
                     issues_unchanged, issues_reopened, issues_fixed) >= 0),
    constraint validation_results_counts_add_up
        check (issues_found >= issues_critical + issues_major + issues_minor),
    constraint validation_results_suggestions_are_list
        check (jsonb_typeof(suggestions) in ('array', 'object')),
    constraint validation_results_completed_after_started check (completed_at >= started_at),
    constraint validation_results_execution_time_not_negative check (execution_time_ms >= 0),
    constraint validation_results_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

create index validation_results_project_idx
    on docket.validation_results (project_id, validation_result_id);

create index validation_results_attempt_idx
    on docket.validation_results (attempt_id, project_id) where attempt_id is not null;

create index validation_results_pull_request_idx
    on docket.validation_results (pull_request_id, project_id) where pull_request_id is not null;

create index validation_results_artifact_idx
    on docket.validation_results (artifact_id, project_id) where artifact_id is not null;

comment on table docket.validation_results is
    'What the validations of tasks said, one row for each run. Rows are added, never changed.';
comment on column docket.validation_results.validation_result_id is
    'The result.';
comment on column docket.validation_results.task_id is
    'The task that was validated.';
comment on column docket.validation_results.validation_type is
    'What was looked at.';
comment on column docket.validation_results.run_no is
    'Counts up from 1 by task and type; the highest counts.';
comment on column docket.validation_results.validation_status is
    'What it said.';
comment on column docket.validation_results.validator_name is
    'The program or the person that looked.';
comment on column docket.validation_results.attempt_id is
    'The attempt whose work was looked at, where it is known.';
comment on column docket.validation_results.agent is
    'The agent whose work was looked at.';
comment on column docket.validation_results.pull_request_id is
    'The pull request that was looked at, where it is about one.';
comment on column docket.validation_results.artifact_id is
    'The artifact that was looked at, where it is about one; null where that has been deleted.';
comment on column docket.validation_results.score is
    'How good it was found, from 0.';
comment on column docket.validation_results.max_score is
    'The best score that could be had.';
comment on column docket.validation_results.issues_found is
    'How many issues it found, of all severities.';
comment on column docket.validation_results.issues_critical is
    'How many of them are critical.';
comment on column docket.validation_results.issues_major is
    'How many of them are major.';
comment on column docket.validation_results.issues_minor is
    'How many of them are minor.';
comment on column docket.validation_results.issues_new is
    'How many findings no run before had; null: nobody compared.';
comment on column docket.validation_results.issues_unchanged is
    'How many findings the run before had too.';
comment on column docket.validation_results.issues_reopened is
    'How many findings had been fixed, and are back.';
comment on column docket.validation_results.issues_fixed is
    'How many findings of runs before are there no longer.';
comment on column docket.validation_results.details is
    'What it found, as its validator tells it.';
comment on column docket.validation_results.suggestions is
    'What it suggests, as an array or an object.';
comment on column docket.validation_results.started_at is
    'When it began.';
comment on column docket.validation_results.completed_at is
    'When it was over.';
comment on column docket.validation_results.execution_time_ms is
    'How long it took, in milliseconds.';

comment on constraint validation_results_validator_bounded on docket.validation_results is
    'a validator_name has 1 to 255 characters';
comment on constraint validation_results_agent_bounded on docket.validation_results is
    'an agent''s name has 1 to 255 characters';
comment on constraint validation_results_score_bounded on docket.validation_results is
    'a score is between 0 and max_score';
comment on constraint validation_results_counts_not_negative on docket.validation_results is
    'counts of issues are not negative';
comment on constraint validation_results_counts_add_up on docket.validation_results is
    'issues_found is at least issues_critical, issues_major and issues_minor together';
comment on constraint validation_results_suggestions_are_list on docket.validation_results is
    'suggestions are a JSON array or object';
comment on constraint validation_results_completed_after_started on docket.validation_results is
    'completed_at is not before started_at';
comment on constraint validation_results_execution_time_not_negative
     on docket.validation_results is
    'an execution_time_ms is in milliseconds, from 0';
comment on constraint validation_results_metadata_is_object on docket.validation_results is
    'metadata is a JSON object';

create function docket_private.read_validation_type(
    validation_type text
) returns docket.validation_type
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type docket.validation_type;
begin
    -- Assigned and not just returned: what is returned is converted outside the handler.
    v_type := lower(btrim(read_validation_type.validation_type));
    return v_type;
exception
    when check_violation then
        raise exception '% is no type of validation', quote_literal(left(validation_type, 100))
            using errcode = 'PD422',
                  hint    = 'A word such as syntax, style, tests or security: up to 63 letters, digits and _ . : / -';
end;
$$;

comment on function docket_private.read_validation_type(text) is
    'A type of validation from its name, whatever its case. Null stays null. Raises PD422.';

call docket_private.add_journal('docket.validation_results', 'validation_result_id');
call docket_private.add_isolation('docket.validation_results');

revoke all on function docket_private.read_validation_type(text) from public;
grant select on docket.validation_results
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
