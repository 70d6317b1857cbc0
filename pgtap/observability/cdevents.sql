-- What happens is told as CDEvents 0.5 in CloudEvents 1.0.2, and both are taken in, once.

begin;
select plan(61);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
create temporary table flow as
select w.workflow_id from docket.create_workflow(docket_test.project_id(), 'flow') as w;
select docket_test.at('2026-02-03 04:05:06.7+00');

-- One row of each kind
create temporary table row_of (kind text primary key, row_id uuid);
insert into row_of
select 'attempt', t.attempt_id from docket.start_task(docket_test.id('a'), 'ann') as t;
insert into row_of
select 'artifact', a.artifact_id
  from docket.put_artifact(docket_test.id('a'), 'src/ä b.py', 'print(1)') as a;
insert into row_of
select 'validation', v.validation_result_id
  from docket.record_validation(docket_test.id('a'), 'tests', 'failed', issues_found => 2,
                                issues_major => 1) as v;
insert into row_of
select 'build', e.execution_id
  from docket.start_execution(docket_test.project_id(), 'build', docket_test.id('a')) as e;
insert into row_of
select 'flow', e.execution_id
  from flow as f
 cross join docket.start_execution(
           docket_test.project_id(), 'release', workflow_id => f.workflow_id) as e;
insert into row_of
select 'test', e.execution_id
  from docket.start_execution(docket_test.project_id(), 'test', environment => 'ci') as e;
insert into row_of
select 'pull_request', p.pull_request_id
  from docket.record_pull_request(
           docket_test.project_id(), 'acme/shop', 7,
           '{"title": "x", "description": "Why", "head_commit": "abc"}') as p;

create function pg_temp.told(name text, predicate text default null) returns jsonb
language sql
as $$
select docket.to_cdevent(
           case when r.kind in ('build', 'flow', 'test') then 'execution' else r.kind end, r.row_id,
           told.predicate)
  from row_of as r
 where r.kind = told.name
$$;

select is(pg_temp.told(c.name, c.predicate) ->> 'type', 'dev.cdevents.' || c.expected, c.expected)
  from (values ('attempt', null, 'taskrun.started.0.3.0'),
               ('artifact', null, 'artifact.published.0.3.0'),
               ('validation', null, 'testsuiterun.finished.0.3.0'),
               ('validation', 'started', 'testsuiterun.started.0.3.0'),
               ('build', null, 'build.started.0.3.0'),
               ('flow', null, 'pipelinerun.started.0.3.0'),
               ('test', null, 'testsuiterun.started.0.3.0'),
               ('pull_request', null, 'change.created.0.4.0'),
               ('pull_request', 'updated', 'change.updated.0.3.0'))
           as c (name, predicate, expected);
select is(
    pg_temp.told('attempt'),
    jsonb_build_object(
        'specversion', '1.0', 'id', r.row_id || '/started', 'source', s.source,
        'type', 'dev.cdevents.taskrun.started.0.3.0', 'subject', r.row_id,
        'time', '2026-02-03T04:05:06.700000Z', 'datacontenttype', 'application/json',
        'taskid', docket_test.id('a'),
        'data', jsonb_build_object(
            'context', jsonb_build_object(
                'specversion', '0.5.0', 'id', r.row_id || '/started', 'source', s.source,
                'type', 'dev.cdevents.taskrun.started.0.3.0',
                'timestamp', '2026-02-03T04:05:06.700000Z', 'chainId', docket_test.id('a')),
            'subject', jsonb_build_object(
                'id', r.row_id, 'content', jsonb_build_object('taskName', 'a A task')),
            'customData', jsonb_build_object('agent', 'ann', 'attempt_no', 1),
            'customDataContentType', 'application/json')),
    'the whole of one')
  from row_of as r
 cross join (values ('pgdocket:/projects/' || docket_test.project_id())) as s (source)
 where r.kind = 'attempt';
select is(pg_temp.told('artifact') ->> 'subject',
    'pkg:generic/one/src/%C3%A4%20b.py@1?checksum=sha256:' || encode(sha256('print(1)'), 'hex'),
    'an artifact has a package URL');
select is(pg_temp.told('validation') #> '{data,subject,content}',
    '{"outcome": "failure", "severity": "high", "environment": {"id": "default"},
      "testSuite": {"id": "tests"}}',
    'a validation has an outcome');
select is(pg_temp.told('pull_request') #> '{data,subject}',
    '{"id": "7", "source": "acme/shop",
      "content": {"description": "Why", "repository": {"id": "acme/shop"}}}',
    'a change is one of a repository');
select throws_ok($$ select pg_temp.told('attempt', 'finished') $$, 'PD422', null,
    'what has not happened is not told');
select throws_ok($$ select pg_temp.told('artifact', 'packaged') $$, 'PD422', null,
    'nor what is not known');
select throws_ok($$ select docket.to_cdevent('cow', gen_random_uuid()) $$, 'PD422', null,
    'kinds are known');
select throws_ok(
    format($$ select docket.to_cdevent(%L, gen_random_uuid()) $$, k.kind), 'PD404', null,
    'no such ' || k.kind)
  from (values ('attempt'), ('execution'), ('artifact'), ('validation'), ('pull_request'))
           as k (kind);

-- What it comes to
select docket.link_pull_request(docket_test.id('a'), r.row_id)
  from row_of as r
 where r.kind = 'pull_request';
select docket.finish_execution(r.row_id, 'failed', error_message => 'No')
  from row_of as r
 where r.kind in ('flow', 'test');
select docket.fail_task(r.row_id, 'No')
  from row_of as r
 where r.kind = 'attempt';
select is(pg_temp.told('attempt') #> '{data,subject,content}',
    '{"taskName": "a A task", "outcome": "failure", "errors": "No"}', 'an attempt that failed');
select is(pg_temp.told('flow') #> '{data,subject,content,outcome}', '"failure"',
    'a pipeline that failed');
select is(pg_temp.told('test') #> '{data,subject,content}',
    '{"environment": {"id": "ci"}, "testSuite": {"id": "test"}, "outcome": "failure",
      "reason": "No"}', 'tests that failed');
select is(pg_temp.told('artifact', 'packaged') #> '{data,subject,content}',
    '{"change": {"id": "abc", "source": "acme/shop"}}', 'of which change an artifact is');
select is(pg_temp.told('artifact', 'packaged') ->> 'taskid', docket_test.id('a')::text,
    'its task is named');

-- And in again
create temporary table taken as
select n.name, e.*
  from (values ('attempt'), ('artifact'), ('validation'), ('build'), ('flow'), ('test'),
               ('pull_request')) as n (name)
 cross join lateral docket.ingest_cdevent(
           docket_test.project_id(), pg_temp.told(n.name)) as e;
select is(docket.to_cloudevent(t.event_id), pg_temp.told(t.name), t.name || ' comes back as it was')
  from taken as t;
select is(t.task_id, docket_test.id('a'), 'with its task')
  from taken as t
 where t.name = 'attempt';
select is(
    (docket.ingest_cdevent(docket_test.project_id(), pg_temp.told('attempt') -> 'data')).event_id,
    t.event_id, 'once, also by itself')
  from taken as t
 where t.name = 'attempt';
select is(docket_private.cdevent_problem(pg_temp.told(t.name) -> 'data'), null,
    t.name || ' keeps to the vocabulary')
  from taken as t;

-- A service comes, gets newer and older
create function pg_temp.deployed(content text, status text) returns jsonb
language plpgsql
as $$
declare
    v_id uuid;
begin
    perform docket.put_deployment_script(
        docket_test.project_id(), 'web', deployed.content, 'bash', array['staging']);
    select f.deployment_id into v_id
      from docket.start_deployment(docket_test.project_id(), 'web', 'staging') as d
     cross join lateral docket.finish_deployment(d.deployment_id, deployed.status) as f;
    return docket.to_cdevent('deployment', v_id);
end;
$$;
select is(
    pg_temp.deployed('one', 'completed') #> '{data,subject}',
    jsonb_build_object(
        'id', 'web',
        'content', jsonb_build_object(
            'environment', jsonb_build_object('id', 'staging'),
            'artifactId',
            'pkg:generic/one/web@1?checksum=sha256:' || encode(sha256('one'), 'hex'))),
    'a deployment that succeeds is a service');
select throws_ok($$ select pg_temp.deployed('two', 'failed') $$, 'PD422', null,
    'one that fails is none');
select is(pg_temp.deployed('two', 'completed') ->> 'type', 'dev.cdevents.service.upgraded.0.3.0',
    'a newer version');
select is(pg_temp.deployed('one', 'completed') ->> 'type', 'dev.cdevents.service.rolledback.0.3.0',
    'an older one');

create function pg_temp.refused(event jsonb) returns text
language plpgsql
as $$
begin
    perform docket.ingest_cdevent(docket_test.project_id(), event);
    return 'taken';
exception
    when sqlstate 'PD422' then
        return sqlerrm;
end;
$$;
select is(pg_temp.refused(pg_temp.told('test') -> 'data' #- c.without || c.with_it),
    coalesce('the CDEvent ' || c.problem, 'taken'), coalesce(c.problem, 'it is taken'))
  from (values
           ('{context}'::text[], '{}'::jsonb, 'has no context or no subject'),
           ('{}', '{"more": 1}', 'has a "more"'),
           ('{context,timestamp}', '{}', 'has no "timestamp" in its context'),
           ('{context,specversion}', '{}', 'has no "specversion" in its context'),
           ('{subject,id}', '{}', 'has no id or no content in its subject'),
           ('{subject,content,environment}', '{}',
            'has no "environment" in the content of its subject'),
           ('{customData}', '{"customData": 1}', 'has customData that are no object and no text'),
           ('{customData}', '{"customData": "eA=="}', null)
       ) as c (without, with_it, problem);
select is(
    pg_temp.refused(jsonb_set(pg_temp.told('test') -> 'data', '{context,type}', to_jsonb(c.type))),
    coalesce('the CDEvent ' || c.problem, 'taken'), c.type)
  from (values ('com.example.x', 'has a type that is no CDEvent''s'),
               ('dev.cdevents.cow.milked.0.1.0',
                'has a type that CDEvents do not know: cow.milked'),
               ('dev.cdeventsx.farm-cow.milked.0.1.0', null)) as c (type, problem);
select is(
    pg_temp.refused(jsonb_set(pg_temp.told('test'), '{id}', '"other"')),
    'the CDEvent has another id, source or type than the CloudEvent around it',
    'both say the same');
select is(
    pg_temp.refused(
        '{"context": {"version": "0.4.1", "id": "1", "source": "/old", "timestamp":
          "2024-01-15T14:30:00Z", "type": "dev.cdevents.pipelinerun.started.0.2.0"},
          "subject": {"id": "1", "type": "pipelineRun", "content": {"pipelineName": "x", "url":
          "https://example.com"}}}'),
    'taken', 'those of 0.4 are taken too');
select is(
    (docket.ingest_cloudevent(
         docket_test.project_id(),
         '{"specversion": "1.0", "id": "1", "source": "/a", "type": "x",
           "taskid": "11111111-1111-4111-8111-111111111111"}')).extensions,
    '{"taskid": "11111111-1111-4111-8111-111111111111"}',
    'what is no task of the project is left as it is');
select throws_ok(
    $$ select docket.ingest_cloudevent(docket_test.project_id(), '{"type": "x"}') $$, 'PD422', null,
    'a CloudEvent of somebody else is whole');

select * from finish();
rollback;
