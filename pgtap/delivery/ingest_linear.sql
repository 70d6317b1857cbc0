-- Events of Linear come twice and in any order, and leave tasks the same in the end.

begin;
select plan(29);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.update_project(docket_test.project_id(), '{"settings": {
    "linear_teams": ["ENG"], "linear_states": {"review": "In Review"}}}');

-- An issue as Linear tells it, with what differs.
create function pg_temp.issue(id text, told jsonb) returns jsonb
language sql
as $$
    select jsonb_build_object(
        'id', issue.id, 'identifier', 'ENG-' || issue.id, 'number', 1, 'title', 'Add a cart',
        'description', 'As a customer', 'priority', 2, 'priorityLabel', 'High', 'estimate', 3,
        'stateId', 's1',
        'state', '{"id": "s1", "name": "Todo", "type": "unstarted", "color": "#fff"}'::jsonb,
        'team', '{"id": "t1", "key": "ENG", "name": "Engineering"}'::jsonb, 'teamId', 't1',
        'labelIds', '["l1"]'::jsonb, 'labels', '[{"id": "l1", "name": "shop"}]'::jsonb,
        'dueDate', '2026-02-01', 'sortOrder', -12.50, 'somethingNew', '{"kept": true}'::jsonb,
        'createdAt', '2026-01-01T08:00:00.000Z', 'updatedAt', '2026-01-01T08:00:00.000Z')
        || issue.told;
$$;

create function pg_temp.send(
    action text, issue jsonb, updated_from jsonb default null, delivery text default null)
returns docket.webhook_deliveries
language sql
as $$
    select r.*
      from docket.ingest_linear(
               docket_test.project_id(),
               jsonb_strip_nulls(jsonb_build_object(
                   'action', send.action, 'type', 'Issue', 'updatedFrom', send.updated_from,
                   'url', 'https://linear.app/acme/issue/ENG-1',
                   'webhookTimestamp', extract(epoch from clock_timestamp())))
               || jsonb_build_object('data', send.issue),
               send.delivery) as r;
$$;

create function pg_temp.link(id text default '1') returns docket.linear_sync
language sql
as $$
    select s.*
      from docket.linear_sync as s
     where s.project_id = docket_test.project_id()
       and s.issue_id   = link.id;
$$;

create function pg_temp.task(id text default '1') returns docket.tasks
language sql
as $$
    select t.* from docket.get_task((pg_temp.link(task.id)).task_id) as t;
$$;

-- A new issue is a new task.
select is(
    (pg_temp.send('create', pg_temp.issue('1', '{}'))).delivery_status::text, 'processed',
    'an event is taken in');
select results_eq(
    $$ select t.title, t.description, t.status::text, t.priority::integer,
              t.estimated_effort::numeric, t.tags, t.due_at
         from pg_temp.task() as t $$,
    $$ values ('Add a cart', 'As a customer', 'pending', 8, 3::numeric, array['shop'],
               '2026-02-01 00:00+00'::timestamptz) $$,
    'a new issue is a task, with what tasks have of it');
select results_eq(
    $$ select l.identifier, l.url, l.issue - 'url' = pg_temp.issue('1', '{}'), l.direction::text
         from pg_temp.link() as l $$,
    $$ values ('ENG-1', 'https://linear.app/acme/issue/ENG-1', true, 'bidirectional') $$,
    'and all that Linear has of it is kept, known here or not');
select is_empty(
    $$ select * from docket.pending_linear_changes(docket_test.project_id()) $$,
    'what came from there is not sent back');
select is(
    (pg_temp.send('create', pg_temp.issue('2', '{"team": {"key": "OPS"}}'))).delivery_status::text,
    'ignored', 'issues of other teams are none of ours');
select is(
    (select d.delivery_status::text
       from docket.ingest_linear(
                docket_test.project_id(), '{"type": "Comment", "action": "create"}') as d),
    'ignored', 'nor is what is no issue');

-- Changes, in any order.
create function pg_temp.change(at text, told jsonb, updated_from jsonb) returns void
language sql
as $$
    select pg_temp.send(
               'update',
               pg_temp.issue('1', jsonb_build_object('updatedAt', '2026-01-01T' || change.at || 'Z')
                                  || change.told),
               change.updated_from);
$$;
select pg_temp.change('08:10:00', '{"title": "Third", "priority": 1}', '{"priority": 2}');
select pg_temp.change('08:05:00', '{"title": "Third"}', '{"title": "Second"}');
select pg_temp.change('08:04:00', '{"title": "Second"}', '{"title": "Add a cart"}');
select results_eq(
    $$ select t.title, t.priority::integer from pg_temp.task() as t $$,
    $$ values ('Third', 10) $$, 'what was changed later counts');
create temporary table before as select t.version from pg_temp.task() as t;
select pg_temp.change('08:10:00', '{"title": "Third", "priority": 1}', '{"priority": 2}');
select pg_temp.change('08:11:00', '{"title": "Third", "priority": 1}', '{}');
select is((pg_temp.task()).version, (select b.version from before as b),
    'what changes nothing is no change');
select pg_temp.send(
    'update',
    pg_temp.issue('1', '{"title": "Third", "priority": 1, "updatedAt": "2026-01-01T08:12:00Z"}')
    - 'dueDate' - 'estimate', '{"dueDate": "2026-02-01"}');
select results_eq(
    $$ select t.due_at, t.estimated_effort::numeric, l.issue -> 'dueDate'
         from pg_temp.task() as t cross join pg_temp.link() as l $$,
    $$ values (null::timestamptz, 3::numeric, 'null'::jsonb) $$,
    'a field that is absent is empty where the event has changed it, and only there');

-- States.
select pg_temp.change('08:20:00', '{"title": "Third", "priority": 1, "dueDate": null, "state":
    {"id": "s2", "name": "In Review", "type": "started"}}', '{"stateId": "s1"}');
select is((pg_temp.task()).status::text, 'review', 'a state may be a status by its name');
select pg_temp.change('08:30:00', '{"title": "Third", "priority": 0, "dueDate": null, "state":
    {"id": "s4", "name": "Done", "type": "completed"}}', '{"stateId": "s2", "priority": 1}');
select results_eq(
    $$ select t.status::text, t.priority::integer from pg_temp.task() as t $$,
    $$ values ('completed', 5) $$, 'or by its type; no priority is an ordinary one');
select pg_temp.change('08:40:00', '{"title": "Third", "priority": 0, "dueDate": null, "state":
    {"id": "s5", "name": "Dropped", "type": "canceled"}}', '{"stateId": "s4"}');
select is((pg_temp.task()).status::text, 'cancelled',
    'where no way leads at once, one leads through pending');
select pg_temp.change('08:50:00', '{"title": "Third", "priority": 0, "dueDate": null, "assignee":
    {"name": "Ada"}, "state": {"id": "s6", "type": "started"}}', '{"stateId": "s5"}');
select results_eq(
    $$ select t.status::text, t.assigned_to from pg_temp.task() as t $$,
    $$ values ('in_progress', 'Ada') $$, 'who has started it there has it here');

-- Changed on both sides.
select docket.update_task((pg_temp.task()).task_id, '{"title": "Ours", "description": "Ours"}');
select pg_temp.change('08:55:00', '{"title": "Theirs", "priority": 0, "dueDate": null, "assignee":
    {"name": "Ada"}, "state": {"id": "s6", "type": "started"}}', '{"title": "Third"}');
select is((pg_temp.task()).title, 'Ours', 'of two the newer counts: ours');
select pg_temp.change('09:05:00', '{"title": "Later", "priority": 0, "dueDate": null, "assignee":
    {"name": "Ada"}, "state": {"id": "s6", "type": "started"}}', '{"title": "Theirs"}');
select is((pg_temp.task()).title, 'Later', 'or theirs');
select is((pg_temp.task()).description, 'Ours', 'field by field');
select docket.link_linear_issue((pg_temp.task()).task_id, policies => '{"title": "manual"}');
select docket.update_task((pg_temp.task()).task_id, '{"title": "Ours again"}');
select pg_temp.change('09:15:00', '{"title": "Theirs again", "priority": 0, "dueDate": null,
    "assignee": {"name": "Ada"}, "state": {"id": "s6", "type": "started"}}',
    '{"title": "Later"}');
select results_eq(
    $$ select c.field, c.ours, c.theirs, c.agreed, c.ours_changed_at, c.theirs_changed_at
         from docket.list_linear_conflicts(docket_test.project_id()) as c $$,
    $$ values ('title', '"Ours again"'::jsonb, '"Theirs again"'::jsonb, '"Later"'::jsonb,
               '2026-01-01 09:00+00'::timestamptz, '2026-01-01 09:15+00'::timestamptz) $$,
    'what somebody is to decide waits for him');
select is(
    (select l.sync_status
       from docket.list_linear_sync(docket_test.project_id(), status => 'conflict') as l),
    'conflict', 'and is shown as a conflict');

-- What can not be taken.
select docket.require_validation((pg_temp.task()).task_id, 'tests');
select pg_temp.change('09:20:00', '{"title": "Theirs again", "priority": 3, "dueDate": null,
    "assignee": {"name": "Ada"}, "state": {"id": "s4", "type": "completed"}}',
    '{"stateId": "s6", "priority": 0}');
select results_eq(
    $$ select t.status::text, l.receive_error is not null
         from pg_temp.task() as t cross join pg_temp.link() as l $$,
    $$ values ('in_progress', true) $$, 'what a gate holds back is kept, with the reason');
select docket.record_validation((pg_temp.task()).task_id, 'tests', 'passed');
select docket.retry_linear_sync((pg_temp.link()).linear_sync_id);
select results_eq(
    $$ select t.status::text, l.receive_error
         from pg_temp.task() as t cross join pg_temp.link() as l $$,
    $$ values ('completed', null) $$, 'and taken when it is tried again');

-- The end of an issue.
select pg_temp.send('remove', pg_temp.issue('3', '{}'));
select pg_temp.send('create', pg_temp.issue('3', '{}'));
select results_eq(
    $$ select t.status::text, l.removed_at
         from pg_temp.task('3') as t cross join pg_temp.link('3') as l $$,
    $$ values ('cancelled', '2026-01-01 08:00+00'::timestamptz) $$,
    'what was removed stays so, also where that comes first');
select pg_temp.send('update', pg_temp.issue('3', '{"updatedAt": "2026-01-01T08:01:00Z"}'), '{}');
select results_eq(
    $$ select t.status::text, l.removed_at
         from pg_temp.task('3') as t cross join pg_temp.link('3') as l $$,
    $$ values ('pending', null::timestamptz) $$, 'until it is there again');
select pg_temp.send('remove', pg_temp.issue('1', '{"updatedAt": "2026-01-01T09:30:00Z", "state":
    {"type": "completed"}}'));
select is((pg_temp.task()).status::text, 'completed', 'what was completed stays completed');

-- Deliveries.
select results_eq(
    $$ select d.times_received, d.times_processed, d.delivery_status::text
         from generate_series(1, 2) as n
        cross join lateral pg_temp.send(
                  'update', pg_temp.issue('3', '{"number": 2}'), '{}',
                  left('twice', 5 * n)) as d $$,
    $$ values (1, 1, 'processed'), (2, 1, 'processed') $$,
    'a delivery that comes twice is counted');
create temporary table told as
select docket.ingest_linear(docket_test.project_id(), n.payload) as delivery
  from (values ('{"type": "Cycle", "action": "create", "webhookTimestamp": 1}'::jsonb),
               ('{"type": "Cycle", "action": "create", "webhookTimestamp": 2}'::jsonb)) as n (payload);
select results_eq(
    $$ select (t.delivery).times_received from told as t order by 1 $$, array[1, 2],
    'also one without an id, whenever it is sent');
create temporary table failed as
select d.*
  from pg_temp.send('update', pg_temp.issue('3', '{"updatedAt": "2026-01-01T08:30:00Z"}')
                              || '{"dueDate": "soon"}', '{"dueDate": null}') as d;
select results_eq(
    $$ select f.delivery_status::text, l.receive_error is not null
         from failed as f cross join pg_temp.link('3') as l $$,
    $$ values ('processed', true) $$, 'what a task can not have is kept with the link');
create temporary table broken as
select d.* from pg_temp.send('update', pg_temp.issue('3', '{"updatedAt": "never"}')) as d;
select results_eq(
    $$ select b.delivery_status::text, b.error is not null from broken as b $$,
    $$ values ('failed', true) $$, 'what can not be read is kept as failed');
select results_eq(
    $$ select r.delivery_status::text, r.times_processed
         from broken as b
        cross join lateral docket.replay_webhook(b.webhook_delivery_id) as r $$,
    $$ values ('failed', 2) $$, 'and can be replayed');
select throws_ok(
    $$ select docket.ingest_linear(docket_test.project_id(), '[]') $$,
    'PD422', 'this is no delivery of Linear''s', 'what is no event is refused');

select * from finish();
rollback;
