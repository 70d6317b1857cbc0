-- Revert pgdocket:delivery/pull_requests from pg

begin;

drop function docket.list_pull_requests(uuid, text, uuid, integer);
drop function docket.get_pull_request(uuid);
drop function docket.record_pull_request(uuid, text, bigint, jsonb, uuid);
drop table docket.pull_requests;
drop function docket_private.time_pull_request();
drop function docket_private.pull_request_fields();
drop domain docket.merge_method;
drop domain docket.review_status;
drop domain docket.checks_status;
drop domain docket.pull_request_status;

commit;
