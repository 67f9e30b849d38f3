-- Clock broadcasts as operators asked for them, with the frames the crypto machine sealed. OSP-1 §7.5; docs/security/groups.md
CREATE TABLE group_clock (
  id             uuid PRIMARY KEY,
  created_at     timestamptz(3) NOT NULL DEFAULT now(),
  requested_by   text NOT NULL,
  reason         text,
  group_id       text NOT NULL CHECK (group_id ~ '^[0-9A-F]{16}$'),
  agseq          bigint NOT NULL,
  shift_seconds  smallint NOT NULL,
  -- Link address of the frames: both are covered by their MAC.
  server         text NOT NULL,
  client_address smallint NOT NULL,
  -- [{apdu (base64), devices: [address]}]
  frames         jsonb NOT NULL,
  devices        integer NOT NULL,
  -- Connected terminals it was handed to; a broadcast is never answered.
  sent           integer NOT NULL DEFAULT 0
);
CREATE INDEX group_clock_group ON group_clock (group_id, created_at DESC);
