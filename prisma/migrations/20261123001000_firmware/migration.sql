-- Firmware releases (OSP-1 §7.9): vendors whose images are taken, and releases with the key of their image, wrapped.

CREATE TABLE crypto_machine.firmware_vendor (
  vendor     text PRIMARY KEY,
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 65),
  state      text NOT NULL CHECK (state IN ('active', 'withdrawn')),
  row_mac    bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);

-- `prepared`: encrypted here, not yet signed by its vendor and ordered by administrators.
CREATE TABLE crypto_machine.firmware_release (
  rel_id      bytea PRIMARY KEY CHECK (octet_length(rel_id) = 8),
  fwm         bytea NOT NULL,
  -- IK, wrapped: it leaves only inside W of one device.
  wrapped     bytea NOT NULL,
  state       text NOT NULL CHECK (state IN ('prepared', 'offered', 'withdrawn')),
  sig_vendor  bytea CHECK (octet_length(sig_vendor) = 64),
  sig_station bytea CHECK (octet_length(sig_station) = 64),
  changed_at  bigint NOT NULL,
  row_mac     bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);

-- The release a transfer was started for: its blocks stop when it is withdrawn.
ALTER TABLE crypto_machine.ticket_use ADD COLUMN rel_id bytea CHECK (octet_length(rel_id) = 8);
