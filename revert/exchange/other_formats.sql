-- Revert pgdocket:exchange/other_formats from pg

begin;

drop function docket_private.csv_issues(text, jsonb);
drop function docket_private.csv_rows(text);
drop function docket_private.markdown_issues(text);
drop function docket_private.linear_issues(json);
drop function docket_private.github_issues(json);
drop function docket_private.nodes_of(json);
drop function docket_private.named_issue(json);
drop function docket_private.foreign_lines(docket_private.foreign_issue[]);
drop type docket_private.foreign_issue;

commit;
