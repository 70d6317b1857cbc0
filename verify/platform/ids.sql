-- Verify pgdocket:platform/ids on pg

begin;

with project as materialized (select docket_private.new_id() as id)
select 1 / (docket_private.bucket(docket_private.new_id(project.id))
            = docket_private.bucket(project.id))::integer
  from project;

rollback;
