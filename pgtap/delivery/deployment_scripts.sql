-- Rows of deployment scripts are held to what a script is: names, hashes, and nothing on itself.

begin;
select plan(15);

select docket_test.project('one');
select docket.put_deployment_script(docket_test.project_id(), 'app', 'echo', 'bash');

create function pg_temp.changed(assignment text) returns text
language plpgsql
as $$
begin
    execute 'update docket.deployment_scripts set ' || changed.assignment;
    return 'taken';
exception
    when check_violation then
        return 'refused';
end;
$$;
select is(pg_temp.changed($$ script_name = 'a/b.c:1_2-3' $$), 'taken', 'a name is a word');
select is(pg_temp.changed($$ script_name = 'two words' $$), 'refused', 'one word');
select is(pg_temp.changed($$ language = 'ruby' $$), 'refused',
    'it is written in bash, python, node or sql');
select is(pg_temp.changed($$ environments = '{}' $$), 'refused', 'it is for somewhere');
select is(pg_temp.changed($$ environments = '{moon}' $$), 'refused', 'that there is');
select is(pg_temp.changed($$ required_variables = '{A,_b,C3}', optional_variables = '{D}' $$),
    'taken', 'variables are told by name');
select is(pg_temp.changed($$ optional_variables = '{A}' $$), 'refused', 'once');
select is(pg_temp.changed($$ optional_variables = '{E=secret}' $$), 'refused',
    'never with a value');
select is(pg_temp.changed($$ optional_variables = '{"E F"}' $$), 'refused', 'nor two in one');
select is(pg_temp.changed($$ optional_variables = array[null] $$), 'refused', 'nor without name');
select is(
    pg_temp.changed(
        $$ required_permissions = '{project:admin,"role:Release Managers",kubernetes:deploy}' $$),
    'taken', 'permissions are names');
select is(pg_temp.changed($$ required_permissions = '{project:owner}' $$), 'refused',
    'and where they are to be checked, such as can be');
select throws_ok(
    $$ update docket.deployment_script_versions set content = 'echo 2' $$, '23514', null,
    'no content stands under another hash than its own');
select throws_ok(
    $$ insert into docket.deployment_script_dependencies (script_id, project_id, depends_on_id)
       select s.script_id, s.project_id, s.script_id from docket.deployment_scripts as s $$,
    '23514', null, 'no script depends on itself');
select is(
    (select l.new_values ->> 'content'
       from docket.audit_log as l
      where l.table_name = 'deployment_script_versions'
        and l.project_id = docket_test.project_id()),
    '********', 'the journal has the hash, and not what is run');

select * from finish();
rollback;
