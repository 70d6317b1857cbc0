-- Deploy pgdocket:delivery/deployment_scripts to pg
-- requires: delivery/code_artifacts
-- requires: platform/settings
-- requires: projects/require_project

begin;
set local role docket_owner;

create domain docket.script_language as text
    constraint script_language_known check (value in ('bash', 'python', 'node', 'sql'));

comment on domain docket.script_language is
    'What a deployment script is written in: bash, python, node or sql.';

create domain docket.deployment_environment as text
    constraint deployment_environment_known
        check (value in ('development', 'staging', 'production'));

comment on domain docket.deployment_environment is
    'Where something is deployed to: development, staging or production.';

-- What brings a project into an environment. How it is run stands here, and is as it now is; what
-- is run stands in versions, of which none is ever changed.
create table docket.deployment_scripts (
    script_id            uuid                   not null,
    project_id           uuid                   not null,
    script_name          text                   not null,
    description          text,
    language             docket.script_language not null,
    environments         text[]                 not null,
    version_no           integer                not null,
    content_hash         bytea                  not null,
    content_size         bigint                 not null,
    required_variables   text[]                 not null default '{}',
    optional_variables   text[]                 not null default '{}',
    required_permissions text[]                 not null default '{}',
    timeout_seconds      integer                not null default 3600,
    max_attempts         integer                not null default 1,
    backoff_seconds      integer                not null default 10,
    archived_at          timestamptz,
    metadata             jsonb                  not null default '{}',
    version              bigint                 not null default 1,
    created_at           timestamptz            not null default docket.clock(),
    updated_at           timestamptz            not null default docket.clock(),
    created_by           text                   not null default docket.principal(),
    updated_by           text                   not null default docket.principal(),

    constraint deployment_scripts_pkey primary key (script_id, project_id),
    constraint deployment_scripts_name_key unique (project_id, script_name),
    constraint deployment_scripts_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint deployment_scripts_name_is_word
        check (script_name ~ '^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,254}$'),
    constraint deployment_scripts_environments_known
        check (coalesce(array_ndims(environments), 0) = 1
               and environments <@ array['development', 'staging', 'production']),
    constraint deployment_scripts_version_no_positive check (version_no > 0),
    constraint deployment_scripts_variables_are_names
        check (cardinality(required_variables || optional_variables) <= 200
               and to_jsonb(required_variables || optional_variables)::text
                   ~ '^\[("[A-Za-z_][A-Za-z0-9_]{0,254}"(, )?)*\]$'
               and not required_variables && optional_variables),
    constraint deployment_scripts_permissions_are_names
        check (cardinality(required_permissions) <= 100
               and to_jsonb(required_permissions)::text
                   ~ ('^\[("(project:admin|role:[^"\\]{1,63}|'
                      || '(?!project:|role:)[A-Za-z0-9][A-Za-z0-9_.:/*@-]{0,254})"(, )?)*\]$')),
    constraint deployment_scripts_timeout_bounded check (timeout_seconds between 1 and 604800),
    constraint deployment_scripts_attempts_bounded check (max_attempts between 1 and 100),
    constraint deployment_scripts_backoff_bounded check (backoff_seconds between 0 and 3600),
    constraint deployment_scripts_metadata_is_object check (jsonb_typeof(metadata) = 'object')
);

comment on table docket.deployment_scripts is
    'What brings a project into an environment: one row for each script, with how it is run.';
comment on column docket.deployment_scripts.script_id is
    'The script.';
comment on column docket.deployment_scripts.script_name is
    'What people call it, unique in the project.';
comment on column docket.deployment_scripts.description is
    'What it is good for.';
comment on column docket.deployment_scripts.language is
    'What it is written in.';
comment on column docket.deployment_scripts.environments is
    'Where it is run: development, staging, production.';
comment on column docket.deployment_scripts.version_no is
    'Its latest version, which is the one that is run.';
comment on column docket.deployment_scripts.content_hash is
    'SHA-256 of the content of that version.';
comment on column docket.deployment_scripts.content_size is
    'The length of it, in bytes.';
comment on column docket.deployment_scripts.required_variables is
    'Names of the environment variables without which it is not run.';
comment on column docket.deployment_scripts.optional_variables is
    'Names of other environment variables that it reads.';
comment on column docket.deployment_scripts.required_permissions is
    'What whoever runs it has to have: project:admin and role:NAME are checked, others are for people to read.';
comment on column docket.deployment_scripts.timeout_seconds is
    'How long it may run, in seconds.';
comment on column docket.deployment_scripts.max_attempts is
    'How often it is tried, the first time included.';
comment on column docket.deployment_scripts.backoff_seconds is
    'The wait after the first failure, in seconds; it doubles with each further one, up to an hour.';
comment on column docket.deployment_scripts.archived_at is
    'When it was retired; null: in use.';
comment on constraint deployment_scripts_name_is_word on docket.deployment_scripts is
    'a script_name is 1 to 255 letters, digits and _ . : / -, and begins with a letter or digit';
comment on constraint deployment_scripts_environments_known on docket.deployment_scripts is
    'environments are one or more of development, staging and production';
comment on constraint deployment_scripts_variables_are_names on docket.deployment_scripts is
    'required_variables and optional_variables are names such as API_TOKEN, up to 200 in all, each once, and never with a value';
comment on constraint deployment_scripts_permissions_are_names on docket.deployment_scripts is
    'required_permissions are up to 100 names: project:admin, role:NAME, or others such as kubernetes:deploy';
comment on constraint deployment_scripts_timeout_bounded on docket.deployment_scripts is
    'timeout_seconds is 1 to 604800';
comment on constraint deployment_scripts_attempts_bounded on docket.deployment_scripts is
    'max_attempts is 1 to 100';
comment on constraint deployment_scripts_backoff_bounded on docket.deployment_scripts is
    'backoff_seconds is 0 to 3600';
comment on constraint deployment_scripts_metadata_is_object on docket.deployment_scripts is
    'metadata is a JSON object';

create table docket.deployment_script_versions (
    script_id    uuid                   not null,
    project_id   uuid                   not null,
    version_no   integer                not null,
    language     docket.script_language not null,
    content      text                   not null,
    content_hash bytea                  not null,
    content_size bigint                 not null,
    created_at   timestamptz            not null default docket.clock(),
    created_by   text                   not null default docket.principal(),

    constraint deployment_script_versions_pkey primary key (script_id, project_id, version_no),
    constraint deployment_script_versions_script_fkey
        foreign key (script_id, project_id) references docket.deployment_scripts
        on delete cascade,
    constraint deployment_script_versions_hash_exact
        check (content_hash = sha256(convert_to(content, 'UTF8'))),
    constraint deployment_script_versions_size_exact check (content_size = octet_length(content))
);

comment on table docket.deployment_script_versions is
    'Every content that a deployment script has had. Rows are added, never changed.';
comment on column docket.deployment_script_versions.script_id is
    'The script.';
comment on column docket.deployment_script_versions.version_no is
    'Counts up from 1 by script; the highest is the one that is run.';
comment on column docket.deployment_script_versions.language is
    'What it is written in.';
comment on column docket.deployment_script_versions.content is
    'What is run.';
comment on column docket.deployment_script_versions.content_hash is
    'SHA-256 of the content.';
comment on column docket.deployment_script_versions.content_size is
    'The length of the content, in bytes.';

-- Acyclic: edges are written under the lock on all scripts of the project, by functions alone.
create table docket.deployment_script_dependencies (
    script_id     uuid        not null,
    project_id    uuid        not null,
    depends_on_id uuid        not null,
    created_at    timestamptz not null default docket.clock(),
    created_by    text        not null default docket.principal(),

    constraint deployment_script_dependencies_pkey
        primary key (script_id, project_id, depends_on_id),
    constraint deployment_script_dependencies_script_fkey
        foreign key (script_id, project_id) references docket.deployment_scripts
        on delete cascade,
    constraint deployment_script_dependencies_depends_on_fkey
        foreign key (depends_on_id, project_id) references docket.deployment_scripts
        on delete cascade,
    constraint deployment_script_dependencies_not_on_itself check (depends_on_id <> script_id)
);

create index deployment_script_dependencies_dependents_idx
    on docket.deployment_script_dependencies (depends_on_id, project_id);

create index deployment_script_dependencies_project_idx
    on docket.deployment_script_dependencies (project_id);

comment on table docket.deployment_script_dependencies is
    'Which deployment script has to have succeeded in an environment before which other; without cycles.';
comment on column docket.deployment_script_dependencies.script_id is
    'The script that depends.';
comment on column docket.deployment_script_dependencies.depends_on_id is
    'The script that it depends on.';

call docket_private.add_touch('docket.deployment_scripts');
call docket_private.add_journal(
    'docket.deployment_scripts', 'script_id', '{}', 'old.version <> new.version');
call docket_private.add_isolation('docket.deployment_scripts');
call docket_private.add_journal('docket.deployment_script_versions', 'script_id', '{content}');
call docket_private.add_isolation('docket.deployment_script_versions');
call docket_private.add_journal('docket.deployment_script_dependencies', 'script_id');
call docket_private.add_isolation('docket.deployment_script_dependencies');

insert into docket.settings (setting_key, value, description)
values ('max_script_bytes', '1048576', 'The largest deployment script, in bytes.'),
       ('deployments_to_confirm', '["production"]', 'Environments to which nothing is deployed without confirmation; a project may set its own.');

grant select on docket.deployment_scripts, docket.deployment_script_versions,
                docket.deployment_script_dependencies
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
