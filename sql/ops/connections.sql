-- Who is connected, and what do the connections do?
-- Look for many that are "idle in transaction", or long in it: they hold locks and keep dead rows.
-- Set idle_in_transaction_session_timeout; put PgBouncer before the database where there are many.
select c.*
  from docket.connection_states as c
 order by c.connections desc, c.principal, c.application_name, c.state, c.wait_event_type;
