-- Deploy pgdocket:context/context_types to pg
-- requires: context/json_schema
-- requires: platform/audit_seals
-- requires: projects/require_project

begin;
set local role docket_owner;

-- What kinds of context there are, as far as anything is to be said of them: what they have to look
-- like, how large they may be, how long their versions are kept. A type that is not here may
-- be used all the same.
create table docket.context_types (
    context_type_id uuid        not null,
    project_id      uuid,
    context_type    text        not null,
    description     text,
    json_schema     jsonb,
    keep_versions   integer,
    keep_days       integer,
    max_bytes       bigint,
    version         bigint      not null default 1,
    created_at      timestamptz not null default docket.clock(),
    updated_at      timestamptz not null default docket.clock(),
    created_by      text        not null default docket.principal(),
    updated_by      text        not null default docket.principal(),

    constraint context_types_pkey primary key (context_type_id),
    constraint context_types_name_key unique nulls not distinct (project_id, context_type),
    constraint context_types_project_fkey
        foreign key (project_id) references docket.projects on delete cascade,
    constraint context_types_name_bounded check (length(context_type) between 1 and 255),
    constraint context_types_keep_versions_positive check (keep_versions > 0),
    constraint context_types_keep_days_positive check (keep_days > 0),
    constraint context_types_max_bytes_positive check (max_bytes > 0)
);

comment on table docket.context_types is
    'Types of context: what they have to look like, how large they may be, how long their versions are kept.';
comment on column docket.context_types.context_type_id is
    'The type.';
comment on column docket.context_types.project_id is
    'The project whose type it is; null: that of every project which has none of this name.';
comment on column docket.context_types.context_type is
    'Its name.';
comment on column docket.context_types.description is
    'What it is for.';
comment on column docket.context_types.json_schema is
    'What a context of this type has to look like, as a JSON Schema (docket.validate_json()); null: like anything.';
comment on column docket.context_types.keep_versions is
    'How many of the newest versions are kept; null: that decides nothing.';
comment on column docket.context_types.keep_days is
    'For how many days a version is kept after the next has come; null: that decides nothing. With both null every version is kept.';
comment on column docket.context_types.max_bytes is
    'How large a context of this type may be, in bytes, within the setting max_context_bytes.';
comment on constraint context_types_name_bounded on docket.context_types is
    'the name of a type has 1 to 255 characters';
comment on constraint context_types_keep_versions_positive on docket.context_types is
    'at least one version is kept';
comment on constraint context_types_keep_days_positive on docket.context_types is
    'versions are kept for at least a day';
comment on constraint context_types_max_bytes_positive on docket.context_types is
    'a context has at least one byte';

call docket_private.add_touch('docket.context_types');
call docket_private.add_journal('docket.context_types', 'context_type_id');

alter table docket.context_types enable row level security;
alter table docket.context_types force row level security;
create policy context_types_of_visible_projects on docket.context_types
    using (project_id is null
           or project_id = any ((select docket_private.visible_projects())::uuid[]));

insert into docket.context_types (context_type_id, context_type, description)
values (docket_private.new_id(null, 1), 'requirements', 'What has to be achieved.'),
       (docket_private.new_id(null, 2), 'constraints', 'What has to be respected on the way.'),
       (docket_private.new_id(null, 3), 'ai', 'What an agent wants to know again: decisions, findings, plans.'),
       (docket_private.new_id(null, 4), 'status', 'What was said when its status was changed.');

insert into docket.context_types (context_type_id, context_type, description, json_schema)
values (docket_private.new_id(null, 5), 'codebase',
        'Files, modules and symbols that a task is about, and what links them; docket.tasks_touching() finds tasks by their paths.',
        '{"type": "object",
          "properties": {
              "files": {"type": "array", "items": {
                  "anyOf": [{"type": "string"}, {"$ref": "#/$defs/file"}]}},
              "modules": {"type": "array", "items": {"$ref": "#/$defs/named"}},
              "symbols": {"type": "array", "items": {"$ref": "#/$defs/named"}},
              "links": {"type": "array", "items": {
                  "type": "object", "required": ["from", "to"],
                  "properties": {"from": {"type": "string"}, "to": {"type": "string"},
                                 "kind": {"type": "string"}}}}},
          "$defs": {
              "file": {"type": "object", "required": ["path"],
                       "properties": {"path": {"type": "string"}}},
              "named": {"type": "object", "required": ["name"],
                        "properties": {"name": {"type": "string"},
                                       "path": {"type": "string"}}}}}');

-- The project's own type goes before the one that is built in.
create function docket_private.context_type(
    project_id   uuid,
    context_type text
) returns docket.context_types
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type docket.context_types;
begin
    select y.* into v_type
      from docket.context_types as y
     where y.project_id   = context_type.project_id
       and y.context_type = context_type.context_type;

    if not found then
        select y.* into v_type
          from docket.context_types as y
         where y.project_id is null
           and y.context_type = context_type.context_type;
    end if;

    return v_type;
end;
$$;

comment on function docket_private.context_type(uuid, text) is
    'What is said of a type of context in a project; nulls where nothing is.';

create function docket.register_context_type(
    project_id    uuid,
    context_type  text,
    description   text    default null,
    json_schema   jsonb   default null,
    keep_versions integer default null,
    keep_days     integer default null,
    max_bytes     bigint  default null,
    request_id    uuid    default null
) returns docket.context_types
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'register_context_type');
    v_schema     jsonb;
    v_type       docket.context_types;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.context_types, v_answer);
    end if;

    if register_context_type.project_id is null then
        perform docket_private.require_operator();
    else
        perform docket_private.require_project(register_context_type.project_id);
    end if;

    if register_context_type.json_schema is not null then
        v_schema := docket_private.read_schema(register_context_type.json_schema);
    end if;

    begin
        insert into docket.context_types as y (
            context_type_id, project_id, context_type, description, json_schema, keep_versions,
            keep_days, max_bytes)
        values (
            docket_private.new_id(register_context_type.project_id),
            register_context_type.project_id, register_context_type.context_type,
            register_context_type.description, v_schema,
            register_context_type.keep_versions, register_context_type.keep_days,
            register_context_type.max_bytes)
            on conflict on constraint context_types_name_key
            do update set description   = excluded.description,
                          json_schema   = excluded.json_schema,
                          keep_versions = excluded.keep_versions,
                          keep_days     = excluded.keep_days,
                          max_bytes     = excluded.max_bytes
        returning y.* into v_type;
    exception
        when check_violation or not_null_violation then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'the type is refused: %', coalesce(
                                docket_private.constraint_text('context_types', v_constraint),
                                'it needs a name')
                using errcode = 'PD422';
    end;

    perform docket_private.remember(request_id, to_jsonb(v_type));
    return v_type;
end;
$$;

comment on function docket.register_context_type(
    uuid, text, text, jsonb, integer, integer, bigint, uuid) is
'Says what contexts of a type have to look like, how large they may be, and how long their versions
are kept; or says so anew. Versions that are there already are not judged again.

`context_type` is the name, in project `project_id` (null: in all, which an operator may say).
`description` is for people, `json_schema` a JSON Schema as validate_json() takes it,
`keep_versions` and `keep_days` what prune_contexts() leaves: the newest versions, those that were
replaced less than so many days ago, and with both null all; `max_bytes` the largest size. What is
not given is not asked. The same `request_id` again returns the first answer.
Returns the type. Raises PD404, PD403, PD422.';

create function docket.list_context_types(
    project_id uuid,
    after      text    default null,
    page_size  integer default 100
) returns setof docket.context_types
language sql
stable
begin atomic
    select distinct on (y.context_type) y.*
      from docket.context_types as y
     where (y.project_id = list_context_types.project_id or y.project_id is null)
       and y.context_type > coalesce(list_context_types.after, '')
     order by y.context_type, y.project_id nulls last
     limit least(greatest(list_context_types.page_size, 1), 1000);
end;

comment on function docket.list_context_types(uuid, text, integer) is
'The types of context that something is said of, as they count in a project, by name.

`after` is the context_type of the last row of the page before, `page_size` is in rows (1 to 1000).
Returns types; raises nothing.';

revoke all on function docket_private.context_type(uuid, text) from public;
revoke all on function docket.register_context_type(
    uuid, text, text, jsonb, integer, integer, bigint, uuid)
  from public;
revoke all on function docket.list_context_types(uuid, text, integer) from public;
grant select on docket.context_types
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;
grant execute on function docket.register_context_type(
    uuid, text, text, jsonb, integer, integer, bigint, uuid)
   to docket_admin, docket_app;
grant execute on function docket.list_context_types(uuid, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
