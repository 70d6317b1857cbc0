-- Revert pgdocket:context/interaction_search from pg

begin;

drop function docket.search_interactions(uuid, text, text, integer);
drop function docket_private.find_interactions(uuid, text);
drop trigger ai_interactions_search_delete on docket.ai_interactions;
drop trigger ai_interactions_search_insert on docket.ai_interactions;
drop function docket_private.forget_interactions();
drop function docket_private.index_interactions();
drop function docket_private.interaction_texts(docket.ai_interactions);
drop trigger partition_policies_of_words on docket.partition_policies;
drop function docket_private.keep_words_as_long();

delete from docket.partition_policies
 where table_name = 'interaction_search';

drop table docket.interaction_search;

commit;
