-- Terminals collect by tasks of their own. Where the time of a task's row is the time of the freeze, a plan may read many meters
-- in one request from the terminal's records before it asks single meters through it.
ALTER TABLE collection_plan ADD COLUMN task_records text CHECK (task_records IN ('started', 'stored'));
UPDATE collection_plan SET task_records = 'stored' WHERE id IN ('day-freeze', 'curve-15min');
