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

    constraint settings_pkey primary key (setting_key),
    constraint settings_secret_keys_are_words
        check (setting_key <> 'secret_keys'
               or value::text ~ '^\[("[a-zA-Z0-9_-]+"(, "[a-zA-Z0-9_-]+")*)?\]$')
);

comment on table docket.settings is
    'The settings of this docket. Where a description says so, projects.settings may overrule one for a project.';
comment on column docket.settings.setting_key is
    'The name, in projects.settings too.';
comment on constraint settings_secret_keys_are_words on docket.settings is
    'secret_keys is an array of words: letters, digits, "_" and "-"';
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
       ('notify', 'true', 'Whether idle agents are woken when there is work again; a project may set its own.'),
       ('secret_keys',
        '["password", "passwd", "passphrase", "secret", "client_secret", "token", "access_token", "refresh_token", "api_key", "private_key", "authorization"]',
        'Keys in JSON, in upper or lower case, whose values the journal and the command line show as asterisks.');

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

create function docket.secret_keys() returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select lower(k.key)
          from docket.settings as s
         cross join lateral jsonb_array_elements_text(s.value) as k (key)
         where s.setting_key = 'secret_keys');
end;
$$;

comment on function docket.secret_keys() is
'The keys, in lower case, whose values are not to be shown: the setting secret_keys.

Returns the keys. Raises nothing.';

-- What finds a secret key in the text form of a jsonb value: quick to say that there is none.
create function docket_private.secret_pattern() returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- ["password", "token"] becomes ("password"|"token"):
    return (
        select '(' || replace(btrim(s.value::text, '[]'), ', ', '|') || '): '
          from docket.settings as s
         where s.setting_key = 'secret_keys'
           and s.value <> '[]');
end;
$$;

comment on function docket_private.secret_pattern() is
    'A regular expression that every jsonb value with a secret key matches as text, upper or lower case; null: no key is secret.';

create function docket_private.hide(
    value       jsonb,
    secret_keys text[]
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case jsonb_typeof(hide.value)
               when 'object' then (
                   select coalesce(
                              jsonb_object_agg(
                                  e.key,
                                  case
                                      when lower(e.key) = any (hide.secret_keys) then '"********"'
                                      else docket_private.hide(e.value, hide.secret_keys)
                                  end),
                              '{}')
                     from jsonb_each(hide.value) as e)
               when 'array' then (
                   select coalesce(
                              jsonb_agg(
                                  docket_private.hide(e.value, hide.secret_keys)
                                  order by e.ordinality),
                              '[]')
                     from jsonb_array_elements(hide.value) with ordinality as e)
               else hide.value
           end;
end;
$$;

comment on function docket_private.hide(jsonb, text[]) is
    'A value with asterisks under the given keys, at any depth.';

create function docket_private.without_secrets(value jsonb) returns jsonb
language plpgsql
stable
strict
set search_path = pg_catalog, pg_temp
as $$
begin
    if (without_secrets.value::text like '%": %'
        and without_secrets.value::text ~* docket_private.secret_pattern()) is not true then
        return without_secrets.value;
    end if;

    begin
        return docket_private.hide(without_secrets.value, docket.secret_keys());
    exception
        -- Nested deeper than can be followed: rather nothing of it than a secret.
        when statement_too_complex then
            return '"********"'::jsonb;
    end;
end;
$$;

comment on function docket_private.without_secrets(jsonb) is
    'A value as the journal and exports may show it: with asterisks under secret keys.';

revoke all on function docket_private.setting(text, jsonb) from public;
revoke all on function docket.secret_keys() from public;
revoke all on function docket_private.secret_pattern() from public;
revoke all on function docket_private.hide(jsonb, text[]) from public;
revoke all on function docket_private.without_secrets(jsonb) from public;
grant execute on function docket.secret_keys()
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_maintenance;
grant select on docket.settings
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor, docket_maintenance;

commit;
