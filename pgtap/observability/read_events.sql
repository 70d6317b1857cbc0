-- Events are found by what they are about, and written as CloudEvents.

begin;
select plan(23);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table flow as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'flow') as w;
select docket_test.at('2026-02-03 04:05:06.789+00');

create temporary table told as
select e.*
  from flow as f
 cross join docket.emit_events(docket_test.project_id(), jsonb_build_array(
           jsonb_build_object('type', 'build.started', 'taskid', docket_test.id('a'),
                              'correlationid', 'r1', 'data', jsonb_build_object('n', 1)),
           jsonb_build_object('type', 'build.finished', 'taskid', docket_test.id('a'),
                              'correlationid', 'r1', 'subject', 's', 'level', 1),
           jsonb_build_object('type', 'test.finished', 'workflowid', f.workflow_id),
           jsonb_build_object('type', 'x', 'correlationid', 'r1', 'data_base64', 'AAH/',
                              'dataschema', 'urn:x'))) as e;

create function pg_temp.types(conditions text) returns text
language plpgsql
as $$
declare
    v_types text;
begin
    execute format(
        'select string_agg(e.event_type, '','' order by e.transaction_id desc, e.event_no desc) '
        'from docket.list_events(%L%s) as e',
        docket_test.project_id(), ', ' || nullif(types.conditions, ''))
       into v_types;
    return v_types;
end;
$$;
select is(pg_temp.types(''), 'x,test.finished,build.finished,build.started',
    'all of them, the newest first');
select is(pg_temp.types(format('task_id => %L', docket_test.id('a'))),
    'build.finished,build.started', 'about a task');
select is(pg_temp.types(format('workflow_id => %L', f.workflow_id)), 'test.finished',
    'about a workflow')
  from flow as f;
select is(pg_temp.types('correlation_id => ''r1'''), 'x,build.finished,build.started',
    'of one story');
select is(pg_temp.types(format('correlation_id => ''r1'', task_id => %L, event_type => %L',
                               docket_test.id('a'), 'build.started')),
    'build.started', 'that meet every condition');
select is(pg_temp.types('since => ''2026-02-03 04:05:07+00'''), null, 'since a time');
select is(pg_temp.types(format('after => %L', t.transaction_id || ':' || t.event_no)),
    'build.finished,build.started', 'after a place')
  from told as t
 where t.event_type = 'test.finished';
select throws_ok($$ select docket.list_events(docket_test.project_id(), after => 'here') $$,
    'PD422', null, 'a place is one');

select is(docket.to_cloudevent(t.event_id),
    jsonb_build_object(
        'specversion', '1.0', 'id', t.event_id, 'source', 'pgdocket:/projects/' || t.project_id,
        'type', 'build.started', 'time', '2026-02-03T04:05:06.789000Z', 'taskid', t.task_id,
        'correlationid', 'r1', 'datacontenttype', 'application/json',
        'data', jsonb_build_object('n', 1)),
    'an event is written as a CloudEvent')
  from told as t
 where t.event_type = 'build.started';
select is(docket.to_cloudevent(t.event_id) - '{id,source,time,taskid}'::text[],
    '{"specversion": "1.0", "type": "build.finished", "correlationid": "r1", "subject": "s",
      "level": 1}',
    'with its extensions, and without data where there are none')
  from told as t
 where t.event_type = 'build.finished';
select is(docket.to_cloudevent(t.event_id) ->> 'data_base64', 'AAH/', 'bytes in base64')
  from told as t
 where t.event_type = 'x';
select is((docket.get_event(t.event_id)).event_type, t.event_type, 'an event by its id')
  from told as t
 where t.event_type = 'x';
select throws_ok($$ select docket.get_event(gen_random_uuid()) $$, 'PD404', null,
    'an event that is not there');
select throws_ok(
    format($$ select docket.events_after(docket_test.project_id(), '0:0', %L) $$, f.wrong),
    'PD422', null, 'no filter: ' || f.wrong)
  from (values ('[]'), ('{"type": "a"}'), ('{"types": "a"}'), ('{"types": [1]}'), ('{"source": 1}'),
               ('{"task_id": "a"}'), ('{"since": "once"}')) as f (wrong);
select is(
    (select string_agg(t.event_type, ',' order by t.event_type)
       from docket_private.event_filter('{"types": ["build.*", "a+b", "x"]}') as f
      cross join (values ('build.started'), ('buildXstarted'), ('a+b'), ('aab'), ('x'), ('xy'))
                     as t (event_type)
      where t.event_type ~ f.type_pattern),
    'a+b,build.started,x', 'a type is given whole or by its beginning');
select is_empty($$ select from docket.events_after(docket_test.project_id()) $$,
    'what is not committed is not passed yet');
select is_empty($$ select from docket.stream() as s where s.kind = 'event' $$,
    'nor in the one stream');

select * from finish();
rollback;
