-- The crypto machine's own tables of people, places, tickets, modules and key updates. No other service reads or writes
-- them. What decides about a right carries a MAC of the machine, so that a changed row is found out (a deleted one is not).
-- OSP-1 §7.6, §7.7, §7.8, §7.10; docs/security/orders.md.

-- Found out by its modules or by order: reads only, no ticket, no key update.
ALTER TABLE crypto_machine.device ADD COLUMN suspect boolean NOT NULL DEFAULT false;

CREATE TABLE crypto_machine.person (
  id         bytea PRIMARY KEY CHECK (octet_length(id) = 8),
  name       text NOT NULL,
  -- One key, one person, for ever: two signatures must be two people.
  public_key bytea NOT NULL UNIQUE CHECK (octet_length(public_key) = 65),
  roles      text[] NOT NULL,
  areas      bytea[] NOT NULL,
  state      text NOT NULL CHECK (state IN ('active', 'suspended', 'withdrawn')),
  row_mac    bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);

-- Laboratories only: private keys of people, wrapped by their passwords and again by the machine.
CREATE TABLE crypto_machine.person_key (
  public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 65),
  salt       bytea NOT NULL CHECK (octet_length(salt) = 16),
  wrapped    bytea NOT NULL
);

-- Where devices are: area, terminal, local time. Devices without keys (`plain`) have a place only.
CREATE TABLE crypto_machine.place (
  address        text PRIMARY KEY CHECK (address ~ '^[0-9]{12}$'),
  area           bytea NOT NULL CHECK (octet_length(area) = 8),
  profile        text NOT NULL CHECK (profile IN ('plain', 'sm')),
  offset_minutes smallint NOT NULL,
  terminal       text CHECK (terminal ~ '^[0-9]{12}$'),
  row_mac        bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);

CREATE TABLE crypto_machine.policy (
  task    smallint NOT NULL,
  service smallint NOT NULL,
  target  bytea NOT NULL CHECK (octet_length(target) = 4),
  allows  text NOT NULL,
  row_mac bytea NOT NULL CHECK (octet_length(row_mac) = 16),
  PRIMARY KEY (task, service, target, allows)
);

-- Every order that was carried out, as it was signed.
CREATE TABLE crypto_machine.admin_order (
  order_id   bytea PRIMARY KEY CHECK (octet_length(order_id) = 16),
  bytes      bytea NOT NULL,
  sig_first  bytea NOT NULL,
  sig_second bytea,
  applied_at bigint NOT NULL
);

-- Small things the machine must not forget: who founded it, the highest time it has seen.
CREATE TABLE crypto_machine.mark (
  name    text PRIMARY KEY,
  value   bytea NOT NULL,
  row_mac bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);

-- Committed before the record is sealed: a ticket is used once for a device, whatever happens next. Times in ms since 1970.
CREATE TABLE crypto_machine.ticket_use (
  ticket_id  bytea NOT NULL CHECK (octet_length(ticket_id) = 16),
  dispersion bytea NOT NULL CHECK (octet_length(dispersion) = 8),
  used_at    bigint NOT NULL,
  not_after  bigint NOT NULL,
  task       smallint NOT NULL,
  target     bytea NOT NULL,
  mandate_id bytea,
  PRIMARY KEY (ticket_id, dispersion)
);
CREATE INDEX ticket_use_mandate ON crypto_machine.ticket_use (mandate_id, used_at) WHERE mandate_id IS NOT NULL;
CREATE INDEX ticket_use_not_after ON crypto_machine.ticket_use (not_after);

CREATE TABLE crypto_machine.mandate (
  mandate_id   bytea PRIMARY KEY CHECK (octet_length(mandate_id) = 16),
  bytes        bytea NOT NULL,
  operator_id  bytea NOT NULL,
  approver_id  bytea NOT NULL,
  sig_operator bytea NOT NULL,
  sig_approver bytea NOT NULL,
  revoked      boolean NOT NULL DEFAULT false,
  row_mac      bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);

-- Which modules belong into a meter.
CREATE TABLE crypto_machine.module (
  device_id   integer NOT NULL REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  slot        smallint NOT NULL CHECK (slot BETWEEN 0 AND 255),
  serial      bytea NOT NULL CHECK (octet_length(serial) = 8),
  model       bytea NOT NULL CHECK (octet_length(model) = 8),
  chip        boolean NOT NULL,
  key_state   smallint NOT NULL,
  key_version smallint NOT NULL,
  row_mac     bytea NOT NULL CHECK (octet_length(row_mac) = 16),
  PRIMARY KEY (device_id, slot)
);

-- What the last manifest said; nothing is decided by it.
CREATE TABLE crypto_machine.module_seen (
  device_id integer PRIMARY KEY REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  at        bigint NOT NULL,
  findings  jsonb NOT NULL
);

-- One open row a device. `stage` holds the bytes that may have been sent; nothing is deleted before `done`.
CREATE TABLE crypto_machine.key_update (
  update_id      bytea PRIMARY KEY CHECK (octet_length(update_id) = 8),
  device_id      integer NOT NULL REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  order_id       bytea NOT NULL,
  state          text NOT NULL CHECK (state IN ('ordered', 'staging', 'staged', 'committing', 'aborting', 'done', 'aborted', 'refused')),
  new_state      smallint NOT NULL,
  new_version    smallint NOT NULL,
  new_dispersion bytea NOT NULL CHECK (octet_length(new_dispersion) = 8),
  stage          bytea,
  changed_at     bigint NOT NULL,
  row_mac        bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);
CREATE UNIQUE INDEX key_update_open ON crypto_machine.key_update (device_id)
  WHERE state IN ('ordered', 'staging', 'staged', 'committing', 'aborting');
