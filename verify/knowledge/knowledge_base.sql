-- Verify pgdocket:knowledge/knowledge_base on pg

begin;

select knowledge_id, project_id, document_key, kind, title, content, language, tags, sources,
       review_at, archived_at, metadata, version, created_at, updated_at, created_by, updated_by
  from docket.knowledge_base
 where false;
select knowledge_id, project_id, version, kind, title, content, language, tags, sources, review_at,
       archived_at, metadata, created_at, created_by
  from docket.knowledge_versions
 where false;
select knowledge_id, project_id, section, title, heading, body, language, search_vector
  from docket_private.knowledge_sections
 where false;
select 1 / count(*)
  from docket_private.markdown_sections('# A heading');
select 'docket_private.markdown_headings(text[])'::regprocedure;
select 'docket_private.html_block_end(text, boolean)'::regprocedure;

rollback;
