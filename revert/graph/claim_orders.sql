-- Revert pgdocket:graph/claim_orders from pg

begin;

drop function docket_private.urgency(text, smallint, bigint);
drop table docket_private.task_weights;
drop table docket_private.claim_orders;
drop domain docket.claim_order;

commit;
