-- Verify pgdocket:analytics/dora_metrics on pg

begin;

select 'docket.dora_metrics(uuid, text, timestamptz, timestamptz)'::regprocedure;
select 1 / count(*) from docket.settings where setting_key = 'rework_tags';

rollback;
