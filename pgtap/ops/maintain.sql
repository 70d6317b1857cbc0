-- maintain(): what has to be done from time to time, each step bounded, none losing the others.

begin;
select plan(36);

create role tap_maintain_ops in role docket_maintenance;
create role tap_maintain_app in role docket_app;
grant docket_gateway to tap_maintain_ops;

-- Who may, and what may be asked for.
set local role tap_maintain_app;
select throws_ok('select docket.maintain()', '42501', null, 'a client may not');
select throws_ok(
    'select from docket.maintenance_steps for update', '42501', null,
    'nor can it hold a step');
set local role tap_maintain_ops;
select throws_ok(
    'select from docket.maintenance_steps for update', '42501', null,
    'not even an operator holds one but by running it');
select set_config('docket.actor', 'somebody', true);
select throws_ok(
    'select docket.maintain()', 'PD403', null, 'nor may an operator who speaks for another');
select set_config('docket.actor', '', true);
select throws_ok(
    $$ select docket.maintain('{sweep,dance}') $$, 'PD422', 'maintenance has no step "dance"',
    'a step that there is not is refused');
select throws_ok(
    $$ select docket.maintain('{sweep,null}') $$, 'PD422', null, 'so is none');
select is_empty(
    $$ select docket.maintain('{}') $$, 'no steps are none to do');

-- A month that is to go, of which all is sealed or can be.
reset role;
set local role docket_owner;
select docket_test.at('2025-01-15 12:00+00');
select docket_private.ensure_partitions();
select set_config('docket.fake_now', '', true);
reset role;
insert into docket.audit_log (transaction_id, recorded_at, table_name, operation, row_key)
values ('3', '2025-01-30 12:00+00', 'tap', 'insert', 'a'),
       ('3', '2025-01-30 12:01+00', 'tap', 'insert', 'b');
update docket.partition_policies
   set retention = case table_name when 'audit_log' then interval '6 months' end;

create temporary table runs as
select 1 as run, m.* from docket.maintain('{}') as m;
grant all on runs to public;

set local role tap_maintain_ops;
insert into runs select 1, m.* from docket.maintain() as m;
select results_eq(
    'select r.step, r.outcome, r.problem from runs as r',
    $$ values ('tallies', 'done', null::text), ('seal', 'done', null), ('metrics', 'done', null),
              ('samples', 'done', null), ('drop', 'done', null) $$,
    'a call that drops a month does nothing after it, since that locks the journal');
select results_eq(
    $$ select r.done, r.has_more from runs as r where r.step = 'drop' $$,
    'values (1::bigint, true)', 'one month for each call');
reset role;
select results_eq(
    $$ select l.row_key, l.old_values ->> 'rows',
              l.old_values ->> 'hash' = s.months -> '2025-01' ->> 'hash',
              (l.old_values ->> 'seal_id')::bigint = s.seal_id
         from docket.audit_log as l
         join docket.audit_seals as s on s.dropped_month = '2025-01'
        where l.operation = 'drop' $$,
    $$ values ('audit_log_2025_01', '2', true, true) $$,
    'the drop is a row of the journal, with the hash of what went and its seal');
set local role tap_maintain_ops;
select ok(
    (select v.is_intact from docket.verify_audit() as v), 'and what is left is proven');
select is(
    (select sum(m.done)
       from generate_series(1, 4) as n
      cross join docket.maintain(array[format('drop', n)]) as m),
    3::numeric, 'the months after it go with the next calls');

-- A run that has nothing to drop does everything.
insert into runs select 2, m.* from docket.maintain() as m;
select results_eq(
    'select r.step, r.outcome, r.problem from runs as r where r.run = 2',
    $$ values ('tallies', 'done', null::text), ('seal', 'done', null), ('metrics', 'done', null),
              ('samples', 'done', null), ('drop', 'done', null), ('partitions', 'done', null),
              ('analyze', 'done', null), ('requests', 'done', null), ('sessions', 'done', null),
              ('responses', 'done', null), ('contexts', 'done', null), ('prompts', 'done', null),
              ('words', 'done', null), ('searches', 'done', null), ('embeddings', 'done', null),
              ('deliveries', 'done', null), ('alerts', 'done', null),
              ('executions', 'done', null), ('sweep', 'done', null) $$,
    'all steps are done, in their order');
select is_empty(
    $$ select from docket.maintenance_steps as s
        where s.outcome is distinct from 'done'
           or s.problem is not null
           or (s.started_at <= s.finished_at and s.succeeded_at <= docket.clock()) is not true $$,
    'and each says so of its last run');

-- Statistics.
reset role;
update pg_catalog.pg_class set reltuples = 5000 where oid = 'docket.audit_log_default'::regclass;
set local role tap_maintain_ops;
select is(
    (select m.done from docket.maintain('{analyze}') as m), 1::bigint,
    'a table that has become larger by more than a tenth is analyzed');
reset role;
select ok(
    exists (select from pg_catalog.pg_statistic as s
             where s.starelid = 'docket.audit_log'::regclass and s.stainherit),
    'as a whole');
update pg_catalog.pg_class set reltuples = 5000 where oid = 'docket.audit_log_default'::regclass;
select pg_stat_clear_snapshot();
set local role tap_maintain_ops;
select is(
    (select m.done from docket.maintain('{analyze}') as m), 0::bigint, 'but not every minute');

-- The months ahead.
select docket_test.pass('1 month');
select results_eq(
    'select m.step, m.done from docket.maintain() as m',
    $$ values ('tallies', (select count(*) from docket.tallies)), ('seal', 0), ('metrics', 0),
              ('samples', 0), ('drop', 0), ('partitions', 1) $$,
    'a month later there is one more, after which the call does nothing');
select is(
    (select sum(m.done)
       from generate_series(1, 10) as n
      cross join docket.maintain(array[format('partitions', n)]) as m),
    (select count(*) - 1.0 from docket.partition_policies), 'one in a call, for each table');

-- Leases, in two projects.
reset role;
select set_config('tap.one', docket_test.project('tap-one')::text, true);
select docket.create_task(docket_test.project_id(), 'Task ' || k, task_key => k)
  from unnest(array['a', 'b', 'c']) as k;
select docket.start_task(docket_test.id(k), 'ann', 60) from unnest(array['a', 'b']) as k;
select docket.start_task(docket_test.id('c'), 'ann', 86400);
select set_config('tap.two', docket_test.project('tap-two')::text, true);
select docket.create_task(docket_test.project_id(), 'Task z', task_key => 'z');
select docket.start_task(docket_test.id('z'), 'ann', 60);
select docket_test.pass('2 minutes');
update docket.maintenance_steps set at_most = 2 where step = 'sweep';
set local role tap_maintain_ops;
select results_eq(
    $$ select m.done, m.has_more
         from generate_series(1, 2) as n
        cross join docket.maintain(array[format('sweep', n)]) as m $$,
    'values (2::bigint, true), (1, false)',
    'what has expired is taken back in all projects, so much in a call');
reset role;
select results_eq(
    $$ select t.task_key, t.status::text
         from docket.tasks as t
        where t.project_id in (current_setting('tap.one')::uuid, current_setting('tap.two')::uuid)
        order by t.task_key $$,
    $$ values ('a', 'pending'), ('b', 'pending'), ('c', 'in_progress'), ('z', 'pending') $$,
    'and nothing else');

-- One project in which something is broken.
select docket.start_task(t.task_id, 'ann', 60)
  from docket.tasks as t
 where t.task_key in ('a', 'z')
   and t.project_id in (current_setting('tap.one')::uuid, current_setting('tap.two')::uuid);
create function pg_temp.refuse() returns trigger
language plpgsql
as $$
begin
    if new.project_id = current_setting('tap.one')::uuid and new.outcome = 'lease_expired' then
        raise exception 'broken';
    end if;
    return new;
end;
$$;
create trigger tap_refuse before update on docket.task_attempts
    for each row execute function pg_temp.refuse();
select docket_test.pass('2 minutes');
set local role tap_maintain_ops;
select results_eq(
    $$ select m.outcome, m.done, m.problem from docket.maintain('{sweep}') as m $$,
    $$ values ('failed', 1::bigint, format('project %s: broken', current_setting('tap.one'))) $$,
    'a project that can not be swept keeps no other from it, and is named');
reset role;
drop trigger tap_refuse on docket.task_attempts;

-- Answers to requests.
insert into docket.idempotency_keys (principal, request_id, function_name, created_at)
select 'tap', md5(n::text)::uuid, 'create_task', docket.clock() - make_interval(hours => n)
  from unnest(array[1, 23, 24, 25, 48, 49]) as n;
update docket.maintenance_steps set at_most = 2 where step = 'requests';
set local role tap_maintain_ops;
select results_eq(
    $$ select m.done, m.has_more from docket.maintain('{requests}') as m $$,
    'values (2::bigint, true)', 'old answers are forgotten, so many in a call');
select is((select m.done from docket.maintain('{requests}') as m), 1::bigint, 'until none is left');
reset role;
select is(
    (select count(*) from docket.idempotency_keys as k where k.principal = 'tap'), 3::bigint,
    'those of the last day stay');

-- What agents wanted to have again, and contexts that are kept no longer.
select docket_test.project('keeping');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[{"task_key": "kept", "title": "Kept"}]');
select count(*)
  from docket.register_context_type(docket_test.project_id(), 'log', keep_versions => 1);
select count(*)
  from generate_series(1, 3) as n
 cross join docket.put_context(docket_test.id('kept'), 'log', to_jsonb(n));
select count(*)
  from docket.put_session(
           docket_test.project_id(), 'a', '{}', expires_in => interval '1 minute');
select count(*)
  from docket.put_response(
           docket_test.project_id(), 'a', '{}', expires_in => interval '1 minute');
select docket_test.pass('2 minutes');
set local role tap_maintain_ops;
select is((select m.done from docket.maintain('{sessions}') as m), 1::bigint, 'sessions end');
select is((select m.done from docket.maintain('{responses}') as m), 1::bigint, 'responses too');
select is(
    (select m.done from docket.maintain('{contexts}') as m), 2::bigint,
    'and versions go that their type keeps no longer');
reset role;

-- A step that fails.
update docket.settings set value = '"a while"' where setting_key = 'idempotency_hours';
create temporary table former as
select s.succeeded_at from docket.maintenance_steps as s where s.step = 'requests';
grant select on former to public;
select docket_test.pass('1 minute');
set local role tap_maintain_ops;
insert into runs select 3, m.* from docket.maintain() as m;
select results_eq(
    'select r.step, r.outcome from runs as r where r.run = 3',
    $$ values ('tallies', 'done'), ('seal', 'done'), ('metrics', 'done'), ('samples', 'done'),
              ('drop', 'done'), ('partitions', 'done'), ('analyze', 'done'),
              ('requests', 'failed'), ('sessions', 'done'), ('responses', 'done'),
              ('contexts', 'done'), ('prompts', 'done'), ('words', 'done'),
              ('searches', 'done'), ('embeddings', 'done'), ('deliveries', 'done'),
              ('alerts', 'done'), ('executions', 'done'), ('sweep', 'done') $$,
    'a step that fails keeps no other from being done');
select is(
    (select r.problem from runs as r where r.run = 3 and r.step = 'requests'),
    'invalid input syntax for type integer: "a while"', 'the answer says why');
select is(
    (select r.done from runs as r where r.run = 3 and r.step = 'sweep'), 1::bigint,
    'what was broken for a while is done when it is whole again');
select results_eq(
    $$ select s.outcome::text, s.problem,
              s.succeeded_at = f.succeeded_at, s.finished_at > f.succeeded_at
         from docket.maintenance_steps as s
        cross join former as f
        where s.step = 'requests' $$,
    $$ values ('failed', 'invalid input syntax for type integer: "a while"', true, true) $$,
    'the step says so too, and when it was last done');
select is(
    (select count(*) from docket.maintenance_steps as s where s.outcome = 'done'), 18::bigint,
    'and of the others that they were');

-- Who operates without it.
set local role docket_owner;
select throws_ok(
    $$ update docket.maintenance_steps set at_most = 0 where step = 'sweep' $$, '23514', null,
    'a step does at least one');
set local role tap_maintain_app;
select throws_ok(
    'select from docket.maintenance_steps', '42501', null, 'clients do not see how it went');
set local role docket_metrics;
select throws_ok(
    'select from docket.maintenance_steps', '42501', null, 'nor who collects figures');

select * from finish();
rollback;
