-- Groups of clock broadcasts (OSP-1 §7.5): who is in which group, and the counter AGSEQ, committed before a broadcast leaves.

CREATE TABLE crypto_machine.key_group (
  group_id   bytea PRIMARY KEY CHECK (octet_length(group_id) = 8),
  -- The last AGSEQ that may have been sent. Never lowered.
  agseq      bigint NOT NULL CHECK (agseq BETWEEN 0 AND 4294967295),
  -- False after a restore until F100 attribute 7 of a member was read in a session (§7.10).
  known      boolean NOT NULL DEFAULT true,
  -- No broadcast before this, ms since 1970.
  not_before bigint NOT NULL DEFAULT 0
);

-- A device is in one group at most. `since`: when it joined, or when its clock was last set in a session; ms since 1970.
CREATE TABLE crypto_machine.group_member (
  device_id integer PRIMARY KEY REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  group_id  bytea NOT NULL REFERENCES crypto_machine.key_group (group_id),
  since     bigint NOT NULL,
  row_mac   bytea NOT NULL CHECK (octet_length(row_mac) = 16)
);
CREATE INDEX group_member_group ON crypto_machine.group_member (group_id);

-- Every broadcast that may have been sent: seconds that clocks were to move, and when (ms since 1970).
CREATE TABLE crypto_machine.group_broadcast (
  group_id bytea NOT NULL REFERENCES crypto_machine.key_group (group_id),
  agseq    bigint NOT NULL,
  at       bigint NOT NULL,
  shift    integer NOT NULL,
  PRIMARY KEY (group_id, agseq)
);
