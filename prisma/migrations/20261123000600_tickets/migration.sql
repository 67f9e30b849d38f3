-- Every control command is decided by a ticket that two people sign (OSP-1 §7.6). The crypto machine judges it from its own
-- tables; what stands here only carries it there.

-- The person a user is in the crypto machine; nobody is two users.
ALTER TABLE app_user ADD COLUMN person text UNIQUE CHECK (person ~ '^[0-9A-F]{16}$');

ALTER TABLE command ADD COLUMN ticket bytea;
ALTER TABLE command ADD COLUMN sig_operator bytea CHECK (octet_length(sig_operator) = 64);
ALTER TABLE command ADD COLUMN sig_approver bytea CHECK (octet_length(sig_approver) = 64);
-- User named in the ticket as its approver.
ALTER TABLE command ADD COLUMN approver text;
