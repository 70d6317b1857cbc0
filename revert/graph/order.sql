-- Revert pgdocket:graph/order from pg

begin;

drop function docket_private.raise_batch_cycle(
    uuid, uuid[], integer[], integer[], integer[], uuid[], uuid[]);
drop function docket_private.order_batch(uuid, bigint, bigint, uuid[], uuid[]);
drop function docket_private.order_edge(uuid, uuid, uuid);
drop function docket_private.rank_over(uuid, uuid[], bigint);
drop function docket_private.rank_beneath(uuid, uuid[], bigint);
drop function docket_private.dependents_below(uuid, uuid, bigint, integer);
drop function docket_private.prerequisites_above(uuid, uuid, bigint, integer);
drop function docket_private.place_nodes(uuid, uuid[], bigint, bigint);
drop function docket_private.respace(uuid);
drop function docket_private.raise_cycle(uuid, uuid[]);
drop function docket_private.cycle_path(uuid, uuid, uuid, uuid[]);
drop function docket_private.subgraph(uuid, uuid[]);
drop function docket_private.rank_gap();

commit;
