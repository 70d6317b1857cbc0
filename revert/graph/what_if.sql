-- Revert pgdocket:graph/what_if from pg

begin;

drop function docket.explain_cycle(uuid, uuid);
drop function docket.simulate_completion(uuid[]);

commit;
