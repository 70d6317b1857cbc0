-- Deploy pgdocket:tasks/vocabulary to pg
-- requires: platform/audit_log
-- requires: platform/error_codes

begin;
set local role docket_owner;

create domain docket.task_status as text
    constraint task_status_known check (value in (
        'pending', 'in_progress', 'review', 'completed', 'failed', 'blocked', 'deferred',
        'cancelled'));

comment on domain docket.task_status is
    'Where a task stands. "blocked" is a person''s hold; waiting for dependencies is computed, never stored.';

create domain docket.task_priority as smallint
    constraint task_priority_bounded check (value between 1 and 10);

comment on domain docket.task_priority is
    '1 to 10, 10 the most urgent; low, medium, high and critical stand for 3, 5, 8 and 10.';

create domain docket.complexity as smallint
    constraint complexity_bounded check (value between 1 and 10);

comment on domain docket.complexity is
    'How complex a task is, 10 the most.';
comment on constraint complexity_bounded on domain docket.complexity is
    'a complexity is 1 to 10';

create domain docket.effort as numeric
    constraint effort_not_negative check (value >= 0);

comment on domain docket.effort is
    'What a task costs, in hours.';
comment on constraint effort_not_negative on domain docket.effort is
    'an effort is in hours, from 0';

create domain docket.named_values as jsonb
    constraint named_values_are_object check (jsonb_typeof(value) = 'object');

comment on domain docket.named_values is
    'JSON that has names for what it says.';
comment on constraint named_values_are_object on domain docket.named_values is
    'requirements and metadata are JSON objects';

-- The state machine is data: what is not a row here does not happen.
create table docket.task_transitions (
    from_status docket.task_status not null,
    to_status   docket.task_status not null,
    description text               not null,

    constraint task_transitions_pkey primary key (from_status, to_status)
);

comment on table docket.task_transitions is
    'The transitions that a task''s status may take.';
comment on column docket.task_transitions.from_status is
    'The status before.';
comment on column docket.task_transitions.to_status is
    'The status after.';
comment on column docket.task_transitions.description is
    'What has happened then.';

insert into docket.task_transitions (from_status, to_status, description)
values ('pending',     'in_progress', 'claimed by an agent, or started by a person'),
       ('pending',     'review',      'done elsewhere, to be looked at'),
       ('pending',     'completed',   'done elsewhere'),
       ('pending',     'blocked',     'held back by a person'),
       ('pending',     'deferred',    'put off'),
       ('pending',     'cancelled',   'given up'),
       ('in_progress', 'pending',     'released, or its lease expired'),
       ('in_progress', 'review',      'done, to be looked at'),
       ('in_progress', 'completed',   'done'),
       ('in_progress', 'failed',      'tried often enough'),
       ('in_progress', 'blocked',     'held back by a person, or for one'),
       ('in_progress', 'deferred',    'put off'),
       ('in_progress', 'cancelled',   'given up'),
       ('review',      'pending',     'sent back'),
       ('review',      'in_progress', 'sent back to the same hands'),
       ('review',      'completed',   'accepted'),
       ('review',      'failed',      'refused'),
       ('review',      'blocked',     'held back by a person'),
       ('review',      'deferred',    'put off'),
       ('review',      'cancelled',   'given up'),
       ('completed',   'pending',     'reopened'),
       ('completed',   'in_progress', 'reopened by the one who goes on with it'),
       ('failed',      'pending',     'tried again'),
       ('failed',      'blocked',     'held back by a person'),
       ('failed',      'deferred',    'put off'),
       ('failed',      'cancelled',   'given up'),
       ('blocked',     'pending',     'the hold is lifted'),
       ('blocked',     'in_progress', 'the hold is lifted by the one who goes on with it'),
       ('blocked',     'completed',   'done elsewhere'),
       ('blocked',     'deferred',    'put off'),
       ('blocked',     'cancelled',   'given up'),
       ('deferred',    'pending',     'taken up again'),
       ('deferred',    'in_progress', 'taken up again by the one who goes on with it'),
       ('deferred',    'completed',   'done elsewhere'),
       ('deferred',    'blocked',     'held back by a person'),
       ('deferred',    'cancelled',   'given up'),
       ('cancelled',   'pending',     'reopened');

create index task_transitions_to_status_idx
    on docket.task_transitions (to_status);

call docket_private.add_journal('docket.task_transitions', 'from_status');

-- What people and other tools write, accepted on input only.
create function docket_private.read_status(status text) returns docket.task_status
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_word   text := replace(lower(btrim(read_status.status)), '-', '_');
    v_status docket.task_status;
begin
    -- Judged by the assignment: what "return" converts is out of the handler's reach.
    v_status := case v_word
                    when 'todo' then 'pending'
                    when 'open' then 'pending'
                    when 'done' then 'completed'
                    when 'closed' then 'completed'
                    when 'canceled' then 'cancelled'
                    else v_word
                end;

    return v_status;
exception
    when check_violation then
        raise exception '% is no task status',
                        coalesce(quote_literal(left(read_status.status, 100)), 'null')
            using errcode = 'PD422',
                  hint    = 'One of pending, in_progress, review, completed, failed, blocked, deferred, cancelled.';
end;
$$;

comment on function docket_private.read_status(text) is
    'A status from its name or an alias (in-progress, todo, open, done, closed, canceled). Null stays null. Raises PD422.';

create function docket_private.read_priority(priority jsonb) returns docket.task_priority
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_text     text := lower(btrim(read_priority.priority #>> '{}'));
    v_priority docket.task_priority;
begin
    v_priority := case v_text
                      when 'low' then 3
                      when 'medium' then 5
                      when 'high' then 8
                      when 'critical' then 10
                      else v_text::numeric
                  end;

    return v_priority;
exception
    -- feature_not_supported: NaN and infinity are numbers that no smallint has.
    when check_violation or invalid_text_representation or numeric_value_out_of_range
         or feature_not_supported then
        raise exception '% is no priority', left(read_priority.priority::text, 100)
            using errcode = 'PD422',
                  hint    = '1 to 10, or low, medium, high, critical (3, 5, 8, 10).';
end;
$$;

comment on function docket_private.read_priority(jsonb) is
    'A priority from its number or its label. Null stays null. Raises PD422.';

create function docket.priority_label(priority integer) returns text
language sql
immutable
parallel safe
begin atomic
    select case
               when priority_label.priority >= 9 then 'critical'
               when priority_label.priority >= 7 then 'high'
               when priority_label.priority >= 4 then 'medium'
               else 'low'
           end;
end;

comment on function docket.priority_label(integer) is
'The label of a `priority`. Returns critical (9, 10), high (7, 8), medium (4 to 6) or low (1 to 3); raises nothing.';

revoke all on function docket_private.read_status(text) from public;
revoke all on function docket_private.read_priority(jsonb) from public;
revoke all on function docket.priority_label(integer) from public;
grant execute on function docket.priority_label(integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.task_transitions
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
