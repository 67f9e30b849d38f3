-- Voltages, currents and power factors of a closed day's quarter hours, packed by validation while it has them in hand
-- (services/analytics/src/metering/day-curves.ts): an audit reads a row a day in place of a hundred readings. `points`, `recollected`: how many
-- registers of the day's quarter hours there were, and of these read again. `registers`: those frozen at
-- the day's begin, by item. `received_at`: when the latest of the day's values came.
CREATE TABLE day_curve (
  meter_id     integer NOT NULL,
  day          date NOT NULL,
  points       smallint NOT NULL,
  recollected  smallint NOT NULL,
  registers    jsonb NOT NULL,
  received_at  timestamptz(3),
  series       bytea NOT NULL,
  PRIMARY KEY (meter_id, day)
);

-- Audits are stored and read whole: as they were printed they take a third of the time to store.
ALTER TABLE energy_audit_version ALTER COLUMN audit TYPE json;
