-- Revert pgdocket:context/task_contexts from pg

begin;

delete from docket.settings
 where setting_key = 'max_context_bytes';

drop function docket.set_context_compression(text);
drop table docket.context_contents;
drop table docket.task_contexts;

commit;
