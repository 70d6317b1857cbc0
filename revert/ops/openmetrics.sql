-- Revert pgdocket:ops/openmetrics from pg

begin;

drop function docket.openmetrics();
drop function docket_private.recorded_metrics();
drop function docket_private.own_metrics();
drop function docket_private.exposed_labels(jsonb);
drop function docket_private.exposed_text(text);

commit;
