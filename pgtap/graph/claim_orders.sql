-- urgency(): one number that claims go by.

begin;
select plan(3);

select docket_test.project('one');
select docket.create_task(docket_test.project_id(), 'A task', task_key => 'a');

select cmp_ok(
    docket_private.urgency(docket_test.project_id(), docket_test.id('a'), 6::smallint), '>',
    docket_private.urgency(docket_test.project_id(), docket_test.id('a'), 5::smallint),
    'what is more urgent comes first');

insert into docket_private.claim_orders (project_id, claim_order)
values (docket_test.project_id(), 'critical_path');
insert into docket_private.task_weights (project_id, task_id, weight)
values (docket_test.project_id(), docket_test.id('a'), (1::bigint << 39));
select ok(
    docket_private.urgency(docket_test.project_id(), docket_test.id('a'), 5::smallint)
    between docket_private.urgency(docket_test.project_id(), gen_random_uuid(), 5::smallint) + 1
        and docket_private.urgency(docket_test.project_id(), gen_random_uuid(), 6::smallint) - 1,
    'and the greatest weight never outweighs a priority');

update docket_private.claim_orders set claim_order = 'oldest';
select is(
    docket_private.urgency(docket_test.project_id(), docket_test.id('a'), 10::smallint), 0::bigint,
    'where age counts, nothing else does');

select * from finish();
rollback;
