-- Deploy pgdocket:exchange/imports to pg
-- requires: tasks/tasks

begin;
set local role docket_owner;

-- A file that was taken in, with its bytes as they were: what can't be represented in rows is
-- still here, and the file can be given back exactly.
create table docket.imports (
    import_id    uuid        not null,
    project_id   uuid        not null,
    source_name  text        not null,
    content      bytea       not null,
    content_hash bytea       not null,
    shape        text        not null,
    byte_size    bigint      not null,
    report       jsonb       not null,
    written      jsonb       not null default '{}',
    metadata     jsonb       not null default '{}',
    created_at   timestamptz not null default docket.clock(),
    created_by   text        not null default docket.principal(),
    content_at   timestamptz not null default docket.clock(),

    constraint imports_pkey primary key (import_id, project_id),
    constraint imports_source_key unique (project_id, source_name),
    constraint imports_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint imports_id_in_bucket
        check (docket_private.bucket(import_id) = docket_private.bucket(project_id)),
    constraint imports_source_name_bounded check (length(source_name) between 1 and 1024),
    constraint imports_shape_known check (shape in (
        'flat', 'tagged', 'raw_tagged', 'beads', 'github', 'linear', 'markdown', 'csv')),
    constraint imports_byte_size_exact check (byte_size = octet_length(content)),
    constraint imports_content_hash_exact check (content_hash = sha256(content)),
    constraint imports_report_is_object check (jsonb_typeof(report) = 'object'),
    constraint imports_written_is_object check (jsonb_typeof(written) = 'object'),
    constraint imports_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

comment on table docket.imports is
    'A file whose tasks were taken into a project, with its bytes and the report of what became of it.';
comment on column docket.imports.import_id is
    'The import.';
comment on column docket.imports.source_name is
    'Where the file came from, as the caller names it; unique in the project.';
comment on column docket.imports.content is
    'The file, byte for byte, in the version that was imported last.';
comment on column docket.imports.content_hash is
    'SHA-256 of the bytes.';
comment on column docket.imports.shape is
    'flat: one list of tasks; tagged: a list for each tag; raw_tagged: the tags inside "_rawTaggedData"; beads: an issue in each line; else the format of a list.';
comment on column docket.imports.byte_size is
    'The size of the file in bytes.';
comment on column docket.imports.report is
    'What docket.import_tasks_json() answered.';
comment on column docket.imports.written is
    'What was written into the file since, and has not been seen there yet: by identity, the task and its fields.';
comment on column docket.imports.created_at is
    'When it was first imported.';
comment on column docket.imports.created_by is
    'Who imported it first.';
comment on column docket.imports.content_at is
    'When its content was last another than before.';

create table docket.import_items (
    import_id    uuid   not null,
    project_id   uuid   not null,
    ordinal      bigint not null,
    tag          text   not null,
    item_path    text[] not null,
    task_id      uuid,
    raw          json   not null,
    raw_status   text,
    raw_priority text,

    constraint import_items_pkey primary key (import_id, project_id, ordinal),
    constraint import_items_path_key unique (import_id, project_id, item_path),
    constraint import_items_import_fkey
        foreign key (import_id, project_id) references docket.imports on delete cascade,
    constraint import_items_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete set null (task_id)
);

create index import_items_task_idx
    on docket.import_items (task_id, project_id) where task_id is not null;

comment on table docket.import_items is
    'What a file had in its lists of tasks and subtasks, each entry as it was written, with the task that was made of it. Written with each version of its file.';
comment on column docket.import_items.import_id is
    'The import.';
comment on column docket.import_items.ordinal is
    'Its place in the file, 1 the first; a task comes before its subtasks.';
comment on column docket.import_items.tag is
    'The tag under which it stood; "master" in a file without tags.';
comment on column docket.import_items.item_path is
    'The keys and positions (from 0) that lead to it in the document, as the operator #> takes them; in a file of lines, the number of the line.';
comment on column docket.import_items.task_id is
    'The task made of it; null: none could be made, or the task has been purged.';
comment on column docket.import_items.raw is
    'The entry exactly as it was written: order and spelling of its keys, numbers and escapes, and the white space inside.';
comment on column docket.import_items.raw_status is
    'Its status as written, in JSON; null: it had none.';
comment on column docket.import_items.raw_priority is
    'Its priority as written, in JSON; null: it had none.';

-- The bytes are kept once; in the journal stand their hash and their size.
call docket_private.add_journal('docket.imports', 'import_id', array['content', 'written']);
call docket_private.add_isolation('docket.imports');
call docket_private.add_isolation('docket.import_items');

grant select on docket.imports, docket.import_items
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
