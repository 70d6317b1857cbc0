-- Deploy pgdocket:context/ai_interactions to pg
-- requires: context/prompt_builds
-- requires: platform/drop_partitions
-- requires: platform/settings
-- requires: projects/require_project
-- requires: queue/task_attempts

begin;
set local role docket_owner;

-- One exchange with a model or a tool, as it was. Columns have the names of OpenTelemetry's
-- conventions for generative AI (gen_ai.usage.input_tokens is input_tokens), and each row the
-- version of them that it was written by.
--
-- Rows are added, none is ever changed: the table is a record of what happened itself, and is not
-- written into the journal, which would have every request and response a second time. What is kept
-- no longer goes by whole months, which the journal says.
create table docket.ai_interactions (
    interaction_id              uuid        not null,
    project_id                  uuid        not null,
    task_id                     uuid        not null,
    attempt_id                  uuid,
    prompt_build_id             uuid,
    session_id                  text,
    conversation_id             text,
    agent_name                  text        not null,
    agent_id                    text,
    agent_version               text,
    interaction_type            text        not null,
    operation_name              text,
    provider_name               text,
    request_model               text,
    request_parameters          jsonb       not null default '{}',
    response_model              text,
    response_id                 text,
    finish_reasons              text[]      not null default '{}',
    input_tokens                bigint,
    output_tokens               bigint,
    cache_read_input_tokens     bigint,
    cache_creation_input_tokens bigint,
    reasoning_output_tokens     bigint,
    time_to_first_chunk_ms      bigint,
    execution_time_ms           bigint,
    tool_calls                  jsonb       not null default '[]',
    success                     boolean     not null,
    error_type                  text,
    cost_amount                 numeric,
    cost_currency               text,
    cost_source                 text,
    request_data                jsonb,
    response_data               jsonb,
    conventions_version         text        not null,
    metadata                    jsonb       not null default '{}',
    created_at                  timestamptz not null default docket.clock(),
    created_by                  text        not null default docket.principal(),

    constraint ai_interactions_pkey primary key (interaction_id, project_id, created_at),
    constraint ai_interactions_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint ai_interactions_attempt_fkey
        foreign key (attempt_id, project_id) references docket.task_attempts on delete cascade,
    constraint ai_interactions_prompt_build_fkey
        foreign key (prompt_build_id, project_id) references docket.prompt_builds
        on delete set null (prompt_build_id),
    constraint ai_interactions_names_bounded
        check (least(length(session_id), length(conversation_id), length(agent_name),
                     length(agent_id), length(agent_version), length(interaction_type),
                     length(operation_name), length(provider_name), length(request_model),
                     length(response_model), length(response_id), length(error_type)) >= 1
               and greatest(
                       length(session_id), length(conversation_id), length(agent_name),
                       length(agent_id), length(agent_version), length(interaction_type),
                       length(operation_name), length(provider_name), length(request_model),
                       length(response_model), length(response_id), length(error_type)) <= 255),
    constraint ai_interactions_counts_not_negative
        check (least(input_tokens, output_tokens, cache_read_input_tokens,
                     cache_creation_input_tokens, reasoning_output_tokens, time_to_first_chunk_ms,
                     execution_time_ms) >= 0),
    constraint ai_interactions_success_has_no_error check (not success or error_type is null),
    constraint ai_interactions_cost_whole
        check (num_nulls(cost_amount, cost_currency, cost_source) in (0, 3)
               and cost_amount >= 0
               and cost_amount < 'Infinity'
               and cost_currency ~ '^[A-Z]{3}$'
               and cost_source in ('reported', 'computed', 'estimated')),
    constraint ai_interactions_json_as_told
        check (jsonb_typeof(request_parameters) = 'object'
               and jsonb_typeof(metadata) = 'object'
               and jsonb_typeof(tool_calls) = 'array')
) partition by range (created_at);

create index ai_interactions_task_idx
    on docket.ai_interactions (task_id, project_id, created_at, interaction_id);

create index ai_interactions_attempt_idx
    on docket.ai_interactions (attempt_id, project_id) where attempt_id is not null;

create index ai_interactions_prompt_build_idx
    on docket.ai_interactions (prompt_build_id, project_id) where prompt_build_id is not null;

create index ai_interactions_conversation_idx
    on docket.ai_interactions (conversation_id, project_id, created_at, interaction_id)
    where conversation_id is not null;

create index ai_interactions_session_idx
    on docket.ai_interactions (session_id, project_id, created_at, interaction_id)
    where session_id is not null;

create index ai_interactions_agent_idx
    on docket.ai_interactions (project_id, agent_name, created_at, interaction_id);

create index ai_interactions_time_idx
    on docket.ai_interactions (project_id, created_at, interaction_id);

comment on table docket.ai_interactions is
    'What agents said to models and tools and what these answered, one row for each exchange. Rows are added, never changed.';
comment on column docket.ai_interactions.interaction_id is
    'The interaction.';
comment on column docket.ai_interactions.task_id is
    'The task that it was for.';
comment on column docket.ai_interactions.attempt_id is
    'The attempt at the task that it belongs to, where it is known.';
comment on column docket.ai_interactions.prompt_build_id is
    'The prompt that was sent, where docket.build_prompt_context() built it.';
comment on column docket.ai_interactions.session_id is
    'The agent''s session. Sessions end and are removed; what was said in them stays.';
comment on column docket.ai_interactions.conversation_id is
    'The conversation (gen_ai.conversation.id).';
comment on column docket.ai_interactions.agent_name is
    'The agent (gen_ai.agent.name).';
comment on column docket.ai_interactions.agent_id is
    'The agent''s id with its provider (gen_ai.agent.id).';
comment on column docket.ai_interactions.agent_version is
    'The agent''s version (gen_ai.agent.version).';
comment on column docket.ai_interactions.interaction_type is
    'What it was for: code_generation, review, planning... any word.';
comment on column docket.ai_interactions.operation_name is
    'What was called (gen_ai.operation.name): chat, embeddings, execute_tool...';
comment on column docket.ai_interactions.provider_name is
    'Who serves the model (gen_ai.provider.name).';
comment on column docket.ai_interactions.request_model is
    'The model that was asked for (gen_ai.request.model).';
comment on column docket.ai_interactions.request_parameters is
    'With what parameters: temperature, max_tokens... (gen_ai.request.*).';
comment on column docket.ai_interactions.response_model is
    'The model that answered (gen_ai.response.model).';
comment on column docket.ai_interactions.response_id is
    'The provider''s id of the answer (gen_ai.response.id).';
comment on column docket.ai_interactions.finish_reasons is
    'Why the model stopped (gen_ai.response.finish_reasons).';
comment on column docket.ai_interactions.input_tokens is
    'Tokens of the request, those that came from a cache or went into one included (gen_ai.usage.input_tokens).';
comment on column docket.ai_interactions.output_tokens is
    'Tokens of the answer, those of its reasoning included (gen_ai.usage.output_tokens).';
comment on column docket.ai_interactions.cache_read_input_tokens is
    'Tokens that came from the provider''s cache (gen_ai.usage.cache_read.input_tokens).';
comment on column docket.ai_interactions.cache_creation_input_tokens is
    'Tokens that went into the provider''s cache (gen_ai.usage.cache_creation.input_tokens).';
comment on column docket.ai_interactions.reasoning_output_tokens is
    'Tokens of the model''s reasoning (gen_ai.usage.reasoning.output_tokens).';
comment on column docket.ai_interactions.time_to_first_chunk_ms is
    'How long until the answer began, in milliseconds (gen_ai.response.time_to_first_chunk).';
comment on column docket.ai_interactions.execution_time_ms is
    'How long all of it took, in milliseconds.';
comment on column docket.ai_interactions.tool_calls is
    'The calls of tools that the model asked for, as an array.';
comment on column docket.ai_interactions.success is
    'Whether it brought what it was to bring.';
comment on column docket.ai_interactions.error_type is
    'What kind of error ended it (error.type).';
comment on column docket.ai_interactions.cost_amount is
    'What it cost.';
comment on column docket.ai_interactions.cost_currency is
    'The currency of the cost, by its three letters (ISO 4217).';
comment on column docket.ai_interactions.cost_source is
    'How the cost is known: reported by the provider, computed from a price list, or estimated.';
comment on column docket.ai_interactions.request_data is
    'What was sent, with asterisks under secret keys.';
comment on column docket.ai_interactions.response_data is
    'What came back, with asterisks under secret keys.';
comment on column docket.ai_interactions.conventions_version is
    'The version of OpenTelemetry''s semantic conventions that its names go by.';

comment on constraint ai_interactions_names_bounded on docket.ai_interactions is
    'names and ids of an interaction have 1 to 255 characters';
comment on constraint ai_interactions_counts_not_negative on docket.ai_interactions is
    'tokens and milliseconds are not negative';
comment on constraint ai_interactions_success_has_no_error on docket.ai_interactions is
    'an interaction that succeeded has no error_type';
comment on constraint ai_interactions_cost_whole on docket.ai_interactions is
    'a cost is an amount from 0 in a currency of three capital letters, and reported, computed or estimated';
comment on constraint ai_interactions_json_as_told on docket.ai_interactions is
    'request_parameters and metadata are JSON objects, tool_calls is a JSON array';

create table docket.ai_interactions_default partition of docket.ai_interactions default;

comment on table docket.ai_interactions_default is
    'Rows of ai_interactions for which no month is there. The first row in it is an alarm.';

alter table docket.ai_interactions_default enable row level security;
alter table docket.ai_interactions_default force row level security;

call docket_private.add_isolation('docket.ai_interactions');

insert into docket.partition_policies (table_name)
values ('ai_interactions');

do $$ begin perform docket_private.ensure_partitions(); end $$;

insert into docket.settings (setting_key, value, description)
values ('max_interaction_bytes', '10485760', 'The largest interaction that is recorded, in bytes: its request, response, tool calls, parameters and metadata together.'),
       ('genai_conventions_version', '"1.41.1"', 'The version of OpenTelemetry''s semantic conventions for generative AI that interactions are recorded by.'),
       ('currency', '"USD"', 'The currency, by its three letters (ISO 4217), in which costs and budgets are reckoned; a project may set its own.');

grant select on docket.ai_interactions
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
