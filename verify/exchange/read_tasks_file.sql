-- Verify pgdocket:exchange/read_tasks_file on pg

begin;

select 1 / cardinality((docket_private.read_tasks_file('a', '{"tasks": [{"id": 1}]}')).tasks);

rollback;
