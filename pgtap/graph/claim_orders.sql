-- urgency(): one number that claims go by.

begin;
select plan(4);

select cmp_ok(
    docket_private.urgency(null, 6::smallint, null), '>',
    docket_private.urgency(null, 5::smallint, 1::bigint << 39),
    'what is more urgent comes first');
select is(
    docket_private.urgency('priority', 5::smallint, 7),
    docket_private.urgency(null, 5::smallint, null),
    'by priority what hangs on a task does not count');
select ok(
    docket_private.urgency('critical_path', 5::smallint, 1::bigint << 39)
    between docket_private.urgency('critical_path', 5::smallint, null) + 1
        and docket_private.urgency('critical_path', 6::smallint, null) - 1,
    'and the greatest weight never outweighs a priority');
select is(
    docket_private.urgency('oldest', 10::smallint, 7), 0::bigint,
    'where age counts, nothing else does');

select * from finish();
rollback;
