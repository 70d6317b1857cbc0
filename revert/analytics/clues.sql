-- Revert pgdocket:analytics/clues from pg

begin;
set local role docket_owner;

delete from docket.tallies where tally in ('bottlenecks', 'validation_flips', 'agent_tags');
drop materialized view docket_private.agent_tags;
drop function docket_private.tally_agent_tags();
drop materialized view docket_private.validation_flips;
drop function docket_private.tally_validation_flips();
drop materialized view docket_private.bottlenecks;
drop function docket_private.tally_bottlenecks();

commit;
