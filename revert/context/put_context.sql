-- Revert pgdocket:context/put_context from pg

begin;

drop function docket.delete_context(uuid, text, bigint, uuid, uuid);
drop function docket.patch_context(uuid, text, jsonb, text, bigint, uuid, uuid);
drop function docket.put_context(uuid, text, jsonb, bigint, uuid, uuid);
drop function docket_private.context_of_json(text, jsonb, boolean, uuid);
drop function docket_private.add_context(
    uuid, uuid, docket.task_contexts, docket.task_contexts, bytea);
drop function docket_private.require_context(uuid, text, jsonb, bigint);
drop function docket_private.require_size(uuid, text, bigint);
drop function docket_private.lock_context(uuid, uuid, text, bigint, uuid);
drop function docket_private.remember_context(uuid, docket.task_contexts);
drop function docket_private.first_answer(jsonb);

commit;
