-- Commands that two people decide on together. Devices with sessions of their own share one ticket, up to 4096 of them (OSP-1 §7.6);
-- a ticket of that size is 33 KB, so it stands once and not with every command.
CREATE TABLE command_batch (
  id uuid PRIMARY KEY,
  action text NOT NULL,
  reason text,
  requested_by text NOT NULL,
  approver text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL
);

CREATE TABLE command_batch_ticket (
  id uuid PRIMARY KEY,
  batch uuid NOT NULL REFERENCES command_batch (id),
  tkt bytea NOT NULL,
  sig_operator bytea CHECK (octet_length(sig_operator) = 64),
  sig_approver bytea CHECK (octet_length(sig_approver) = 64)
);
CREATE INDEX command_batch_ticket_batch ON command_batch_ticket (batch);

ALTER TABLE command ADD COLUMN batch uuid REFERENCES command_batch (id);
ALTER TABLE command ADD COLUMN batch_ticket uuid REFERENCES command_batch_ticket (id);
CREATE INDEX command_batch_of ON command (batch) WHERE batch IS NOT NULL;
