-- Revert pgdocket:exchange/json_layout from pg

begin;

drop function docket_private.space_before(bytea, integer);
drop function docket_private.styled_json(json, docket_private.json_style, text);
drop function docket_private.json_list(text[], text, docket_private.json_style, text, boolean);
drop function docket_private.json_string(text, boolean);
drop function docket_private.cut_places(integer[], integer[], boolean[]);
drop function docket_private.json_elements(bytea, integer, integer[]);
drop function docket_private.json_members(bytea, integer, json);
drop function docket_private.string_end(bytea, integer);
drop function docket_private.next_token(bytea, integer);
drop type docket_private.json_member;
drop type docket_private.json_style;

commit;
