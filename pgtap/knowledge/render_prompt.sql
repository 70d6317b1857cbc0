-- A prompt is rendered as text, the same whenever it is asked for.

begin;
select plan(8);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
           {"task_key": "a", "title": "Say <hello> & \"bye\"", "description": "Two words",
            "acceptance_criteria": ["both are said", {"by": ["me", "you"]}]}]');
create temporary table built as
select (docket.build_prompt_context(docket_test.id('a'))).prompt_build_id;

select is(
    docket.render_prompt(b.prompt_build_id),
    $md$## Task a

### Say <hello> & "bye"

- key: a
- description: Two words

## Acceptance criteria

- both are said
-
  - by:
    - me
    - you$md$, 'as Markdown')
  from built as b;
select is(
    docket.render_prompt(b.prompt_build_id, 'plain'),
    $md$Task a

Say <hello> & "bye"

- key: a
- description: Two words

Acceptance criteria

- both are said
-
  - by:
    - me
    - you$md$, 'as plain text')
  from built as b;
select is(
    docket.render_prompt(b.prompt_build_id, 'xml'),
    $xml$<prompt task="a">
<section name="task">
<item title="Say &lt;hello&gt; &amp; &quot;bye&quot;">- key: a
- description: Two words</item>
</section>
<section name="acceptance">
<item title="Acceptance criteria">- both are said
-
  - by:
    - me
    - you</item>
</section>
</prompt>$xml$, 'as XML')
  from built as b;
select is(
    docket.render_prompt(b.prompt_build_id, 'json')::jsonb,
    (docket.get_prompt_build(b.prompt_build_id)).content, 'and as JSON, which is all of it')
  from built as b;

select docket.update_task(docket_test.id('a'), '{"description": "Three words"}');
select matches(
    docket.render_prompt(b.prompt_build_id), 'Two words', 'it stays as it was built')
  from built as b;

select is(
    docket_private.xml_text(e'a\x01b\tc'), e'a\ufffdb\tc', 'what XML can not hold is replaced');
select throws_ok(
    format('select docket.render_prompt(%L, %L)',
           (select b.prompt_build_id from built as b), 'pdf'),
    'PD422', $$a prompt can not be rendered as 'pdf'$$, 'another format is refused');
select throws_ok(
    $$ select docket.render_prompt('00000000-0000-7000-8000-000000000000') $$,
    'PD404', null, 'and so is a build that is none');

select * from finish();
rollback;
