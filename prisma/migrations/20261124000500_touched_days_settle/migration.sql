-- What readings touch is put together for a while before it is computed: a day in progress is touched by every report. 'epoch': put
-- together, due now.
ALTER TABLE touched_days ADD COLUMN noted_at timestamptz NOT NULL DEFAULT now();
