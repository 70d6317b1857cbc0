-- Prompts that nobody sent go after some time, with the pins of what they were made of.

begin;
select plan(16);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'Task ' || k, task_key => k)
  from unnest(array['a', 'b']) as k;

create function pg_temp.build(name text, task text default 'a', attempt_id uuid default null)
returns uuid
language sql
as $$
    insert into docket.prompt_builds (
        prompt_build_id, project_id, task_id, attempt_id, model, sections, token_budget,
        token_estimate, token_estimator, included, left_out, content, content_hash, source_hash)
    values (docket_private.new_id(docket_test.project_id()), docket_test.project_id(),
            docket_test.id(task), attempt_id, name, '{task}', 100, 1, 'bytes/4', '[]', '[]',
            '{"of": "it"}', sha256(name::bytea), '')
    returning prompt_build_id;
$$;

create function pg_temp.kept() returns text[]
language sql
as $$
    select array(select b.model from docket.prompt_builds as b order by b.model);
$$;

create function pg_temp.allow(settings jsonb) returns void
language sql
as $$
    select docket.update_project(
               docket_test.project_id(), jsonb_build_object('settings', settings));
$$;

-- What was sent, what an attempt still works by, and what was only looked at.
select pg_temp.build('plain');
select docket.record_interaction(
           docket_test.id('a'), 'ann', 'chat', true, prompt_build_id => pg_temp.build('sent'));
create temporary table held as
select t.attempt_id from docket.start_task(docket_test.id('b'), 'ann', 86400) as t;
select pg_temp.build('held', 'b', h.attempt_id) from held as h;
select docket.put_context(docket_test.id('a'), 'note', to_jsonb(n)) from generate_series(1, 2) as n;
create temporary table built as
select b.*, docket.put_context(docket_test.id('a'), 'note', '3')
  from docket.build_prompt_context(docket_test.id('a'), sections => '{contexts}',
                                   model => 'built') as b;
select docket.pin_context(docket_test.id('a'), 'note', 2, 'the release');
select docket.pin_context(docket_test.id('a'), 'note', 1, 'the release');
select docket.register_context_type(docket_test.project_id(), 'note', keep_versions => 1);

select is(docket_private.prune_next_prompts(100), 0::bigint, 'what is new stays');
select docket_test.pass('30 days');
select is(docket_private.prune_next_prompts(100), 0::bigint, 'for thirty days');
select docket_test.pass('1 second');
select is(docket_private.prune_next_prompts(100), 2::bigint, 'then goes what nobody has sent');
select is(
    pg_temp.kept(), array['held', 'sent'],
    'not what an interaction names, nor what a running attempt was told');
select is(
    array(
        select format('%s %s', p.version, p.pinned_for)
          from docket.context_pins as p
         order by p.version),
    array['1 the release', '2 the release'],
    'what it was made of is pinned for it no longer, but for whatever else');
select results_eq(
    $$ select l.old_values ->> 'content_hash', l.old_values ->> 'content'
         from docket.audit_log as l
        where l.table_name = 'prompt_builds'
          and l.operation = 'delete'
          and l.old_values ->> 'model' = 'plain' $$,
    $$ values (sha256('plain')::text, '********') $$, 'the journal has its hash');
select throws_ok(
    format('select docket.record_interaction(%L, ''ann'', ''chat'', true, prompt_build_id => %L)',
           docket_test.id('a'), b.prompt_build_id),
    'PD404', null, 'and it can not be said any more that it was sent')
  from built as b;

select docket.fail_task(h.attempt_id, 'gone') from held as h;
select is(docket_private.prune_next_prompts(100), 1::bigint, 'an attempt that is over keeps none');
select docket.purge_task(docket_test.id('a'));
select is(pg_temp.kept(), '{}', 'nor is one kept without its task, sent or not');

-- As many as are asked for, and on from there.
select pg_temp.build(n::text, 'b') from generate_series(1, 5) as n;
select docket_test.pass('40 days');
select docket.record_interaction(
           docket_test.id('b'), 'ann', 'chat', true, prompt_build_id => b.prompt_build_id)
  from docket.prompt_builds as b
 where b.model <> '4';
select pg_temp.build('young', 'b');
select is(
    array(select docket_private.prune_next_prompts(2) from generate_series(1, 4)),
    array[0, 1, 0, 0]::bigint[], 'in each call the next, whatever becomes of them');
select is(
    (select r.next_after = b.prompt_build_id
       from docket_private.maintenance_rounds as r, docket.prompt_builds as b
      where r.step = 'prompts'
        and b.model = '2'), true, 'and behind the last that is old from the beginning');

-- A project's own time.
select pg_temp.allow('{"prompt_build_days": 2}');
select docket_test.pass('3 days');
select is(
    (select sum(docket_private.prune_next_prompts(100)) from generate_series(1, 2)), 1::numeric,
    'a project may keep them for less');
select pg_temp.build('quick', 'b');
select pg_temp.allow('{"prompt_build_days": 0}');
select is(docket_private.prune_next_prompts(100), 0::bigint,
          'not for less than the same prompt is given again');
select docket_test.pass('1 hour 1 second');
select is(docket_private.prune_next_prompts(100), 1::bigint, 'which is an hour');
select pg_temp.build('for ever', 'b');
select pg_temp.allow('{"prompt_build_days": null}');
select docket_test.pass('10 years');
select is(docket_private.prune_next_prompts(100), 0::bigint, 'or for ever');
select lives_ok(
    $$ select pg_temp.allow(s), docket_private.prune_next_prompts(100)
         from unnest('{"{\"prompt_build_days\": \"soon\"}", "{\"prompt_build_days\": -1e300}",
                       "{\"prompt_build_days\": 1e300, \"prompt_cache_seconds\": 1e300}",
                       "{\"prompt_cache_seconds\": []}"}'::jsonb[]) as s $$,
    'whatever it sets');

select * from finish();
rollback;
