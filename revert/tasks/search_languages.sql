-- Revert pgdocket:tasks/search_languages from pg

begin;

drop trigger settings_search_language on docket.settings;
drop trigger projects_search_language_update on docket.projects;
drop trigger projects_search_language_insert on docket.projects;
drop function docket_private.words_asked(text[], text);
drop function docket_private.search_languages(uuid);
drop function docket_private.set_search_languages();
drop function docket_private.set_search_language();
drop function docket_private.require_language(text);
drop table docket_private.search_languages;

delete from docket.settings
 where setting_key = 'search_language';

commit;
