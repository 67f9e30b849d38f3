-- Firmware files for distribution, and their transfers to devices by ticket. OSP-1 §7.9; docs/security/firmware.md
CREATE TABLE firmware_file (
  release     text PRIMARY KEY CHECK (release ~ '^[0-9A-F]{16}$'),
  uploaded_at timestamptz(3) NOT NULL DEFAULT now(),
  uploaded_by text NOT NULL,
  -- LP(FWM) || sigV || sigS || sent image: encrypted, so no secret.
  file        bytea NOT NULL
);
ALTER TABLE firmware_file ALTER COLUMN file SET STORAGE EXTERNAL;

CREATE TABLE firmware_transfer (
  id           uuid PRIMARY KEY,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  requested_by text NOT NULL,
  reason       text,
  release      text NOT NULL REFERENCES firmware_file (release),
  device       text NOT NULL CHECK (device ~ '^[0-9]{12}$'),
  ticket       bytea NOT NULL,
  approver     text NOT NULL,
  sig_operator bytea,
  sig_approver bytea,
  state        text NOT NULL CHECK (state IN ('accepted', 'awaiting_approval', 'queued', 'started', 'done', 'refused', 'unknown', 'expired')),
  expires_at   timestamptz(3) NOT NULL,
  blocks       integer NOT NULL,
  sent_blocks  integer NOT NULL DEFAULT 0,
  code         text,
  dar          smallint,
  why          text,
  settled_at   timestamptz(3)
);
CREATE INDEX firmware_transfer_open ON firmware_transfer (device) WHERE state IN ('queued', 'started');
CREATE INDEX firmware_transfer_created ON firmware_transfer (created_at DESC);
