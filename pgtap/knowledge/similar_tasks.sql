-- What a task is like: titles, tags, paths and complexity, in what both have.

begin;
select plan(10);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
      {"task_key": "t", "title": "Add a login page", "tags": ["web", "auth"],
       "affected_files": ["web/login.py"], "complexity_score": 5},
      {"task_key": "same", "title": "Add a login page", "tags": ["auth", "web"],
       "affected_files": ["web/login.py"], "complexity_score": 5, "status": "completed",
       "results": {"took": "a day"}},
      {"task_key": "title", "title": "Add a logout page", "status": "completed"},
      {"task_key": "tag", "title": "Rotate keys", "tags": ["auth", "web"], "status": "completed"},
      {"task_key": "file", "title": "Fix a typo", "affected_files": ["web/login.py"],
       "status": "completed", "complexity_score": 5, "tags": ["web", "auth"]},
      {"task_key": "open", "title": "Add a login page"},
      {"task_key": "far", "title": "Buy milk", "tags": ["home"], "status": "completed"},
      {"task_key": "gone", "title": "Add a login page", "status": "completed"}]');
select docket.delete_task(docket_test.id('gone'));

select is(
    (select string_agg(s.task_key, ',')
       from docket.similar_tasks(docket_test.id('t')) as s),
    'same,file,title', 'the most similar first, of what is completed and in use');
select is(
    (select s.similarity from docket.similar_tasks(docket_test.id('t'), page_size => 1) as s),
    1::numeric, 'the same in all is 1');
select results_eq(
    $$ select s.tags, s.files, s.results
         from docket.similar_tasks(docket_test.id('t'), page_size => 1) as s $$,
    $$ values ('{auth,web}'::text[], '{web/login.py}'::text[], '{"took": "a day"}'::jsonb) $$,
    'what they have in common, and what came of it');
select is(
    (select s.similarity
       from docket.similar_tasks(docket_test.id('open')) as s
      where s.task_key = 'same'),
    round(5.0 / 9, 4), 'what one has and the other has not counts');
select is(
    (select string_agg(s.task_key, ',')
       from docket.similar_tasks(docket_test.id('t'), '{pending}') as s),
    'open', 'of any status');
select is_empty($$ select from docket.similar_tasks(docket_test.id('far')) $$, 'or nothing');
select is_empty($$ select from docket.similar_tasks(gen_random_uuid()) $$, 'nor to nothing');

select docket.create_task(docket_test.project_id(), w.title, task_key => w.key)
  from (values (E'Escape C:\\new \'it\'s\' & (x|y) <-> :*', 'odd'),
               (E'Escape C:\\new \'its\'', 'even')) as w (title, key);
select is(
    (select string_agg(s.task_key, ',')
       from docket.similar_tasks(docket_test.id('odd'), '{pending}') as s),
    'even', 'whatever the title is');

select docket_test.member('docket_reader', 'reader');
set local role docket_reader;
select isnt_empty(
    $$ select from docket.similar_tasks(docket_test.id('t')) $$, 'readers may ask');
reset role;
set local role docket_agent;
select is_empty(
    $$ select from docket.similar_tasks(docket_test.id('t')) $$,
    'who may not see the project finds nothing');
reset role;

select * from finish();
rollback;
