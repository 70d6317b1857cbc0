-- Deploy pgdocket:knowledge/render_template to pg
-- requires: context/json_schema
-- requires: knowledge/templates
-- requires: projects/require_project

begin;
set local role docket_owner;

-- {{name}} and {{name.part}} stand for variables, \{{name}} for itself. Nothing is executed, and a
-- value is text: what looks like a variable in it stays as it is.
create function docket_private.variable_pattern() returns text
language sql
immutable
parallel safe
begin atomic
    select '(\\?)(\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)[ \t]*\}\})';
end;

comment on function docket_private.variable_pattern() is
    'What a variable looks like in a template: a backslash that takes its meaning away, the whole, its name.';

create function docket_private.variable_names(body text) returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select distinct m.found[3]
          from regexp_matches(
                   variable_names.body, docket_private.variable_pattern(), 'g') as m (found)
         where m.found[1] = ''
         order by 1);
end;
$$;

comment on function docket_private.variable_names(text) is
    'The variables that a text asks for.';

create function docket_private.render_text(
    body      text,
    variables jsonb
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(
                   p.piece || case
                                  when m.found[1] = '' then
                                      render_text.variables #>> string_to_array(m.found[3], '.')
                                  else coalesce(m.found[2], '')
                              end,
                   '' order by p.place)
          from regexp_split_to_table(render_text.body, docket_private.variable_pattern())
               with ordinality as p (piece, place)
          left join regexp_matches(render_text.body, docket_private.variable_pattern(), 'g')
               with ordinality as m (found, place)
            on m.place = p.place);
end;
$$;

comment on function docket_private.render_text(text, jsonb) is
    'A text with values in the place of its variables, which are all there.';

-- In JSON the texts are rendered, not the whole: no value gets out of its quotes. A text that is a
-- variable and nothing else becomes its value, of whatever type.
create function docket_private.render_json(
    body      jsonb,
    variables jsonb
) returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_found text[];
begin
    case jsonb_typeof(render_json.body)
        when 'object' then
            return (
                select coalesce(
                           jsonb_object_agg(
                               e.key,
                               docket_private.render_json(e.value, render_json.variables)),
                           '{}')
                  from jsonb_each(render_json.body) as e);
        when 'array' then
            return (
                select coalesce(
                           jsonb_agg(
                               docket_private.render_json(e.value, render_json.variables)
                               order by e.ordinality),
                           '[]')
                  from jsonb_array_elements(render_json.body) with ordinality as e);
        when 'string' then
            v_found := regexp_match(
                render_json.body #>> '{}', '^' || docket_private.variable_pattern() || '$');
            if v_found[1] = '' then
                return render_json.variables #> string_to_array(v_found[3], '.');
            end if;
            return to_jsonb(docket_private.render_text(
                render_json.body #>> '{}', render_json.variables));
        else
            return render_json.body;
    end case;
end;
$$;

comment on function docket_private.render_json(jsonb, jsonb) is
    'A JSON value whose texts are rendered.';

create function docket_private.texts_in(body jsonb) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(t.text #>> '{}', E'\n')
          from jsonb_path_query(texts_in.body, 'strict $.** ? (@.type() == "string")') as t (text));
end;
$$;

comment on function docket_private.texts_in(jsonb) is
    'All texts of a JSON value, one after the other.';

-- The variables as the template wants them: with the defaults of its schema, judged by it, and none
-- missing that is asked for.
create function docket_private.read_variables(
    template  docket.template_versions,
    variables jsonb
) returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_values  jsonb;
    v_errors  jsonb;
    v_missing text;
begin
    if jsonb_typeof(coalesce(read_variables.variables, '{}')) <> 'object' then
        raise exception 'variables are not a JSON object'
            using errcode = 'PD422';
    end if;

    v_values := coalesce((
        select jsonb_object_agg(p.key, p.value -> 'default')
          from jsonb_each(
                   case jsonb_typeof((read_variables.template).variables -> 'properties')
                       when 'object' then (read_variables.template).variables -> 'properties'
                   end) as p
         where jsonb_typeof(p.value) = 'object'
           and p.value ? 'default'), '{}') || coalesce(read_variables.variables, '{}');

    v_errors := docket_private.schema_errors((read_variables.template).variables, v_values);
    if v_errors <> '[]' then
        raise exception 'the variables are not as the template asks for them: % %',
                        coalesce(nullif(v_errors #>> '{0,path}', ''), 'the whole'),
                        v_errors #>> '{0,message}'
            using errcode = 'PD422',
                  detail  = jsonb_path_query_array(v_errors, '$[0 to 1]')::text,
                  hint    = 'docket.get_template() has the JSON Schema of the variables.';
    end if;

    select string_agg(n.name, ', ' order by n.name) into v_missing
      from unnest(docket_private.variable_names(
               case (read_variables.template).kind
                   when 'workflow'
                       then docket_private.texts_in((read_variables.template).body::jsonb)
                   else (read_variables.template).body
               end)) as n (name)
     where v_values #>> string_to_array(n.name, '.') is null;

    if v_missing is not null then
        raise exception 'variables are missing: %', left(v_missing, 300)
            using errcode = 'PD422',
                  hint    = 'Give a value for each; null is none.';
    end if;

    return v_values;
end;
$$;

comment on function docket_private.read_variables(docket.template_versions, jsonb) is
    'The values of a template''s variables, defaults included. Raises PD422.';

create function docket_private.template_version(
    template_id uuid,
    version     bigint
) returns docket.template_versions
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_template docket.template_versions;
begin
    select v.* into v_template
      from docket.templates as t
      join docket.template_versions as v
        on v.template_id = t.template_id
       and v.project_id = t.project_id
       and v.version = coalesce(template_version.version, t.version)
     where t.template_id = template_version.template_id;

    if not found then
        raise exception 'template % does not exist',
                        coalesce(template_version.template_id::text, 'null')
                        || coalesce(' of version ' || template_version.version, '')
            using errcode = 'PD404',
                  hint    = 'docket.list_templates() lists the templates of a project.';
    end if;

    return v_template;
end;
$$;

comment on function docket_private.template_version(uuid, bigint) is
    'A version of a template, or the one that it has now. Raises PD404.';

create function docket.render_template(
    template_id uuid,
    variables   jsonb  default '{}',
    version     bigint default null
) returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_template docket.template_versions;
    v_values   jsonb;
begin
    v_template := docket_private.template_version(
        render_template.template_id, render_template.version);
    v_values   := docket_private.read_variables(v_template, render_template.variables);

    return case v_template.kind
               when 'workflow'
                   then docket_private.render_json(v_template.body::jsonb, v_values)::text
               else docket_private.render_text(v_template.body, v_values)
           end;
end;
$$;

comment on function docket.render_template(uuid, jsonb, bigint) is
'The text of template `template_id` with values in the place of its variables.

`variables` is an object of values; what its JSON Schema has a default for may be left out. {{name}}
stands for a variable, {{name.part}} for a part of one, \{{name}} for itself; a value that is no
text stands there as JSON. Nothing is executed or quoted, and values are not looked through again.
Of a workflow the texts in its JSON are rendered; one that is a variable and nothing else becomes
its value. `version` is a version of the template (null: the present one). Returns the text. Raises
PD404, PD422 (a variable is missing, or not as its schema says), PD413.';

revoke all on function docket_private.variable_pattern() from public;
revoke all on function docket_private.variable_names(text) from public;
revoke all on function docket_private.render_text(text, jsonb) from public;
revoke all on function docket_private.render_json(jsonb, jsonb) from public;
revoke all on function docket_private.texts_in(jsonb) from public;
revoke all on function docket_private.read_variables(docket.template_versions, jsonb) from public;
revoke all on function docket_private.template_version(uuid, bigint) from public;
revoke all on function docket.render_template(uuid, jsonb, bigint) from public;
grant execute on function docket.render_template(uuid, jsonb, bigint)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
