-- Validated, estimated and edited values beside the raw ones, which stay as they came; gaps; what derived figures were before a correction
-- (docs/analytics.md, "Validation and estimation").

-- Every edit of a register value, for ever. `replace` puts `value` in the raw one's place, `reject` takes the raw one out, `withdraw` ends
-- earlier edits. `before`: what held until then, null where nothing did.
CREATE TABLE reading_edit (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz(3) NOT NULL DEFAULT now(),
  meter_id  integer NOT NULL,
  item      integer NOT NULL,
  time      timestamptz(3) NOT NULL,
  kind      text NOT NULL CHECK (kind IN ('replace', 'reject', 'withdraw')),
  value     numeric CHECK ((value IS NOT NULL) = (kind = 'replace')),
  before    numeric,
  who       text NOT NULL CHECK (who <> ''),
  why       text NOT NULL CHECK (why <> '')
);
CREATE INDEX reading_edit_meter ON reading_edit (meter_id, id);
CREATE TRIGGER reading_edit_fixed BEFORE UPDATE OR DELETE ON reading_edit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- The edits in force. `value` null: the raw value is not used.
CREATE TABLE edited_value (
  meter_id  integer NOT NULL,
  time      timestamptz(3) NOT NULL,
  item      integer NOT NULL,
  value     numeric,
  edit      bigint NOT NULL REFERENCES reading_edit (id),
  PRIMARY KEY (meter_id, time, item)
);

-- Readings with the edits in force; what figures are computed from. Few rows are edited: the join is with a small table.
CREATE VIEW reading_current AS
  SELECT r.meter_id, r.time, r.item, CASE WHEN e.edit IS NULL THEN r.value ELSE e.value END AS value,
    CASE WHEN e.edit IS NULL THEN r.quality ELSE 'edited'::reading_quality END AS quality, r.source, r.occurred_at, r.received_at
  FROM reading_value r LEFT JOIN edited_value e ON e.meter_id = r.meter_id AND e.time = r.time AND e.item = r.item
  WHERE e.edit IS NULL OR e.value IS NOT NULL
  UNION ALL
  SELECT e.meter_id, e.time, e.item, e.value, 'edited', 'import', NULL, d.at
  FROM edited_value e JOIN reading_edit d ON d.id = e.edit
  WHERE e.value IS NOT NULL AND NOT EXISTS (SELECT FROM reading_value r WHERE r.meter_id = e.meter_id AND r.time = e.time AND r.item = e.item);

-- Multipliers that no longer hold, each up to the instant it was changed: figures of earlier days keep theirs.
CREATE TABLE meter_ratio (
  meter_id  integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  until_at  timestamptz(3) NOT NULL,
  ct_ratio  numeric(12, 4) NOT NULL,
  pt_ratio  numeric(12, 4) NOT NULL,
  PRIMARY KEY (meter_id, until_at)
);
CREATE FUNCTION meter_ratio_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO meter_ratio (meter_id, until_at, ct_ratio, pt_ratio) VALUES (OLD.id, now(), OLD.ct_ratio, OLD.pt_ratio) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER meter_ratio_changed AFTER UPDATE OF ct_ratio, pt_ratio ON meter FOR EACH ROW
  WHEN ((OLD.ct_ratio, OLD.pt_ratio) IS DISTINCT FROM (NEW.ct_ratio, NEW.pt_ratio)) EXECUTE FUNCTION meter_ratio_changed();

-- Thresholds that differ from the defaults: scope `class/residential` or `meter/000000001001`.
CREATE TABLE vee_threshold (
  scope       text PRIMARY KEY,
  thresholds  jsonb NOT NULL,
  who         text NOT NULL,
  at          timestamptz(3) NOT NULL DEFAULT now()
);

-- One channel's day: what was found, what is best known of every interval. `digits` and `best` are whole digits of the register with
-- `decimals`; `states` has a byte an interval (packages/metering STATES). `day_over`: computed after the day had ended.
CREATE TABLE vee_day (
  meter_id         integer NOT NULL,
  day              date NOT NULL,
  item             integer NOT NULL,
  day_over         boolean NOT NULL,
  decimals         smallint NOT NULL,
  ratio            numeric NOT NULL,
  digits           bigint,
  energy           numeric,
  why_not          text,
  basis            text,
  counts           jsonb NOT NULL,
  estimated_share  double precision NOT NULL,
  complete         boolean NOT NULL,
  may_act          boolean NOT NULL,
  best             integer[] NOT NULL,
  states           bytea NOT NULL,
  gaps             jsonb NOT NULL,
  findings         jsonb NOT NULL,
  periods          jsonb NOT NULL,
  computed_at      timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, day, item)
);

-- Months summed up from the days that are over. Money in CNY to 0.0001.
CREATE TABLE consumption_month (
  meter_id         integer NOT NULL,
  month            date NOT NULL,
  item             integer NOT NULL,
  energy           numeric,
  why_not          text,
  days             integer NOT NULL,
  estimated_share  double precision NOT NULL,
  by_period        jsonb NOT NULL,
  cost             numeric(20, 4),
  not_applied      jsonb NOT NULL,
  may_act          boolean NOT NULL,
  computed_at      timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, month, item)
);

-- Intervals without a usable energy. Open until the values come or the meter's memory ends; then the estimate is final.
CREATE TABLE vee_gap (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter_id       integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  item           integer NOT NULL,
  day            date NOT NULL,
  from_at        timestamptz(3) NOT NULL,
  to_at          timestamptz(3) NOT NULL,
  reason         text NOT NULL,
  method         text,
  refused        text,
  state          text NOT NULL CHECK (state IN ('open', 'filled', 'final')),
  first_seen_at  timestamptz(3) NOT NULL,
  closed_at      timestamptz(3),
  UNIQUE (meter_id, item, from_at, to_at)
);
CREATE INDEX vee_gap_open ON vee_gap (to_at) WHERE state = 'open';
CREATE INDEX vee_gap_day ON vee_gap (meter_id, day, item);

-- What a derived figure was before it was corrected, and what made it change. Written by triggers, whoever computes.
CREATE TABLE figure_history (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz(3) NOT NULL DEFAULT now(),
  meter_id  integer NOT NULL,
  figure    text NOT NULL,
  subject   text NOT NULL,
  before    jsonb NOT NULL,
  after     jsonb NOT NULL,
  cause     jsonb NOT NULL
);
CREATE INDEX figure_history_meter ON figure_history (meter_id, id);
CREATE TRIGGER figure_history_fixed BEFORE UPDATE OR DELETE ON figure_history FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- A figure that simply grows while its day or month runs is no correction.
CREATE FUNCTION figure_corrected() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before jsonb := to_jsonb(OLD) - '{computed_at,meter_id,day,month,item,plan_id}'::text[];
  after jsonb := to_jsonb(NEW) - '{computed_at,meter_id,day,month,item,plan_id}'::text[];
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
CREATE TRIGGER figure_corrected AFTER UPDATE ON daily_energy FOR EACH ROW EXECUTE FUNCTION figure_corrected();
CREATE TRIGGER figure_corrected AFTER UPDATE ON completeness FOR EACH ROW
  WHEN ((OLD.expected, OLD.present, OLD.recollected) IS DISTINCT FROM (NEW.expected, NEW.present, NEW.recollected)) EXECUTE FUNCTION figure_corrected();
CREATE TRIGGER figure_corrected AFTER UPDATE ON vee_day FOR EACH ROW EXECUTE FUNCTION figure_corrected();
CREATE TRIGGER figure_corrected AFTER UPDATE ON consumption_month FOR EACH ROW EXECUTE FUNCTION figure_corrected();
CREATE TRIGGER figure_corrected AFTER UPDATE ON energy_audit FOR EACH ROW EXECUTE FUNCTION figure_corrected();

-- Why a day is computed anew; null: readings came.
ALTER TABLE touched_days ADD COLUMN cause jsonb;
-- Audits of months that were closed when a correction came: noted with the correction, queued after it.
CREATE TABLE audit_due (
  meter_id  integer NOT NULL,
  month     date NOT NULL,
  PRIMARY KEY (meter_id, month)
);
-- A register that a check rejected is read once more although it is there; the row stays, so that it is not ordered again.
ALTER TABLE collection_gap ADD COLUMN again text CHECK (again IN ('due', 'done'));
