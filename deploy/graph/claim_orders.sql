-- Deploy pgdocket:graph/claim_orders to pg
-- requires: graph/task_nodes
-- requires: platform/settings

begin;
set local role docket_owner;

create domain docket.claim_order as text
    constraint claim_order_known check (value in ('priority', 'critical_path', 'oldest'));

comment on domain docket.claim_order is
    'What a claim takes first: the most urgent; of these, what the most work waits for; or simply what has waited longest.';

-- Few projects are here: a ready task is entered after one look into an empty table.
create table docket_private.claim_orders (
    project_id      uuid               not null,
    claim_order     docket.claim_order not null,
    weighed_version bigint,
    weighed_edges   bigint             not null default 0,
    weighed_at      timestamptz,

    constraint claim_orders_pkey primary key (project_id),
    constraint claim_orders_project_fkey
        foreign key (project_id) references docket.projects on delete cascade
);

comment on table docket_private.claim_orders is
    'The projects whose claims do not go by priority alone. Derived from the setting claim_order.';
comment on column docket_private.claim_orders.project_id is
    'The project.';
comment on column docket_private.claim_orders.claim_order is
    'What its claims take first.';
comment on column docket_private.claim_orders.weighed_version is
    'The version of its graph when its tasks were last weighed; null: never.';
comment on column docket_private.claim_orders.weighed_edges is
    'How many dependencies were looked at then.';
comment on column docket_private.claim_orders.weighed_at is
    'When that was.';

-- Beside the nodes, whose rows whoever completes a task takes in an order of his own.
create table docket_private.task_weights (
    project_id uuid   not null,
    task_id    uuid   not null,
    weight     bigint not null,

    constraint task_weights_pkey primary key (project_id, task_id)
);

comment on table docket_private.task_weights is
    'How much work is done at the earliest when a task and all that waits for it are, in projects of claim order critical_path.';
comment on column docket_private.task_weights.project_id is
    'The project.';
comment on column docket_private.task_weights.task_id is
    'The task.';
comment on column docket_private.task_weights.weight is
    'The longest chain that begins with it, in thousandths of an hour, or of a task where nobody has estimated anything.';

-- Reached by keys that have been let through already, as the nodes are.
call docket_private.add_isolation('docket_private.claim_orders', functions_see_all => true);

alter table docket_private.task_weights enable row level security;
alter table docket_private.task_weights force row level security;
create policy task_weights_by_functions on docket_private.task_weights
    to docket_owner using (true);

-- One number, so that one index serves every order: 0 for all where only age counts, else the
-- priority, in steps that no weight (below 2^40) reaches.
create function docket_private.urgency(
    claim_order text,
    priority    smallint,
    weight      bigint
) returns bigint
language sql
immutable
parallel safe
begin atomic
    select case urgency.claim_order
               when 'oldest' then 0
               when 'critical_path'
                   then (urgency.priority::bigint << 40) + coalesce(urgency.weight, 0)
               else urgency.priority::bigint << 40
           end;
end;

comment on function docket_private.urgency(text, smallint, bigint) is
    'What claims go by before age, the highest first: from the claim order of the project (null: priority), and priority and weight of the task.';

revoke all on function docket_private.urgency(text, smallint, bigint) from public;

commit;
