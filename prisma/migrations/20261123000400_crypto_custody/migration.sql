-- After a restore (OSP-1 §7.10) H of a device is read in a session. A report counter up to that H that is not among the entries may be
-- one we took between the backup and the loss: it is stored and answered for ever as `replay-unchecked`.
ALTER TABLE crypto_machine.report_high ADD COLUMN unchecked_to bigint NOT NULL DEFAULT -1;

-- Whoever can write the database cannot bring a withdrawn version of root keys back. Rows from before there was this MAC have none
-- and are believed as `active` or `pending` only.
ALTER TABLE crypto_machine.root_key ADD COLUMN status_mac bytea CHECK (octet_length(status_mac) = 16);
