-- The crypto machine's own tables: no other service reads or writes this schema.
-- Everything secret in it is wrapped (SM4-CCM under a key derived from the master key file, the row's name as AAD);
-- device rows carry a MAC, so that a changed certificate or mode is found out. OSP-1 §7.10.

CREATE SCHEMA crypto_machine;

-- One row. `fencing` rises with every owner; each commit of an owner proves that it is still the newest.
CREATE TABLE crypto_machine.machine (
  singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  epoch       bytea NOT NULL CHECK (octet_length(epoch) = 8),
  salt        bytea NOT NULL CHECK (octet_length(salt) = 16),
  -- A known text, wrapped: tells a wrong master key file from a damaged table.
  key_check   bytea NOT NULL,
  fencing     bigint NOT NULL DEFAULT 0,
  owner       text,
  owned_since timestamptz
);

CREATE TABLE crypto_machine.root_key (
  key_state   smallint NOT NULL CHECK (key_state IN (0, 1)),
  key_version smallint NOT NULL CHECK (key_version BETWEEN 1 AND 255),
  purpose     text NOT NULL CHECK (purpose IN ('session', 'report', 'group', 'transport', 'pairing', 'firmware')),
  wrapped     bytea NOT NULL,
  status      text NOT NULL DEFAULT 'active' CHECK (status IN ('pending', 'active', 'withdrawn', 'destroyed')),
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (key_state, key_version, purpose)
);

-- SM2 keys of the station itself: station key, the two laboratory CAs, the audit key.
CREATE TABLE crypto_machine.own_key (
  name        text PRIMARY KEY,
  wrapped     bytea NOT NULL,
  public_key  bytea NOT NULL CHECK (octet_length(public_key) = 65),
  certificate bytea,
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE crypto_machine.device (
  id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  address        text NOT NULL UNIQUE CHECK (address ~ '^[0-9]{12}$'),
  dispersion     bytea NOT NULL CHECK (octet_length(dispersion) = 8),
  ad             bytea NOT NULL,
  chip_serial    bytea NOT NULL CHECK (octet_length(chip_serial) = 8),
  mode           text NOT NULL CHECK (mode IN ('S', 'F')),
  key_state      smallint NOT NULL,
  key_version    smallint NOT NULL,
  status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspect', 'unreachable-key', 'withdrawn')),
  -- Mode F: the pinned device certificate (DER).
  certificate    bytea,
  -- Laboratory key issue only: the device's private key, wrapped, so that the same call gives the same keys.
  issued_key     bytea,
  row_mac        bytea NOT NULL CHECK (octet_length(row_mac) = 16),
  enrolled_at    timestamptz NOT NULL DEFAULT now()
);

-- ASCTR: highest value that may have been sent. Blocks are reserved here before the first of them leaves.
CREATE TABLE crypto_machine.counter (
  device_id integer PRIMARY KEY REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  asctr     bigint NOT NULL DEFAULT 0 CHECK (asctr BETWEEN 0 AND 4294967295)
) WITH (fillfactor = 70);

-- The replay window of reports: 64 slots a device, slot = RSPCTR mod 64.
CREATE TABLE crypto_machine.report_entry (
  device_id integer NOT NULL REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  slot      smallint NOT NULL CHECK (slot BETWEEN 0 AND 63),
  rspctr    bigint NOT NULL,
  rn        bytea NOT NULL CHECK (octet_length(rn) = 12),
  mac       bytea NOT NULL,
  PRIMARY KEY (device_id, slot)
) WITH (fillfactor = 70);

-- H where it is not simply the highest entry: after a restore it is unknown, after F100 attribute 7 it may be lower.
CREATE TABLE crypto_machine.report_high (
  device_id integer PRIMARY KEY REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  known     boolean NOT NULL,
  highest   bigint NOT NULL
);

-- What was done to keys, and what a security officer must hear of. Append only.
CREATE TABLE crypto_machine.key_event (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL DEFAULT now(),
  fencing bigint NOT NULL,
  kind    text NOT NULL,
  subject text NOT NULL,
  detail  jsonb NOT NULL DEFAULT '{}'
);
CREATE FUNCTION crypto_machine.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'key events are append only';
END $$;
CREATE TRIGGER key_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON crypto_machine.key_event
  FOR EACH STATEMENT EXECUTE FUNCTION crypto_machine.refuse_change();
