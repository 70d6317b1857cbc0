-- Deploy pgdocket:knowledge/render_prompt to pg
-- requires: context/prompt_builds

begin;
set local role docket_owner;

-- JSON as people write it: names and lists, one to a line, each level set in by two spaces. What
-- lies deeper than anybody would read stands there as JSON.
create function docket_private.json_as_text(
    value jsonb,
    depth integer default 0
) returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_indent constant text := repeat('  ', depth);
begin
    if jsonb_typeof(value) not in ('object', 'array') then
        return coalesce(value #>> '{}', 'null');
    end if;

    if depth >= 8 or value in ('{}', '[]') then
        return value::text;
    end if;

    if jsonb_typeof(value) = 'object' then
        return (
            select string_agg(
                       v_indent || '- ' || m.name || ':'
                       || case
                              when jsonb_typeof(m.value) in ('object', 'array')
                                   and m.value not in ('{}', '[]') and depth < 7
                                  then e'\n'
                              else ' '
                          end
                       || docket_private.json_as_text(m.value, depth + 1),
                       e'\n' order by m.ordinal)
              from jsonb_each(value) with ordinality as m (name, value, ordinal));
    end if;

    return (
        select string_agg(
                   v_indent || '-'
                   || case
                          when jsonb_typeof(m.value) in ('object', 'array')
                               and m.value not in ('{}', '[]') and depth < 7
                              then e'\n'
                          else ' '
                      end
                   || docket_private.json_as_text(m.value, depth + 1),
                   e'\n' order by m.ordinal)
          from jsonb_array_elements(value) with ordinality as m (value, ordinal));
end;
$$;

comment on function docket_private.json_as_text(jsonb, integer) is
    'A JSON value as indented lines; `depth` is how far it is set in, a scalar is its bare text.';

-- What XML can not hold, which is most control characters, becomes U+FFFD.
create function docket_private.xml_text(content text) returns text
language sql
immutable
begin atomic
    select replace(replace(replace(replace(
               regexp_replace(
                   xml_text.content, e'[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]', e'\ufffd', 'g'),
               '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;');
end;

comment on function docket_private.xml_text(text) is
    'A text as it may stand in XML, between tags or in an attribute.';

-- Line by line, each with its place: the heading of a section is its item 0.
create function docket_private.prompt_lines(
    content      jsonb,
    section_mark text,
    item_mark    text
) returns table (
    section_no bigint,
    item_no    bigint,
    line       text
)
language sql
immutable
begin atomic
    with sections as (
        select s.ordinal as section_no, s.section ->> 'section' as name,
               s.section -> 'items' as items
          from jsonb_array_elements(prompt_lines.content -> 'sections')
               with ordinality as s (section, ordinal)
    )
    select s.section_no, 0, prompt_lines.section_mark || case s.name
               when 'task' then 'Task ' || (prompt_lines.content ->> 'task')
               when 'acceptance' then 'Acceptance criteria'
               when 'failures' then 'What went wrong before'
               when 'validations' then 'Validations to be passed'
               when 'pull_requests' then 'Pull requests'
               when 'rules' then 'Rules'
               when 'contexts' then 'What is known about it'
               when 'dependencies' then 'What it builds on'
               when 'parents' then 'What it is part of'
               when 'similar' then 'Similar tasks that are finished'
               when 'knowledge' then 'From the documents'
               when 'siblings' then 'In progress beside it'
               else s.name
           end
      from sections as s
     union all
    select s.section_no, i.ordinal,
           case when s.name in ('acceptance', 'rules') then '' else
               prompt_lines.item_mark || (i.item ->> 'title')
               || case when i.item ? 'cut' then ' (cut)' else '' end
               || case when i.item -> 'data' in ('null', '{}', '[]') then '' else e'\n\n' end
           end
           || case when i.item -> 'data' in ('null', '{}', '[]') then ''
                   else docket_private.json_as_text(i.item -> 'data')
              end
      from sections as s
     cross join lateral jsonb_array_elements(s.items) with ordinality as i (item, ordinal);
end;

comment on function docket_private.prompt_lines(jsonb, text, text) is
    'The paragraphs of a prompt, with marks before the headings of its sections and items.';

create function docket.render_prompt(
    prompt_build_id uuid,
    format_type     text default 'markdown'
) returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_content jsonb := (docket.get_prompt_build(prompt_build_id)).content;
begin
    case render_prompt.format_type
        when 'json' then
            return jsonb_pretty(v_content);

        when 'markdown', 'plain' then
            return (
                select string_agg(p.line, e'\n\n' order by p.section_no, p.item_no)
                  from docket_private.prompt_lines(
                           v_content,
                           case render_prompt.format_type when 'markdown' then '## ' else '' end,
                           case render_prompt.format_type when 'markdown' then '### ' else '' end)
                       as p);

        when 'xml' then
            return format(
                e'<prompt task="%s">\n%s\n</prompt>',
                docket_private.xml_text(v_content ->> 'task'),
                coalesce((
                    select string_agg(
                               format(e'<section name="%s">\n%s\n</section>',
                                      docket_private.xml_text(s.section ->> 'section'), (
                                   select string_agg(
                                              format(e'<item title="%s"%s>%s</item>',
                                                     docket_private.xml_text(i.item ->> 'title'),
                                                     case
                                                         when i.item ? 'cut' then ' cut="true"'
                                                         else ''
                                                     end,
                                                     docket_private.xml_text(
                                                         docket_private.json_as_text(
                                                             i.item -> 'data'))),
                                              e'\n' order by i.ordinal)
                                     from jsonb_array_elements(s.section -> 'items')
                                          with ordinality as i (item, ordinal))),
                               e'\n' order by s.ordinal)
                      from jsonb_array_elements(v_content -> 'sections')
                           with ordinality as s (section, ordinal)), ''));

        else
            raise exception 'a prompt can not be rendered as %',
                            coalesce(left(quote_literal(render_prompt.format_type), 100), 'null')
                using errcode = 'PD422',
                      hint    = 'As markdown, plain, json or xml.';
    end case;
end;
$$;

comment on function docket.render_prompt(uuid, text) is
'The text of a prompt that docket.build_prompt_context() built.

`prompt_build_id` is the build; `format_type` is markdown, plain, xml (characters that XML can not
hold become U+FFFD) or json (the content itself, indented). Returns the text: the same whenever it
is asked for. Raises PD404, PD422.';

revoke all on function docket_private.json_as_text(jsonb, integer) from public;
revoke all on function docket_private.xml_text(text) from public;
revoke all on function docket_private.prompt_lines(jsonb, text, text) from public;
revoke all on function docket.render_prompt(uuid, text) from public;
grant execute on function docket.render_prompt(uuid, text)
   to docket_admin, docket_app, docket_agent, docket_reader, docket_auditor;

commit;
