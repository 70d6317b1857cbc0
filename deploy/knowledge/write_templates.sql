-- Deploy pgdocket:knowledge/write_templates to pg
-- requires: knowledge/put_knowledge
-- requires: knowledge/render_template

begin;
set local role docket_owner;

-- Refuses what could never be rendered, when it is written rather than when it is needed.
create function docket_private.check_template(
    kind      text,
    body      text,
    variables jsonb
) returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_body    jsonb;
    v_unknown text;
begin
    perform docket_private.check_document_size(body);

    if check_template.kind = 'workflow' then
        begin
            v_body := check_template.body::jsonb;
        exception
            when data_exception or statement_too_complex then
                raise exception 'the body of a workflow template is not JSON: %', left(sqlerrm, 300)
                    using errcode = 'PD422';
        end;

        if jsonb_typeof(v_body) is distinct from 'object'
           or (v_body - '{name,requirements,tasks}'::text[]) <> '{}'
           or jsonb_typeof(v_body -> 'name') is distinct from 'string'
           or jsonb_typeof(v_body -> 'tasks') is distinct from 'array'
           or jsonb_path_exists(
                  v_body, 'strict $.tasks[*] ? (@.type() != "object")', '{}', true)
        then
            raise exception 'the body of a workflow template has a name and an array of tasks'
                using errcode = 'PD422',
                      hint    = 'Give {"name": "...", "requirements": {...}, "tasks": [{"title": "..."}, ...]}.';
        end if;
    end if;

    -- Only a schema that says what there is can say what there is not.
    if jsonb_typeof(check_template.variables -> 'properties') = 'object' then
        select string_agg(n.name, ', ' order by n.name) into v_unknown
          from unnest(docket_private.variable_names(
                   coalesce(docket_private.texts_in(v_body), check_template.body))) as n (name)
         where not check_template.variables -> 'properties' ? split_part(n.name, '.', 1);
    end if;

    if v_unknown is not null then
        raise exception 'the template has variables that its schema does not: %',
                        left(v_unknown, 300)
            using errcode = 'PD422',
                  hint    = 'Describe them in variables.properties, or write \{{name}} for what is none.';
    end if;
exception
    when statement_too_complex then
        raise exception 'the template is nested too deeply'
            using errcode = 'PD413';
end;
$$;

comment on function docket_private.check_template(text, text, jsonb) is
    'Raises PD422 or PD413 for what can not be a template.';

create function docket.put_template(
    project_id       uuid,
    template_key     text,
    kind             text,
    body             text,
    variables        jsonb  default null,
    title            text   default null,
    description      text   default null,
    tags             text[] default null,
    metadata         jsonb  default null,
    expected_version bigint default null,
    request_id       uuid   default null
) returns docket.templates
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer     jsonb := docket_private.replay(request_id, 'put_template');
    v_template   docket.templates;
    v_constraint text;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.templates, v_answer);
    end if;

    perform docket_private.require_project(put_template.project_id);

    if coalesce(put_template.kind, '') not in ('prompt', 'code', 'configuration', 'workflow') then
        raise exception '% is no kind of template',
                        coalesce(quote_literal(left(put_template.kind, 100)), 'null')
            using errcode = 'PD422',
                  hint    = 'One of prompt, code, configuration, workflow.';
    end if;

    if jsonb_typeof(coalesce(put_template.variables, '{}')) <> 'object' then
        raise exception 'variables are a JSON Schema object'
            using errcode = 'PD422';
    end if;

    begin
        v_template := row(
            docket_private.new_id(put_template.project_id), put_template.project_id,
            put_template.template_key, put_template.kind,
            coalesce(put_template.title, put_template.template_key), put_template.description,
            put_template.body,
            docket_private.read_schema(coalesce(put_template.variables, '{}')),
            coalesce(put_template.tags, '{}'), null, coalesce(put_template.metadata, '{}'), 1,
            docket.clock(), docket.clock(), docket.principal(), docket.principal());
        perform docket_private.check_template(
            v_template.kind, v_template.body, v_template.variables);

        -- Two who put one template at once follow each other: the second finds the first's.
        insert into docket.templates as t
        select v_template.*
            on conflict on constraint templates_key_key do nothing;

        if found then
            perform docket_private.require_version(
                'template ' || left(put_template.template_key, 100), 0,
                put_template.expected_version);
        else
            perform docket_private.require_version(
                        'template ' || left(t.template_key, 100), t.version,
                        put_template.expected_version)
               from docket.templates as t
              where t.project_id = put_template.project_id
                and t.template_key = put_template.template_key
                for no key update;

            update docket.templates as t
               set kind        = v_template.kind,
                   title       = v_template.title,
                   description = v_template.description,
                   body        = v_template.body,
                   variables   = v_template.variables,
                   tags        = v_template.tags,
                   archived_at = null,
                   metadata    = v_template.metadata
             where t.project_id = put_template.project_id
               and t.template_key = put_template.template_key;
        end if;
    exception
        when check_violation or not_null_violation or data_exception then
            get stacked diagnostics v_constraint = constraint_name;
            raise exception 'template % is refused: %',
                            coalesce(quote_literal(left(put_template.template_key, 100)),
                                     'without a key'),
                            coalesce(
                                docket_private.constraint_text('templates', v_constraint),
                                left(sqlerrm, 300))
                using errcode = 'PD422';
    end;

    select t.* into v_template
      from docket.templates as t
     where t.project_id = put_template.project_id
       and t.template_key = put_template.template_key;

    perform docket_private.remember(request_id, to_jsonb(v_template));
    return v_template;
end;
$$;

comment on function docket.put_template(
    uuid, text, text, text, jsonb, text, text, text[], jsonb, bigint, uuid) is
'Puts a template into a project: a new one, or the next version of the one with this key. The same
again makes no version; one that was put away is in use again.

`template_key` names it, `kind` is prompt, code, configuration or workflow, `body` its text (up to
the setting max_document_bytes), in which {{name}} stands for a variable and \{{name}} for itself.
The body of a workflow is a JSON object with name, requirements and tasks, as create_tasks() takes
them; a task_key in it is a name within the template, for depends_on and parent. `variables` is a
JSON Schema of the object of variables, with defaults (null: any); where it has properties, the body
may ask for these only. `title` is the key unless given, `description` says what it is good for,
`tags` are words, `metadata` an object. All of it is replaced: what is left out is empty.
`expected_version` is the version that the caller has read, 0 for none. The same `request_id` again
returns the first answer. Returns the template. Raises PD404, PD403, PD413, PD422, PDVER.';

create function docket.archive_template(
    template_id uuid,
    request_id  uuid default null
) returns docket.templates
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer   jsonb := docket_private.replay(request_id, 'archive_template');
    v_template docket.templates;
begin
    if v_answer is not null then
        return jsonb_populate_record(null::docket.templates, v_answer);
    end if;

    perform docket_private.require_project(
        (docket_private.template_version(archive_template.template_id, null)).project_id);

    update docket.templates as t
       set archived_at = coalesce(t.archived_at, docket.clock())
     where t.template_id = archive_template.template_id
    returning t.* into v_template;

    perform docket_private.remember(request_id, to_jsonb(v_template));
    return v_template;
end;
$$;

comment on function docket.archive_template(uuid, uuid) is
'Puts template `template_id` away: it is not listed any more, and what it was used for stays.
put_template() brings it back. The same `request_id` again returns the first answer. Returns the
template. Raises PD404, PD403.';

create function docket.get_template(
    project_id   uuid,
    template_key text,
    version      bigint default null
) returns docket.templates
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_template docket.templates;
begin
    select t.template_id, t.project_id, t.template_key, v.kind, v.title, v.description, v.body,
           v.variables, v.tags, v.archived_at, v.metadata, v.version, t.created_at, v.created_at,
           t.created_by, v.created_by
      into v_template
      from docket.templates as t
      join docket.template_versions as v
        on v.template_id = t.template_id
       and v.project_id = t.project_id
       and v.version = coalesce(get_template.version, t.version)
     where t.project_id = get_template.project_id
       and t.template_key = get_template.template_key;

    if not found then
        raise exception 'template % does not exist',
                        coalesce(quote_literal(left(get_template.template_key, 100)), 'null')
                        || coalesce(' of version ' || get_template.version, '')
            using errcode = 'PD404',
                  hint    = 'docket.list_templates() lists the templates of a project.';
    end if;

    return v_template;
end;
$$;

comment on function docket.get_template(uuid, text, bigint) is
'A template of a project, by its `template_key`: as it is now, or as `version` was. Returns the
template. Raises PD404.';

create function docket.list_templates(
    project_id       uuid,
    kind             text    default null,
    tags_all         text[]  default null,
    include_archived boolean default false,
    after            text    default null,
    page_size        integer default 100
) returns setof docket.templates
language sql
stable
begin atomic
    select t.*
      from docket.templates as t
     where t.project_id = list_templates.project_id
       and (list_templates.kind is null or t.kind = list_templates.kind)
       and (list_templates.tags_all is null or t.tags @> list_templates.tags_all)
       and (list_templates.include_archived or t.archived_at is null)
       and (list_templates.after is null or t.template_key > list_templates.after)
     order by t.template_key
     limit least(greatest(list_templates.page_size, 1), 1000);
end;

comment on function docket.list_templates(uuid, text, text[], boolean, text, integer) is
'The templates of a project that meet every condition given, by key.

`kind` is their kind, `tags_all` tags that they have all of, `include_archived` adds those that were
put away. `after` is the template_key of the last template of the previous page, `page_size` is in
rows (1 to 1000). Returns templates; raises nothing.';

revoke all on function docket_private.check_template(text, text, jsonb) from public;
revoke all on function docket.put_template(
    uuid, text, text, text, jsonb, text, text, text[], jsonb, bigint, uuid) from public;
revoke all on function docket.archive_template(uuid, uuid) from public;
revoke all on function docket.get_template(uuid, text, bigint) from public;
revoke all on function docket.list_templates(uuid, text, text[], boolean, text, integer)
  from public;
grant execute on function
    docket.put_template(
        uuid, text, text, text, jsonb, text, text, text[], jsonb, bigint, uuid),
    docket.archive_template(uuid, uuid)
   to docket_admin, docket_app, docket_agent;
grant execute on function
    docket.get_template(uuid, text, bigint),
    docket.list_templates(uuid, text, text[], boolean, text, integer)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
