-- Who waits for whose lock?
-- Look at root_pid: the session at the end of the chain. Where it is idle in transaction, its
-- client has forgotten it.
-- Ask its owner to end it, or: select pg_terminate_backend(root_pid).
select b.*
  from docket.blocking_chains as b
 order by b.root_transaction_seconds desc nulls last, b.root_pid, b.depth, b.pid;
