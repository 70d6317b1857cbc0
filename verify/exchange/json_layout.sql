-- Verify pgdocket:exchange/json_layout on pg

begin;

select 'docket_private.next_token(bytea, integer)'::regprocedure;
select 'docket_private.string_end(bytea, integer)'::regprocedure;
select 'docket_private.json_members(bytea, integer, json)'::regprocedure;
select 'docket_private.json_elements(bytea, integer, integer[])'::regprocedure;
select 'docket_private.cut_places(integer[], integer[], boolean[])'::regprocedure;
select 'docket_private.json_string(text, boolean)'::regprocedure;
select
    'docket_private.json_list(text[], text, docket_private.json_style, text, boolean)'::regprocedure;
select 'docket_private.styled_json(json, docket_private.json_style, text)'::regprocedure;
select 'docket_private.space_before(bytea, integer)'::regprocedure;

select null::docket_private.json_member,
       null::docket_private.json_style;

rollback;
