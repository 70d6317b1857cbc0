-- Deploy pgdocket:observability/cdevents to pg
-- requires: delivery/code_artifacts
-- requires: delivery/deployment_executions
-- requires: delivery/pull_requests
-- requires: delivery/task_pull_requests
-- requires: delivery/validation_results
-- requires: observability/read_events

begin;
set local role docket_owner;

-- CDEvents 0.5: what can happen to what, and what has to be said of it.
create function docket_private.cdevent_vocabulary() returns table (
    subject   text,
    predicate text,
    required  text[]
)
language sql
immutable
parallel safe
begin atomic
    select v.subject, p.predicate, v.required::text[]
      from (values
               ('artifact', '{deleted,downloaded,published}', '{}'),
               ('artifact', '{packaged}', '{change}'),
               ('artifact', '{signed}', '{signature}'),
               ('branch', '{created,deleted}', '{}'),
               ('build', '{queued,started,finished}', '{}'),
               ('change', '{abandoned,created,merged,reviewed,updated}', '{}'),
               ('environment', '{created,deleted,modified}', '{}'),
               ('incident', '{detected,reported,resolved}', '{environment}'),
               ('pipelinerun', '{queued,finished}', '{}'),
               ('pipelinerun', '{started}', '{pipelineName,uri}'),
               ('repository', '{created,modified}', '{name,uri}'),
               ('repository', '{deleted}', '{}'),
               ('service', '{deployed,rolledback,upgraded}', '{environment,artifactId}'),
               ('service', '{published,removed}', '{environment}'),
               ('taskrun', '{queued,started,finished}', '{}'),
               ('testcaserun', '{queued,skipped,started}', '{environment}'),
               ('testcaserun', '{finished}', '{environment,outcome}'),
               ('testoutput', '{published}', '{outputType,format}'),
               ('testsuiterun', '{queued,started}', '{environment}'),
               ('testsuiterun', '{finished}', '{environment,outcome}'),
               ('ticket', '{closed,created,updated}', '{}')
           ) as v (subject, predicates, required)
     cross join unnest(v.predicates::text[]) as p (predicate);
end;

comment on function docket_private.cdevent_vocabulary() is
    'The vocabulary of CDEvents 0.5, with what has to be in a subject''s content.';

create function docket_private.cdevent_problem(cdevent jsonb) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type     constant text[] := regexp_match(
        cdevent #>> '{context,type}',
        '^dev\.(cdevents|cdeventsx)\.([a-z0-9-]+)\.([a-z0-9-]+)\.(\d+\.\d+\.\d+(-[a-z]+)?)$');
    v_required text[];
    v_name     text;
begin
    if jsonb_typeof(cdevent -> 'context') is distinct from 'object'
       or jsonb_typeof(cdevent -> 'subject') is distinct from 'object'
    then
        return 'has no context or no subject';
    end if;

    select k.name into v_name
      from jsonb_object_keys(cdevent) as k (name)
     where k.name not in ('context', 'subject', 'customData', 'customDataContentType')
     limit 1;
    if found then
        return format('has a "%s"', left(v_name, 50));
    end if;

    -- Up to 0.4 the version of the specification was called version.
    select r.name into v_name
      from unnest('{id,source,type,timestamp,specversion}'::text[]) as r (name)
     where coalesce(
               cdevent -> 'context' ->> r.name,
               case r.name when 'specversion' then cdevent -> 'context' ->> 'version' end,
               '') = ''
     limit 1;
    if found then
        return format('has no "%s" in its context', v_name);
    elsif v_type is null then
        return 'has a type that is no CDEvent''s';
    elsif coalesce(cdevent #>> '{subject,id}', '') = ''
          or jsonb_typeof(cdevent #> '{subject,content}') is distinct from 'object'
    then
        return 'has no id or no content in its subject';
    elsif jsonb_typeof(cdevent -> 'customData') not in ('object', 'string') then
        return 'has customData that are no object and no text';
    elsif v_type[1] = 'cdeventsx' then
        return null;
    end if;

    select v.required into v_required
      from docket_private.cdevent_vocabulary() as v
     where v.subject   = v_type[2]
       and v.predicate = v_type[3];
    if not found then
        return format('has a type that CDEvents do not know: %s.%s', v_type[2], v_type[3]);
    end if;

    -- Up to 0.4 a uri was a url.
    select r.name into v_name
      from unnest(v_required) as r (name)
     where not (cdevent #> '{subject,content}' ? r.name
                or r.name = 'uri' and cdevent #> '{subject,content}' ? 'url')
     limit 1;
    if found then
        return format('has no "%s" in the content of its subject', v_name);
    elsif cdevent #>> '{subject,content,outcome}'
          not in ('success', 'failure', 'cancel', 'error', 'pass', 'fail')
    then
        return 'has an outcome that CDEvents do not know';
    end if;

    return null;
end;
$$;

comment on function docket_private.cdevent_problem(jsonb) is
    'What in a CDEvent is not as CDEvents 0.5 have it (0.1 to 0.4 are read too); null: nothing.';

create function docket_private.uri_path(given text) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Byte by byte: what is no plain character of a path is written in hexadecimal.
    return (
        select string_agg(
                   case
                       when (c.byte between 48 and 57 or c.byte between 65 and 90
                             or c.byte between 97 and 122 or c.byte in (45, 46, 47, 95, 126))
                           then chr(c.byte)
                       else '%' || upper(lpad(to_hex(c.byte), 2, '0'))
                   end,
                   '' order by c.place)
          from convert_to(uri_path.given, 'UTF8') as b (bytes)
         cross join generate_series(0, octet_length(b.bytes) - 1) as place
         cross join lateral (values (get_byte(b.bytes, place), place)) as c (byte, place));
end;
$$;

comment on function docket_private.uri_path(text) is
    'A text as a path in a URI (RFC 3986).';

create function docket_private.purl(
    project_slug text,
    file_path    text,
    version_no   integer,
    content_hash bytea
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return format('pkg:generic/%s@%s?checksum=sha256:%s',
                  docket_private.uri_path(purl.project_slug || '/' || purl.file_path),
                  purl.version_no, encode(purl.content_hash, 'hex'));
end;
$$;

comment on function docket_private.purl(text, text, integer, bytea) is
    'The package URL of an artifact.';

-- What is told of each kind of row: when, of what subject, with what content; null where the row
-- is not there, without a predicate where that is nothing that has happened to it.
create function docket_private.attempt_facts(row_id uuid, predicate text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
                   'project_id', a.project_id, 'task_id', a.task_id, 'workflow_id', t.workflow_id,
                   'subject', 'taskrun', 'predicate', p.predicate, 'id', a.attempt_id,
                   'time', case p.predicate when 'started' then a.created_at else a.ended_at end,
                   'content', jsonb_build_object(
                       'taskName', t.task_key || ' ' || t.title,
                       'pipelineRun', case
                           when t.workflow_id is not null
                               then jsonb_build_object('id', t.workflow_id)
                       end)
                   || case p.predicate
                          when 'finished' then jsonb_build_object(
                              'outcome', case a.outcome
                                             when 'completed' then 'success'
                                             when 'failed' then 'failure'
                                             when 'lease_expired' then 'error'
                                             else 'cancel'
                                         end,
                              'errors', a.error)
                          else '{}'
                      end,
                   'custom', jsonb_build_object(
                       'agent', a.agent, 'attempt_no', a.attempt_no,
                       'failure_class', a.failure_class))
          from docket.task_attempts as a
         cross join lateral (
                   select of_task.*
                     from docket.tasks as of_task
                    where of_task.task_id = a.task_id
                      and of_task.project_id = a.project_id
               ) as t
         cross join lateral (
                   select coalesce(
                              attempt_facts.predicate,
                              case when a.ended_at is null then 'started' else 'finished' end)
                          as wanted
               ) as w
          left join lateral (
                   select w.wanted as predicate
                    where w.wanted = 'started' or w.wanted = 'finished' and a.ended_at is not null
               ) as p on true
         where a.attempt_id = attempt_facts.row_id);
end;
$$;

comment on function docket_private.attempt_facts(uuid, text) is
    'What is told of an attempt.';

create function docket_private.execution_facts(row_id uuid, predicate text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
                   'project_id', e.project_id, 'task_id', e.task_id, 'workflow_id', e.workflow_id,
                   'subject', s.subject, 'predicate', p.predicate, 'id', e.execution_id,
                   'time', case p.predicate
                               when 'started' then e.started_at else e.completed_at
                           end,
                   'content', case s.subject
                       when 'build' then '{}'
                       when 'testsuiterun' then jsonb_build_object(
                           'environment', jsonb_build_object(
                               'id', coalesce(e.environment, 'default')),
                           'testSuite', jsonb_build_object('id', e.execution_type))
                       when 'pipelinerun' then jsonb_build_object(
                           'pipelineName', e.execution_type, 'uri', 'urn:uuid:' || e.execution_id)
                       else jsonb_build_object(
                           'taskName', e.execution_type, 'uri', 'urn:uuid:' || e.execution_id)
                   end
                   || case
                          when p.predicate = 'finished' and s.subject <> 'build'
                              then jsonb_build_object(
                                  'outcome', case e.status
                                                 when 'completed' then 'success'
                                                 when 'failed' then 'failure'
                                                 when 'cancelled' then 'cancel'
                                                 else 'error'
                                             end,
                                  case s.subject
                                      when 'testsuiterun' then 'reason' else 'errors'
                                  end,
                                  e.error_message)
                          else '{}'
                      end,
                   'custom', jsonb_build_object(
                       'execution_type', e.execution_type, 'status', e.status,
                       'environment', e.environment, 'exit_code', e.exit_code,
                       'duration_ms', e.duration_ms))
          from docket.execution_history as e
         cross join lateral (
                   select case
                              when e.execution_type = 'build' then 'build'
                              when e.execution_type ~ '^tests?$' then 'testsuiterun'
                              when e.task_id is null then 'pipelinerun'
                              else 'taskrun'
                          end as subject
               ) as s
          left join lateral (
                   select w.wanted as predicate
                     from (values (
                              coalesce(
                                  execution_facts.predicate,
                                  case when e.completed_at is null
                                      then 'started' else 'finished'
                                  end))) as w (wanted)
                    where w.wanted = 'started'
                       or w.wanted = 'finished' and e.completed_at is not null
               ) as p on true
         where e.execution_id = execution_facts.row_id
           and e.created_at = docket_private.time_of_id(execution_facts.row_id));
end;
$$;

comment on function docket_private.execution_facts(uuid, text) is
    'What is told of an execution.';

create function docket_private.artifact_facts(row_id uuid, predicate text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
                   'project_id', a.project_id, 'task_id', a.task_id,
                   'subject', 'artifact', 'predicate', p.predicate,
                   'id', docket_private.purl(j.slug, a.file_path, a.version_no, a.content_hash),
                   'time', a.created_at,
                   'content', case p.predicate
                       when 'packaged' then jsonb_build_object(
                           'change', jsonb_build_object(
                               'id', c.head_commit, 'source', c.repository))
                       else jsonb_build_object('user', a.created_by)
                   end,
                   'custom', jsonb_build_object(
                       'artifact_id', a.artifact_id, 'file_path', a.file_path,
                       'version_no', a.version_no, 'content_type', a.content_type,
                       'content_size', a.content_size, 'attempt_id', a.attempt_id))
          from docket.code_artifacts as a
         cross join lateral (
                   select of_project.slug
                     from docket.projects as of_project
                    where of_project.project_id = a.project_id
               ) as j
          left join lateral (
                   select coalesce(r.merge_commit, r.head_commit) as head_commit, r.repository
                     from docket.task_pull_requests as tp
                    cross join lateral (
                              select q.*
                                from docket.pull_requests as q
                               where q.pull_request_id = tp.pull_request_id
                                 and q.project_id = tp.project_id
                          ) as r
                    where tp.task_id = a.task_id
                      and tp.project_id = a.project_id
                      and coalesce(r.merge_commit, r.head_commit) is not null
                    order by r.pull_request_id desc
                    limit 1
               ) as c on true
          left join lateral (
                   select w.wanted as predicate
                     from (values (coalesce(artifact_facts.predicate, 'published'))) as w (wanted)
                    where w.wanted = 'published'
                       or w.wanted = 'packaged' and c.head_commit is not null
               ) as p on true
         where a.artifact_id = artifact_facts.row_id);
end;
$$;

comment on function docket_private.artifact_facts(uuid, text) is
    'What is told of an artifact; that it was packaged only where the commit is known.';

create function docket_private.validation_facts(row_id uuid, predicate text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
                   'project_id', v.project_id, 'task_id', v.task_id,
                   'subject', 'testsuiterun', 'predicate', p.predicate,
                   'id', v.validation_result_id,
                   'time', case p.predicate
                               when 'finished' then coalesce(v.completed_at, v.created_at)
                               else coalesce(v.started_at, v.created_at)
                           end,
                   'content', jsonb_build_object(
                       'environment', jsonb_build_object(
                           'id', coalesce(v.metadata ->> 'environment', 'default')),
                       'testSuite', jsonb_build_object(
                           'id', v.validation_type, 'name', v.validator_name))
                   || case
                          when p.predicate = 'finished' then jsonb_build_object(
                              'outcome', case v.validation_status
                                             when 'failed' then 'failure'
                                             when 'error' then 'error'
                                             when 'skipped' then 'cancel'
                                             else 'success'
                                         end,
                              'severity', case
                                  when v.validation_status not in ('failed', 'error') then null
                                  when v.issues_critical > 0 then 'critical'
                                  when v.issues_major > 0 then 'high'
                                  when v.issues_minor > 0 then 'medium'
                                  when v.issues_found > 0 then 'low'
                              end)
                          else '{}'
                      end,
                   'custom', jsonb_build_object(
                       'validation_type', v.validation_type, 'status', v.validation_status,
                       'run_no', v.run_no, 'score', v.score, 'max_score', v.max_score,
                       'issues_found', v.issues_found, 'attempt_id', v.attempt_id))
          from docket.validation_results as v
         cross join lateral (
                   select case v.validation_status
                              when 'pending' then 'queued'
                              when 'running' then 'started'
                              else 'finished'
                          end as last
               ) as l
          left join lateral (
                   select w.wanted as predicate
                     from (values (coalesce(validation_facts.predicate, l.last))) as w (wanted)
                    where w.wanted = l.last
                       or w.wanted = 'started' and l.last = 'finished'
               ) as p on true
         where v.validation_result_id = validation_facts.row_id);
end;
$$;

comment on function docket_private.validation_facts(uuid, text) is
    'What is told of a validation.';

create function docket_private.change_facts(row_id uuid, predicate text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
                   'project_id', r.project_id, 'task_id', t.task_id,
                   'subject', 'change', 'predicate', p.predicate, 'id', r.number::text,
                   'source', r.repository,
                   'revision', case when p.predicate in ('updated', 'reviewed') then r.version end,
                   'time', coalesce(
                       case p.predicate
                           when 'created' then r.opened_at
                           when 'merged' then r.merged_at
                           when 'abandoned' then r.closed_at
                           else r.updated_at
                       end,
                       r.created_at),
                   'content', jsonb_build_object(
                       'repository', jsonb_build_object('id', r.repository),
                       'description', case p.predicate when 'created' then r.description end),
                   'custom', jsonb_build_object(
                       'pull_request_id', r.pull_request_id, 'title', r.title, 'url', r.url,
                       'author', r.author, 'status', r.status, 'head_commit', r.head_commit,
                       'base_branch', r.base_branch, 'merge_commit', r.merge_commit,
                       'checks_status', r.checks_status, 'review_status', r.review_status))
          from docket.pull_requests as r
          left join lateral (
                   -- Of more than one task it is told that it is of the first.
                   select tp.task_id
                     from docket.task_pull_requests as tp
                    where tp.pull_request_id = r.pull_request_id
                      and tp.project_id = r.project_id
                    order by tp.task_id
                    limit 1
               ) as t on true
          left join lateral (
                   select w.wanted as predicate
                     from (values (coalesce(
                              change_facts.predicate,
                              case r.status
                                  when 'merged' then 'merged'
                                  when 'closed' then 'abandoned'
                                  else 'created'
                              end))) as w (wanted)
                    where w.wanted in ('created', 'updated')
                       or w.wanted = 'merged' and r.status = 'merged'
                       or w.wanted = 'abandoned' and r.status = 'closed'
                       or w.wanted = 'reviewed'
                          and r.review_status in ('approved', 'changes_requested')
               ) as p on true
         where r.pull_request_id = change_facts.row_id);
end;
$$;

comment on function docket_private.change_facts(uuid, text) is
    'What is told of a pull request.';

create function docket_private.deployment_facts(row_id uuid, predicate text) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
                   'project_id', d.project_id, 'task_id', d.task_id,
                   'subject', 'service', 'predicate', p.predicate, 'id', x.script_name,
                   'time', d.completed_at,
                   'content', jsonb_build_object(
                       'environment', jsonb_build_object('id', d.environment),
                       'artifactId', coalesce(
                           d.metadata ->> 'purl',
                           docket_private.purl(
                               x.slug, x.script_name, d.version_no, x.content_hash))),
                   'custom', jsonb_build_object(
                       'deployment_id', d.deployment_id, 'execution_id', d.execution_id,
                       'pull_request_id', d.pull_request_id, 'attempt_no', d.attempt_no,
                       'duration_ms', d.duration_ms))
          from docket.deployment_executions as d
         cross join lateral (
                   select s.script_name, v.content_hash, j.slug
                     from docket.deployment_scripts as s
                    cross join docket.deployment_script_versions as v
                    cross join docket.projects as j
                    where s.script_id = d.script_id
                      and s.project_id = d.project_id
                      and v.script_id = d.script_id
                      and v.project_id = d.project_id
                      and v.version_no = d.version_no
                      and j.project_id = d.project_id
               ) as x
         cross join lateral (
                   -- What ran there before, the last first.
                   select array_agg(w.content_hash order by b.deployment_id desc) as before
                     from docket.deployment_executions as b
                    cross join docket.deployment_script_versions as w
                    where b.script_id = d.script_id
                      and b.project_id = d.project_id
                      and b.environment = d.environment
                      and b.status = 'completed'
                      and b.deployment_id < d.deployment_id
                      and w.script_id = b.script_id
                      and w.project_id = b.project_id
                      and w.version_no = b.version_no
               ) as h
          left join lateral (
                   select w.last as predicate
                     from (values (case
                                       when h.before is null then 'deployed'
                                       when h.before[1] <> x.content_hash
                                            and x.content_hash = any (h.before)
                                           then 'rolledback'
                                       else 'upgraded'
                                   end)) as w (last)
                    where d.status = 'completed'
                      and coalesce(deployment_facts.predicate, w.last) = w.last
               ) as p on true
         where d.deployment_id = deployment_facts.row_id);
end;
$$;

comment on function docket_private.deployment_facts(uuid, text) is
    'What is told of a deployment that succeeded: a service is there, in a newer or in an older version.';

create function docket.to_cdevent(
    kind      text,
    row_id    uuid,
    predicate text default null
) returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
    v_facts  jsonb;
    v_source text;
    v_id     text;
    v_type   text;
    v_time   text;
begin
    v_facts := case to_cdevent.kind
                   when 'attempt' then docket_private.attempt_facts(row_id, predicate)
                   when 'execution' then docket_private.execution_facts(row_id, predicate)
                   when 'artifact' then docket_private.artifact_facts(row_id, predicate)
                   when 'validation' then docket_private.validation_facts(row_id, predicate)
                   when 'pull_request' then docket_private.change_facts(row_id, predicate)
                   when 'deployment' then docket_private.deployment_facts(row_id, predicate)
               end;

    if to_cdevent.kind in (
           'attempt', 'execution', 'artifact', 'validation', 'pull_request', 'deployment')
       is not true
    then
        raise exception 'no CDEvent is told of a "%"',
                        coalesce(left(to_cdevent.kind, 50), 'null')
            using errcode = 'PD422',
                  hint    = 'A kind is attempt, execution, artifact, validation, pull_request or deployment.';
    elsif v_facts is null then
        raise exception '% % does not exist',
                        replace(to_cdevent.kind, '_', ' '),
                        coalesce(to_cdevent.row_id::text, 'null')
            using errcode = 'PD404';
    elsif v_facts ->> 'predicate' is null then
        raise exception '% % was not "%"',
                        replace(to_cdevent.kind, '_', ' '), to_cdevent.row_id,
                        coalesce(left(to_cdevent.predicate, 50), 'finished well')
            using errcode = 'PD422',
                  hint    = 'Leave predicate out for what it came to last.';
    end if;

    v_source := docket_private.own_source((v_facts ->> 'project_id')::uuid);
    v_id     := concat_ws('/', to_cdevent.row_id, v_facts ->> 'predicate', v_facts ->> 'revision');
    v_type   := format(
        'dev.cdevents.%s.%s.%s', v_facts ->> 'subject', v_facts ->> 'predicate',
        case when v_facts ->> 'subject' = 'change' and v_facts ->> 'predicate' = 'created'
            then '0.4.0' else '0.3.0'
        end);
    v_time   := to_char((v_facts ->> 'time')::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

    -- In structured mode the whole CDEvent is the data of a CloudEvent.
    return jsonb_strip_nulls(jsonb_build_object(
        'specversion', '1.0',
        'id', v_id,
        'source', v_source,
        'type', v_type,
        'subject', v_facts ->> 'id',
        'time', v_time,
        'datacontenttype', 'application/json',
        'taskid', v_facts ->> 'task_id',
        'workflowid', v_facts ->> 'workflow_id',
        'data', jsonb_build_object(
            'context', jsonb_build_object(
                'specversion', '0.5.0',
                'id', v_id,
                'source', v_source,
                'type', v_type,
                'timestamp', v_time,
                'chainId', coalesce(v_facts ->> 'workflow_id', v_facts ->> 'task_id')),
            'subject', jsonb_build_object(
                'id', v_facts ->> 'id',
                'source', v_facts ->> 'source',
                'content', v_facts -> 'content'),
            'customData', v_facts -> 'custom',
            'customDataContentType', 'application/json')));
end;
$$;

comment on function docket.to_cdevent(text, uuid, text) is
'What has happened to a row, as a CDEvent 0.5 in the structured mode of CloudEvents 1.0.2: the whole
CDEvent is the data of the CloudEvent, whose id, source, type and time are the same.

`kind` says what `row_id` is: attempt (taskrun), execution (build, testsuiterun, and whatever else
taskrun or, of no task, pipelinerun), artifact, validation (testsuiterun), pull_request (change),
deployment (service, once it succeeded). `predicate` is what happened (null: what it came to last):
started or finished; queued of validations; published or packaged of artifacts; created, updated,
reviewed, merged or abandoned of pull requests; deployed, upgraded or rolledback of services. The
same happening has the same id whenever it is asked for. Returns the document. Raises PD404, PD422
(no such kind, or that has not happened).';

create function docket.ingest_cloudevent(
    project_id uuid,
    document   jsonb,
    request_id uuid default null
) returns docket.events
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb := docket_private.replay(request_id, 'ingest_cloudevent');
    v_event  docket.events;
begin
    if v_answer is not null then
        return docket_private.find_event((v_answer ->> 'event_id')::uuid);
    end if;

    perform docket_private.require_project(ingest_cloudevent.project_id);
    select e.* into v_event
      from docket_private.store_events(
               ingest_cloudevent.project_id,
               jsonb_build_array(ingest_cloudevent.document), false) as e;
    perform docket_private.remember(
        request_id, jsonb_build_object('event_id', v_event.event_id));
    return v_event;
end;
$$;

comment on function docket.ingest_cloudevent(uuid, jsonb, uuid) is
'Takes in an event of somebody else, a CloudEvent 1.0.2 in JSON, once for each source and id.

`document` has specversion, id, source and type; taskid and workflowid link it where they are a task
and a workflow of the project. The same `request_id` again returns the first event. Returns the
event: the one that is there, where its source has told of it before. Raises PD404, PD403, PD409,
PD422 (it is no CloudEvent).';

create function docket.ingest_cdevent(
    project_id uuid,
    document   jsonb,
    request_id uuid default null
) returns docket.events
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer  jsonb := docket_private.replay(request_id, 'ingest_cdevent');
    v_cdevent jsonb := ingest_cdevent.document;
    v_cloud   jsonb := ingest_cdevent.document;
    v_problem text;
    v_event   docket.events;
begin
    if v_answer is not null then
        return docket_private.find_event((v_answer ->> 'event_id')::uuid);
    end if;

    perform docket_private.require_project(ingest_cdevent.project_id);

    if jsonb_typeof(v_cdevent) = 'object' and v_cdevent ? 'context' then
        v_cloud := jsonb_strip_nulls(jsonb_build_object(
            'specversion', '1.0',
            'id', v_cdevent #> '{context,id}',
            'source', v_cdevent #> '{context,source}',
            'type', v_cdevent #> '{context,type}',
            'time', v_cdevent #> '{context,timestamp}',
            'dataschema', v_cdevent #> '{context,schemaUri}',
            'subject', v_cdevent #> '{subject,id}',
            'datacontenttype', 'application/json')) || jsonb_build_object('data', v_cdevent);
    else
        v_cdevent := v_cdevent -> 'data';
    end if;

    v_problem := coalesce(
        docket_private.cdevent_problem(v_cdevent),
        case
            when v_cdevent #>> '{context,id}' is distinct from v_cloud ->> 'id'
                 or v_cdevent #>> '{context,source}' is distinct from v_cloud ->> 'source'
                 or v_cdevent #>> '{context,type}' is distinct from v_cloud ->> 'type'
                then 'has another id, source or type than the CloudEvent around it'
        end);
    if v_problem is not null then
        raise exception 'the CDEvent %', v_problem
            using errcode = 'PD422',
                  hint    = 'docs/observability.md says what it has.';
    end if;

    select e.* into v_event
      from docket_private.store_events(
               ingest_cdevent.project_id, jsonb_build_array(v_cloud), false) as e;
    perform docket_private.remember(
        request_id, jsonb_build_object('event_id', v_event.event_id));
    return v_event;
end;
$$;

comment on function docket.ingest_cdevent(uuid, jsonb, uuid) is
'Takes in a CDEvent, once for each source and id: by itself (context and subject), or as the data of
a CloudEvent, as its binding has it. CDEvents 0.5 are checked against their vocabulary; those of 0.1
to 0.4 are taken too, and types of one''s own (dev.cdeventsx.) as they are.

`document` is the event in JSON. It is kept as an event, and changes nothing else. The same
`request_id` again returns the first event. Returns the event: the one that is there, where its
source has told of it before. Raises PD404, PD403, PD409, PD422 (it is no CDEvent).';

revoke all on function docket_private.cdevent_vocabulary() from public;
revoke all on function docket_private.cdevent_problem(jsonb) from public;
revoke all on function docket_private.uri_path(text) from public;
revoke all on function docket_private.purl(text, text, integer, bytea) from public;
revoke all on function docket_private.attempt_facts(uuid, text) from public;
revoke all on function docket_private.execution_facts(uuid, text) from public;
revoke all on function docket_private.artifact_facts(uuid, text) from public;
revoke all on function docket_private.validation_facts(uuid, text) from public;
revoke all on function docket_private.change_facts(uuid, text) from public;
revoke all on function docket_private.deployment_facts(uuid, text) from public;
revoke all on function docket.to_cdevent(text, uuid, text) from public;
revoke all on function docket.ingest_cloudevent(uuid, jsonb, uuid) from public;
revoke all on function docket.ingest_cdevent(uuid, jsonb, uuid) from public;
grant execute on function docket.to_cdevent(text, uuid, text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function
    docket.ingest_cloudevent(uuid, jsonb, uuid),
    docket.ingest_cdevent(uuid, jsonb, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
