-- Events are stored as CloudEvents 1.0.2 have them, once for each source and id, and never change.

begin;
select plan(38);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table flow as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'flow') as w;
select docket_test.at('2026-02-03 04:05:06.789012+00');

create temporary table emitted as
select e.*
  from docket.emit_event(
           docket_test.project_id(), 'com.example.release.approved',
           '{"by": "ann", "password": "x"}', '1.2.0', docket_test.id('a'),
           component => 'web', correlation_id => 'release 1.2') as e;

select is(e.cloudevent_id, e.event_id::text, 'an event has an id of its own') from emitted as e;
select is(e.source, 'pgdocket:/projects/' || e.project_id, 'its source is the project')
  from emitted as e;
select is(e.occurred_at, docket.clock(), 'it has happened now') from emitted as e;
select is(e.recorded_at, docket_private.time_of_id(e.event_id), 'its id has its time')
  from emitted as e;
select is(e.data, '{"by": "ann", "password": "********"}', 'secrets are masked')
  from emitted as e;
select is((e.subject, e.task_id, e.component, e.correlation_id)::text,
    ('1.2.0'::text, docket_test.id('a'), 'web'::text, 'release 1.2'::text)::text,
    'what it is about is kept')
  from emitted as e;
select is(
    (select e.event_id
       from docket.emit_event(docket_test.project_id(), 'again', request_id => r.id) as e),
    (select e.event_id
       from docket.emit_event(docket_test.project_id(), 'again', request_id => r.id) as e),
    'a repeated request is answered with the first event')
  from (values ('11111111-1111-4111-8111-111111111111'::uuid)) as r (id);

-- Many at once
create temporary table batch as
select row_number() over () as place, e.*
  from docket.emit_events(docket_test.project_id(), jsonb_build_array(
           '{"type": "a"}'::jsonb,
           '{"type": "b", "source": "https://ci.example.com", "id": "1", "level": 3,
             "data": null}'::jsonb,
           '{"type": "b", "source": "https://ci.example.com", "id": "1"}'::jsonb,
           '{"type": "c", "time": "2026-01-31T23:59:59.5+01:00", "subject": null}'::jsonb,
           jsonb_build_object('type', 'd', 'taskid', docket_test.id('a')),
           '{"type": "e", "data_base64": "AAH/", "datacontenttype": "image/png"}'::jsonb)) as e;
select results_eq(
    $$ select b.event_type from batch as b order by b.place $$,
    array['a', 'b', 'b', 'c', 'd', 'e'], 'the events of a batch are returned in their order');
select is((select count(distinct b.event_id) from batch as b), 5::bigint,
    'what comes twice in a batch is one event');
select is((select b.extensions from batch as b where b.place = 2), '{"level": 3}',
    'other attributes are extensions');
select is((select b.data from batch as b where b.place = 2), 'null', 'data may be null');
select is((select b.occurred_at from batch as b where b.event_type = 'c'),
    '2026-01-31 22:59:59.5+00'::timestamptz, 'a time is that of its source');
select is((select b.task_id from batch as b where b.event_type = 'd'), docket_test.id('a'),
    'a batch links tasks');
select is((select b.data_bytes from batch as b where b.event_type = 'e'), '\x0001ff',
    'data may be bytes');
select is(
    (select e.event_id
       from docket.emit_events(docket_test.project_id(),
                '[{"type": "x", "source": "https://ci.example.com", "id": "1"}]') as e),
    (select b.event_id from batch as b where b.place = 2),
    'what its source tells again is known');
select is(
    (select e.event_id
       from docket.emit_events(
                docket_test.project_id(),
                jsonb_build_array(jsonb_build_object('type', 'x', 'id', m.cloudevent_id))) as e),
    m.event_id, 'an event of this docket that comes back is known')
  from emitted as m;
select isnt(
    (select e.event_id
       from docket.emit_events(docket_test.project_id(),
                '[{"type": "x", "source": "https://other.example.com", "id": "1"}]') as e),
    (select b.event_id from batch as b where b.place = 2),
    'the same id of another source is another event');

-- What is no CloudEvent
create function pg_temp.refused(event jsonb) returns text
language plpgsql
as $$
begin
    perform docket.emit_events(docket_test.project_id(), jsonb_build_array(event));
    return 'taken';
exception
    when sqlstate 'PD422' then
        return sqlerrm;
end;
$$;
select is(pg_temp.refused(c.event), 'event 1 ' || c.problem, c.problem)
  from (values
           ('{}'::jsonb, 'has no type'),
           ('{"type": "a", "specversion": "0.3"}', 'has no specversion "1.0"'),
           ('{"type": "a", "source": "not a uri"}', 'has no source that is a URI reference'),
           ('{"type": "a", "time": "yesterday"}', 'has a time that is not as RFC 3339 writes it'),
           ('{"type": "a", "dataschema": "relative"}', 'has a dataschema that is no URI'),
           ('{"type": "a", "data": 1, "data_base64": "AA=="}', 'has data twice'),
           ('{"type": "a", "data_base64": "?"}', 'has data_base64 that are not base64'),
           ('{"type": "a", "Upper": 1}',
            'has an attribute "Upper" that is no name or has no value of an attribute'),
           ('{"type": "a", "level": 1.5}',
            'has an attribute "level" that is no name or has no value of an attribute'),
           ('{"type": ""}',
            'has an attribute "type" that is no name or has no value of an attribute'),
           ('{"type": "a", "nested": {}}',
            'has an attribute "nested" that is no name or has no value of an attribute')
       ) as c (event, problem);
select throws_ok(
    $$ select docket.emit_events(docket_test.project_id(), '[1]') $$, 'PD422', null,
    'an event is an object');
select throws_ok(
    $$ select docket.emit_event(docket_test.project_id(), repeat('x', 256)) $$, 'PD422', null,
    'types are bounded');
select throws_ok(
    $$ select docket.emit_event(docket_test.project_id(), 'x', task_id => gen_random_uuid()) $$,
    'PD404', null, 'a task has to be one of the project');
select throws_ok(
    $$ select docket.emit_event(docket_test.project_id(), 'x', occurred_at => 'infinity') $$,
    'PD422', null, 'a time is one');

-- Never changed
update docket.settings as s set value = '"https://docket.example.com"'
 where s.setting_key = 'event_source';
select alike(
    (select e.source from docket.emit_event(docket_test.project_id(), 'x') as e),
    'https://docket.example.com/projects/%', 'a docket may have a name of its own');
set local role docket_owner;
with gone as (delete from docket.events as e returning e.event_id)
select is(count(g.event_id), 0::bigint, 'not even its owner deletes an event') from gone as g;
with changed as (update docket.events as e set subject = 'x' returning e.event_id)
select is(count(c.event_id), 0::bigint, 'or changes one') from changed as c;
reset role;
select docket.purge_task(docket_test.id('a'));
select is_empty($$ select from docket.events as e where e.task_id is not null $$,
    'events go with their task');

select is(docket_private.forget_event_keys(10), 0::bigint,
    'ids are known for as long as their event is kept');
insert into docket_private.event_keys (event_key, project_id, event_id)
select '\x00', docket_test.project_id(),
       docket_private.id_at(docket_test.project_id(), '2001-01-01 00:00+00');
select is(docket_private.forget_event_keys(10), 1::bigint, 'and no longer');

select * from finish();
rollback;
