-- Entries of lists in other formats are read one by one.

begin;
select plan(4);

select results_eq(
    $$ select c.row_no, c.column_no, c.value
         from docket_private.csv_rows(e'a,"b ""c"", d"\r\n"x\ny",\nlast,') as c
        order by 1, 2 $$,
    $$ values (1::bigint, 1::bigint, 'a'), (1, 2, 'b "c", d'), (2, 1, e'x\ny'), (2, 2, ''),
              (3, 1, 'last'), (3, 2, '') $$,
    'fields of CSV may be quoted, and end lines within');
select results_eq(
    $$ select docket_private.named_issue(v.value)
         from json_array_elements('[1, "A-1", {"number": 2}, {"identifier": "B-2", "id": "x"}]')
              as v (value) $$,
    $$ values ('1'), ('A-1'), ('2'), ('B-2') $$,
    'an issue is named by number, identifier or object');
select results_eq(
    $$ select n.value::text from docket_private.nodes_of('{"nodes": [1, 2]}') as n (value) $$,
    $$ values ('1'), ('2') $$,
    'nodes are elements');
select results_eq(
    $$ select i.issue_id, i.title, i.status, i.parent
         from unnest(docket_private.markdown_issues(
                  e'- [ ] a\n    - [x] b\n      - [ ] c\n- [ ] d <!-- {"key": "k"} -->\n')) as i $$,
    $$ values ('1', 'a', null, null), ('1.1', 'b', 'completed', '1'),
              ('1.1.1', 'c', null, '1.1'), ('k', 'd', null, null) $$,
    'items stand below others by how deep they are');

select * from finish();
rollback;
