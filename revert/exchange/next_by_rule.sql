-- Revert pgdocket:exchange/next_by_rule from pg

begin;

drop function docket.next_by_rule(uuid, text, text, integer);

commit;
