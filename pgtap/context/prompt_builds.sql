-- Prompts that were built are kept, and tokens are reckoned by a rule that has a name.

begin;
select plan(8);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[{"task_key": "a", "title": "A"}]');

select is(docket.estimate_tokens('four'), 1, 'four bytes are a token');
select is(docket.estimate_tokens('fiver'), 2, 'a part of one counts as one');
select is(docket.estimate_tokens(''), 0, 'nothing is none');
select is(docket.estimate_tokens('€€€€'), 3, 'bytes count, not characters');
select is(
    (select s.value #>> '{}' from docket.settings as s where s.setting_key = 'token_estimator'),
    'bytes/4', 'the rule has a name');

insert into docket.prompt_builds (
    prompt_build_id, project_id, task_id, sections, token_budget, token_estimate, token_estimator,
    included, left_out, content, content_hash, source_hash)
select docket_private.new_id(docket_test.project_id(), i), docket_test.project_id(),
       docket_test.id('a'), '{task}', 100 * i, 1, 'bytes/4', '[]', '[]', '{}', '', ''
  from generate_series(1, 3) as i;

select is(
    array(select b.token_budget from docket.list_prompt_builds(docket_test.id('a')) as b),
    array[300, 200, 100], 'the newest comes first');
select is(
    array(
        select b.token_budget
          from docket.list_prompt_builds(
                   docket_test.id('a'),
                   after     => (
                       select b.prompt_build_id
                         from docket.list_prompt_builds(docket_test.id('a'), page_size => 1) as b),
                   page_size => 1) as b),
    array[200], 'page by page');
select throws_ok(
    $$ select docket.get_prompt_build('00000000-0000-7000-8000-000000000000') $$,
    'PD404', 'prompt build 00000000-0000-7000-8000-000000000000 does not exist',
    'what is not there is named');

select * from finish();
rollback;
