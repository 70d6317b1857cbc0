-- Revert pgdocket:context/search_contexts from pg

begin;

drop function docket.tasks_touching(uuid, text, uuid, integer);
drop function docket_private.tasks_naming(uuid, text[]);
drop function docket_private.path_and_above(text);
drop function docket.search_contexts(uuid, text, text[], text, integer);
drop function docket_private.headline(uuid, text, text);
drop function docket_private.find_contexts(uuid, text, text[]);
drop function docket_private.index_context(docket.task_contexts);
drop function docket_private.paths_of(jsonb);
drop function docket_private.words_of(regconfig, text);
drop function docket_private.texts_of(jsonb);
drop table docket_private.context_search;

commit;
