-- Suspicions of theft as cases for people (docs/analytics.md, "Cases"). Nothing acts on them by itself.
CREATE TABLE theft_case (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter_id         integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  state            text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'inspected', 'confirmed', 'cleared')),
  source           text NOT NULL CHECK (source IN ('line-loss', 'score', 'person')),
  why              text NOT NULL CHECK (why <> ''),
  evidence         jsonb NOT NULL DEFAULT '{}',
  score            double precision CHECK (score BETWEEN 0 AND 1),
  -- What could be recovered, kWh; cases are ranked by it.
  recoverable_kwh  numeric CHECK (recoverable_kwh >= 0),
  -- First local day that is suspected, where it is known.
  since            date,
  opened_by        text NOT NULL,
  opened_at        timestamptz(3) NOT NULL,
  decided_at       timestamptz(3),
  CHECK ((decided_at IS NOT NULL) = (state IN ('confirmed', 'cleared')))
);
CREATE UNIQUE INDEX theft_case_one_open ON theft_case (meter_id) WHERE state IN ('open', 'inspected');
CREATE INDEX theft_case_meter ON theft_case (meter_id, decided_at);

-- Every step, for ever: who, why, and what was found.
CREATE TABLE theft_case_step (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id  bigint NOT NULL,
  at       timestamptz(3) NOT NULL,
  state    text NOT NULL,
  who      text NOT NULL CHECK (who <> ''),
  why      text NOT NULL CHECK (why <> '')
);
CREATE INDEX theft_case_step_case ON theft_case_step (case_id, id);
CREATE TRIGGER theft_case_step_fixed BEFORE UPDATE OR DELETE ON theft_case_step FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
