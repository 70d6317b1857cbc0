-- Verify pgdocket:exchange/other_formats on pg

begin;

select 'docket_private.foreign_lines(docket_private.foreign_issue[])'::regprocedure;
select 'docket_private.named_issue(json)'::regprocedure;
select 'docket_private.nodes_of(json)'::regprocedure;
select 'docket_private.github_issues(json)'::regprocedure;
select 'docket_private.linear_issues(json)'::regprocedure;
select 'docket_private.markdown_issues(text)'::regprocedure;
select 'docket_private.csv_rows(text)'::regprocedure;
select 'docket_private.csv_issues(text, jsonb)'::regprocedure;

rollback;
