-- Day-ahead forecasts of loads, each computation a version with what it saw (docs/analytics.md, "Forecasts of the station").
-- `power` is kW by quarter hour of the local day, or null where the data carry no forecast: `why_not` says why.
CREATE TABLE load_forecast (
  level               text NOT NULL CHECK (level IN ('customer', 'area', 'plant')),
  subject             text NOT NULL,
  day                 date NOT NULL,
  version             integer NOT NULL,
  utc_offset_minutes  smallint NOT NULL,
  method              text,
  power               double precision[],
  why_not             text,
  -- How the chosen candidates did over the days before, and each candidate alone.
  back_test           jsonb,
  seen                jsonb NOT NULL,
  -- SHA-256 over the load it was computed from: the same load makes no new version.
  digest              bytea NOT NULL,
  computed_at         timestamptz(3) NOT NULL,
  PRIMARY KEY (level, subject, day, version),
  CHECK ((power IS NULL) = (why_not IS NOT NULL)),
  CHECK (power IS NULL OR (cardinality(power) = 96 AND method IS NOT NULL AND back_test IS NOT NULL))
);
