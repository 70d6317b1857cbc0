-- Revert pgdocket:knowledge/knowledge_base from pg

begin;

delete from docket.settings
 where setting_key = 'max_document_bytes';

drop table docket_private.knowledge_sections;
drop table docket.knowledge_versions;
drop function docket_private.index_document(docket.knowledge_base);
drop table docket.knowledge_base;
drop function docket_private.keep_knowledge();
drop function docket_private.markdown_sections(text);
drop function docket_private.markdown_headings(text[]);
drop function docket_private.html_block_end(text, boolean);

commit;
