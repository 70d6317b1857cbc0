-- What a task has and what an issue has are one another by the settings of the project.

begin;
select plan(24);

select docket_test.at('2026-01-01 09:00+00');
select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

create function pg_temp.rules(settings jsonb default '{}') returns jsonb
language plpgsql
as $$
begin
    perform docket.update_project(
        docket_test.project_id(), jsonb_build_object('settings', rules.settings));
    return docket_private.linear_rules(docket_test.project_id());
end;
$$;
create function pg_temp.theirs(issue jsonb, settings jsonb default '{}') returns jsonb
language plpgsql
as $$
declare
    v_rules jsonb := pg_temp.rules(theirs.settings);
begin
    return docket_private.linear_theirs(theirs.issue, false, v_rules);
end;
$$;
create function pg_temp.sent(ours jsonb, settings jsonb default '{}') returns jsonb
language plpgsql
as $$
declare
    v_rules jsonb := pg_temp.rules(sent.settings);
begin
    return docket_private.linear_sent(
               '{"title": "T", "description": null, "status": "pending", "priority": 5,
                 "estimate": null, "labels": [], "due_date": null}'::jsonb || sent.ours,
               v_rules);
end;
$$;

-- From Linear.
select is(pg_temp.theirs('{}'), '{}', 'what is not told is not known');
select is(
    pg_temp.theirs('{"description": "", "estimate": null, "dueDate": null, "labels": null}'),
    '{"description": null, "estimate": null, "due_date": null, "labels": []}',
    'what is told to be nothing is');
select is(
    (select array_agg((pg_temp.theirs(jsonb_build_object('priority', n)) ->> 'priority')::integer
                      order by n)
       from generate_series(0, 4) as n),
    '{5,10,8,5,3}', 'priorities are none, urgent, high, medium and low');
select is(
    pg_temp.theirs('{"priority": 0}', '{"linear_priorities": {"0": 1}}') -> 'priority', '1',
    'a project may say what one of them is');
select is(pg_temp.theirs('{"priority": 7}'), '{}', 'one that means nothing here is not known');
select is(
    (select array_agg(pg_temp.theirs(jsonb_build_object(
                          'state', jsonb_build_object('type', k))) ->> 'status' order by k)
       from unnest('{triage,backlog,unstarted,started,completed,canceled,duplicate}'::text[])
            as k),
    '{pending,cancelled,completed,cancelled,in_progress,pending,pending}',
    'each type of a state is a status');
select is(
    pg_temp.theirs('{"state": {"id": "s9", "name": "QA", "type": "started"}}',
                   '{"linear_states": {"review": ["qa"], "blocked": "s9"}}') ->> 'status',
    'blocked', 'its id says more than its name');
select is(
    pg_temp.theirs('{"state": {"id": "s1", "name": "QA", "type": "started"}}',
                   '{"linear_states": {"review": ["qa"], "blocked": "s9"}}') ->> 'status',
    'review', 'and that more than its type');
select is(
    docket_private.linear_theirs('{}', true, pg_temp.rules()), '{"status": "cancelled"}',
    'what is gone is not to be done any more');
select is(
    pg_temp.theirs('{"estimate": 3, "labels": [{"name": "b"}, {"name": "A"}, {"name": "Bug"}]}',
                   '{"linear_estimate_hours": 1.5, "linear_labels": {"Bug": "A"}}'),
    '{"estimate": 4.5, "labels": ["A", "b"]}', 'points are hours, and labels are tags');
select is(
    pg_temp.theirs('{"estimate": 3}', '{"linear_estimate_hours": null}'), '{}',
    'estimates may be left alone');
select is(
    length(pg_temp.theirs(jsonb_build_object('title', repeat('x', 300))) ->> 'title'), 255,
    'a title is as long as titles may be');

-- To Linear.
select is(
    pg_temp.sent('{}'),
    '{"title": "T", "description": null, "state": "unstarted", "priority": 3, "estimate": null,
      "labels": [], "dueDate": null}', 'a task in the words of Linear');
select is(
    (select array_agg((pg_temp.sent(jsonb_build_object('priority', n)) ->> 'priority')::integer
                      order by n)
       from generate_series(1, 10) as n),
    '{4,4,4,3,3,3,2,2,1,1}', 'a priority is the nearest, the more urgent of two, and never none');
select is(
    pg_temp.sent('{"status": "review"}') ? 'state', false, 'a status without a state is not sent');
select is(
    pg_temp.sent('{"status": "review", "labels": ["bug", "x"], "estimate": 5}',
                 '{"linear_states": {"review": "In Review"}, "linear_labels": {"Bug": "bug"},
                   "linear_estimate_hours": 2}') - '{title,description,priority,dueDate}'::text[],
    '{"state": "In Review", "labels": ["Bug", "x"], "estimate": 3}', 'settings go both ways');

-- Settings that say nothing.
select throws_ok(
    format($$ select pg_temp.rules(%L) $$, w.settings), 'PD422', null, w.settings || ' is refused')
  from (values ('{"linear_direction": "up"}'), ('{"linear_teams": "ENG"}'),
               ('{"linear_estimate_hours": 0}'), ('{"linear_priorities": {"1": "high"}}'),
               ('{"linear_policies": {"title": "mine"}}'),
               ('{"linear_policies": {"name": "ours"}}'),
               ('{"linear_states": {"review": 1}}'), ('{"linear_labels": {"Bug": null}}'))
       as w (settings);

select * from finish();
rollback;
