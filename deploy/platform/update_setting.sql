-- Deploy pgdocket:platform/update_setting to pg
-- requires: platform/audit_seals
-- requires: platform/settings

begin;
set local role docket_owner;

-- A setting keeps its type: what reads it relies on that. One that may be null says what that
-- means.
create function docket.update_setting(
    setting_key text,
    value       jsonb
) returns docket.settings
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_setting    docket.settings;
    v_constraint text;
begin
    perform docket_private.require_operator();

    select s.* into v_setting
      from docket.settings as s
     where s.setting_key = update_setting.setting_key
       for no key update;

    if not found then
        raise exception 'there is no setting "%"',
                        coalesce(left(update_setting.setting_key, 100), 'null')
            using errcode = 'PD404',
                  hint    = 'docket.settings lists them.';
    end if;

    if update_setting.value is null
       or (case
               when 'null' in (jsonb_typeof(update_setting.value), jsonb_typeof(v_setting.value))
               then v_setting.description not like '%null:%'
               else jsonb_typeof(update_setting.value) <> jsonb_typeof(v_setting.value)
           end)
       or jsonb_typeof(update_setting.value) = 'number' and update_setting.value < '0'
    then
        raise exception 'setting "%" can not be %', v_setting.setting_key,
                        coalesce(left(update_setting.value::text, 100), 'nothing')
            using errcode = 'PD422',
                  hint    = format('It is %s: %s', left(v_setting.value::text, 100),
                                   v_setting.description);
    end if;

    begin
        update docket.settings as s
           set value = update_setting.value
         where s.setting_key = v_setting.setting_key
        returning s.* into v_setting;
    exception
        when check_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'setting "%" is refused: %', v_setting.setting_key, (
                                select obj_description(c.oid, 'pg_constraint')
                                  from pg_catalog.pg_constraint as c
                                 where c.conrelid = 'docket.settings'::regclass
                                   and c.conname  = v_constraint)
                using errcode = 'PD422';
    end;

    return v_setting;
end;
$$;

comment on function docket.update_setting(text, jsonb) is
'Changes a setting of the whole docket; where its description says so, a project''s own goes before it.

`setting_key` is its name, `value` the new value, of the type that it has: null only where the
description says what that means, no number below 0. Returns the setting. Raises PD403 (not an
operator), PD404, PD422.';

revoke all on function docket.update_setting(text, jsonb) from public;
grant execute on function docket.update_setting(text, jsonb) to docket_admin;

commit;
