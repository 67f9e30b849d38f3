-- Clocks of meters (docs/analytics.md, check 1). `at`: the station's time in the middle of the round trip; of a question in vain when it
-- ended, then with the reason and without a deviation. Deviation: the meter's clock less the station's. Of questions in vain the last stays.
CREATE TABLE meter_clock (
  meter_id       integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  at             timestamptz(3) NOT NULL,
  deviation_s    numeric(12, 3),
  uncertainty_s  numeric(12, 3) CHECK (uncertainty_s > 0),
  reason         text,
  PRIMARY KEY (meter_id, at),
  CHECK ((deviation_s IS NULL) = (uncertainty_s IS NULL) AND (deviation_s IS NULL) = (reason IS NOT NULL))
);

-- A plan of the collection without rows: the horizon is how long a clock that was read is good for, the rhythm how long a vain question rests.
INSERT INTO collection_plan (id, name, freeze_oad, items, interval_minutes, every_seconds, horizon_hours, priority)
VALUES ('meter-clock', 'Clocks of the meters', '40000200', '{}', NULL, 3600, 20, 4);

-- What check 1 of a day has looked at; null: the clock was not known and the check did not run.
ALTER TABLE vee_day ADD COLUMN clock jsonb;

-- A clock read beside a figure is no correction of it: what it changes stands in the findings.
CREATE OR REPLACE FUNCTION figure_corrected() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before jsonb := to_jsonb(OLD) - '{computed_at,meter_id,day,month,item,plan_id,clock}'::text[];
  after jsonb := to_jsonb(NEW) - '{computed_at,meter_id,day,month,item,plan_id,clock}'::text[];
  keys jsonb := to_jsonb(NEW);
  cause text := current_setting('zhuzhan.cause', true);
BEGIN
  IF before = after THEN RETURN NULL; END IF;
  IF TG_TABLE_NAME = 'vee_day' AND NOT (before ->> 'day_over')::boolean THEN RETURN NULL; END IF;
  IF TG_TABLE_NAME = 'consumption_month' AND before -> 'days' <> after -> 'days' AND current_setting('zhuzhan.correction', true) IS DISTINCT FROM 'on' THEN RETURN NULL; END IF;
  IF TG_TABLE_NAME = 'energy_audit' AND before #>> '{report,period,monthOver}' IS DISTINCT FROM 'true' THEN RETURN NULL; END IF;
  IF TG_TABLE_NAME = 'completeness' THEN
    IF OLD.computed_at < (SELECT (OLD.day + 1)::timestamp AT TIME ZONE 'UTC' - make_interval(mins => t.utc_offset_minutes)
      FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = OLD.meter_id) THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO figure_history (meter_id, figure, subject, before, after, cause)
  VALUES (OLD.meter_id, TG_TABLE_NAME,
    concat_ws('/', coalesce(keys ->> 'day', left(keys ->> 'month', 7)), keys ->> 'plan_id', lpad(upper(to_hex((keys ->> 'item')::int)), 8, '0')),
    before, after, coalesce(nullif(cause, ''), '{}')::jsonb);
  RETURN NULL;
END $$;
