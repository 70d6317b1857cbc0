-- Revert pgdocket:exchange/tasks_file from pg

begin;

drop function docket_private.known_time(json);
drop function docket_private.known_priority(json);
drop function docket_private.known_status(json);
drop function docket_private.shown_json(json, text);
drop function docket_private.file_tags(json, text, text);
drop function docket_private.repeated_keys(json, text[], text);
drop function docket_private.other_keys(json, text[], text);
drop function docket_private.refuse_shape(text, text, json);
drop function docket_private.file_shape(json);
drop function docket_private.tag_objects(json);
drop type docket_private.file_tag;
drop type docket_private.oddity;

commit;
