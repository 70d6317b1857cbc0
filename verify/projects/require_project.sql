-- Verify pgdocket:projects/require_project on pg

begin;

select 'docket_private.require_project(uuid, boolean)'::regprocedure;
select 'docket_private.writable_projects()'::regprocedure;
select 'docket_private.constraint_text(text, text)'::regprocedure;

rollback;
