-- A template is rendered with values in the place of its variables, and with nothing else.

begin;
select plan(30);

select docket_test.project('one');

select is(docket_private.render_text(w.body, w.variables::jsonb), w.text, w.what)
  from (values ('', '{}', '', 'nothing'),
               ('no variable { {x}} {{1}} {{a b}}', '{}', 'no variable { {x}} {{1}} {{a b}}',
                'what is no name in two braces stays'),
               ('{{a}}{{ b }}-{{a}}', '{"a": "x", "b": "y"}', 'xy-x',
                'names, with blanks or without'),
               ('{{a}}', '{"a": "{{b}}", "b": "y"}', '{{b}}', 'a value is not looked through'),
               ('{{a}} {{b}} {{c}}', '{"a": 1.50, "b": true, "c": ["x", {"y": 1}]}',
                '1.50 true ["x", {"y": 1}]', 'a value that is no text stands there as JSON'),
               ('{{a.b.c}} {{l.0}}', '{"a": {"b": {"c": "deep"}}, "l": ["first"]}', 'deep first',
                'a part of a variable'),
               ('\{{a}} ${{ a }}', '{"a": "x"}', '{{a}} $x', 'a backslash takes the meaning away'),
               ('\\{{a}}', '{"a": "x"}', '\{{a}}', 'once'),
               (E'a\n{{a}}\n', '{"a": "\\1 $& %s '' \" "}', E'a\n\\1 $& %s '' " \n',
                'nothing in a value means anything'))
       as w (body, variables, text, what);
select is(
    docket_private.variable_names('{{b}} {{a.x}} \{{c}} {{b}} {{ d}}'), '{a.x,b,d}'::text[],
    'the variables that are asked for');

select is(docket_private.render_json(w.body::jsonb, w.variables::jsonb), w.json::jsonb, w.what)
  from (values ('{"{{k}}": ["{{a}}", 1, null, {"x": "a {{a}}"}]}', '{"a": "\"}], \"y\": [{"}',
                '{"{{k}}": ["\"}], \"y\": [{", 1, null, {"x": "a \"}], \"y\": [{"}]}',
                'in JSON the texts are rendered, and nothing gets out of them'),
               ('["{{a}}", "\\{{a}}", "{{b}}"]', '{"a": [1, 2], "b": 7}', '[[1, 2], "{{a}}", 7]',
                'a text that is a variable alone becomes its value'),
               ('[]', '{}', '[]', 'nothing'), ('"x"', '{}', '"x"', 'a text'),
               ('{}', '{}', '{}', 'an empty object'))
       as w (body, variables, json, what);

select docket.put_template(
    docket_test.project_id(), 'hello', 'prompt', 'Hello {{name}}, {{times}} times{{end}}',
    '{"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string", "minLength": 2}, "times": {"type": "integer", "default": 3},
        "end": {"default": "!"}}}');
create function pg_temp.rendered(variables jsonb, version bigint default null) returns text
language sql
as $$
    select docket.render_template(
               (docket.get_template(docket_test.project_id(), 'hello')).template_id,
               rendered.variables, rendered.version);
$$;
select is(pg_temp.rendered('{"name": "Ann"}'), 'Hello Ann, 3 times!', 'with its defaults');
select is(pg_temp.rendered('{"name": "Ann", "times": 4, "other": 1}'), 'Hello Ann, 4 times!',
    'or with other values');
select throws_ok(
    format('select pg_temp.rendered(%L)', w.variables), 'PD422', w.message, 'refused: ' || w.what)
  from (values ('[]', 'variables are not a JSON object', 'no object'),
               ('{"name": "Ann", "end": null}', 'variables are missing: end', 'null is none'))
       as w (variables, message, what);
select throws_like(
    format('select pg_temp.rendered(%L)', w.variables),
    'the variables are not as the template asks for them: %', 'refused: ' || w.what)
  from (values ('{}', 'what is required'), ('{"name": 5}', 'another type'),
               ('{"name": "A"}', 'too short a name')) as w (variables, what);
select docket.put_template(docket_test.project_id(), 'hello', 'prompt',
                           'Bye {{name}} {{name}} {{you}}');
select throws_ok(
    $$ select pg_temp.rendered('{"name": 1}') $$, 'PD422', 'variables are missing: you',
    'without a schema all that is asked for is required');
select is(pg_temp.rendered('{"name": 1, "you": 2}'), 'Bye 1 1 2', 'and anything will do');
select is(pg_temp.rendered('{"name": "Ann"}', 1), 'Hello Ann, 3 times!', 'as it was');
select throws_ok($$ select pg_temp.rendered('{}', 9) $$, 'PD404', null, 'in a version there is');
select throws_ok(
    $$ select docket.render_template(gen_random_uuid()) $$, 'PD404', null, 'of what there is');

select docket.put_template(docket_test.project_id(), 'hello', 'workflow',
    '{"name": "W {{x}}", "tasks": [{"title": "{{x}}", "priority": "{{p}}"}]}');
select is(
    pg_temp.rendered('{"x": "a\"b", "p": 7}')::jsonb,
    '{"name": "W a\"b", "tasks": [{"title": "a\"b", "priority": 7}]}',
    'a workflow is JSON before and after');

select docket_test.member('docket_reader', 'reader');
grant execute on function pg_temp.rendered(jsonb, bigint) to public;
set local role docket_reader;
select lives_ok($$ select pg_temp.rendered('{"x": "a", "p": 7}') $$, 'readers render too');
reset role;
set local role docket_agent;
select throws_ok($$ select pg_temp.rendered('{"x": "a", "p": 7}') $$, 'PD404', null,
    'who may not see the project does not');
reset role;

select * from finish();
rollback;
