-- Meters that were exchanged (docs/analytics.md, "Meter exchange"). `registers`: by item, as read at that moment before ratios: the old meter's last, the new one's first.
CREATE TABLE meter_exchange (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz(3) NOT NULL,
  old_meter   integer NOT NULL REFERENCES meter (id),
  new_meter   integer NOT NULL REFERENCES meter (id) CHECK (new_meter <> old_meter),
  registers   jsonb NOT NULL,
  who         text NOT NULL CHECK (who <> ''),
  why         text NOT NULL CHECK (why <> ''),
  entered_at  timestamptz(3) NOT NULL DEFAULT now(),
  UNIQUE (old_meter, at),
  UNIQUE (new_meter, at)
);

-- The meters that counted at a supply point before the one that does now, and that one: days of the terminals' calendar, `to_day` not included, null:
-- since ever, still. Made anew with every exchange; points without one are not in it.
CREATE TABLE supply_meter (
  holder    integer NOT NULL,
  meter_id  integer NOT NULL,
  from_day  date,
  to_day    date
);
CREATE INDEX supply_meter_holder ON supply_meter (holder);
CREATE INDEX supply_meter_meter ON supply_meter (meter_id);

-- Joints inside a figure, as packages/metering tells them.
ALTER TABLE vee_day ADD COLUMN joints jsonb NOT NULL DEFAULT '[]';
ALTER TABLE consumption_month ADD COLUMN joints jsonb NOT NULL DEFAULT '[]';
