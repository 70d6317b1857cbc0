-- Deploy pgdocket:context/task_contexts to pg
-- requires: platform/audit_seals
-- requires: platform/idempotency_keys
-- requires: projects/require_project
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- What is known about a task, by type, in versions: storing adds a version, nothing is overwritten,
-- and what is deleted ends in a version that says so. The key is in the order in which the latest
-- version is the first that an index finds: it finds a task's rows by its first column alone.
create table docket.task_contexts (
    task_id      uuid        not null,
    project_id   uuid        not null,
    context_type text        not null,
    version      integer     not null,
    data         jsonb       not null,
    content_type text        not null default 'application/json',
    content_hash bytea       not null,
    byte_size    bigint      not null,
    is_escaped   boolean     not null default false,
    is_tombstone boolean     not null default false,
    attempt_id   uuid,
    created_at   timestamptz not null default docket.clock(),
    created_by   text        not null default docket.principal(),

    constraint task_contexts_pkey primary key (task_id, context_type, version, project_id),
    constraint task_contexts_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint task_contexts_attempt_fkey
        foreign key (attempt_id, project_id) references docket.task_attempts on delete cascade,
    constraint task_contexts_type_bounded check (length(context_type) between 1 and 255),
    constraint task_contexts_content_type_bounded check (length(content_type) between 1 and 255),
    constraint task_contexts_version_positive check (version > 0),
    constraint task_contexts_tombstone_is_empty
        check (not is_tombstone or (data = 'null' and byte_size = 0))
);

create index task_contexts_attempt_idx
    on docket.task_contexts (attempt_id, project_id) where attempt_id is not null;

comment on table docket.task_contexts is
    'What is known about a task, by type and version: requirements, code, constraints, what an agent found out.';
comment on column docket.task_contexts.task_id is
    'The task.';
comment on column docket.task_contexts.context_type is
    'What kind of context it is; any word.';
comment on column docket.task_contexts.version is
    'Counts up from 1 by task and type.';
comment on column docket.task_contexts.data is
    'The context itself: JSON, or a text as a JSON string; null where it is neither, see docket.context_contents.';
comment on column docket.task_contexts.content_type is
    'The media type of the content as it was given.';
comment on column docket.task_contexts.content_hash is
    'SHA-256 of the content: the same again makes no new version.';
comment on column docket.task_contexts.byte_size is
    'The length of the content, in bytes.';
comment on column docket.task_contexts.is_escaped is
    'Whether data stands for what jsonb can not hold: U+2400 with four hex digits is then the character, or half of a surrogate pair, that they name.';
comment on column docket.task_contexts.is_tombstone is
    'Whether this version says that the context was deleted.';
comment on column docket.task_contexts.attempt_id is
    'The attempt that stored it, where one did.';

-- Bytes that data alone can't give back: JSON as it was written, and what is no text.
create table docket.context_contents (
    task_id      uuid    not null,
    project_id   uuid    not null,
    context_type text    not null,
    version      integer not null,
    content      bytea   not null,

    constraint context_contents_pkey primary key (task_id, context_type, version, project_id),
    constraint context_contents_context_fkey
        foreign key (task_id, context_type, version, project_id)
        references docket.task_contexts on delete cascade
);

comment on table docket.context_contents is
    'The contents of versions of contexts that their data can not give back byte for byte. Written once, with their version.';
comment on column docket.context_contents.task_id is
    'The task.';
comment on column docket.context_contents.context_type is
    'The type of the context.';
comment on column docket.context_contents.content is
    'The content, byte for byte.';

-- lz4 where the server has it: faster than its own pglz, and as small.
do $$
begin
    alter table docket.task_contexts alter column data set compression lz4;
    alter table docket.context_contents alter column content set compression lz4;
exception
    when feature_not_supported then
        null;
end;
$$;

-- Contexts are large, and kept here in versions: in the journal stand their hash and their size.
call docket_private.add_journal('docket.task_contexts', 'task_id', array['data']);
call docket_private.add_isolation('docket.task_contexts');
call docket_private.add_isolation('docket.context_contents');

insert into docket.settings (setting_key, value, description)
values ('max_context_bytes', '10485760', 'The largest context that is stored, in bytes.');

create function docket.set_context_compression(method text) returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
begin
    perform docket_private.require_operator();

    case set_context_compression.method
        when 'none' then
            alter table docket.task_contexts alter column data set storage external;
            alter table docket.context_contents alter column content set storage external;
        when 'pglz' then
            alter table docket.task_contexts alter column data set compression pglz;
            alter table docket.context_contents alter column content set compression pglz;
        when 'lz4' then
            alter table docket.task_contexts alter column data set compression lz4;
            alter table docket.context_contents alter column content set compression lz4;
        else
            raise exception 'there is no method of compression %',
                            quote_nullable(left(set_context_compression.method, 100))
                using errcode = 'PD422',
                      hint    = 'Methods are: none, pglz, lz4.';
    end case;

    if set_context_compression.method <> 'none' then
        alter table docket.task_contexts alter column data set storage extended;
        alter table docket.context_contents alter column content set storage extended;
    end if;

    return set_context_compression.method;
exception
    when feature_not_supported then
        raise exception 'this server was built without %', set_context_compression.method
            using errcode = 'PD422',
                  hint    = 'pglz is always there.';
    when lock_not_available then
        raise exception 'contexts are being read or written just now'
            using errcode = 'PD409',
                  hint    = 'Try again.';
end;
$$;

comment on function docket.set_context_compression(text) is
'Says how contexts of more than about 2 kB are compressed from now on; those that are there stay as
they are, and all read alike. A deploy chooses lz4 where the server has it, else pglz.

`method` is lz4, pglz or none. Returns the method. Raises PD403 (not an operator), PD422 (no such
method on this server), PD409 (others were at work on contexts for more than two seconds).';

revoke all on function docket.set_context_compression(text) from public;
grant execute on function docket.set_context_compression(text) to docket_admin;
grant select on docket.task_contexts, docket.context_contents
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
