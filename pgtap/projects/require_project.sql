-- Each write asks first: to who may not see the project there is none, who only reads it may not.

begin;
select plan(8);

select docket_test.project('one');
select docket_test.member('reader', 'reader');
select docket_test.member('writer', 'writer');
select docket_test.member('admin', 'admin');

create role tap_require_gateway;
grant docket_gateway to tap_require_gateway;
grant docket_owner to tap_require_gateway;
set local role tap_require_gateway;

create function pg_temp.ask(actor text, to_write boolean) returns text
language plpgsql
as $$
begin
    perform set_config('docket.actor', ask.actor, true);
    perform docket_private.require_project(docket_test.project_id(), ask.to_write);
    return 'may';
exception
    when others then
        return sqlstate || ' ' || replace(sqlerrm, docket_test.project_id()::text, 'P');
end;
$$;

select is(pg_temp.ask('admin', true), 'may', 'an admin may write');
select is(pg_temp.ask('writer', true), 'may', 'a writer may write');
select is(
    pg_temp.ask('reader', true), 'PD403 project P may be read by reader, not changed',
    'a reader may not');
select is(pg_temp.ask('reader', false), 'may', 'but read');
select is(
    pg_temp.ask('stranger', true), 'PD404 project P does not exist',
    'to a stranger it does not exist');
select is(
    pg_temp.ask('stranger', false), 'PD404 project P does not exist',
    'whatever he wants of it');

select set_config('docket.actor', '', true);
select throws_ok(
    'select docket_private.require_project(null)',
    'PD404', 'project null does not exist', 'nor does null exist');

reset role;
select is(
    docket_private.constraint_text('tasks', 'tasks_title_bounded'),
    'a title has 1 to 255 characters',
    'why a constraint refuses a row is said in words');

select * from finish();
rollback;
