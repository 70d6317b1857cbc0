-- Deploy pgdocket:queue/retry_policies to pg
-- requires: tasks/vocabulary
-- requires: platform/touch

begin;
set local role docket_owner;

-- What happens to a task whose attempt has failed, by the reason why.
create table docket.retry_policies (
    failure_class           text               not null,
    max_attempts            integer            not null,
    backoff_seconds         numeric            not null,
    backoff_factor          numeric            not null default 2,
    backoff_ceiling_seconds numeric            not null default 3600,
    jitter                  numeric            not null default 0.2,
    final_status            docket.task_status not null,
    description             text               not null,
    version                 bigint             not null default 1,
    created_at              timestamptz        not null default docket.clock(),
    updated_at              timestamptz        not null default docket.clock(),
    created_by              text               not null default docket.principal(),
    updated_by              text               not null default docket.principal(),

    constraint retry_policies_pkey primary key (failure_class),
    constraint retry_policies_max_attempts_positive check (max_attempts > 0),
    constraint retry_policies_backoff_not_negative check (backoff_seconds >= 0),
    constraint retry_policies_factor_at_least_one check (backoff_factor >= 1),
    constraint retry_policies_ceiling_not_negative check (backoff_ceiling_seconds >= 0),
    constraint retry_policies_jitter_is_part check (jitter between 0 and 1),
    constraint retry_policies_final_status_allowed check (final_status in ('failed', 'blocked'))
);

comment on table docket.retry_policies is
    'How often, and after how long, a task is tried again, by the class of its failure.';
comment on column docket.retry_policies.failure_class is
    'Why an attempt failed.';
comment on column docket.retry_policies.max_attempts is
    'How many attempts of one task may fail for this reason.';
comment on column docket.retry_policies.backoff_seconds is
    'The wait after the first failure, in seconds.';
comment on column docket.retry_policies.backoff_factor is
    'By what the wait grows with each further failure.';
comment on column docket.retry_policies.backoff_ceiling_seconds is
    'The longest wait, in seconds.';
comment on column docket.retry_policies.jitter is
    'The part of the wait that is random, so that what failed together is not tried together.';
comment on column docket.retry_policies.final_status is
    'Where the task ends after the last failure: failed, or blocked for a person.';
comment on column docket.retry_policies.description is
    'What the class means.';

insert into docket.retry_policies (
    failure_class, max_attempts, backoff_seconds, final_status, description)
values ('infrastructure',     10,  5, 'failed',  'A machine, a network or a service failed.'),
       ('lease_expired',       5,  0, 'failed',  'The agent was not heard of any more.'),
       ('validation_failed',   3, 10, 'blocked', 'The result did not pass its validation.'),
       ('model_refused',       2, 60, 'blocked', 'The model would not do it.'),
       ('budget_exceeded',     1,  0, 'blocked', 'It cost more than it may.'),
       ('rejected_by_person',  3,  0, 'blocked', 'A person sent it back.'),
       ('bug',                 3, 30, 'failed',  'Anything else: the work itself failed.');

call docket_private.add_touch('docket.retry_policies');
call docket_private.add_journal('docket.retry_policies', 'failure_class');

grant select on docket.retry_policies
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
