-- Verify pgdocket:exchange/merge_pieces on pg

begin;

select 'docket_private.merged_set(jsonb, jsonb, jsonb)'::regprocedure;
select 'docket_private.resolution_of(jsonb, text, text)'::regprocedure;
select 'docket_private.merge_pieces(docket_private.merge_piece[], text[], jsonb)'::regprocedure;
select 'docket_private.require_resolutions(jsonb)'::regprocedure;
select 'docket_private.spliced_bytes(bytea, integer[], integer[], bytea[])'::regprocedure;

select 1 / (docket_private.spliced_bytes('abc', '{2}', '{1}', array['x'::bytea]) = 'axc')::integer,
       null::docket_private.merge_piece,
       null::docket_private.merge_verdict;

rollback;
