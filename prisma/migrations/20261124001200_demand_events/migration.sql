-- Demand response at a charging site (docs/analytics.md, "The closed loop"): so many kW less than the baseline for a while. The baseline is kept with
-- the days it was computed from and the SHA-256 of their powers; what was reached is read from the validated days.
CREATE TABLE demand_event (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site          text NOT NULL REFERENCES charging_site (id) ON DELETE CASCADE,
  -- The main meters of this customer, area or plant measure the load.
  level         text NOT NULL CHECK (level IN ('customer', 'area', 'plant')),
  subject       text NOT NULL,
  from_at       timestamptz(3) NOT NULL,
  to_at         timestamptz(3) NOT NULL CHECK (to_at > from_at),
  reduction_kw  double precision NOT NULL CHECK (reduction_kw > 0),
  highest       integer NOT NULL,
  of_days       integer NOT NULL,
  -- kW by quarter hour of the event.
  baseline_kw   double precision[] NOT NULL,
  days          text[] NOT NULL,
  digest        bytea NOT NULL CHECK (octet_length(digest) = 32),
  created_by    text NOT NULL,
  created_at    timestamptz(3) NOT NULL,
  withdrawn_by  text,
  withdrawn_at  timestamptz(3),
  CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE INDEX demand_event_site ON demand_event (site, to_at) WHERE withdrawn_at IS NULL;
