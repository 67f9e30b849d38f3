-- How much each customer's use looks tampered with, night by night (docs/analytics.md, "Anomalies"). Scores and cohorts of runs
-- that ended over 30 days ago are deleted by the night's run; the runs stay.
CREATE TABLE anomaly_run (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The last local day that is judged.
  day           date NOT NULL,
  nightly       boolean NOT NULL,
  requested_by  text NOT NULL,
  state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done')),
  -- The last cohort that is stored; 0 before the first.
  cursor        integer NOT NULL DEFAULT 0,
  -- Meters; null before the cohorts are made.
  total         integer,
  done          integer NOT NULL DEFAULT 0,
  scored        integer NOT NULL DEFAULT 0,
  cases         integer NOT NULL DEFAULT 0,
  -- Of the model the run began with, and the score from which it opens cases; null: it opens none.
  model_digest  text,
  case_score    double precision,
  created_at    timestamptz(3) NOT NULL,
  started_at    timestamptz(3),
  updated_at    timestamptz(3) NOT NULL,
  ended_at      timestamptz(3),
  CHECK ((ended_at IS NOT NULL) = (state = 'done'))
);
CREATE UNIQUE INDEX anomaly_run_open ON anomaly_run (day) WHERE state <> 'done';
CREATE UNIQUE INDEX anomaly_run_nightly ON anomaly_run (day) WHERE nightly;

-- Customers judged together: what they have in common on a day is nobody's doing. Made once, when the run begins.
CREATE TABLE anomaly_cohort (
  run_id     bigint NOT NULL REFERENCES anomaly_run (id) ON DELETE CASCADE,
  number     integer NOT NULL,
  -- The loss area all of them are in; null: meters of no area or of small ones, in the order of their addresses.
  area       text,
  meter_ids  integer[] NOT NULL,
  -- SHA-256 over the digests of the meters' data.
  digest     bytea CHECK (octet_length(digest) = 32),
  PRIMARY KEY (run_id, number)
);

CREATE TABLE anomaly_score (
  run_id            bigint NOT NULL REFERENCES anomaly_run (id) ON DELETE CASCADE,
  meter_id          integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  cohort            integer NOT NULL,
  area              text,
  score             double precision CHECK (score BETWEEN 0 AND 1),
  why_not           text,
  -- kWh a month, and the kWh a day it comes from, over so many days with readings.
  recoverable_kwh   double precision CHECK (recoverable_kwh >= 0),
  expected_kwh_day  double precision,
  counted_kwh_day   double precision,
  days              integer,
  completeness      double precision NOT NULL,
  taken_out         jsonb NOT NULL,
  model_digest      text NOT NULL,
  -- SHA-256 over the meter's own measured quarter hours as they were used.
  digest            bytea NOT NULL CHECK (octet_length(digest) = 32),
  computed_at       timestamptz(3) NOT NULL,
  PRIMARY KEY (run_id, meter_id),
  CHECK ((score IS NULL) = (why_not IS NOT NULL)),
  CHECK ((score IS NULL) = (recoverable_kwh IS NULL))
);
CREATE INDEX anomaly_score_recoverable ON anomaly_score (run_id, coalesce(recoverable_kwh, -1) DESC, coalesce(score, -1) DESC, (-meter_id::float8) DESC);
CREATE INDEX anomaly_score_score ON anomaly_score (run_id, coalesce(score, -1) DESC, coalesce(recoverable_kwh, -1) DESC, (-meter_id::float8) DESC);
CREATE INDEX anomaly_score_meter ON anomaly_score (meter_id);
