-- Verify pgdocket:exchange/json_text on pg

begin;

select 1 / (docket_private.json_error_place('{"a": 1,}') = 9)::integer,
       1 / (docket_private.read_json('a', '{"a": 8.10}')::text = '{"a": 8.10}')::integer,
       1 / (docket_private.plain_text(m.content::json, m.stand_in) = 'ab')::integer,
       1 / (docket_private.unmasked_json(m.content, m.stand_in) = '"a\u0000b"')::integer,
       1 / (docket_private.kept_jsonb(m.content::json, m.stand_in) = '"a\\u0000b"')::integer
  from docket_private.mask_json('"a\u0000b"') as m;

select 'docket_private.read_text(text, bytea)'::regprocedure,
       'docket_private.readable_prefix(bytea)'::regprocedure,
       'docket_private.decoded(bytea)'::regprocedure,
       'docket_private.is_json(text)'::regprocedure,
       'docket_private.unused_characters(text, integer)'::regprocedure,
       'docket_private.refuse_file(text, text, integer, text, text)'::regprocedure,
       'docket_private.refuse_json(text, text, text)'::regprocedure;

rollback;
