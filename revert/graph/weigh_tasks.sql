-- Revert pgdocket:graph/weigh_tasks from pg

begin;

drop trigger settings_claim_order on docket.settings;
drop trigger projects_claim_order_update on docket.projects;
drop trigger projects_claim_order_insert on docket.projects;
drop function docket_private.follow_default_claim_order();
drop function docket_private.follow_claim_order();
drop function docket_private.weigh_tasks(uuid);
drop function docket_private.reorder_ready(uuid);

commit;
