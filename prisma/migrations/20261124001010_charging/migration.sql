-- Orderly charging in closed loop (docs/analytics.md, "The closed loop"). Times are instants; powers in watts, except in JSON of the loop (kW).

-- `settings`: transformer, limits, tariff, base load, safe power and the loop's own times, as in contracts (ChargingSiteSettings).
CREATE TABLE charging_site (
  id          text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$'),
  name        text NOT NULL CHECK (name <> ''),
  area        text,
  settings    jsonb NOT NULL,
  changed_by  text NOT NULL,
  changed_at  timestamptz(3) NOT NULL DEFAULT now()
);
CREATE TABLE charging_pile (
  site       text NOT NULL REFERENCES charging_site (id) ON DELETE CASCADE,
  pile       text NOT NULL CHECK (pile ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,23}$'),
  -- The address under which its terminal reaches it.
  meter_id   integer NOT NULL UNIQUE REFERENCES meter (id) ON DELETE CASCADE,
  phase      text CHECK (phase IN ('A', 'B', 'C')),
  min_watts  integer NOT NULL CHECK (min_watts >= 0),
  max_watts  integer NOT NULL CHECK (max_watts >= min_watts AND max_watts > 0),
  priority   double precision NOT NULL DEFAULT 0 CHECK (priority >= 0),
  PRIMARY KEY (site, pile)
);

-- A vehicle that is or will be at a pile. A pile has one at a time (kept by what writes here, which locks the site).
CREATE TABLE charging_vehicle (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site          text NOT NULL REFERENCES charging_site (id) ON DELETE CASCADE,
  pile          text NOT NULL,
  plug_at       timestamptz(3) NOT NULL,
  depart_at     timestamptz(3) NOT NULL,
  kwh           numeric(9,4) NOT NULL CHECK (kwh >= 0),
  -- Whose it is, for what somebody was cut by before; the pile when unknown.
  person        text,
  opted_out_at  timestamptz(3),
  opted_out_by  text,
  withdrawn_at  timestamptz(3),
  -- What it got, by the pile's register, once its night is over.
  served_kwh    numeric(9,4),
  created_by    text NOT NULL,
  created_at    timestamptz(3) NOT NULL DEFAULT now(),
  CHECK (depart_at > plug_at),
  CHECK ((opted_out_at IS NULL) = (opted_out_by IS NULL))
);
CREATE INDEX charging_vehicle_site ON charging_vehicle (site, depart_at);

-- A night: what the site was when it was started, and the whole state of its loop. `revision` rises with every step of the loop: a step that
-- was computed from an older one is thrown away.
CREATE TABLE charging_night (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  site          text NOT NULL REFERENCES charging_site (id),
  state         text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'cancelling', 'cancelled', 'done')),
  start_at      timestamptz(3) NOT NULL,
  slots         integer NOT NULL CHECK (slots BETWEEN 1 AND 2000),
  slot_minutes  integer NOT NULL CHECK (slot_minutes BETWEEN 1 AND 60),
  site_was      jsonb NOT NULL,
  revision      integer NOT NULL DEFAULT 0,
  loop          jsonb,
  next_step_at  timestamptz(3) NOT NULL,
  result        jsonb,
  started_by    text NOT NULL,
  started_at    timestamptz(3) NOT NULL,
  ended_by      text,
  why           text,
  ended_at      timestamptz(3),
  CHECK ((ended_at IS NOT NULL) = (state IN ('cancelled', 'done')))
);
CREATE UNIQUE INDEX charging_night_one ON charging_night (site) WHERE state IN ('running', 'cancelling');
CREATE INDEX charging_night_due ON charging_night (next_step_at) WHERE state IN ('running', 'cancelling');

-- What people say to a running night; the loop takes it up in order.
CREATE TABLE charging_instruction (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  night     bigint NOT NULL REFERENCES charging_night (id),
  kind      text NOT NULL CHECK (kind IN ('approve', 'reject', 'abort', 'resume', 'cancel')),
  batch     text CHECK ((batch IS NOT NULL) = (kind IN ('approve', 'reject'))),
  who       text NOT NULL,
  why       text,
  at        timestamptz(3) NOT NULL,
  taken_at  timestamptz(3),
  outcome   text
);
CREATE INDEX charging_instruction_new ON charging_instruction (night, id) WHERE taken_at IS NULL;

-- Every plan of a night with the digest (SHA-256) of what it saw: site, vehicles, readings, prices, limits and base load.
CREATE TABLE charging_plan (
  night     bigint NOT NULL REFERENCES charging_night (id),
  version   integer NOT NULL,
  slot      integer NOT NULL,
  reason    text NOT NULL,
  digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
  -- kW by pile, from `slot` on.
  kw        jsonb NOT NULL,
  made_at   timestamptz(3) NOT NULL,
  PRIMARY KEY (night, version)
);

CREATE TABLE charging_batch (
  night       bigint NOT NULL REFERENCES charging_night (id),
  batch       text NOT NULL,
  slot_from   timestamptz(3) NOT NULL,
  slot_to     timestamptz(3) NOT NULL,
  commands    integer NOT NULL,
  state       text NOT NULL CHECK (state IN ('planned', 'approved', 'rejected', 'judged')),
  verdict     jsonb,
  PRIMARY KEY (night, batch)
);

-- Set-points and what became of them. The id is what the pile applies once; the sequence rises over all set-points of the station.
CREATE TABLE charging_set_point (
  night            bigint NOT NULL REFERENCES charging_night (id),
  id               text NOT NULL UNIQUE,
  batch            text NOT NULL,
  pile             text NOT NULL,
  sequence         bigint NOT NULL,
  watts            integer NOT NULL CHECK (watts >= 0),
  from_at          timestamptz(3) NOT NULL,
  to_at            timestamptz(3) NOT NULL,
  reason           text NOT NULL,
  plan_version     integer NOT NULL,
  state            text NOT NULL,
  tries            integer NOT NULL,
  PRIMARY KEY (night, sequence)
);
CREATE INDEX charging_set_point_sequence ON charging_set_point (sequence);

-- Sendings of set-points. The id of the station's command is drawn with the row, before anybody makes the command: a crash in between makes it
-- once, and never a second one.
CREATE TABLE charging_sending (
  night       bigint NOT NULL REFERENCES charging_night (id),
  set_point   text NOT NULL,
  try         integer NOT NULL CHECK (try > 0),
  command     uuid NOT NULL UNIQUE,
  at          timestamptz(3) NOT NULL,
  -- The command is there; or there is none, and why.
  ordered_at  timestamptz(3),
  why_not     text,
  PRIMARY KEY (night, set_point, try)
);
CREATE INDEX charging_sending_open ON charging_sending (night) WHERE ordered_at IS NULL AND why_not IS NULL;

-- Read-backs of piles. `watts` null: it was asked and did not answer.
CREATE TABLE charging_reading (
  night    bigint NOT NULL REFERENCES charging_night (id),
  pile     text NOT NULL,
  at       timestamptz(3) NOT NULL,
  command  uuid NOT NULL,
  watts    integer,
  plugged  boolean,
  -- 10^-4 kWh delivered to the vehicle that is there.
  session  bigint,
  PRIMARY KEY (night, pile, at)
);

-- What the loop did and why, for ever.
CREATE TABLE charging_log (
  id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  night  bigint NOT NULL,
  at     timestamptz(3) NOT NULL,
  about  text NOT NULL,
  event  text NOT NULL,
  text   text NOT NULL
);
CREATE INDEX charging_log_night ON charging_log (night, id);
CREATE TRIGGER charging_log_fixed BEFORE UPDATE OR DELETE ON charging_log FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
