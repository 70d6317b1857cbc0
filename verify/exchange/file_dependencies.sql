-- Verify pgdocket:exchange/file_dependencies on pg

begin;

select 1 / (docket_private.cyclic_edges('{1, 2}', '{2, 1}') = '{f, t}')::integer;
select 'docket_private.file_dependencies(docket_private.file_entry[], text)'::regprocedure;

rollback;
