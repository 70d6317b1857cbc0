-- Revert pgdocket:exchange/merge_pieces from pg

begin;

drop function docket_private.spliced_bytes(bytea, integer[], integer[], bytea[]);
drop function docket_private.require_resolutions(jsonb);
drop function docket_private.merge_pieces(docket_private.merge_piece[], text[], jsonb);
drop function docket_private.resolution_of(jsonb, text, text);
drop function docket_private.merged_set(jsonb, jsonb, jsonb);
drop type docket_private.merge_verdict;
drop type docket_private.merge_piece;

commit;
