-- Verify pgdocket:tasks/search_languages on pg

begin;

select project_id, languages, is_own, changed_at, read_at
  from docket_private.search_languages
 where false;

select 1 / count(*)
  from docket.settings
 where setting_key = 'search_language';

select docket_private.require_language('english');
select 1 / (docket_private.words_asked('{english,simple}', 'cars')
            = to_tsquery('simple', 'car | cars'))::integer;
select 1 / has_function_privilege('docket_reader', 'docket_private.search_languages(uuid)', 'execute')::integer;

select 1 / (count(*) = 3)::integer
  from pg_catalog.pg_trigger
 where tgname in ('projects_search_language_insert', 'projects_search_language_update',
                  'settings_search_language');

rollback;
