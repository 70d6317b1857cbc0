-- Revert pgdocket:observability/record_metrics from pg

begin;

drop function docket.record_metric(
    uuid, text, numeric, text, text, jsonb, text, text, timestamptz, uuid);
drop function docket.record_metrics(uuid, jsonb, uuid);
drop function docket.record_samples(uuid, bigint[], numeric[], timestamptz[], uuid);
drop function docket.register_series(uuid, jsonb);
drop function docket_private.insert_samples(uuid, bigint[], numeric[], timestamptz[]);
drop function docket_private.find_series(uuid, jsonb);
drop function docket_private.check_times(timestamptz, timestamptz, text[]);
drop function docket_private.keep_project(uuid);
drop function docket_private.check_metrics(jsonb);
drop function docket_private.samples_in(jsonb);
drop function docket_private.labels_of(jsonb, text);

commit;
