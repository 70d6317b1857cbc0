-- Deploy pgdocket:observability/provenance to pg
-- requires: delivery/deployment_executions
-- requires: observability/cdevents
-- requires: queue/task_attempts
-- requires: tasks/read_tasks

begin;
set local role docket_owner;

-- Where something comes from and where it went, all of it: from the tasks that it is of to what
-- was tried, said to models, made, validated, proposed and run for them.
create function docket.provenance(
    task_id         uuid default null,
    artifact_id     uuid default null,
    pull_request_id uuid default null
) returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_most   constant bigint := 1000;
    v_result jsonb;
begin
    if num_nonnulls(
           provenance.task_id, provenance.artifact_id, provenance.pull_request_id) <> 1
    then
        raise exception 'provenance is that of one task, artifact or pull request'
            using errcode = 'PD422';
    end if;

      with task as materialized (
          select t.*
            from docket.tasks as t
           where t.task_id = provenance.task_id
           union all
          select t.*
            from docket.code_artifacts as a
           cross join lateral (
                     select of_artifact.*
                       from docket.tasks as of_artifact
                      where of_artifact.task_id = a.task_id
                        and of_artifact.project_id = a.project_id
                 ) as t
           where a.artifact_id = provenance.artifact_id
           union all
          select t.*
            from docket.task_pull_requests as l
           cross join lateral (
                     select of_change.*
                       from docket.tasks as of_change
                      where of_change.task_id = l.task_id
                        and of_change.project_id = l.project_id
                 ) as t
           where l.pull_request_id = provenance.pull_request_id
      ), artifact as materialized (
          select a.*
            from task as t
           cross join lateral (
                     select made.*
                       from docket.code_artifacts as made
                      where made.task_id = t.task_id
                        and made.project_id = t.project_id
                        and (provenance.artifact_id is null
                             or made.artifact_id = provenance.artifact_id)
                      order by made.artifact_id desc
                      limit v_most
                 ) as a
      ), attempt as materialized (
          select a.*
            from task as t
           cross join lateral (
                     select tried.*
                       from docket.task_attempts as tried
                      where tried.task_id = t.task_id
                        and tried.project_id = t.project_id
                        and (provenance.artifact_id is null
                             or tried.attempt_id in (select m.attempt_id from artifact as m))
                      order by tried.attempt_no desc
                      limit v_most
                 ) as a
      ), link as materialized (
          select l.*
            from artifact as a
           cross join lateral (
                     select said.interaction_id, said.artifact_id
                       from docket.interaction_artifacts as said
                      where said.artifact_id = a.artifact_id
                        and said.project_id = a.project_id
                      order by said.interaction_id desc
                      limit v_most
                 ) as l
      ), interaction as materialized (
          select i.*
            from task as t
           cross join lateral (
                     select said.*
                       from docket.ai_interactions as said
                      where said.task_id = t.task_id
                        and said.project_id = t.project_id
                        and (provenance.artifact_id is null
                             or said.interaction_id in (select l.interaction_id from link as l))
                      order by said.created_at desc, said.interaction_id desc
                      limit v_most
                 ) as i
      ), brought as materialized (
          select l.pull_request_id, l.project_id, l.task_id
            from task as t
           cross join lateral (
                     select of_task.*
                       from docket.task_pull_requests as of_task
                      where of_task.task_id = t.task_id
                        and of_task.project_id = t.project_id
                        and (provenance.pull_request_id is null
                             or of_task.pull_request_id = provenance.pull_request_id)
                 ) as l
      ), change as materialized (
          select r.*
            from docket.pull_requests as r
           where r.pull_request_id = provenance.pull_request_id
           union all
          select r.*
            from (select distinct b.pull_request_id, b.project_id from brought as b) as b
           cross join lateral (
                     select proposed.*
                       from docket.pull_requests as proposed
                      where proposed.pull_request_id = b.pull_request_id
                        and proposed.project_id = b.project_id
                 ) as r
           where provenance.pull_request_id is null
      ), validation as materialized (
          select v.*
            from task as t
           cross join lateral (
                     select found_out.*
                       from docket.validation_results as found_out
                      where found_out.task_id = t.task_id
                        and found_out.project_id = t.project_id
                        and (provenance.artifact_id is null
                             or coalesce(found_out.artifact_id, provenance.artifact_id)
                                = provenance.artifact_id)
                      order by found_out.validation_result_id desc
                      limit v_most
                 ) as v
      ), run as materialized (
          select e.*
            from task as t
           cross join lateral (
                     select ran.*
                       from docket.execution_history as ran
                      where ran.task_id = t.task_id
                        and ran.project_id = t.project_id
                        -- A deployment says more than its execution.
                        and not exists (
                                select
                                  from docket.deployment_executions as d
                                 where d.execution_id = ran.execution_id
                                   and d.project_id = ran.project_id)
                      order by ran.created_at desc, ran.execution_id desc
                      limit v_most
                 ) as e
      ), deployment as materialized (
          select d.*
            from task as t
           cross join lateral (
                     select of_task.*
                       from docket.deployment_executions as of_task
                      where of_task.task_id = t.task_id
                        and of_task.project_id = t.project_id
                      order by of_task.deployment_id desc
                      limit v_most
                 ) as d
           union
          select d.*
            from change as r
           cross join lateral (
                     select of_change.*
                       from docket.deployment_executions as of_change
                      where of_change.pull_request_id = r.pull_request_id
                        and of_change.project_id = r.project_id
                      order by of_change.deployment_id desc
                      limit v_most
                 ) as d
      ), node as (
          select 1 as step, t.task_id as node_id, t.created_at as at, jsonb_build_object(
                     'kind', 'task', 'id', t.task_id, 'task_key', t.task_key, 'title', t.title,
                     'status', t.status, 'created_by', t.created_by, 'created_at', t.created_at,
                     'completed_at', t.completed_at) as document
            from task as t
           union all
          select 2, a.attempt_id, a.created_at, jsonb_build_object(
                     'kind', 'attempt', 'id', a.attempt_id, 'attempt_no', a.attempt_no,
                     'agent', a.agent, 'outcome', a.outcome, 'failure_class', a.failure_class,
                     'started_at', a.created_at, 'ended_at', a.ended_at)
            from attempt as a
           union all
          select 3, i.interaction_id, i.created_at, jsonb_build_object(
                     'kind', 'interaction', 'id', i.interaction_id, 'agent', i.agent_name,
                     'interaction_type', i.interaction_type, 'provider', i.provider_name,
                     'model', coalesce(i.response_model, i.request_model),
                     'prompt_build_id', i.prompt_build_id, 'input_tokens', i.input_tokens,
                     'output_tokens', i.output_tokens, 'success', i.success,
                     'created_at', i.created_at)
            from interaction as i
           union all
          select 4, a.artifact_id, a.created_at, jsonb_build_object(
                     'kind', 'artifact', 'id', a.artifact_id, 'file_path', a.file_path,
                     'version_no', a.version_no, 'sha256', encode(a.content_hash, 'hex'),
                     'content_size', a.content_size, 'content_type', a.content_type,
                     'storage_location', a.storage_location, 'created_by', a.created_by,
                     'created_at', a.created_at)
            from artifact as a
           union all
          select 5, v.validation_result_id, v.created_at, jsonb_build_object(
                     'kind', 'validation', 'id', v.validation_result_id,
                     'validation_type', v.validation_type, 'status', v.validation_status,
                     'validator', v.validator_name, 'score', v.score,
                     'issues_found', v.issues_found,
                     'completed_at', coalesce(v.completed_at, v.created_at))
            from validation as v
           union all
          select 6, r.pull_request_id, r.created_at, jsonb_build_object(
                     'kind', 'pull_request', 'id', r.pull_request_id, 'repository', r.repository,
                     'number', r.number, 'title', r.title, 'url', r.url, 'author', r.author,
                     'status', r.status, 'head_commit', r.head_commit,
                     'base_commit', r.base_commit, 'merge_commit', r.merge_commit,
                     'merged_by', r.merged_by, 'merged_at', r.merged_at)
            from change as r
           union all
          select 7, e.execution_id, e.created_at, jsonb_build_object(
                     'kind', case e.execution_type
                                 when 'deployment' then 'deployment' else 'execution'
                             end,
                     'id', e.execution_id, 'execution_type', e.execution_type, 'status', e.status,
                     'environment', e.environment, 'exit_code', e.exit_code,
                     'started_at', e.started_at, 'completed_at', e.completed_at)
            from run as e
           union all
          select 8, d.deployment_id, d.created_at, jsonb_build_object(
                     'kind', 'deployment', 'id', d.deployment_id, 'script', x.script_name,
                     'version_no', d.version_no, 'environment', d.environment,
                     'status', d.status, 'attempt_no', d.attempt_no,
                     'execution_id', d.execution_id, 'created_by', d.created_by,
                     'started_at', d.started_at, 'completed_at', d.completed_at)
            from deployment as d
           cross join lateral (
                     select s.script_name
                       from docket.deployment_scripts as s
                      where s.script_id = d.script_id
                        and s.project_id = d.project_id
                 ) as x
      ), edge as (
          select a.attempt_id as from_id, 'attempt of' as relation, a.task_id as to_id
            from attempt as a
           union all
          select i.interaction_id, 'said in', coalesce(i.attempt_id, i.task_id)
            from interaction as i
           union all
          select a.artifact_id, 'made in', coalesce(a.attempt_id, a.task_id)
            from artifact as a
           union all
          select l.artifact_id, 'came of', l.interaction_id
            from link as l
           where l.interaction_id in (select i.interaction_id from interaction as i)
           union all
          select v.validation_result_id, 'judges',
                 coalesce(v.artifact_id, v.pull_request_id, v.task_id)
            from validation as v
           union all
          select b.pull_request_id, 'brings', b.task_id
            from brought as b
           union all
          select e.execution_id, 'run for', coalesce(e.attempt_id, e.task_id)
            from run as e
           union all
          select d.deployment_id, 'deploys', coalesce(r.pull_request_id, d.task_id)
            from deployment as d
            left join change as r
              on r.pull_request_id = d.pull_request_id
      )
    select jsonb_build_object(
               'project_id', coalesce(
                   (select t.project_id from task as t limit 1),
                   (select r.project_id from change as r)),
               'of', coalesce(provenance.task_id, provenance.artifact_id,
                              provenance.pull_request_id),
               'nodes', (
                   select jsonb_agg(jsonb_strip_nulls(n.document) order by n.step, n.at, n.node_id)
                     from node as n),
               'edges', coalesce((
                   select jsonb_agg(
                              jsonb_build_object(
                                  'from', e.from_id, 'relation', e.relation, 'to', e.to_id)
                              order by e.relation, e.from_id, e.to_id)
                     from edge as e), '[]'),
               'is_complete', (
                   select coalesce(max(c.count), 0) < v_most
                     from (select count(*) from node as n where n.step > 1 group by n.step) as c))
      into v_result
     where exists (select from node as n);

    if v_result is null then
        raise exception '% does not exist',
                        coalesce('task ' || provenance.task_id,
                                 'artifact ' || provenance.artifact_id,
                                 'pull request ' || provenance.pull_request_id)
            using errcode = 'PD404';
    end if;

    return v_result;
end;
$$;

comment on function docket.provenance(uuid, uuid, uuid) is
'Where something comes from and what became of it: task, attempts, interactions with models,
artifacts, validations, pull requests, and what was run and deployed, as one graph.

One of `task_id`, `artifact_id` and `pull_request_id` says of what: of a task all of it, of an
artifact what led to it and what its task came to, of a pull request its tasks. Returns an object:
nodes, in that order and by time, each with kind and id; edges with from, relation and to; and
is_complete, false where there is more of a kind than 1000 for a task, of which the newest are
shown. Raises PD404, PD422 (not one of the three).';

create function docket.in_toto_statement(
    task_id         uuid default null,
    artifact_id     uuid default null,
    pull_request_id uuid default null
) returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_graph   jsonb := docket.provenance(task_id, artifact_id, pull_request_id);
    v_project uuid  := (v_graph ->> 'project_id')::uuid;
    v_source  text  := docket_private.own_source(v_project);
    v_time    text  := 'YYYY-MM-DD"T"HH24:MI:SS"Z"';
    v_slug    text;
    v_subject jsonb;
    v_run     jsonb;
    v_result  jsonb;
begin
    select p.slug into v_slug from docket.projects as p where p.project_id = v_project;

      with node as materialized (
          select n.document, n.document ->> 'kind' as kind, n.place
            from jsonb_array_elements(v_graph -> 'nodes') with ordinality as n (document, place)
      ), newest as (
          -- Of a file that was made more than once, the last.
          select distinct on (n.document ->> 'file_path') n.document
            from node as n
           where n.kind = 'artifact'
           order by n.document ->> 'file_path', n.place desc
      )
    select jsonb_agg(
               jsonb_build_object(
                   'name', n.document ->> 'file_path',
                   'uri', docket_private.purl(
                       v_slug, n.document ->> 'file_path', (n.document ->> 'version_no')::integer,
                       decode(n.document ->> 'sha256', 'hex')),
                   'digest', jsonb_build_object('sha256', n.document ->> 'sha256'),
                   'mediaType', n.document ->> 'content_type')
               order by n.document ->> 'file_path'),
           (select t.document
              from node as t
             where t.kind = 'attempt'
             order by t.document ->> 'outcome' = 'completed' desc nulls last, t.place desc
             limit 1)
      into v_subject, v_run
      from newest as n;

    if v_subject is null then
        raise exception 'nothing was made that could be attested'
            using errcode = 'PD422',
                  hint    = 'A statement is about artifacts: docket.put_artifact() keeps them.';
    end if;

      with node as materialized (
          select n.document, n.document ->> 'kind' as kind, n.place
            from jsonb_array_elements(v_graph -> 'nodes') with ordinality as n (document, place)
      )
    select jsonb_build_object(
               '_type', 'https://in-toto.io/Statement/v1',
               'subject', v_subject,
               'predicateType', 'https://slsa.dev/provenance/v1',
               'predicate', jsonb_build_object(
                   'buildDefinition', jsonb_build_object(
                       'buildType', 'urn:pgdocket:task:v1',
                       'externalParameters', jsonb_build_object(
                           'project', v_slug,
                           'tasks', (
                               select jsonb_agg(
                                          jsonb_build_object(
                                              'id', n.document -> 'id',
                                              'key', n.document -> 'task_key',
                                              'title', n.document -> 'title')
                                          order by n.place)
                                 from node as n
                                where n.kind = 'task')),
                       'internalParameters', jsonb_build_object(
                           'attempts', coalesce((
                               select jsonb_agg(
                                          n.document - '{kind,failure_class}'::text[]
                                          order by n.place)
                                 from node as n
                                where n.kind = 'attempt'), '[]')),
                       'resolvedDependencies', coalesce((
                           select jsonb_agg(
                                      jsonb_build_object(
                                          'name', n.document ->> 'repository',
                                          'uri', 'git+https://'
                                                 || coalesce(
                                                        substring(n.document ->> 'url'
                                                                  from '^https?://([^/]+)/'),
                                                        'github.com')
                                                 || '/' || (n.document ->> 'repository'),
                                          'digest', jsonb_build_object(
                                              'gitCommit', n.document ->> 'base_commit'))
                                      order by n.place)
                             from node as n
                            where n.kind = 'pull_request'
                              and n.document ? 'base_commit'), '[]')),
                   'runDetails', jsonb_build_object(
                       'builder', jsonb_build_object(
                           'id', v_source || coalesce(
                                     '/agents/' || docket_private.uri_path(v_run ->> 'agent'), '')),
                       'metadata', jsonb_strip_nulls(jsonb_build_object(
                           'invocationId', v_run ->> 'id',
                           'startedOn', to_char((v_run ->> 'started_at')::timestamptz, v_time),
                           'finishedOn', to_char((v_run ->> 'ended_at')::timestamptz, v_time))),
                       'byproducts', coalesce((
                           select jsonb_agg(
                                      jsonb_build_object(
                                          'name', coalesce(
                                              n.document ->> 'validation_type',
                                              n.document ->> 'execution_type',
                                              n.document ->> 'script',
                                              n.document ->> 'model', n.kind),
                                          'uri', format(
                                              '%s/%ss/%s', v_source, n.kind, n.document ->> 'id'),
                                          'annotations', n.document - '{kind,id}'::text[])
                                      order by n.place)
                             from node as n
                            where n.kind in (
                                      'interaction', 'validation', 'pull_request', 'execution',
                                      'deployment')), '[]'))))
      into v_result;

    return v_result;
end;
$$;

comment on function docket.in_toto_statement(uuid, uuid, uuid) is
'Where artifacts come from, as an in-toto Statement v1 with SLSA''s provenance v1
(https://slsa.dev/provenance/v1): to be signed by who vouches for it.

One of `task_id`, `artifact_id` and `pull_request_id` says of what, as for provenance(). Its
subjects are the artifacts, of each file the last, by SHA-256; buildDefinition has the tasks, the
attempts and the commits that pull requests began with, runDetails the agent of the attempt that
completed the task (or the last) and, as byproducts, interactions, validations, pull requests,
executions and deployments. Returns the statement. Raises PD404, PD422 (not one of the three, or
nothing was made).';

revoke all on function docket.provenance(uuid, uuid, uuid) from public;
revoke all on function docket.in_toto_statement(uuid, uuid, uuid) from public;
grant execute on function
    docket.provenance(uuid, uuid, uuid),
    docket.in_toto_statement(uuid, uuid, uuid)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
