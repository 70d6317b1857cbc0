-- task-master's two rules give its own answers, over the file as it would stand now.

begin;
select plan(18);

create function pg_temp.import(content text, source_name text default 'f') returns uuid
language sql as $$
    select (docket.import_tasks_json($2, $2, convert_to($1, 'UTF8')) ->> 'project_id')::uuid;
$$;

create function pg_temp.next(project_id uuid, tool text, tag text default null) returns text[]
language sql as $$
    select array(
        select n.reference
          from docket.next_by_rule($1, 'taskmaster-' || $2, $3, 10) as n
         order by n.place);
$$;

create temporary table made as
    select pg_temp.import($$ {"master": {"tasks": [
        {"id": 1, "title": "a", "description": "a", "status": "done", "priority": "low"},
        {"id": 2, "title": "b", "description": "b", "status": "pending", "priority": "high",
         "dependencies": [1]},
        {"id": 3, "title": "c", "description": "c", "status": "pending", "priority": "critical",
         "dependencies": [1]},
        {"id": 4, "title": "d", "description": "d", "status": "pending", "priority": "high",
         "dependencies": [99]},
        {"id": 5, "title": "e", "description": "e", "status": "pending", "priority": "low"}
    ]}, "api": {"tasks": []}} $$) as project_id;

select is(pg_temp.next(m.project_id, 'cli'), '{3,2,5}', 'critical comes before high')
  from made as m;
select is(pg_temp.next(m.project_id, 'mcp'), '{2,3,5}', 'the MCP server does not know critical')
  from made as m;
select is(pg_temp.next(m.project_id, 'cli', 'api'), '{}', 'an empty tag has nothing')
  from made as m;
select is(pg_temp.next(m.project_id, 'mcp', 'none'), '{}', 'nor has one that is not there')
  from made as m;

-- What has changed here counts as the file would say it.
select docket.update_task_status(docket.task_id(m.project_id, '3'), 'cancelled') from made as m;
select is(pg_temp.next(m.project_id, 'cli'), '{2,5}', 'a status set here counts')
  from made as m;
select docket.update_task(docket.task_id(m.project_id, '5'), '{"priority": "critical"}')
  from made as m;
select is(pg_temp.next(m.project_id, 'cli'), '{5,2}', 'a priority set here counts')
  from made as m;
select docket.add_dependency(
           docket.task_id(m.project_id, '5'), docket.task_id(m.project_id, '2')) from made as m;
select is(pg_temp.next(m.project_id, 'cli'), '{2}', 'a dependency added here counts')
  from made as m;
select docket.remove_dependency(
           docket.task_id(m.project_id, '5'), docket.task_id(m.project_id, '2')) from made as m;
select docket.create_task(m.project_id, 'made here', task_key => '6') from made as m;
select is(pg_temp.next(m.project_id, 'mcp'), '{2,5,6}', 'and so does a task that was made here')
  from made as m;
select docket.delete_task(docket.task_id(m.project_id, '2')) from made as m;
select is(pg_temp.next(m.project_id, 'mcp'), '{5,6}', 'one that was put away does not')
  from made as m;

-- Subtasks of what is in progress come first.
create temporary table parts as
    select pg_temp.import($$ {"tasks": [
        {"id": "1", "title": "a", "description": "a", "status": "in-progress", "priority": "low",
         "subtasks": [
            {"id": 1, "title": "x", "status": "done"},
            {"id": 2, "title": "y", "dependencies": [1, "1.1"]},
            {"id": "1.3", "title": "z", "status": "pending", "dependencies": [1]},
            {"id": 4, "title": "w", "status": "pending", "dependencies": [2]}]},
        {"id": "2", "title": "b", "description": "b", "status": "review", "priority": "high",
         "subtasks": [{"id": 1, "title": "q", "status": "done"}]},
        {"id": "3", "title": "c", "description": "c", "status": "in-progress", "priority": "medium",
         "subtasks": [{"id": 1, "title": "r", "status": "pending", "dependencies": ["2.1"]}]}
    ]} $$, 'parts') as project_id;

select is(pg_temp.next(m.project_id, 'cli'), '{1.1.3,1.2}',
          'by the command line a done part of a task in review does not count')
  from parts as m;
select is(pg_temp.next(m.project_id, 'mcp'), '{3.1,1.3,1.2}',
          'by the MCP server it does, and a dotted id is its last part')
  from parts as m;

-- What the command line refuses, it refuses in its words.
select throws_ok(
    format('select docket.next_by_rule(%L, %L)', pg_temp.import($$ {"tasks": [
        {"id": 1, "title": "a", "description": "a", "status": "completed", "priority": "low"}
    ]} $$, 'status'), 'taskmaster-cli'),
    'PD422', 'Invalid task status: completed', 'a status that it does not know');
select throws_ok(
    format('select docket.next_by_rule(%L, %L)', pg_temp.import($$ {"tasks": [
        {"id": 1, "title": "a", "status": "pending", "priority": "low"}
    ]} $$, 'description'), 'taskmaster-cli'),
    'PD422', 'Task description is required', 'a missing description');
select throws_ok(
    format('select docket.next_by_rule(%L, %L)', pg_temp.import($$ {"tasks": [
        {"id": 1, "description": "a", "status": "pending", "priority": "low"}
    ]} $$, 'title'), 'taskmaster-cli'),
    'PD422', 'Task title is required', 'a missing title, though one was made for it here');
select throws_ok(
    format('select docket.next_by_rule(%L, %L)', pg_temp.import($$ {"tasks": [
        {"id": 1, "title": "a", "description": "a", "status": "pending"}
    ]} $$, 'priority'), 'taskmaster-cli'),
    'PD422', 'Invalid task priority: undefined', 'a missing priority');

-- A flat file with stray keys has no tasks for the command line.
create temporary table stray as
    select pg_temp.import($$ {"version": 1, "tasks": [
        {"id": 1, "title": "a", "description": "a", "status": "pending", "priority": "low"}
    ]} $$, 'stray') as project_id;
select is(pg_temp.next(m.project_id, 'cli'), '{}', 'the command line finds no tasks beside a stray key')
  from stray as m;
select is(pg_temp.next(m.project_id, 'mcp'), '{1}', 'the MCP server does')
  from stray as m;

-- A dependency of the file that rows can't hold still keeps its task from being next.
select is(
    pg_temp.next(pg_temp.import($$ {"tasks": [
        {"id": 1, "title": "a", "description": "a", "status": "pending", "priority": "low",
         "dependencies": [2]},
        {"id": 2, "title": "b", "description": "b", "status": "pending", "priority": "low",
         "dependencies": [1]},
        {"id": 3, "title": "c", "description": "c", "status": "pending", "priority": "low",
         "dependencies": [3]}
    ]} $$, 'cycle'), 'cli'),
    '{}', 'what goes round in the file is never next');

select * from finish();
rollback;
