-- Deploy pgdocket:platform/settings to pg
-- requires: platform/audit_log
-- requires: platform/touch

begin;
set local role docket_owner;

create table docket.settings (
    setting_key text        not null,
    value       jsonb       not null,
    description text        not null,
    version     bigint      not null default 1,
    created_at  timestamptz not null default docket.clock(),
    updated_at  timestamptz not null default docket.clock(),
    created_by  text        not null default docket.principal(),
    updated_by  text        not null default docket.principal(),

    constraint settings_pkey primary key (setting_key)
);

comment on table docket.settings is
    'The settings of this docket. Where a description says so, projects.settings may overrule one for a project.';
comment on column docket.settings.setting_key is
    'The name, in projects.settings too.';
comment on column docket.settings.value is
    'The value, in the type that its description implies.';
comment on column docket.settings.description is
    'What it does, with its unit.';

insert into docket.settings (setting_key, value, description)
values ('lease_seconds', '300', 'How long a claim holds a task without a heartbeat, in seconds; a project may set its own.'),
       ('max_lease_seconds', '86400', 'The longest lease that a claim or a heartbeat may ask for, in seconds.'),
       ('max_batch_size', '10000', 'The most rows that one call of a batch function takes.'),
       ('idempotency_hours', '24', 'How long the answer to a request_id is kept, in hours.'),
       ('claim_order', '"priority"', 'What is claimed first: priority (the most urgent), critical_path (of these, what the most work waits for), or oldest (what has waited longest, whatever its priority); a project may set its own.'),
       ('notify', 'true', 'Whether idle agents are woken when there is work again; a project may set its own.');

call docket_private.add_touch('docket.settings');
call docket_private.add_journal('docket.settings', 'setting_key');

-- Reads one setting. The project's own value comes from the caller, who has the row.
create function docket_private.setting(
    setting_key      text,
    project_settings jsonb default null
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        setting.project_settings -> setting.setting_key,
        (select s.value from docket.settings as s where s.setting_key = setting.setting_key));
end;
$$;

comment on function docket_private.setting(text, jsonb) is
    'The value of a setting: the project''s own where it has one, else the docket''s.';

revoke all on function docket_private.setting(text, jsonb) from public;
grant select on docket.settings
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_maintenance;

commit;
