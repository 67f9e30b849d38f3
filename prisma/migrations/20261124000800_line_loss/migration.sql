-- Line loss by transformer area (docs/analytics.md, "Line loss of transformer areas").

CREATE TABLE loss_area (
  id          text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$'),
  changed_by  text NOT NULL,
  changed_at  timestamptz(3) NOT NULL DEFAULT now()
);
-- Which meter was where when: `sum` meters count what comes in, `user` meters what is sold. Days of the terminal's calendar, `to_day` not
-- included, null: still. A meter is in one area at a time (kept by the import, which alone writes here).
CREATE TABLE loss_area_meter (
  area      text NOT NULL REFERENCES loss_area (id) ON DELETE CASCADE,
  meter_id  integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  role      text NOT NULL CHECK (role IN ('sum', 'user')),
  from_day  date NOT NULL,
  to_day    date CHECK (to_day > from_day),
  PRIMARY KEY (area, meter_id, from_day)
);
CREATE INDEX loss_area_meter_meter ON loss_area_meter (meter_id);

-- Days to be computed: their meters' days or the topology changed. A row goes with the figure that it asked for.
CREATE TABLE area_loss_due (
  area  text NOT NULL REFERENCES loss_area (id) ON DELETE CASCADE,
  day   date NOT NULL,
  PRIMARY KEY (area, day)
);

-- Every figure with the data it saw: `digest` is SHA-256 over all that went in. The same data make no new version. `percent` null: `why_not`.
CREATE TABLE area_loss_day (
  area              text NOT NULL REFERENCES loss_area (id) ON DELETE CASCADE,
  day               date NOT NULL,
  version           integer NOT NULL CHECK (version > 0),
  digest            bytea NOT NULL CHECK (octet_length(digest) = 32),
  supply            numeric,
  feed_in           numeric,
  sales             numeric,
  percent           double precision,
  loss_class        text,
  why_not           text,
  meters_expected   integer NOT NULL,
  meters_with_both  integer NOT NULL,
  estimated_share   double precision NOT NULL,
  diagnosis         jsonb NOT NULL,
  computed_at       timestamptz(3) NOT NULL,
  PRIMARY KEY (area, day, version),
  CHECK ((percent IS NULL) = (why_not IS NOT NULL))
);
