-- Verify pgdocket:knowledge/read_anew on pg

begin;

select 'docket_private.read_anew(uuid, bigint)'::regprocedure;
select 'docket_private.read_words(bigint)'::regprocedure;

select 1 / count(*)
  from pg_catalog.pg_trigger
 where tgrelid = 'docket.projects'::regclass
   and tgname = 'projects_words_update';

rollback;
