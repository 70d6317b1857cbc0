-- Deploy pgdocket:context/prompt_builds to pg
-- requires: platform/audit_seals
-- requires: platform/settings
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- What a prompt was made of. A build keeps its own content, because what it was made of moves on:
-- the same prompt can be read again whatever has become of the task. Rows are added, never changed.
create table docket.prompt_builds (
    prompt_build_id uuid        not null,
    project_id      uuid        not null,
    task_id         uuid        not null,
    attempt_id      uuid,
    model           text,
    sections        text[]      not null,
    token_budget    integer     not null,
    token_estimate  integer     not null,
    token_estimator text        not null,
    included        jsonb       not null,
    left_out        jsonb       not null,
    content         jsonb       not null,
    content_hash    bytea       not null,
    source_hash     bytea       not null,
    created_at      timestamptz not null default docket.clock(),
    created_by      text        not null default docket.principal(),

    constraint prompt_builds_pkey primary key (prompt_build_id, project_id),
    constraint prompt_builds_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint prompt_builds_attempt_fkey
        foreign key (attempt_id, project_id) references docket.task_attempts on delete cascade,
    constraint prompt_builds_model_bounded check (length(model) between 1 and 255),
    constraint prompt_builds_within_budget check (token_estimate between 0 and token_budget)
);

create index prompt_builds_task_idx
    on docket.prompt_builds (task_id, project_id, prompt_build_id);

create index prompt_builds_attempt_idx
    on docket.prompt_builds (attempt_id, project_id) where attempt_id is not null;

create index prompt_builds_project_idx
    on docket.prompt_builds (project_id, prompt_build_id);

comment on table docket.prompt_builds is
    'The prompts that were built for tasks: what went into each, what was left out and why, and the content itself.';
comment on column docket.prompt_builds.prompt_build_id is
    'The build.';
comment on column docket.prompt_builds.task_id is
    'The task that it is for.';
comment on column docket.prompt_builds.attempt_id is
    'The attempt that asked for it, where one did.';
comment on column docket.prompt_builds.model is
    'The model that it was made for, where it was named.';
comment on column docket.prompt_builds.sections is
    'The sections that were asked for, the most important first.';
comment on column docket.prompt_builds.token_budget is
    'How many tokens it might have.';
comment on column docket.prompt_builds.token_estimate is
    'How many tokens it has, as token_estimator reckons.';
comment on column docket.prompt_builds.token_estimator is
    'The setting token_estimator: the name of the rule by which docket.estimate_tokens() reckoned.';
comment on column docket.prompt_builds.included is
    'What went in, in order: section, title, source (kind, id, version), tokens, hash (SHA-256, hexadecimal) and whether it was cut.';
comment on column docket.prompt_builds.left_out is
    'What did not, in the same form, each with a reason: budget or duplicate.';
comment on column docket.prompt_builds.content is
    'The prompt as data: task, and sections with their items, each with title and data.';
comment on column docket.prompt_builds.content_hash is
    'SHA-256 of the content''s text.';
comment on column docket.prompt_builds.source_hash is
    'SHA-256 over all that it was chosen from and how: equal sources make an equal prompt.';
comment on constraint prompt_builds_model_bounded on docket.prompt_builds is
    'the name of a model has 1 to 255 characters';

-- In the journal stands what went: its hashes, without what they are of.
call docket_private.add_journal(
    'docket.prompt_builds', 'prompt_build_id', '{included,left_out,content}',
    operations => '{delete,truncate}');
call docket_private.add_isolation('docket.prompt_builds');

-- When what a build was made of was read, so that the journal tells whether any of it has changed.
-- Only worth something to the server that runs: whatever it loses is looked at again.
create unlogged table docket_private.prompt_stamps (
    prompt_build_id   uuid        not null,
    project_id        uuid        not null,
    snapshot          pg_snapshot not null,
    transaction_id    xid8        not null,
    settings          jsonb       not null,
    stamped_at        timestamptz not null default clock_timestamp(),
    server_started_at timestamptz not null default pg_postmaster_start_time(),

    constraint prompt_stamps_pkey primary key (prompt_build_id, project_id),
    constraint prompt_stamps_build_fkey
        foreign key (prompt_build_id, project_id) references docket.prompt_builds on delete cascade
);

comment on table docket_private.prompt_stamps is
    'When what a prompt was built of was read last, and found to make the same.';
comment on column docket_private.prompt_stamps.prompt_build_id is
    'The build.';
comment on column docket_private.prompt_stamps.snapshot is
    'Which transactions could be seen before the first of it was read.';
comment on column docket_private.prompt_stamps.transaction_id is
    'The transaction that read it: what that one changed itself may have come before or after.';
comment on column docket_private.prompt_stamps.settings is
    'The settings for all projects that its pieces depend on.';
comment on column docket_private.prompt_stamps.stamped_at is
    'The wall clock when it was read.';
comment on column docket_private.prompt_stamps.server_started_at is
    'Since when that server ran: numbers of transactions mean nothing to another.';

call docket_private.add_isolation('docket_private.prompt_stamps');

insert into docket.settings (setting_key, value, description)
values ('prompt_token_budget', '8000', 'How many tokens a prompt may have where the caller does not say; a project may set its own.'),
       ('prompt_cache_seconds', '3600', 'How long a prompt that was built from the same sources is given again instead of built anew, in seconds; 0: never. A project may set its own.'),
       ('token_estimator', '"bytes/4"', 'The name of the rule by which docket.estimate_tokens() reckons; whoever replaces that function gives it a new name.'),
       ('prompt_rules', '[]', 'Rules that stand in every prompt of a project, as an array of texts; a project may set its own.');

create function docket.estimate_tokens(
    content text,
    model   text default null
) returns integer
language sql
immutable
begin atomic
    select ceil(octet_length(estimate_tokens.content) / 4.0)::integer;
end;

comment on function docket.estimate_tokens(text, text) is
'About how many tokens a model makes of a text: a quarter of its bytes in UTF-8, rounded up, which is
near the truth for English and for code, and too many for few languages.

`content` is the text, `model` the model; this rule treats all alike. It may be replaced by a
better one (create or replace function, with a new name in the setting token_estimator). Returns
tokens; raises nothing.';

create function docket.get_prompt_build(prompt_build_id uuid) returns docket.prompt_builds
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_build docket.prompt_builds;
begin
    select b.* into v_build
      from docket.prompt_builds as b
     where b.prompt_build_id = get_prompt_build.prompt_build_id;

    if not found then
        raise exception 'prompt build % does not exist',
                        coalesce(get_prompt_build.prompt_build_id::text, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.list_prompt_builds() lists those of a task.';
    end if;

    return v_build;
end;
$$;

comment on function docket.get_prompt_build(uuid) is
'One prompt as it was built. Returns the build. Raises PD404.';

create function docket.list_prompt_builds(
    task_id   uuid,
    after     uuid    default null,
    page_size integer default 100
) returns setof docket.prompt_builds
language sql
stable
begin atomic
    select b.*
      from docket.prompt_builds as b
     where b.task_id = list_prompt_builds.task_id
       and (list_prompt_builds.after is null
            or b.prompt_build_id < list_prompt_builds.after)
     order by b.prompt_build_id desc
     limit least(greatest(list_prompt_builds.page_size, 1), 1000);
end;

comment on function docket.list_prompt_builds(uuid, uuid, integer) is
'The prompts that were built for a task, the newest first.

`after` is the prompt_build_id that the page before ended with, `page_size` in rows (1 to 1000).
Returns builds; raises nothing.';

revoke all on function docket.estimate_tokens(text, text) from public;
revoke all on function docket.get_prompt_build(uuid) from public;
revoke all on function docket.list_prompt_builds(uuid, uuid, integer) from public;
grant execute on function docket.estimate_tokens(text, text), docket.get_prompt_build(uuid),
    docket.list_prompt_builds(uuid, uuid, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant select on docket.prompt_builds
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
