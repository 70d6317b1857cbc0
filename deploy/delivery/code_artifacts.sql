-- Deploy pgdocket:delivery/code_artifacts to pg
-- requires: context/ai_interactions
-- requires: platform/settings
-- requires: projects/require_project
-- requires: queue/task_attempts

begin;
set local role docket_owner;

create domain docket.artifact_type as text
    constraint artifact_type_known check (value ~ '^[a-z0-9][a-z0-9_.:/-]{0,62}$');

comment on domain docket.artifact_type is
    'What an artifact is: source_code, test_file, documentation, configuration... Any word of lower-case letters, digits and _ . : / - (up to 63).';

create domain docket.storage_type as text
    constraint storage_type_known check (value in ('database', 's3', 'azure_blob', 'gcs', 'file'));

comment on domain docket.storage_type is
    'Where the content of an artifact is: this database, a store of Amazon, Azure or Google, or a file.';

-- What artifacts hold, by its SHA-256: the same content is there once in a project, and is never
-- shared between two, who could tell from that what the other has. That the hash is the content's
-- own is checked by the database itself.
create table docket.artifact_contents (
    content_hash bytea not null,
    project_id   uuid  not null,
    content      bytea not null,

    constraint artifact_contents_pkey primary key (content_hash, project_id),
    constraint artifact_contents_hash_exact check (content_hash = sha256(content))
);

comment on table docket.artifact_contents is
    'The contents of artifacts that are kept in this database, once for each project. They go with the last artifact that has them.';
comment on column docket.artifact_contents.content_hash is
    'SHA-256 of the content.';
comment on column docket.artifact_contents.content is
    'The content, byte for byte.';

create table docket.code_artifacts (
    artifact_id      uuid                 not null,
    project_id       uuid                 not null,
    task_id          uuid                 not null,
    attempt_id       uuid,
    artifact_type    docket.artifact_type not null,
    file_path        text                 not null,
    version_no       integer              not null,
    content_hash     bytea                not null,
    content_size     bigint               not null,
    content_type     text                 not null,
    storage_type     docket.storage_type  not null,
    storage_location text,
    stored_hash      bytea,
    metadata         jsonb                not null default '{}',
    version          bigint               not null default 1,
    created_at       timestamptz          not null default docket.clock(),
    updated_at       timestamptz          not null default docket.clock(),
    created_by       text                 not null default docket.principal(),
    updated_by       text                 not null default docket.principal(),

    constraint code_artifacts_pkey primary key (artifact_id, project_id),
    constraint code_artifacts_path_key unique (task_id, project_id, file_path, version_no),
    constraint code_artifacts_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint code_artifacts_attempt_fkey
        foreign key (attempt_id, project_id) references docket.task_attempts on delete cascade,
    constraint code_artifacts_content_fkey
        foreign key (stored_hash, project_id) references docket.artifact_contents,
    constraint code_artifacts_path_is_relative
        check (octet_length(file_path) between 1 and 1024
               and file_path !~ '(^|/)\.{0,2}(/|$)'
               and file_path !~ '[[:cntrl:]\\]'
               and file_path !~ '^[A-Za-z]:'),
    constraint code_artifacts_version_no_positive check (version_no > 0),
    constraint code_artifacts_hash_is_sha256 check (octet_length(content_hash) = 32),
    constraint code_artifacts_size_not_negative check (content_size >= 0),
    constraint code_artifacts_content_type_is_media_type
        check (length(content_type) <= 255
               and content_type ~ '^[a-z0-9][a-z0-9.+_-]*/[a-z0-9][a-z0-9.+_-]*(; ?[^[:cntrl:]]+)?$'),
    constraint code_artifacts_location_fits_storage
        check (coalesce(
                   case storage_type
                       when 'database' then storage_location is null
                       when 's3'
                           then storage_location ~ '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$'
                       when 'azure_blob'
                           then storage_location
                                ~ '^https://[a-z0-9]{3,24}\.blob\.core\.[a-z.]+/[a-z0-9$-]{3,63}/.+$'
                       when 'gcs'
                           then storage_location ~ '^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/.+$'
                       when 'file'
                           then storage_location ~ '^file:///[^/].*$'
                   end,
                   false)
               and length(storage_location) <= 2048
               and storage_location !~ '[?#[:cntrl:]]'
               and storage_location !~ '/\.\.?(/|$)'),
    constraint code_artifacts_database_has_content
        check (stored_hash is not distinct from
               case when storage_type = 'database' then content_hash end),
    constraint code_artifacts_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

create index code_artifacts_project_idx
    on docket.code_artifacts (project_id, artifact_id);

create index code_artifacts_attempt_idx
    on docket.code_artifacts (attempt_id, project_id) where attempt_id is not null;

create index code_artifacts_stored_hash_idx
    on docket.code_artifacts (stored_hash, project_id) where stored_hash is not null;

create index code_artifacts_content_hash_idx
    on docket.code_artifacts (content_hash, project_id, artifact_id);

create index code_artifacts_file_path_idx
    on docket.code_artifacts (file_path, project_id, artifact_id);

comment on table docket.code_artifacts is
    'What was made for tasks: files, in versions, with the hash of their content and where it is.';
comment on column docket.code_artifacts.artifact_id is
    'The artifact: one version of one file.';
comment on column docket.code_artifacts.task_id is
    'The task that it was made for, and goes with.';
comment on column docket.code_artifacts.attempt_id is
    'The attempt that made it, where it is known.';
comment on column docket.code_artifacts.artifact_type is
    'What it is.';
comment on column docket.code_artifacts.file_path is
    'Where it is in the repository: relative, with slashes, and without . or .. in it.';
comment on column docket.code_artifacts.version_no is
    'Counts up from 1 by task and path; the highest is the latest.';
comment on column docket.code_artifacts.content_hash is
    'SHA-256 of the content: as reckoned here where it is in the database, else as it was told.';
comment on column docket.code_artifacts.content_size is
    'The length of the content, in bytes: as reckoned here where it is in the database, else as it was told.';
comment on column docket.code_artifacts.content_type is
    'The media type of the content.';
comment on column docket.code_artifacts.storage_type is
    'Where the content is.';
comment on column docket.code_artifacts.storage_location is
    'Its URL, where it is not in the database: s3://, gs://, https:// (Azure) or file://.';
comment on column docket.code_artifacts.stored_hash is
    'The key of the content in docket.artifact_contents, where it is in the database.';

comment on constraint code_artifacts_path_is_relative on docket.code_artifacts is
    'a file_path has 1 to 1024 bytes and is relative, with slashes, and without . or .., backslashes and control characters';
comment on constraint code_artifacts_hash_is_sha256 on docket.code_artifacts is
    'a content_hash is a SHA-256: 32 bytes';
comment on constraint code_artifacts_size_not_negative on docket.code_artifacts is
    'a content_size is in bytes, from 0';
comment on constraint code_artifacts_content_type_is_media_type on docket.code_artifacts is
    'a content_type is a media type such as text/markdown, of up to 255 characters';
comment on constraint code_artifacts_location_fits_storage on docket.code_artifacts is
    'a storage_location is s3://bucket/key for s3, gs://bucket/object for gcs, https://account.blob.core.windows.net/container/blob for azure_blob, file:///path for file, and none for database; never with a query, which could hold a secret';
comment on constraint code_artifacts_database_has_content on docket.code_artifacts is
    'what is stored in the database has its content there';
comment on constraint code_artifacts_metadata_is_object on docket.code_artifacts is
    'metadata is a JSON object';

-- Whose content it was that nobody has any more goes with the last that had it. First locked, then
-- judged: who has just put the same is waited for, and then seen.
create function docket_private.drop_unused_contents() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
       from docket.artifact_contents as c
      where (c.content_hash, c.project_id) in (
                select d.stored_hash, d.project_id
                  from deleted as d
                 where d.stored_hash is not null)
      order by c.content_hash
        for update;

    if found then
        delete from docket.artifact_contents as c
         using (select distinct d.stored_hash, d.project_id from deleted as d) as gone
         where c.content_hash = gone.stored_hash
           and c.project_id   = gone.project_id
           and not exists (
                   select
                     from docket.code_artifacts as a
                    where a.stored_hash = c.content_hash
                      and a.project_id  = c.project_id
                   offset 0);
    end if;

    return null;
exception
    when foreign_key_violation then
        -- A snapshot that is kept does not see who has put the same since.
        raise exception 'somebody has put the same content at the same time'
            using errcode = '40001';
end;
$$;

comment on function docket_private.drop_unused_contents() is
    'Removes the contents that no artifact of the project has any more.';

create trigger code_artifacts_drop_unused_contents
 after delete on docket.code_artifacts
       referencing old table as deleted
   for each statement execute function docket_private.drop_unused_contents();

-- Which artifacts an interaction was about. Interactions go by whole months, and what was made in
-- them stays: hence no foreign key to them.
create table docket.interaction_artifacts (
    interaction_id uuid        not null,
    project_id     uuid        not null,
    artifact_id    uuid        not null,
    created_at     timestamptz not null default docket.clock(),
    created_by     text        not null default docket.principal(),

    constraint interaction_artifacts_pkey primary key (interaction_id, project_id, artifact_id),
    constraint interaction_artifacts_artifact_fkey
        foreign key (artifact_id, project_id) references docket.code_artifacts on delete cascade
);

create index interaction_artifacts_artifact_idx
    on docket.interaction_artifacts (artifact_id, project_id);

comment on table docket.interaction_artifacts is
    'Which artifacts came of an interaction with a model or a tool, or were what it was about.';
comment on column docket.interaction_artifacts.interaction_id is
    'The interaction; it may have been dropped since, with its month.';
comment on column docket.interaction_artifacts.artifact_id is
    'The artifact.';

-- The bytes say what they are where they can; where they are text, the path says of what kind.
create function docket_private.detect_content_type(
    file_path text,
    head      bytea
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name    text    := lower(substring(detect_content_type.file_path from '[^/]*$'));
    v_head    bytea   := substring(detect_content_type.head from 1 for 4096);
    v_cut     integer := 0;
    v_text    text;
    v_bytes   text;
    v_path    text;
    v_is_text boolean;
begin
    select k.content_type, k.is_text into v_path, v_is_text
      from (values
               ('c|h', 'text/x-c', true), ('cc|cpp|cxx|hh|hpp', 'text/x-c++', true),
               ('cs', 'text/x-csharp', true), ('css', 'text/css', true),
               ('csv', 'text/csv', true), ('go', 'text/x-go', true),
               ('htm|html', 'text/html', true), ('ini|cfg|conf', 'text/plain', true),
               ('java', 'text/x-java', true), ('js|mjs|cjs|jsx', 'text/javascript', true),
               ('json|ipynb', 'application/json', true),
               ('jsonl|ndjson', 'application/x-ndjson', true),
               ('kt|kts', 'text/x-kotlin', true), ('md|markdown', 'text/markdown', true),
               ('patch|diff', 'text/x-diff', true), ('php', 'text/x-php', true),
               ('pl|pm', 'text/x-perl', true), ('py|pyi', 'text/x-python', true),
               ('rb', 'text/x-ruby', true), ('rs', 'text/x-rust', true),
               ('rst', 'text/x-rst', true), ('sarif', 'application/sarif+json', true),
               ('sh|bash|zsh', 'text/x-shellscript', true), ('sql', 'application/sql', true),
               ('svg', 'image/svg+xml', true), ('swift', 'text/x-swift', true),
               ('toml', 'application/toml', true), ('ts|tsx|mts', 'text/x-typescript', true),
               ('txt|log', 'text/plain', true), ('xml|xsd', 'application/xml', true),
               ('yaml|yml', 'application/yaml', true),
               ('avif', 'image/avif', false), ('bmp', 'image/bmp', false),
               ('deb', 'application/vnd.debian.binary-package', false),
               ('docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
                false),
               ('gif', 'image/gif', false), ('gz|tgz', 'application/gzip', false),
               ('ico', 'image/vnd.microsoft.icon', false),
               ('jar|war', 'application/java-archive', false), ('jpeg|jpg', 'image/jpeg', false),
               ('mp3', 'audio/mpeg', false), ('mp4', 'video/mp4', false),
               ('otf', 'font/otf', false), ('parquet', 'application/vnd.apache.parquet', false),
               ('pdf', 'application/pdf', false), ('png', 'image/png', false),
               ('pptx',
                'application/vnd.openxmlformats-officedocument.presentationml.presentation',
                false),
               ('tar', 'application/x-tar', false), ('ttf', 'font/ttf', false),
               ('wasm', 'application/wasm', false), ('webp', 'image/webp', false),
               ('woff', 'font/woff', false), ('woff2', 'font/woff2', false),
               ('xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
                false),
               ('whl|zip', 'application/zip', false)
           ) as k (extensions, content_type, is_text)
     where substring(v_name from '\.([a-z0-9]+)$') = any (string_to_array(k.extensions, '|'));

    if v_path is null and v_name in ('dockerfile', 'makefile') then
        v_path := 'text/x-' || v_name;
        v_is_text := true;
    end if;

    if v_head is null or v_head = '' then
        return coalesce(v_path,
                        case when v_head = '' then 'text/plain' end,
                        'application/octet-stream');
    end if;

    v_bytes := (
        select m.content_type
          from (values
                   (0, '\x89504e470d0a1a0a'::bytea, 'image/png'), (0, '\xffd8ff', 'image/jpeg'),
                   (0, 'GIF8', 'image/gif'), (8, 'WEBP', 'image/webp'),
                   (0, '%PDF-', 'application/pdf'), (0, '\x504b0304', 'application/zip'),
                   (0, '\x504b0506', 'application/zip'), (0, '\x1f8b', 'application/gzip'),
                   (0, 'BZh', 'application/x-bzip2'), (0, '\xfd377a585a00', 'application/x-xz'),
                   (0, '\x28b52ffd', 'application/zstd'),
                   (0, '\x377abcaf271c', 'application/x-7z-compressed'),
                   (257, 'ustar', 'application/x-tar'), (0, '\x7f454c46', 'application/x-elf'),
                   (0, '\x0061736d', 'application/wasm'), (0, '\xcafebabe', 'application/java-vm'),
                   (0, 'SQLite format 3\000', 'application/vnd.sqlite3')
               ) as m (place, magic, content_type)
         where substring(v_head from m.place + 1 for octet_length(m.magic)) = m.magic
         limit 1);

    -- Files that are archives of another kind.
    if v_bytes = 'application/zip' and (v_path like 'application/vnd.openxml%'
                                        or v_path = 'application/java-archive') then
        return v_path;
    elsif v_bytes is not null then
        return v_bytes;
    end if;

    -- What was cut off may be a part of a character.
    while v_text is null and v_cut <= 3 and position('\x00'::bytea in v_head) = 0 loop
        begin
            v_text := convert_from(
                substring(v_head from 1 for octet_length(v_head) - v_cut), 'UTF8');
        exception
            when character_not_in_repertoire or untranslatable_character then
                v_cut := v_cut + 1;
        end;
        exit when octet_length(v_head) < 4096;
    end loop;

    return case
               when v_text is null and not v_is_text then v_path
               when v_text is null then 'application/octet-stream'
               when v_is_text then v_path
               when v_text ~ '^#![^\n]*(\m|/)(ba|z|da|k)?sh\M' then 'text/x-shellscript'
               when v_text ~ '^#![^\n]*python' then 'text/x-python'
               when v_text ~ '^#![^\n]*node' then 'text/javascript'
               when v_text ~* '^\s*<!doctype html|^\s*<html' then 'text/html'
               when v_text ~ '^\s*<\?xml' then 'application/xml'
               when v_text ~ '^\s*(\{\s*["}]|\[\s*(["{\[\]]|-?[0-9]|true|false|null))'
                   then 'application/json'
               else 'text/plain'
           end;
end;
$$;

comment on function docket_private.detect_content_type(text, bytea) is
    'The media type of a file, by its path and its first bytes (null: not known).';

call docket_private.add_touch('docket.code_artifacts');
call docket_private.add_journal('docket.code_artifacts', 'artifact_id');
call docket_private.add_isolation('docket.code_artifacts');
call docket_private.add_isolation('docket.artifact_contents');
call docket_private.add_journal('docket.interaction_artifacts', 'interaction_id');
call docket_private.add_isolation('docket.interaction_artifacts');

insert into docket.settings (setting_key, value, description)
values ('max_artifact_bytes', '52428800', 'The largest artifact whose content is kept in the database, in bytes.');

revoke all on function docket_private.drop_unused_contents() from public;
revoke all on function docket_private.detect_content_type(text, bytea) from public;
grant select on docket.code_artifacts, docket.artifact_contents, docket.interaction_artifacts
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
