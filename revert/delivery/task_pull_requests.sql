-- Revert pgdocket:delivery/task_pull_requests from pg

begin;

drop function docket.list_pull_request_tasks(uuid, uuid, integer);
drop function docket.list_task_pull_requests(uuid, uuid, integer);
drop function docket.unlink_pull_request(uuid, uuid, uuid);
drop function docket.link_pull_request(uuid, uuid, uuid);
drop function docket_private.lock_linked(uuid, uuid);
drop trigger pull_requests_follow_update on docket.pull_requests;
drop function docket_private.follow_merges();
drop table docket.task_pull_requests;
drop function docket_private.follow_pull_request_links();
drop function docket_private.settle_merges(uuid, uuid[]);

commit;
