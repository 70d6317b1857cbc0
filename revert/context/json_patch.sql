-- Revert pgdocket:context/json_patch from pg

begin;

drop function docket_private.json_differences(jsonb, jsonb);
drop function docket_private.json_patched(jsonb, jsonb);
drop function docket_private.with_value(jsonb, text[], jsonb, jsonb, bigint);
drop function docket_private.refuse_patch(jsonb, bigint, text, boolean);
drop function docket_private.merge_patched(jsonb, jsonb);
drop function docket_private.json_at(jsonb, text[]);
drop function docket_private.pointer_path(text);

commit;
