-- The registry of Sqitch, version 1.1: tables, constraint names and comments are those that sqitch
-- itself creates, spelling included, so that both programs work on the same database.
-- Runs inside the caller's transaction; the variable registry names the schema.

create schema if not exists :"registry";
comment on schema :"registry" is 'Sqitch database deployment metadata v1.1.';

create table :"registry".releases (
    version real primary key,
    installed_at timestamptz not null default clock_timestamp(),
    installer_name text not null,
    installer_email text not null
);

comment on table :"registry".releases is 'Sqitch registry releases.';
comment on column :"registry".releases.version is 'Version of the Sqitch registry.';
comment on column :"registry".releases.installed_at is 'Date the registry release was installed.';
comment on column :"registry".releases.installer_name is 'Name of the user who installed the registry release.';
comment on column :"registry".releases.installer_email is 'Email address of the user who installed the registry release.';

create table :"registry".projects (
    project text primary key,
    uri text null unique,
    created_at timestamptz not null default clock_timestamp(),
    creator_name text not null,
    creator_email text not null
);

comment on table :"registry".projects is 'Sqitch projects deployed to this database.';
comment on column :"registry".projects.project is 'Unique Name of a project.';
comment on column :"registry".projects.uri is 'Optional project URI';
comment on column :"registry".projects.created_at is 'Date the project was added to the database.';
comment on column :"registry".projects.creator_name is 'Name of the user who added the project.';
comment on column :"registry".projects.creator_email is 'Email address of the user who added the project.';

create table :"registry".changes (
    change_id text primary key,
    script_hash text null,
    change text not null,
    project text not null references :"registry".projects (project) on update cascade,
    note text not null default '',
    committed_at timestamptz not null default clock_timestamp(),
    committer_name text not null,
    committer_email text not null,
    planned_at timestamptz not null,
    planner_name text not null,
    planner_email text not null,
    unique (project, script_hash)
);

comment on table :"registry".changes is 'Tracks the changes currently deployed to the database.';
comment on column :"registry".changes.change_id is 'Change primary key.';
comment on column :"registry".changes.script_hash is 'Deploy script SHA-1 hash.';
comment on column :"registry".changes.change is 'Name of a deployed change.';
comment on column :"registry".changes.project is 'Name of the Sqitch project to which the change belongs.';
comment on column :"registry".changes.note is 'Description of the change.';
comment on column :"registry".changes.committed_at is 'Date the change was deployed.';
comment on column :"registry".changes.committer_name is 'Name of the user who deployed the change.';
comment on column :"registry".changes.committer_email is 'Email address of the user who deployed the change.';
comment on column :"registry".changes.planned_at is 'Date the change was added to the plan.';
comment on column :"registry".changes.planner_name is 'Name of the user who planed the change.';
comment on column :"registry".changes.planner_email is 'Email address of the user who planned the change.';

create table :"registry".tags (
    tag_id text primary key,
    tag text not null,
    project text not null references :"registry".projects (project) on update cascade,
    change_id text not null references :"registry".changes (change_id) on update cascade,
    note text not null default '',
    committed_at timestamptz not null default clock_timestamp(),
    committer_name text not null,
    committer_email text not null,
    planned_at timestamptz not null,
    planner_name text not null,
    planner_email text not null,
    unique (project, tag)
);

comment on table :"registry".tags is 'Tracks the tags currently applied to the database.';
comment on column :"registry".tags.tag_id is 'Tag primary key.';
comment on column :"registry".tags.tag is 'Project-unique tag name.';
comment on column :"registry".tags.project is 'Name of the Sqitch project to which the tag belongs.';
comment on column :"registry".tags.change_id is 'ID of last change deployed before the tag was applied.';
comment on column :"registry".tags.note is 'Description of the tag.';
comment on column :"registry".tags.committed_at is 'Date the tag was applied to the database.';
comment on column :"registry".tags.committer_name is 'Name of the user who applied the tag.';
comment on column :"registry".tags.committer_email is 'Email address of the user who applied the tag.';
comment on column :"registry".tags.planned_at is 'Date the tag was added to the plan.';
comment on column :"registry".tags.planner_name is 'Name of the user who planed the tag.';
comment on column :"registry".tags.planner_email is 'Email address of the user who planned the tag.';

create table :"registry".dependencies (
    change_id text not null
        references :"registry".changes (change_id) on update cascade on delete cascade,
    type text not null,
    dependency text not null,
    dependency_id text null references :"registry".changes (change_id) on update cascade,
    primary key (change_id, dependency),
    constraint dependencies_check check (
        (type = 'require' and dependency_id is not null)
        or (type = 'conflict' and dependency_id is null)
    )
);

comment on table :"registry".dependencies is 'Tracks the currently satisfied dependencies.';
comment on column :"registry".dependencies.change_id is 'ID of the depending change.';
comment on column :"registry".dependencies.type is 'Type of dependency.';
comment on column :"registry".dependencies.dependency is 'Dependency name.';
comment on column :"registry".dependencies.dependency_id is 'Change ID the dependency resolves to.';

create table :"registry".events (
    event text not null
        constraint events_event_check check (event in ('deploy', 'revert', 'fail', 'merge')),
    change_id text not null,
    change text not null,
    project text not null references :"registry".projects (project) on update cascade,
    note text not null default '',
    requires text[] not null default '{}',
    conflicts text[] not null default '{}',
    tags text[] not null default '{}',
    committed_at timestamptz not null default clock_timestamp(),
    committer_name text not null,
    committer_email text not null,
    planned_at timestamptz not null,
    planner_name text not null,
    planner_email text not null,
    primary key (change_id, committed_at)
);

comment on table :"registry".events is 'Contains full history of all deployment events.';
comment on column :"registry".events.event is 'Type of event.';
comment on column :"registry".events.change_id is 'Change ID.';
comment on column :"registry".events.change is 'Change name.';
comment on column :"registry".events.project is 'Name of the Sqitch project to which the change belongs.';
comment on column :"registry".events.note is 'Description of the change.';
comment on column :"registry".events.requires is 'Array of the names of required changes.';
comment on column :"registry".events.conflicts is 'Array of the names of conflicting changes.';
comment on column :"registry".events.tags is 'Tags associated with the change.';
comment on column :"registry".events.committed_at is 'Date the event was committed.';
comment on column :"registry".events.committer_name is 'Name of the user who committed the event.';
comment on column :"registry".events.committer_email is 'Email address of the user who committed the event.';
comment on column :"registry".events.planned_at is 'Date the event was added to the plan.';
comment on column :"registry".events.planner_name is 'Name of the user who planed the change.';
comment on column :"registry".events.planner_email is 'Email address of the user who plan planned the change.';
