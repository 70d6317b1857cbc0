-- Revert pgdocket:delivery/commit_checks from pg

begin;

drop function docket.list_pushes(uuid, text, text, uuid, integer);
drop function docket.list_reviews(uuid, uuid, integer);
drop function docket.list_checks(uuid, text, text, integer);
drop table docket_private.webhook_streams;
drop table docket_private.pull_request_facts;
drop table docket.pushes;
drop table docket.pull_request_reviews;
drop table docket.commit_checks;

commit;
