-- Revert pgdocket:context/escaped_json from pg

begin;

drop function docket_private.is_json_type(text);
drop function docket_private.read_document(text);
drop function docket_private.unescaped(jsonb, boolean);

commit;
