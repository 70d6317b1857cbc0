-- Deploy pgdocket:knowledge/embeddings to pg
-- requires: context/interaction_search
-- requires: knowledge/knowledge_base
-- requires: platform/check_batch
-- requires: platform/idempotency_keys
-- requires: projects/require_project

begin;
set local role docket_owner;

-- What something is about, as a model sees it: numbers that whoever calls brings with him. They are
-- kept as PostgreSQL's own array, so that they are there, and go with a dump, whether or not the
-- server has the extension "vector"; only to compare them takes it, and it may come later.
create table docket.embedding_models (
    project_id uuid        not null,
    model      text        not null,
    dimensions bigint      not null,
    created_at timestamptz not null default docket.clock(),
    created_by text        not null default docket.principal(),

    constraint embedding_models_pkey primary key (project_id, model),
    constraint embedding_models_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint embedding_models_model_bounded check (length(model) between 1 and 255),
    constraint embedding_models_dimensions_bounded check (dimensions between 1 and 16000)
);

comment on table docket.embedding_models is
    'The models by which a project has embeddings. Rows are added, never changed.';
comment on column docket.embedding_models.model is
    'The name of the model; any word.';
comment on column docket.embedding_models.dimensions is
    'How many numbers each of its embeddings has.';
comment on constraint embedding_models_model_bounded on docket.embedding_models is
    'a model has a name of 1 to 255 characters';
comment on constraint embedding_models_dimensions_bounded on docket.embedding_models is
    'an embedding has 1 to 16,000 numbers';

create table docket.embeddings (
    row_id       uuid        not null,
    project_id   uuid        not null,
    kind         text        not null,
    context_type text        not null default '',
    chunk        bigint      not null default 1,
    model        text        not null,
    embedding    real[]      not null,
    task_id      uuid,
    knowledge_id uuid,
    said_at      timestamptz,
    created_at   timestamptz not null default docket.clock(),
    created_by   text        not null default docket.principal(),

    constraint embeddings_pkey primary key (row_id, project_id, kind, context_type, model, chunk),
    constraint embeddings_model_fkey
        foreign key (project_id, model) references docket.embedding_models on delete cascade,
    constraint embeddings_task_fkey
        foreign key (task_id, project_id) references docket.tasks on delete cascade,
    constraint embeddings_knowledge_fkey
        foreign key (knowledge_id, project_id) references docket.knowledge_base on delete cascade,
    constraint embeddings_kind_known
        check (kind in ('task', 'context', 'knowledge', 'interaction')),
    constraint embeddings_context_has_type check ((kind = 'context') = (context_type <> '')),
    constraint embeddings_chunk_positive check (chunk > 0)
);

-- Numbers of this kind can't be compressed; it would only be tried.
alter table docket.embeddings alter column embedding set storage external;

create index embeddings_model_idx on docket.embeddings (project_id, model);
create index embeddings_task_idx
    on docket.embeddings (task_id, project_id) where task_id is not null;
create index embeddings_knowledge_idx
    on docket.embeddings (knowledge_id, project_id) where knowledge_id is not null;
create index embeddings_said_idx
    on docket.embeddings (said_at) where said_at is not null;

comment on table docket.embeddings is
    'Embeddings of tasks, contexts, documents and interactions as they now are: when one changes, its embeddings go.';
comment on column docket.embeddings.row_id is
    'The task, the context''s task, the document or the interaction.';
comment on column docket.embeddings.kind is
    'Which of these it is: task, context, knowledge, interaction.';
comment on column docket.embeddings.context_type is
    'The type of the context; empty for other kinds.';
comment on column docket.embeddings.chunk is
    'Which part of it, where it has several embeddings: the nearest counts.';
comment on column docket.embeddings.model is
    'The model that made it.';
comment on column docket.embeddings.embedding is
    'The embedding.';
comment on column docket.embeddings.task_id is
    'The task that it belongs to; null for documents.';
comment on column docket.embeddings.knowledge_id is
    'The document; null for other kinds.';
comment on column docket.embeddings.said_at is
    'When the interaction was recorded, with which it goes; null for other kinds.';
comment on constraint embeddings_kind_known on docket.embeddings is
    'an embedding is of a task, context, knowledge or interaction';
comment on constraint embeddings_context_has_type on docket.embeddings is
    'the embedding of a context, and no other, has a context_type';
comment on constraint embeddings_chunk_positive on docket.embeddings is
    'chunks count from 1';

call docket_private.add_isolation('docket.embedding_models');
call docket_private.add_isolation('docket.embeddings');

-- What something said before finds it no more.
create function docket_private.forget_task_embeddings() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from docket.embeddings as e
     where e.task_id    = new.task_id
       and e.project_id = new.project_id
       and (e.kind = 'task' or new.archived_at is not null);

    return null;
end;
$$;

comment on function docket_private.forget_task_embeddings() is
    'Forgets the embeddings of a task that has changed, and all that belong to one that is put away.';

create function docket_private.forget_context_embeddings() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from docket.embeddings as e
     where e.row_id       = new.task_id
       and e.project_id   = new.project_id
       and e.kind         = 'context'
       and e.context_type = new.context_type;

    return null;
end;
$$;

comment on function docket_private.forget_context_embeddings() is
    'Forgets the embeddings of a context that has a new version.';

create function docket_private.forget_knowledge_embeddings() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from docket.embeddings as e
     where e.knowledge_id = new.knowledge_id
       and e.project_id   = new.project_id;

    return null;
end;
$$;

comment on function docket_private.forget_knowledge_embeddings() is
    'Forgets the embeddings of a document that has changed.';

create trigger tasks_embeddings
    after update of title, description, details, test_strategy, tags, archived_at on docket.tasks
    for each row when (
        old.title is distinct from new.title
        or old.description is distinct from new.description
        or old.details is distinct from new.details
        or old.test_strategy is distinct from new.test_strategy
        or old.tags is distinct from new.tags
        or old.archived_at is null and new.archived_at is not null)
    execute function docket_private.forget_task_embeddings();

create trigger task_contexts_embeddings after insert on docket.task_contexts
    for each row execute function docket_private.forget_context_embeddings();

create trigger knowledge_base_embeddings
    after update of title, content, tags, archived_at on docket.knowledge_base
    for each row when (
        old.title is distinct from new.title
        or old.content is distinct from new.content
        or old.tags is distinct from new.tags
        or old.archived_at is null and new.archived_at is not null)
    execute function docket_private.forget_knowledge_embeddings();

-- Refuses what can't be meant before anything is written, and says which element it is.
create function docket_private.check_embeddings(embeddings jsonb) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_wrong record;
begin
    perform docket_private.check_batch(
        check_embeddings.embeddings, 'embeddings', 'embedding',
        'Give an array of objects with kind, row_id and embedding.');

    select e.place, w.reason into v_wrong
      from jsonb_array_elements(check_embeddings.embeddings) with ordinality as e (element, place)
     cross join lateral (
               select case
                          when coalesce(e.element ->> 'row_id', '')
                               !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                              then 'has no row_id'
                          when jsonb_typeof(e.element -> 'embedding') is distinct from 'array'
                               or not jsonb_path_exists(
                                      e.element, 'strict $.embedding[*] ? (@ != 0)')
                               or jsonb_path_exists(
                                      e.element,
                                      'strict $.embedding[*] ? (@.type() != "number")')
                              then 'has no embedding: numbers, not all of them 0'
                      end as reason
           ) as w
     where w.reason is not null
     order by e.place
     limit 1;

    if found then
        raise exception 'embedding number % %', v_wrong.place, v_wrong.reason
            using errcode = 'PD422';
    end if;
end;
$$;

comment on function docket_private.check_embeddings(jsonb) is
    'Raises PD422 or PD413 for what can not be a batch of embeddings.';

create function docket.put_embeddings(
    project_id uuid,
    model      text,
    embeddings jsonb,
    request_id uuid default null
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'put_embeddings');
    v_dimensions bigint;
    v_other      bigint;
    v_count      bigint;
    v_missing    text;
    v_constraint text;
    v_table      text;
begin
    if v_answer is not null then
        return v_answer::bigint;
    end if;

    perform docket_private.require_project(put_embeddings.project_id);
    perform docket_private.check_embeddings(put_embeddings.embeddings);

    begin
        -- Who brings the first embedding of a model says how long they all are.
        insert into docket.embedding_models (project_id, model, dimensions)
        values (put_embeddings.project_id, put_embeddings.model,
                jsonb_array_length(put_embeddings.embeddings -> 0 -> 'embedding'))
            on conflict on constraint embedding_models_pkey do nothing;

        v_dimensions := (
            select m.dimensions
              from docket.embedding_models as m
             where m.project_id = put_embeddings.project_id
               and m.model = put_embeddings.model);
        v_other := (
            select jsonb_array_length(e.element -> 'embedding')
              from jsonb_array_elements(put_embeddings.embeddings) as e (element)
             where jsonb_array_length(e.element -> 'embedding') <> v_dimensions
             limit 1);

        if v_other is not null then
            raise exception 'an embedding of % numbers, where those of % have %', v_other,
                            quote_literal(left(put_embeddings.model, 100)), v_dimensions
                using errcode = 'PD422';
        end if;

          with given as (
              select distinct on (r.row_id, r.kind, r.context_type, r.chunk)
                     r.row_id, coalesce(r.kind, '') as kind,
                     coalesce(r.context_type, '') as context_type, coalesce(r.chunk, 1) as chunk,
                     r.embedding
                from jsonb_array_elements(put_embeddings.embeddings)
                     with ordinality as e (element, place)
               cross join lateral jsonb_to_record(e.element) as r (
                         row_id uuid, kind text, context_type text, chunk bigint,
                         embedding real[])
               order by r.row_id, r.kind, r.context_type, r.chunk, e.place desc
          ), placed as materialized (
              select g.*, w.task_id, w.knowledge_id, w.said_at, w.is_there
                from given as g
                left join lateral (
                         select t.task_id, null::uuid as knowledge_id,
                                null::timestamptz as said_at, true as is_there
                           from docket.tasks as t
                          where t.task_id    = g.row_id
                            and t.project_id = put_embeddings.project_id
                            and t.archived_at is null
                            and (g.kind not in ('context', 'knowledge', 'interaction')
                                 or g.kind = 'context'
                                    and exists (
                                            select
                                              from docket_private.context_search as s
                                             where s.task_id      = t.task_id
                                               and s.project_id   = t.project_id
                                               and s.context_type = g.context_type))
                          union all
                         select null, k.knowledge_id, null, true
                           from docket.knowledge_base as k
                          where g.kind         = 'knowledge'
                            and k.knowledge_id = g.row_id
                            and k.project_id   = put_embeddings.project_id
                            and k.archived_at is null
                          union all
                         select i.task_id, null, i.created_at, true
                           from docket.ai_interactions as i
                          where g.kind           = 'interaction'
                            and i.interaction_id = g.row_id
                            and i.project_id     = put_embeddings.project_id
                     ) as w on true
          ), put as (
              insert into docket.embeddings as e (
                  row_id, project_id, kind, context_type, chunk, model, embedding, task_id,
                  knowledge_id, said_at)
              select p.row_id, put_embeddings.project_id, p.kind, p.context_type, p.chunk,
                     put_embeddings.model, p.embedding, p.task_id, p.knowledge_id, p.said_at
                from placed as p
               where p.is_there
               order by p.row_id, p.kind, p.context_type, p.chunk
                  on conflict on constraint embeddings_pkey
                  do update set embedding  = excluded.embedding,
                                created_at = excluded.created_at,
                                created_by = excluded.created_by
              returning 1
          )
        select (select count(*) from put),
               (select min(p.kind || ' ' || p.row_id) from placed as p where p.is_there is null)
          into v_count, v_missing;
    exception
        when foreign_key_violation then
            raise exception 'what an embedding is of has been removed meanwhile'
                using errcode = 'PD404';
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name, v_table = table_name;
            raise exception 'embeddings are refused: %',
                            coalesce(docket_private.constraint_text(v_table, v_constraint),
                                     left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    if v_missing is not null then
        raise exception '% does not exist in this project', left(v_missing, 300)
            using errcode = 'PD404';
    end if;

    perform docket_private.remember(request_id, to_jsonb(v_count));
    return v_count;
end;
$$;

comment on function docket.put_embeddings(uuid, text, jsonb, uuid) is
'Stores embeddings, each in the place of the one that was there, for searches by meaning.

`model` is who made them, any name; all of a project''s embeddings by one model have as many numbers
as the first (1 to 16,000). `embeddings` is an array of objects (as many as the setting
max_batch_size) with kind (task, context, knowledge or interaction), row_id (the task, the
context''s task, the document, the interaction), embedding (numbers, not all of them 0) and, where
it is meant, context_type, and chunk, from 1, where a thing has several: the nearest counts. When a
task, a context or a document changes or is put away its embeddings go; missing_embeddings() says
what has none. The same `request_id` again changes nothing.

Embeddings are kept on any server; to search by them it needs the extension "vector". Returns how
many were stored. Raises PD404, PD403, PD413, PD422.';

create function docket.put_embedding(
    project_id   uuid,
    kind         text,
    row_id       uuid,
    model        text,
    embedding    double precision[],
    context_type text   default null,
    chunk        bigint default 1,
    request_id   uuid   default null
) returns docket.embeddings
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_embedding docket.embeddings;
begin
    perform docket.put_embeddings(
        put_embedding.project_id, put_embedding.model,
        jsonb_build_array(jsonb_build_object(
            'kind', put_embedding.kind,
            'row_id', put_embedding.row_id,
            'context_type', put_embedding.context_type,
            'chunk', put_embedding.chunk,
            'embedding', put_embedding.embedding)),
        put_embedding.request_id);

    select e.* into v_embedding
      from docket.embeddings as e
     where e.row_id       = put_embedding.row_id
       and e.project_id   = put_embedding.project_id
       and e.kind         = put_embedding.kind
       and e.context_type = coalesce(put_embedding.context_type, '')
       and e.model        = put_embedding.model
       and e.chunk        = coalesce(put_embedding.chunk, 1);

    return v_embedding;
end;
$$;

comment on function docket.put_embedding(
    uuid, text, uuid, text, double precision[], text, bigint, uuid) is
'Stores one embedding, in the place of the one that was there, for searches by meaning.

`kind` is task, context, knowledge or interaction, `row_id` the task, the context''s task, the
document or the interaction, `model` who made it, any name, `embedding` its numbers,
`context_type` the type of a context, `chunk` which part it is of, from 1, where a thing has
several. As put_embeddings(). The same `request_id` again changes nothing. Returns the embedding.
Raises PD404, PD403, PD422.';

create function docket.missing_embeddings(
    project_id uuid,
    model      text,
    kinds      text[]  default null,
    page_size  integer default 100
) returns table (
    kind         text,
    row_id       uuid,
    context_type text,
    texts        text
)
language sql
stable
begin atomic
      with things (kind, row_id, context_type) as (
          select 'task', t.task_id, ''
            from docket.tasks as t
           where t.project_id = missing_embeddings.project_id
             and t.archived_at is null
           union all
          select 'knowledge', k.knowledge_id, ''
            from docket.knowledge_base as k
           where k.project_id = missing_embeddings.project_id
             and k.archived_at is null
           union all
          select 'context', t.task_id, c.context_type
            from docket.tasks as t
           cross join lateral docket.latest_contexts(t.task_id) as c
           where t.project_id = missing_embeddings.project_id
             and t.archived_at is null
           union all
          select 'interaction', i.interaction_id, ''
            from docket.ai_interactions as i
           where i.project_id = missing_embeddings.project_id
      ), page as (
          select h.kind, h.row_id, h.context_type
            from things as h
           where (missing_embeddings.kinds is null or h.kind = any (missing_embeddings.kinds))
             and not exists (
                     select
                       from docket.embeddings as e
                      where e.row_id       = h.row_id
                        and e.project_id   = missing_embeddings.project_id
                        and e.kind         = h.kind
                        and e.context_type = h.context_type
                        and e.model        = missing_embeddings.model)
           order by h.kind, h.row_id, h.context_type
           limit least(greatest(missing_embeddings.page_size, 1), 1000)
      )
    select p.kind, p.row_id, p.context_type, left(x.texts, 20000)
      from page as p
     cross join lateral (
               select concat_ws(e'\n', t.title, t.description, t.details, t.test_strategy) as texts
                 from docket.tasks as t
                where p.kind    = 'task'
                  and t.task_id = p.row_id
                union all
               select concat_ws(e'\n', k.title, k.content)
                 from docket.knowledge_base as k
                where p.kind         = 'knowledge'
                  and k.knowledge_id = p.row_id
                union all
               select docket_private.texts_of(c.data)
                 from docket.latest_contexts(p.row_id) as c
                where p.kind         = 'context'
                  and c.context_type = p.context_type
                union all
               select docket_private.interaction_texts(i)
                 from docket.ai_interactions as i
                where p.kind           = 'interaction'
                  and i.interaction_id = p.row_id
           ) as x
     order by p.kind, p.row_id, p.context_type;
end;

comment on function docket.missing_embeddings(uuid, text, text[], integer) is
'What of a project has no embedding by `model` as it now is, with the text to make it of: the first
20,000 characters, without secrets. Once these have theirs, the next call gives the next.

`kinds` narrows it to some of task, context, knowledge and interaction, `page_size` is in rows (1 to
1000). Returns rows as put_embeddings() takes them; context_type is empty but for
contexts. texts may be null: there is nothing in it to read. Raises nothing.';

-- Exact: every embedding of the project by the model is compared. Of 10,000 with 768 numbers each
-- that took 0.3 s on a busy machine.
create function docket_private.find_embeddings(
    project_id uuid,
    kinds      text[],
    model      text,
    embedding  double precision[],
    how_many   integer
) returns table (
    kind         text,
    row_id       uuid,
    context_type text,
    distance     double precision
)
language plpgsql
stable
rows 20
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_dimensions bigint;
    v_schema     name;
begin
    if find_embeddings.embedding is null then
        return;
    end if;

    v_schema := (
        select n.nspname
          from pg_catalog.pg_extension as x
          join pg_catalog.pg_namespace as n on n.oid = x.extnamespace
         where x.extname = 'vector'
           and has_schema_privilege(n.oid, 'usage'));
    if v_schema is null then
        raise exception 'this database can not compare embeddings'
            using errcode = 'PD422',
                  hint    = 'A superuser adds it: create extension vector schema docket_ext. Search by words until then.';
    end if;

    -- Under the policies of docket.embedding_models: a hidden project has none.
    v_dimensions := (
        select m.dimensions
          from docket.embedding_models as m
         where m.project_id = find_embeddings.project_id
           and m.model = find_embeddings.model);
    if v_dimensions is null then
        return;
    end if;

    if v_dimensions <> cardinality(find_embeddings.embedding)
       or not exists (
              select from unnest(find_embeddings.embedding) as e (number) where e.number <> 0)
    then
        raise exception 'not an embedding of % numbers, not all of them 0, as those of % have',
                        v_dimensions, quote_literal(left(find_embeddings.model, 100))
            using errcode = 'PD422';
    end if;

    -- Static SQL could not be there without the extension: format().
    for kind, row_id, context_type, distance in execute format(
        'select e.kind, e.row_id, e.context_type,'
        '       min(e.embedding::%1$I.vector operator(%1$I.<=>) $4::%1$I.vector) as distance'
        '  from docket.embeddings as e'
        ' where e.project_id = $1'
        '   and e.model = $2'
        '   and ($3 is null or e.kind = any ($3))'
        ' group by e.kind, e.row_id, e.context_type'
        ' order by distance, e.kind, e.row_id, e.context_type'
        ' limit $5', v_schema)
    using find_embeddings.project_id, find_embeddings.model, find_embeddings.kinds,
          find_embeddings.embedding, find_embeddings.how_many
    loop
        return next;
    end loop;
exception
    when data_exception then
        raise exception 'the embedding is refused: %', left(sqlerrm, 300)
            using errcode = 'PD422';
end;
$$;

comment on function docket_private.find_embeddings(uuid, text[], text, double precision[], integer) is
    'What of a project is nearest to an embedding, by cosine distance; none where the caller may not see the project, or without an embedding. Raises PD422.';

-- A month of interactions that is dropped leaves its embeddings behind.
create function docket_private.sweep_embeddings(at_most bigint) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kept  timestamptz := (
        select min(p.lower_bound) from docket_private.partitions_of('ai_interactions') as p);
    v_count bigint;
begin
    perform docket_private.require_operator();

      with old as (
          select e.ctid as place
            from docket.embeddings as e
           where e.said_at < v_kept
             and not exists (
                     select
                       from docket.ai_interactions as i
                      where i.interaction_id = e.row_id
                        and i.project_id     = e.project_id
                        and i.created_at     = e.said_at)
           order by e.said_at
           limit sweep_embeddings.at_most
             for update skip locked
      ), gone as (
          delete from docket.embeddings as e
           using old
           where e.ctid = old.place
          returning 1
      )
    select count(*) into v_count from gone;

    return v_count;
end;
$$;

comment on function docket_private.sweep_embeddings(bigint) is
    'A step of maintenance: removes at most so many embeddings of interactions that are kept no longer. Returns how many. Raises PD403.';

revoke all on function docket_private.forget_task_embeddings() from public;
revoke all on function docket_private.forget_context_embeddings() from public;
revoke all on function docket_private.forget_knowledge_embeddings() from public;
revoke all on function docket_private.check_embeddings(jsonb) from public;
revoke all on function docket.put_embeddings(uuid, text, jsonb, uuid) from public;
revoke all on function docket.put_embedding(
    uuid, text, uuid, text, double precision[], text, bigint, uuid) from public;
revoke all on function docket.missing_embeddings(uuid, text, text[], integer) from public;
revoke all on function docket_private.find_embeddings(
    uuid, text[], text, double precision[], integer) from public;
revoke all on function docket_private.sweep_embeddings(bigint) from public;
grant select on docket.embedding_models, docket.embeddings
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function
    docket.put_embeddings(uuid, text, jsonb, uuid),
    docket.put_embedding(
        uuid, text, uuid, text, double precision[], text, bigint, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.missing_embeddings(uuid, text, text[], integer),
    docket_private.find_embeddings(uuid, text[], text, double precision[], integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
