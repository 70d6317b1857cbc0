-- Revert pgdocket:ops/health from pg

begin;

drop function docket.health();
drop function docket_private.queue_health();
drop function docket_private.upkeep_health();
drop function docket_private.schema_health();
drop function docket_private.server_health();
drop function docket_private.level_of(numeric, numeric, numeric);
drop domain docket.health_level;

commit;
