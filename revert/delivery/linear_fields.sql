-- Revert pgdocket:delivery/linear_fields from pg

begin;

drop function docket_private.plan_linear(docket.linear_sync, docket_private.linear_images, jsonb, jsonb, uuid);
drop function docket_private.changed_here_at(uuid, text);
drop function docket_private.linear_column(text);
drop function docket_private.linear_key(text);
drop function docket_private.linear_sent(jsonb, jsonb);
drop function docket_private.linear_theirs(jsonb, boolean, jsonb);
drop function docket_private.linear_status(jsonb, jsonb);
drop function docket_private.linear_ours(docket.tasks);
drop function docket_private.linear_rules(uuid);
drop function docket_private.require_linear_policies(jsonb);

commit;
