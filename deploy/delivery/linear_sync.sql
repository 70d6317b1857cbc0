-- Deploy pgdocket:delivery/linear_sync to pg
-- requires: delivery/commit_checks
-- requires: platform/settings

begin;
set local role docket_owner;

create domain docket.sync_direction as text
    constraint sync_direction_known check (value in ('to_linear', 'from_linear', 'bidirectional'));

comment on domain docket.sync_direction is
    'to_linear: what changes here is sent; from_linear: what changes there is taken; bidirectional: both.';
comment on constraint sync_direction_known on domain docket.sync_direction is
    'a direction is to_linear, from_linear or bidirectional';

-- Which issue of Linear's a task is. What is to be sent is no row: it follows from the task, what
-- Linear told last, and what both were when they last agreed, field by field. So nothing is written
-- twice, and nothing that was changed by whatever way is ever missed.
create table docket.linear_sync (
    linear_sync_id  uuid                  not null,
    project_id      uuid                  not null,
    task_id         uuid                  not null,
    issue_id        text                  not null,
    identifier      text,
    url             text,
    direction       docket.sync_direction not null default 'bidirectional',
    policies        jsonb                 not null default '{}',
    issue           jsonb                 not null default '{}',
    conflicts       text[]                not null default '{}',
    receive_error   text,
    send_error      text,
    failures        integer               not null default 0,
    next_attempt_at timestamptz,
    removed_at      timestamptz,
    received_at     timestamptz,
    sent_at         timestamptz,
    version         bigint                not null default 1,
    created_at      timestamptz           not null default docket.clock(),
    updated_at      timestamptz           not null default docket.clock(),
    created_by      text                  not null default docket.principal(),
    updated_by      text                  not null default docket.principal(),

    constraint linear_sync_pkey primary key (linear_sync_id, project_id),
    constraint linear_sync_task_key unique (task_id, project_id),
    constraint linear_sync_issue_key unique (project_id, issue_id),
    constraint linear_sync_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint linear_sync_texts_bounded
        check (length(issue_id) between 1 and 255
               and length(identifier) <= 255
               and length(url) <= 10000
               and length(receive_error) <= 10000
               and length(send_error) <= 10000),
    constraint linear_sync_failures_have_error
        check (failures >= 0 and (failures = 0) = (send_error is null)),
    constraint linear_sync_objects
        check (jsonb_typeof(policies) = 'object' and jsonb_typeof(issue) = 'object')
);

create index linear_sync_project_idx
    on docket.linear_sync (project_id, linear_sync_id);
create index linear_sync_conflicts_idx
    on docket.linear_sync (project_id, linear_sync_id) where conflicts <> '{}';

comment on table docket.linear_sync is
    'Which issue of Linear''s a task is, what Linear tells of it, and how the two are kept alike.';
comment on column docket.linear_sync.linear_sync_id is
    'The link.';
comment on column docket.linear_sync.task_id is
    'The task.';
comment on column docket.linear_sync.issue_id is
    'Linear''s id of the issue; made here for one that is still to be created there.';
comment on column docket.linear_sync.identifier is
    'What people call the issue, such as ENG-12; null: nothing is told yet.';
comment on column docket.linear_sync.url is
    'Where the issue can be seen.';
comment on column docket.linear_sync.direction is
    'Which way changes go.';
comment on column docket.linear_sync.policies is
    'Whose change counts, by field, where it is not as the setting linear_policies says.';
comment on column docket.linear_sync.issue is
    'All that Linear told of the issue, in its own words; of each field what was told last.';
comment on column docket.linear_sync.conflicts is
    'The fields that were changed on both sides and that somebody has to decide.';
comment on column docket.linear_sync.receive_error is
    'Why something that Linear told could not be taken over.';
comment on column docket.linear_sync.send_error is
    'Why the last attempt to send failed.';
comment on column docket.linear_sync.failures is
    'How many attempts to send have failed, one after the other.';
comment on column docket.linear_sync.next_attempt_at is
    'Nothing is sent before; null: whenever there is something.';
comment on column docket.linear_sync.removed_at is
    'When the issue was removed there.';
comment on column docket.linear_sync.received_at is
    'When Linear told something last.';
comment on column docket.linear_sync.sent_at is
    'When a change was acknowledged last.';

comment on constraint linear_sync_task_key on docket.linear_sync is
    'a task is one issue';
comment on constraint linear_sync_issue_key on docket.linear_sync is
    'an issue is one task of a project';
comment on constraint linear_sync_texts_bounded on docket.linear_sync is
    'ids and identifiers have at most 255 characters, addresses and errors 10000';
comment on constraint linear_sync_failures_have_error on docket.linear_sync is
    'what has failed says why';
comment on constraint linear_sync_objects on docket.linear_sync is
    'policies and issue are JSON objects';

create table docket_private.linear_images (
    linear_sync_id   uuid   not null,
    project_id       uuid   not null,
    told             jsonb  not null default '{}',
    changed          jsonb  not null default '{}',
    synced           jsonb  not null default '{}',
    examined_version bigint,
    linear_change_id uuid,
    sending          jsonb,
    lease_expires_at timestamptz,

    constraint linear_images_pkey primary key (linear_sync_id, project_id),
    constraint linear_images_sync_fkey
        foreign key (linear_sync_id, project_id) references docket.linear_sync on delete cascade,
    constraint linear_images_lease_agrees
        check ((linear_change_id is null) = (sending is null)
               and (linear_change_id is null) = (lease_expires_at is null))
);

create unique index linear_images_change_key
    on docket_private.linear_images (linear_change_id, project_id)
    where linear_change_id is not null;

comment on table docket_private.linear_images is
    'What a task and its issue were when they agreed, and what is on its way. Who changes how they stand to each other holds this row.';
comment on column docket_private.linear_images.linear_sync_id is
    'The link.';
comment on column docket_private.linear_images.told is
    'The told_key of what Linear told last, by Linear''s field; under "-" whether it is there.';
comment on column docket_private.linear_images.changed is
    'When Linear changed a field last, as far as it has told, by our field.';
comment on column docket_private.linear_images.synced is
    'What both were when they last agreed, by our field: ours and theirs, both as tasks have it.';
comment on column docket_private.linear_images.examined_version is
    'The version of the task in which there was nothing to send; null: there may be.';
comment on column docket_private.linear_images.linear_change_id is
    'What was handed out to be sent, and is not acknowledged.';
comment on column docket_private.linear_images.sending is
    'That change: changes as Linear has them, and what is agreed when it is acknowledged (synced).';
comment on column docket_private.linear_images.lease_expires_at is
    'From when on it may be handed out again.';

call docket_private.add_touch('docket.linear_sync');
call docket_private.add_journal('docket.linear_sync', 'linear_sync_id');
call docket_private.add_isolation('docket.linear_sync');
call docket_private.add_isolation('docket_private.linear_images');

grant select on docket.linear_sync
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

insert into docket.settings (setting_key, value, description)
values ('linear_direction', '"bidirectional"',
        'Which way changes of tasks and issues of Linear''s go where a link says nothing else: to_linear, from_linear or bidirectional; a project may set its own.'),
       ('linear_teams', '[]',
        'The teams of Linear, by key or id, whose issues become tasks, "*" for all; issues that are created there belong to the first; a project may set its own.'),
       ('linear_policies', '{"*": "newest"}',
        'Whose change counts where both sides have changed a field: ours, theirs, newest, or manual; ignore leaves the field alone. By field (title, description, status, priority, estimate, labels, due_date; "*" for the others); a project may set its own, field by field.'),
       ('linear_states',
        '{"pending": ["unstarted", "backlog", "triage"], "in_progress": ["started"],
          "completed": ["completed"], "cancelled": ["canceled", "duplicate"]}',
        'The states of Linear, by id, name or type, that are a status; the first is what is sent. A status that has none is not sent; a project may set its own, status by status.'),
       ('linear_priorities', '{"0": 5, "1": 10, "2": 8, "3": 5, "4": 3}',
        'The priority that each of Linear''s is (0 none, 1 urgent to 4 low); what is sent is the nearest from 1 to 4; a project may set its own, one by one.'),
       ('linear_estimate_hours', '1',
        'How many hours one point of an estimate in Linear is; null: estimates are left alone; a project may set its own.'),
       ('linear_labels', '{}',
        'The tag that each label of Linear''s is, where it is not its name; a project may set its own, one by one.'),
       ('linear_retry_seconds', '30',
        'After how many seconds a change that could not be sent to Linear is tried again; twice as long after each further failure, up to an hour.');

commit;
