-- Revert pgdocket:tasks/find_tasks from pg

begin;

drop function docket.count_tasks(uuid, text, jsonb);
drop function docket.find_tasks(uuid, jsonb, text, boolean, uuid, integer);
drop function docket_private.tasks_by(uuid, text, jsonb);
drop function docket_private.tasks_that(uuid, jsonb, text, boolean, uuid, integer);
drop function docket_private.task_column(text);
drop function docket_private.task_conditions(uuid, jsonb);
drop function docket_private.filter_text(text, jsonb);

commit;
