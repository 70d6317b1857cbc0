-- Deploy pgdocket:platform/extensions to pg
-- requires: platform/schemas

begin;

-- All three are trusted: whoever may create in the database may install them.
create extension hstore schema docket_ext;
create extension pg_trgm schema docket_ext;
create extension btree_gin schema docket_ext;

-- The deployer may be a stranger to docket_ext's owner, and client roles read through
-- operators of these extensions.
grant usage on schema docket_ext
   to docket_owner, docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
