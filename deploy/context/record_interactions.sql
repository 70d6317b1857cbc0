-- Deploy pgdocket:context/record_interactions to pg
-- requires: context/ai_interactions
-- requires: platform/check_batch
-- requires: platform/idempotency_keys
-- requires: tasks/budgets

begin;
set local role docket_owner;

-- Refuses what can't be meant before anything is written, and says which element it is.
create function docket_private.check_interactions(interactions jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_known constant text[] := array[
        'task_id', 'agent_name', 'interaction_type', 'success', 'request_data', 'response_data',
        'execution_time_ms', 'attempt_id', 'prompt_build_id', 'session_id', 'conversation_id',
        'agent_id', 'agent_version', 'operation_name', 'provider_name', 'request_model',
        'request_parameters',
        'response_model', 'response_id', 'finish_reasons', 'input_tokens', 'output_tokens',
        'cache_read_input_tokens', 'cache_creation_input_tokens', 'reasoning_output_tokens',
        'time_to_first_chunk_ms', 'tool_calls', 'error_type', 'cost_amount', 'cost_currency',
        'cost_source', 'metadata'];
    v_bytes bigint := (docket_private.setting('max_interaction_bytes') #>> '{}')::bigint;
    v_wrong record;
begin
    perform docket_private.check_batch(
        interactions, 'interactions', 'interaction',
        'Give an array of objects with task_id, agent_name, interaction_type and success.',
        v_known);

    select e.place, w.reason into v_wrong
      from jsonb_array_elements(interactions) with ordinality as e (element, place)
     cross join lateral (
               select case
                          when coalesce(e.element ->> 'task_id', '')
                               !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                              then 'has no task_id'
                          when coalesce(e.element ->> 'agent_name', '') = ''
                              then 'has no agent_name'
                          when coalesce(e.element ->> 'interaction_type', '') = ''
                              then 'has no interaction_type'
                          when jsonb_typeof(e.element -> 'success') is distinct from 'boolean'
                              then 'does not say whether it was a success'
                      end as reason
           ) as w
     where w.reason is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'interaction number % %', v_wrong.place, v_wrong.reason
            using errcode = 'PD422',
                  hint    = format('Known are %s.', array_to_string(v_known, ', '));
    end if;

    select e.place, octet_length(e.element::text) as bytes into v_wrong
      from jsonb_array_elements(interactions) with ordinality as e (element, place)
     where octet_length(e.element::text) > v_bytes
     order by e.place
     limit 1;

    if found then
        raise exception 'interaction number % has % bytes', v_wrong.place, v_wrong.bytes
            using errcode = 'PD413',
                  hint    = format('At most %s (setting max_interaction_bytes).', v_bytes);
    end if;
end;
$$;

comment on function docket_private.check_interactions(jsonb) is
    'Raises PD422 or PD413 for what can not be a batch of interactions.';

create function docket_private.project_of_tasks(task_ids uuid[]) returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown  text;
    v_projects uuid[];
begin
    select min(coalesce(w.task_id::text, 'null')) filter (where t.project_id is null),
           array_agg(distinct t.project_id)
      into v_unknown, v_projects
      from unnest(project_of_tasks.task_ids) as w (task_id)
      left join lateral (
               select u.project_id
                 from docket.tasks as u
                where u.task_id = w.task_id
               offset 0
           ) as t on true;

    if v_unknown is not null or v_projects is null then
        raise exception 'task % does not exist', coalesce(v_unknown, 'null')
            using errcode = 'PD404',
                  hint    = 'docket.task_id() finds a task by its key.';
    end if;

    if cardinality(v_projects) > 1 then
        raise exception 'the tasks belong to % projects', cardinality(v_projects)
            using errcode = 'PD422',
                  hint    = 'One call works in one project.';
    end if;

    return v_projects[1];
end;
$$;

comment on function docket_private.project_of_tasks(uuid[]) is
    'The one project of some tasks. Raises PD404, and PD422 where they belong to several.';

-- What the budgets are charged is all in one currency.
create function docket_private.check_currency(
    project_id   uuid,
    interactions jsonb
) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_currency text := (
        select docket_private.setting('currency', p.settings) #>> '{}'
          from docket.projects as p
         where p.project_id = check_currency.project_id);
    v_other    text := (
        select e.element ->> 'cost_currency'
          from jsonb_array_elements(check_currency.interactions) as e (element)
         where e.element ->> 'cost_currency' <> v_currency
         limit 1);
begin
    if v_other is not null then
        raise exception 'a cost is in %, and the project reckons in %',
                        quote_literal(left(v_other, 100)), quote_literal(left(v_currency, 100))
            using errcode = 'PD422',
                  hint    = 'Give costs in that currency; a project may set its own (setting currency).';
    end if;

    return v_currency;
end;
$$;

comment on function docket_private.check_currency(uuid, jsonb) is
    'The currency that a project reckons in. Raises PD422 where an interaction has its cost in another.';

create function docket.record_interactions(
    interactions jsonb,
    request_id   uuid default null
) returns setof docket.ai_interactions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'record_interactions');
    v_version    text  := docket_private.setting('genai_conventions_version') #>> '{}';
    v_given      jsonb;
    v_project    uuid;
    v_currency   text;
    v_unknown    uuid;
    v_recorded   record;
    v_constraint text;
begin
    -- The answer is kept as ids: rows do not change, and bodies are large.
    if v_answer is not null then
        return query
        select i.*
          from jsonb_array_elements_text(v_answer -> 'ids') as a (id)
         cross join lateral (
                   select r.*
                     from docket.ai_interactions as r
                    where r.interaction_id = a.id::uuid
                   offset 0
               ) as i
         order by i.interaction_id;
        return;
    end if;

    -- What stands under a secret key is gone before anything is stored.
    v_given := record_interactions.interactions;
    if jsonb_typeof(v_given) = 'array' then
        v_given := (
            select coalesce(
                       jsonb_agg(docket_private.without_secrets(e.element) order by e.place), '[]')
              from jsonb_array_elements(v_given) with ordinality as e (element, place));
    end if;
    perform docket_private.check_interactions(v_given);

    v_project := docket_private.project_of_tasks(array(
        select distinct (e.element ->> 'task_id')::uuid
          from jsonb_array_elements(v_given) as e (element)));
    perform docket_private.require_project(v_project);
    v_currency := docket_private.check_currency(v_project, v_given);

    begin
        v_unknown := (
            select r.attempt_id
              from jsonb_to_recordset(v_given) as r (task_id uuid, attempt_id uuid)
             where r.attempt_id is not null
               and not exists (
                       select
                         from docket.task_attempts as a
                        where a.attempt_id = r.attempt_id
                          and a.project_id = v_project
                          and a.task_id    = r.task_id
                       offset 0)
             limit 1);

        if v_unknown is not null then
            raise exception 'attempt % is none of the task', v_unknown
                using errcode = 'PD404',
                      hint    = 'docket.claim_tasks() gives each task its attempt_id.';
        end if;

        v_unknown := (
            select r.prompt_build_id
              from jsonb_to_recordset(v_given) as r (task_id uuid, prompt_build_id uuid)
             where r.prompt_build_id is not null
               and not exists (
                       select
                         from docket.prompt_builds as b
                        where b.prompt_build_id = r.prompt_build_id
                          and b.project_id      = v_project
                          and b.task_id         = r.task_id
                       offset 0)
             limit 1);

        if v_unknown is not null then
            raise exception 'prompt build % is none of the task', v_unknown
                using errcode = 'PD404',
                      hint    = 'docket.list_prompt_builds() lists those of a task.';
        end if;

          with recorded as (
              insert into docket.ai_interactions as i (
                  interaction_id, project_id, task_id, attempt_id, prompt_build_id, session_id,
                  conversation_id, agent_name, agent_id, agent_version, interaction_type,
                  operation_name,
                  provider_name, request_model, request_parameters, response_model, response_id,
                  finish_reasons, input_tokens, output_tokens, cache_read_input_tokens,
                  cache_creation_input_tokens, reasoning_output_tokens, time_to_first_chunk_ms,
                  execution_time_ms, tool_calls, success, error_type, cost_amount, cost_currency,
                  cost_source, request_data, response_data, conventions_version, metadata)
              select docket_private.new_id(v_project, g.ordinal), v_project, r.task_id,
                     r.attempt_id, r.prompt_build_id, r.session_id, r.conversation_id,
                     r.agent_name, r.agent_id, r.agent_version, r.interaction_type,
                     r.operation_name, r.provider_name,
                     r.request_model, coalesce(r.request_parameters, '{}'), r.response_model,
                     r.response_id, coalesce(r.finish_reasons, '{}'), r.input_tokens,
                     r.output_tokens, r.cache_read_input_tokens, r.cache_creation_input_tokens,
                     r.reasoning_output_tokens, r.time_to_first_chunk_ms, r.execution_time_ms,
                     coalesce(r.tool_calls, '[]'), r.success, r.error_type, r.cost_amount,
                     coalesce(r.cost_currency,
                              case when r.cost_amount is not null then v_currency end),
                     coalesce(r.cost_source,
                              case when r.cost_amount is not null then 'reported' end),
                     r.request_data, r.response_data, v_version, coalesce(r.metadata, '{}')
                from jsonb_array_elements(v_given) with ordinality as g (element, ordinal)
               cross join lateral jsonb_to_record(g.element) as r (
                         task_id uuid, attempt_id uuid, prompt_build_id uuid, session_id text,
                         conversation_id text, agent_name text, agent_id text, agent_version text,
                         interaction_type text, operation_name text, provider_name text,
                         request_model text, request_parameters jsonb, response_model text,
                         response_id text, finish_reasons text[], input_tokens bigint,
                         output_tokens bigint, cache_read_input_tokens bigint,
                         cache_creation_input_tokens bigint, reasoning_output_tokens bigint,
                         time_to_first_chunk_ms bigint, execution_time_ms bigint,
                         tool_calls jsonb, success boolean, error_type text, cost_amount numeric,
                         cost_currency text, cost_source text, request_data jsonb,
                         response_data jsonb, metadata jsonb)
               order by g.ordinal
              returning i.interaction_id, i.task_id,
                        coalesce(i.input_tokens, 0) + coalesce(i.output_tokens, 0) as tokens,
                        coalesce(i.cost_amount, 0) as cost
          )
        select array_agg(r.interaction_id order by r.interaction_id) as ids,
               array_agg(r.task_id) filter (where r.tokens > 0 or r.cost > 0) as tasks,
               array_agg(r.tokens) filter (where r.tokens > 0 or r.cost > 0) as tokens,
               array_agg(r.cost) filter (where r.tokens > 0 or r.cost > 0) as costs
          into v_recorded
          from recorded as r;
    exception
        when foreign_key_violation then
            raise exception 'a task or a prompt build has been removed meanwhile'
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'interactions are refused: %',
                            coalesce(
                                docket_private.constraint_text('ai_interactions', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    -- Who uses nothing waits for nobody.
    if v_recorded.tasks is not null then
        perform docket_private.charge_budgets(
            v_project, v_recorded.tasks, v_recorded.tokens, v_recorded.costs);
    end if;

    perform docket_private.remember(
        record_interactions.request_id, jsonb_build_object('ids', v_recorded.ids));

    return query
    select i.*
      from docket.ai_interactions as i
     where i.interaction_id = any (v_recorded.ids)
       and i.project_id = v_project
     order by i.interaction_id;
end;
$$;

comment on function docket.record_interactions(jsonb, uuid) is
'Records what agents said to models and tools, and what these answered, and counts tokens and cost
for the budgets of task, workflow and project, as record_usage() does: nobody has to count them
again. All or none.

`interactions` is an array of objects (up to the setting max_batch_size), for tasks of one project,
with task_id, agent_name, interaction_type (any word), success (true or false) and, where it is
known, what else docket.ai_interactions has: request_data and response_data (any JSON),
execution_time_ms and time_to_first_chunk_ms (milliseconds), attempt_id, prompt_build_id,
session_id, conversation_id, agent_id, agent_version, operation_name, provider_name, request_model,
request_parameters (object), response_model, response_id, finish_reasons, tool_calls (array),
input_tokens, output_tokens (both with all that the next three say again),
cache_read_input_tokens, cache_creation_input_tokens, reasoning_output_tokens, error_type,
cost_amount, cost_currency (the project''s, setting currency), cost_source (reported, computed or
estimated; reported unless given), metadata (object). Each has at most the setting
max_interaction_bytes, as JSON text. What stands under secret keys (setting secret_keys) is stored
as asterisks. The same `request_id` again changes nothing. Returns the interactions in the order
given. Raises PD404, PD403, PD413, PD422.';

create function docket.record_interaction(
    task_id                     uuid,
    agent_name                  text,
    interaction_type            text,
    success                     boolean,
    request_data                jsonb   default null,
    response_data               jsonb   default null,
    execution_time_ms           bigint  default null,
    attempt_id                  uuid    default null,
    session_id                  text    default null,
    conversation_id             text    default null,
    agent_id                    text    default null,
    agent_version               text    default null,
    operation_name              text    default null,
    provider_name               text    default null,
    request_model               text    default null,
    request_parameters          jsonb   default null,
    response_model              text    default null,
    response_id                 text    default null,
    finish_reasons              text[]  default null,
    input_tokens                bigint  default null,
    output_tokens               bigint  default null,
    cache_read_input_tokens     bigint  default null,
    cache_creation_input_tokens bigint  default null,
    reasoning_output_tokens     bigint  default null,
    time_to_first_chunk_ms      bigint  default null,
    tool_calls                  jsonb   default null,
    error_type                  text    default null,
    cost_amount                 numeric default null,
    cost_currency               text    default null,
    cost_source                 text    default null,
    metadata                    jsonb   default null,
    prompt_build_id             uuid    default null,
    request_id                  uuid    default null
) returns docket.ai_interactions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_interaction docket.ai_interactions;
begin
    select i.* into v_interaction
      from docket.record_interactions(
               jsonb_build_array(jsonb_build_object(
                   'task_id', record_interaction.task_id,
                   'agent_name', record_interaction.agent_name,
                   'interaction_type', record_interaction.interaction_type,
                   'success', record_interaction.success,
                   'request_data', record_interaction.request_data,
                   'response_data', record_interaction.response_data,
                   'execution_time_ms', record_interaction.execution_time_ms,
                   'attempt_id', record_interaction.attempt_id,
                   'session_id', record_interaction.session_id,
                   'conversation_id', record_interaction.conversation_id,
                   'agent_id', record_interaction.agent_id,
                   'agent_version', record_interaction.agent_version,
                   'operation_name', record_interaction.operation_name,
                   'provider_name', record_interaction.provider_name,
                   'request_model', record_interaction.request_model,
                   'request_parameters', record_interaction.request_parameters,
                   'response_model', record_interaction.response_model,
                   'response_id', record_interaction.response_id,
                   'finish_reasons', record_interaction.finish_reasons,
                   'input_tokens', record_interaction.input_tokens,
                   'output_tokens', record_interaction.output_tokens,
                   'cache_read_input_tokens', record_interaction.cache_read_input_tokens,
                   'cache_creation_input_tokens', record_interaction.cache_creation_input_tokens,
                   'reasoning_output_tokens', record_interaction.reasoning_output_tokens,
                   'time_to_first_chunk_ms', record_interaction.time_to_first_chunk_ms,
                   'tool_calls', record_interaction.tool_calls,
                   'error_type', record_interaction.error_type,
                   'cost_amount', record_interaction.cost_amount,
                   'cost_currency', record_interaction.cost_currency,
                   'cost_source', record_interaction.cost_source,
                   'metadata', record_interaction.metadata,
                   'prompt_build_id', record_interaction.prompt_build_id)),
               record_interaction.request_id) as i;

    return v_interaction;
end;
$$;

comment on function docket.record_interaction(
    uuid, text, text, boolean, jsonb, jsonb, bigint, uuid, text, text, text, text, text, text, text,
    jsonb, text, text, text[], bigint, bigint, bigint, bigint, bigint, bigint, jsonb, text, numeric,
    text, text, jsonb, uuid, uuid) is
'Records one exchange of an agent with a model or a tool, for task `task_id`, and counts its tokens
and cost for the budgets.

`agent_name` and `interaction_type` (any word) are required, and so is `success`. The other
parameters as the fields of record_interactions(); `execution_time_ms` and `time_to_first_chunk_ms`
in milliseconds. The same `request_id` again changes nothing. Returns the interaction. Raises
PD404, PD403, PD413, PD422.';

revoke all on function docket_private.check_interactions(jsonb) from public;
revoke all on function docket_private.project_of_tasks(uuid[]) from public;
revoke all on function docket_private.check_currency(uuid, jsonb) from public;
revoke all on function docket.record_interactions(jsonb, uuid) from public;
revoke all on function docket.record_interaction(
    uuid, text, text, boolean, jsonb, jsonb, bigint, uuid, text, text, text, text, text, text, text,
    jsonb, text, text, text[], bigint, bigint, bigint, bigint, bigint, bigint, jsonb, text, numeric,
    text, text, jsonb, uuid, uuid) from public;
grant execute on function docket.record_interactions(jsonb, uuid), docket.record_interaction(
    uuid, text, text, boolean, jsonb, jsonb, bigint, uuid, text, text, text, text, text, text, text,
    jsonb, text, text, text[], bigint, bigint, bigint, bigint, bigint, bigint, jsonb, text, numeric,
    text, text, jsonb, uuid, uuid)
   to docket_admin, docket_app, docket_agent;

commit;
