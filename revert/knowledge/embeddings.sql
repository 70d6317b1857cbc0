-- Revert pgdocket:knowledge/embeddings from pg

begin;

drop function docket_private.sweep_embeddings(bigint);
drop function docket_private.find_embeddings(uuid, text[], text, double precision[], integer);
drop function docket.missing_embeddings(uuid, text, text[], integer);
drop function docket.put_embedding(uuid, text, uuid, text, double precision[], text, bigint, uuid);
drop function docket.put_embeddings(uuid, text, jsonb, uuid);
drop function docket_private.check_embeddings(jsonb);
drop trigger knowledge_base_embeddings on docket.knowledge_base;
drop trigger task_contexts_embeddings on docket.task_contexts;
drop trigger tasks_embeddings on docket.tasks;
drop function docket_private.forget_knowledge_embeddings();
drop function docket_private.forget_context_embeddings();
drop function docket_private.forget_task_embeddings();
drop table docket.embeddings;
drop table docket.embedding_models;

commit;
