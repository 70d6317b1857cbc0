-- Revert pgdocket:exchange/json_text from pg

begin;

drop function docket_private.kept_jsonb(json, text);
drop function docket_private.plain_text(json, text);
drop function docket_private.unmasked_json(text, text);
drop function docket_private.mask_json(text);
drop function docket_private.unused_characters(text, integer);
drop function docket_private.read_json(text, text);
drop function docket_private.refuse_json(text, text, text);
drop function docket_private.is_json(text);
drop function docket_private.json_error_place(text);
drop function docket_private.read_text(text, bytea);
drop function docket_private.readable_prefix(bytea);
drop function docket_private.decoded(bytea);
drop function docket_private.refuse_file(text, text, integer, text, text);

commit;
