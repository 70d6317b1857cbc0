-- search_tasks(): the tasks that say what is asked for, the best first, and no text breaks it.

begin;
set local client_min_messages = warning;
select plan(14);

select docket_test.project('one');
select count(*)
  from docket.create_tasks(docket_test.project_id(), '[
      {"task_key": "title", "title": "Cache the tokens", "priority": "high"},
      {"task_key": "description", "title": "Speed", "description": "A token cache for all"},
      {"task_key": "details", "title": "Sundry", "details": "tokens of the cache, at length"},
      {"task_key": "other", "title": "Print invoices", "description": "in colour",
      "tags": ["paper"]},
      {"task_key": "gone", "title": "Cache the tokens no more"}]');
select docket.delete_task(docket_test.id('gone'));

select results_eq(
    $$ select s.task_key from docket.search_tasks(docket_test.project_id(), 'cache tokens') as s $$,
    array['title', 'description', 'details'],
    'what stands in the title counts most, then the description, then the details');
select results_eq(
    $$ select s.task_key from docket.search_tasks(docket_test.project_id(), 'cached token') as s $$,
    array['title', 'description', 'details'],
    'any form of a word will do');
select results_eq(
    $$ select s.task_key
         from docket.search_tasks(docket_test.project_id(), '"token cache"') as s $$,
    array['description'],
    'a phrase in quotes is one');
select results_eq(
    $$ select s.task_key
         from docket.search_tasks(docket_test.project_id(), 'tokens -length -speed') as s $$,
    array['title'],
    'a word with a dash is left out');
select is_empty(
    $$ select from docket.search_tasks(docket_test.project_id(), 'tokens -cache') $$,
    'also where the title alone is like the query');
select set_eq(
    $$ select s.task_key
         from docket.search_tasks(docket_test.project_id(), 'length or colour') as s $$,
    array['details', 'other'],
    '"or" is either');
select results_eq(
    $$ select s.task_key
         from docket.search_tasks(docket_test.project_id(), 'print invoces') as s $$,
    array['other'],
    'a slip in a title is forgiven');
select results_eq(
    $$ select s.task_key from docket.search_tasks(docket_test.project_id(), 'paper') as s $$,
    array['other'],
    'a tag is a word');
select results_eq(
    $$ select s.task_id = docket_test.id('title'), s.title, s.status::text, s.priority::integer,
              s.rank > 0
         from docket.search_tasks(docket_test.project_id(), 'cache', page_size => 1) as s $$,
    $$ values (true, 'Cache the tokens', 'pending', 8, true) $$,
    'a hit says what it is; a page has its size');
select is_empty(
    $$ select from docket.search_tasks(docket_test.project_id(), 'nothing of the sort') $$,
    'what nobody says finds nothing');

select lives_ok(
    $$ select docket.search_tasks(docket_test.project_id(), q.query)
         from unnest(array['', ' ', '"', '''', '!&|():*<->', 'a & | b', '%_\', '\x00', E'\n\t',
                           '''); drop table docket.tasks; --', repeat('word ', 2000)])
              as q (query) $$,
    'any text is a query');
select is_empty(
    $$ select
         from docket.search_tasks(docket_test.project_id(), '''); drop table docket.tasks; --') $$,
    'and only a query');

select docket.update_task(docket_test.id('other'), '{"title": "Print receipts"}');
select is_empty(
    $$ select from docket.search_tasks(docket_test.project_id(), 'invoices') $$,
    'what a task said before finds it no more');

select docket_test.project('two');
select is_empty(
    $$ select from docket.search_tasks(docket_test.project_id(), 'cache') $$,
    'another project is not searched');

select * from finish();
rollback;
