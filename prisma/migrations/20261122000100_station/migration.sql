-- The station's own tables. Readings are written by SQL (UNNEST), metadata through Prisma.
-- Times are timestamptz; the wire's local time is turned into an instant before it is stored.

CREATE TABLE app_user (
  id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  username       text NOT NULL UNIQUE,
  password_hash  text NOT NULL,
  roles          text[] NOT NULL,
  disabled       boolean NOT NULL DEFAULT false,
  created_at     timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE terminal (
  address             text PRIMARY KEY CHECK (address ~ '^[0-9]{12}$'),
  name                text,
  security_profile    text NOT NULL CHECK (security_profile IN ('plain', 'sm', 'hardware')),
  mode                text CHECK (mode IN ('S', 'F')),
  area                text,
  utc_offset_minutes  integer NOT NULL DEFAULT 480,
  created_at          timestamptz(3) NOT NULL DEFAULT now(),
  CHECK (security_profile <> 'sm' OR mode IS NOT NULL)
);

-- kind 'terminal': the terminal's own measurements; every terminal has such a row, so that nothing it reports is homeless.
CREATE TABLE meter (
  id                integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  address           text NOT NULL UNIQUE CHECK (address ~ '^[0-9]{12}$'),
  kind              text NOT NULL DEFAULT 'meter' CHECK (kind IN ('meter', 'terminal')),
  terminal_address  text NOT NULL REFERENCES terminal (address),
  name              text,
  security_profile  text NOT NULL DEFAULT 'plain' CHECK (security_profile IN ('plain', 'sm', 'hardware')),
  mode              text CHECK (mode IN ('S', 'F')),
  area              text,
  ct_ratio          numeric(12, 4) NOT NULL DEFAULT 1,
  pt_ratio          numeric(12, 4) NOT NULL DEFAULT 1,
  tariff            text,
  created_at        timestamptz(3) NOT NULL DEFAULT now(),
  CHECK (security_profile <> 'sm' OR mode IS NOT NULL)
);
CREATE INDEX meter_terminal ON meter (terminal_address);
CREATE INDEX meter_area ON meter (area);

-- Registry changes wake the gateways and front ends, which cache it by terminal.
CREATE FUNCTION terminal_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('zhuzhan_registry', COALESCE(NEW.address, OLD.address));
  RETURN NULL;
END $$;
CREATE FUNCTION meter_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN PERFORM pg_notify('zhuzhan_registry', OLD.terminal_address); END IF;
  IF TG_OP <> 'DELETE' THEN PERFORM pg_notify('zhuzhan_registry', NEW.terminal_address); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER terminal_changed AFTER INSERT OR UPDATE OR DELETE ON terminal FOR EACH ROW EXECUTE FUNCTION terminal_changed();
CREATE TRIGGER meter_changed AFTER INSERT OR UPDATE OR DELETE ON meter FOR EACH ROW EXECUTE FUNCTION meter_changed();

-- Replicas announce themselves; rows not seen for some seconds are dead, and so are the sessions they hold.
CREATE TABLE replica (
  kind        text NOT NULL,
  id          text NOT NULL,
  instance    uuid NOT NULL,
  started_at  timestamptz(3) NOT NULL,
  seen_at     timestamptz(3) NOT NULL,
  PRIMARY KEY (kind, id)
);

-- Which gateway holds which terminal. A row lives as long as its connection; `routed` marks the connection that serves the address.
CREATE TABLE terminal_session (
  gateway_id         text NOT NULL,
  gateway_instance   uuid NOT NULL,
  connection_id      bigint NOT NULL,
  address            text NOT NULL,
  frontend_id        text,
  routed             boolean NOT NULL DEFAULT false,
  security           text NOT NULL DEFAULT 'none',
  remote             text NOT NULL,
  heartbeat_seconds  integer NOT NULL,
  logged_in_at       timestamptz(3) NOT NULL,
  last_seen_at       timestamptz(3) NOT NULL,
  PRIMARY KEY (gateway_id, connection_id)
);
CREATE INDEX terminal_session_address ON terminal_session (address);

CREATE TYPE reading_quality AS ENUM ('measured', 'recollected', 'terminal', 'received-time', 'replay-unchecked', 'estimated', 'edited');
CREATE TYPE reading_source AS ENUM ('report', 'poll', 'import');

-- One row per meter, instant and item (OAD of the single element as a signed 32-bit number): the identity of a reading.
CREATE TABLE reading (
  meter_id     integer NOT NULL,
  time         timestamptz(3) NOT NULL,
  item         integer NOT NULL,
  value        numeric NOT NULL,
  quality      reading_quality NOT NULL,
  source       reading_source NOT NULL,
  occurred_at  timestamptz(3),
  received_at  timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, time, item)
) PARTITION BY RANGE (time);
-- Days get their own partition before rows are stored; what lies far back or ahead stays here until a partition for its day is made.
CREATE TABLE reading_default PARTITION OF reading DEFAULT;

-- A later, different value for a known identity stays beside the first.
CREATE TABLE reading_conflict (
  meter_id     integer NOT NULL,
  time         timestamptz(3) NOT NULL,
  item         integer NOT NULL,
  value        numeric NOT NULL,
  quality      reading_quality NOT NULL,
  source       reading_source NOT NULL,
  occurred_at  timestamptz(3),
  received_at  timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, time, item, value)
);

CREATE TABLE dead_letter (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest       bytea NOT NULL UNIQUE,
  at           timestamptz(3) NOT NULL DEFAULT now(),
  origin       text NOT NULL,
  code         text NOT NULL,
  detail       text NOT NULL,
  payload      jsonb NOT NULL
);

-- What is read from every meter, how often, and how far back a meter's memory reaches.
CREATE TABLE collection_plan (
  id                text PRIMARY KEY,
  name              text NOT NULL,
  freeze_oad        text NOT NULL,
  items             text[] NOT NULL,
  interval_minutes  integer,
  every_seconds     integer NOT NULL,
  horizon_hours     integer NOT NULL,
  priority          integer NOT NULL DEFAULT 5,
  enabled           boolean NOT NULL DEFAULT true
);
INSERT INTO collection_plan (id, name, freeze_oad, items, interval_minutes, every_seconds, horizon_hours, priority) VALUES
  ('day-freeze', 'Daily frozen registers', '50040200', '{00100200,00200200}', NULL, 900, 24 * 35, 1),
  ('curve-15min', '15-minute curve', '50020200', '{00100201,20000200,20010200,20040200,200A0200}', 15, 300, 24 * 2, 2),
  ('month-freeze', 'Monthly frozen registers', '50060200', '{00100200,00200200,10100200}', NULL, 21600, 24 * 400, 3);

-- Slots a pass could not get: known to be missing, with the reason and the next try.
CREATE TABLE collection_gap (
  meter_id      integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  plan_id       text NOT NULL REFERENCES collection_plan (id) ON DELETE CASCADE,
  slot          timestamptz(3) NOT NULL,
  attempts      integer NOT NULL DEFAULT 1,
  reason        text NOT NULL,
  first_seen_at timestamptz(3) NOT NULL DEFAULT now(),
  next_try_at   timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, plan_id, slot)
);
CREATE INDEX collection_gap_due ON collection_gap (next_try_at);

CREATE TABLE command (
  id                uuid PRIMARY KEY,
  meter_address     text NOT NULL,
  terminal_address  text NOT NULL,
  action            text NOT NULL,
  parameters        jsonb NOT NULL DEFAULT '{}',
  state             text NOT NULL CHECK (state IN ('accepted', 'awaiting_approval', 'approved', 'queued', 'sent', 'confirmed', 'refused', 'unknown', 'expired', 'verified', 'rejected')),
  reason            text,
  requested_by      text NOT NULL,
  decided_by        text,
  created_at        timestamptz(3) NOT NULL DEFAULT now(),
  expires_at        timestamptz(3) NOT NULL,
  sent_at           timestamptz(3),
  settled_at        timestamptz(3),
  updated_at        timestamptz(3) NOT NULL DEFAULT now(),
  code              text,
  dar               integer,
  result            jsonb,
  trace_parent      text
);
CREATE INDEX command_meter ON command (meter_address, created_at DESC);
CREATE INDEX command_open ON command (terminal_address, state) WHERE state IN ('queued', 'sent', 'confirmed', 'unknown');

CREATE TABLE command_step (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  command_id  uuid NOT NULL REFERENCES command (id),
  at          timestamptz(3) NOT NULL DEFAULT now(),
  state       text NOT NULL,
  who         text NOT NULL,
  why         text,
  detail      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX command_step_command ON command_step (command_id, id);

-- What people watch: the live feed reads it after a notification.
CREATE TABLE event (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz(3) NOT NULL DEFAULT now(),
  kind      text NOT NULL,
  severity  text NOT NULL DEFAULT 'info' CHECK (severity IN ('info', 'warning', 'alarm')),
  terminal  text,
  meter     text,
  code      text,
  detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX event_at ON event (at);
CREATE FUNCTION event_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('zhuzhan_event', '');
  RETURN NULL;
END $$;
CREATE TRIGGER event_added AFTER INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION event_added();

-- Append-only, chained by SM3: hash = SM3(prev_hash || canonical text of the entry).
CREATE TABLE audit_entry (
  id         bigint PRIMARY KEY,
  at         timestamptz(3) NOT NULL,
  actor      text NOT NULL,
  action     text NOT NULL,
  object     text NOT NULL,
  outcome    text NOT NULL,
  reason     text,
  detail     jsonb NOT NULL DEFAULT '{}',
  prev_hash  bytea NOT NULL,
  hash       bytea NOT NULL
);
CREATE INDEX audit_entry_at ON audit_entry (at);
CREATE INDEX audit_entry_object ON audit_entry (object, id);
CREATE TABLE audit_head (
  entry_id   bigint PRIMARY KEY REFERENCES audit_entry (id),
  hash       bytea NOT NULL,
  signed_at  timestamptz(3) NOT NULL,
  key_id     text NOT NULL,
  signature  bytea NOT NULL
);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_entry_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_head_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- Derived figures; each can be computed again from readings.
CREATE TABLE daily_energy (
  meter_id       integer NOT NULL,
  day            date NOT NULL,
  item           integer NOT NULL,
  start_value    numeric NOT NULL,
  end_value      numeric NOT NULL,
  energy         numeric,
  state          text NOT NULL,
  computed_at    timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, day, item)
);
CREATE TABLE completeness (
  meter_id      integer NOT NULL,
  day           date NOT NULL,
  plan_id       text NOT NULL,
  expected      integer NOT NULL,
  present       integer NOT NULL,
  recollected   integer NOT NULL,
  computed_at   timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, day, plan_id)
);
CREATE TABLE energy_audit (
  meter_id     integer NOT NULL,
  month        date NOT NULL,
  report       jsonb NOT NULL,
  computed_at  timestamptz(3) NOT NULL,
  PRIMARY KEY (meter_id, month)
);
