-- Where something comes from, and what became of it, is one graph and one statement.

begin;
select plan(19);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');
select docket.create_task(docket_test.project_id(), 'Another', task_key => 'b');
select docket_test.at('2026-02-03 04:05:06.7+00');

create temporary table made as
select t.attempt_id, i.interaction_id
  from docket.start_task(docket_test.id('a'), 'ann b') as t
 cross join lateral docket.record_interaction(
           docket_test.id('a'), 'ann b', 'codegen', true, '"x"', attempt_id => t.attempt_id) as i;
create temporary table artifact as
select a.artifact_id, n.place
  from made as m
 cross join (values (1, 'x.py', 'old'), (2, 'x.py', 'new'), (3, 'y.py', 'y'))
                as n (place, file_path, content)
 cross join lateral docket.put_artifact(
           docket_test.id('a'), n.file_path, convert_to(n.content, 'UTF8'),
           attempt_id => m.attempt_id,
           interaction_id => case n.place when 2 then m.interaction_id end) as a;
create temporary table change as
select p.pull_request_id
  from docket.record_pull_request(
           docket_test.project_id(), 'acme/shop', 7,
           '{"head_commit": "abc", "base_commit": "def"}') as p;
select docket.link_pull_request(docket_test.id('a'), c.pull_request_id) from change as c;
select docket.record_validation(
           docket_test.id('a'), 'tests', 'passed', artifact_id => a.artifact_id)
  from artifact as a
 where a.place = 2;
select docket.start_execution(docket_test.project_id(), 'deployment', docket_test.id('a'),
                              environment => 'staging');

create function pg_temp.kinds(graph jsonb) returns text
language sql
as $$
select string_agg(n.document ->> 'kind', ',' order by n.place)
  from jsonb_array_elements(kinds.graph -> 'nodes') with ordinality as n (document, place)
$$;
create function pg_temp.relations(graph jsonb) returns text
language sql
as $$
select string_agg(distinct e.document ->> 'relation', ',' order by e.document ->> 'relation')
  from jsonb_array_elements(relations.graph -> 'edges') as e (document)
$$;

select is(pg_temp.kinds(docket.provenance(docket_test.id('a'))),
    'task,attempt,interaction,artifact,artifact,artifact,validation,pull_request,deployment',
    'all of a task');
select is(pg_temp.relations(docket.provenance(docket_test.id('a'))),
    'attempt of,brings,came of,judges,made in,run for,said in', 'and how it hangs together');
select is(pg_temp.kinds(docket.provenance(artifact_id => a.artifact_id)),
    'task,attempt,interaction,artifact,validation,pull_request,deployment',
    'of an artifact what led to it')
  from artifact as a
 where a.place = 2;
select is(pg_temp.kinds(docket.provenance(artifact_id => a.artifact_id)),
    'task,attempt,artifact,pull_request,deployment', 'and no more')
  from artifact as a
 where a.place = 3;
select is(docket.provenance(pull_request_id => c.pull_request_id) - 'of',
    docket.provenance(docket_test.id('a')) - 'of', 'of a pull request its tasks')
  from change as c;
create temporary table alone as
select p.pull_request_id
  from docket.record_pull_request(docket_test.project_id(), 'acme/shop', 8) as p;
select is(pg_temp.kinds(docket.provenance(pull_request_id => a.pull_request_id)), 'pull_request',
    'or itself alone')
  from alone as a;
select is(pg_temp.kinds(docket.provenance(docket_test.id('b'))), 'task', 'a task may be all');
select ok((docket.provenance(docket_test.id('a')) -> 'is_complete')::boolean, 'it is complete');
select is_empty(
    $$ select
         from jsonb_array_elements(docket.provenance(docket_test.id('a')) -> 'edges') as e (edge)
        where not docket.provenance(docket_test.id('a')) -> 'nodes' @>
                  jsonb_build_array(jsonb_build_object('id', e.edge -> 'to'))
           or not docket.provenance(docket_test.id('a')) -> 'nodes' @>
                  jsonb_build_array(jsonb_build_object('id', e.edge -> 'from')) $$,
    'no edge leads nowhere');
select throws_ok($$ select docket.provenance() $$, 'PD422', null, 'it is that of something');
select throws_ok(
    $$ select docket.provenance(docket_test.id('a'), gen_random_uuid()) $$, 'PD422', null,
    'of one thing');
select throws_ok($$ select docket.provenance(gen_random_uuid()) $$, 'PD404', null, 'that is there');

select docket.put_deployment_script(
    docket_test.project_id(), 'web', 'true', 'bash', array['staging']);
create temporary table deployed as
select f.deployment_id
  from change as c
 cross join docket.start_deployment(
           docket_test.project_id(), 'web', 'staging', pull_request_id => c.pull_request_id) as d
 cross join lateral docket.finish_deployment(d.deployment_id) as f;
select ok(
    docket.provenance(docket_test.id('a')) -> 'edges' @> jsonb_build_array(jsonb_build_object(
        'from', d.deployment_id, 'relation', 'deploys', 'to', c.pull_request_id)),
    'a deployment of its pull request belongs to it')
  from deployed as d
 cross join change as c;
select is(pg_temp.kinds(docket.provenance(pull_request_id => c.pull_request_id)),
    'task,attempt,interaction,artifact,artifact,artifact,validation,pull_request,deployment,'
    || 'deployment', 'and to the pull request')
  from change as c;

select is(docket.in_toto_statement(docket_test.id('a')) -> 'subject' -> 0,
    jsonb_build_object(
        'name', 'x.py', 'mediaType', 'text/x-python',
        'uri', 'pkg:generic/one/x.py@2?checksum=sha256:' || encode(sha256('new'), 'hex'),
        'digest', jsonb_build_object('sha256', encode(sha256('new'), 'hex'))),
    'a statement is about the last of each file');
select is(jsonb_array_length(docket.in_toto_statement(docket_test.id('a')) -> 'subject'), 2,
    'about all of them');
select is(docket.in_toto_statement(docket_test.id('a')) #>> '{predicate,runDetails,builder,id}',
    'pgdocket:/projects/' || docket_test.project_id() || '/agents/ann%20b', 'made by an agent');
select is(
    docket.in_toto_statement(docket_test.id('a'))
    #> '{predicate,buildDefinition,resolvedDependencies}',
    '[{"name": "acme/shop", "uri": "git+https://github.com/acme/shop",
       "digest": {"gitCommit": "def"}}]',
    'from a commit');
select throws_ok($$ select docket.in_toto_statement(docket_test.id('b')) $$, 'PD422', null,
    'where nothing was made there is nothing to state');

select * from finish();
rollback;
