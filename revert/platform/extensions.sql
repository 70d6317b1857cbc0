-- Revert pgdocket:platform/extensions from pg

begin;

revoke usage on schema docket_ext
  from docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

drop extension btree_gin;
drop extension pg_trgm;
drop extension hstore;

commit;
