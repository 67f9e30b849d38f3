-- Rotations of device keys as operators asked for them. Which step each device is at stands in the crypto machine's own table; here are
-- the orders by which it is found. OSP-1 §7.8; docs/security/key-update.md.
CREATE TABLE key_rotation (
  id           uuid PRIMARY KEY,
  created_at   timestamptz(3) NOT NULL DEFAULT now(),
  requested_by text NOT NULL,
  reason       text,
  key_version  smallint NOT NULL CHECK (key_version BETWEEN 1 AND 255),
  devices      integer NOT NULL CHECK (devices > 0),
  -- Devices of the scope that were left out, and why: [{address, why}]
  skipped      jsonb NOT NULL DEFAULT '[]',
  -- In the order they are to be carried out: [{order, kind, message (base64), submitted}]
  orders       jsonb NOT NULL
);
CREATE INDEX key_rotation_created ON key_rotation (created_at DESC);

-- Progress is asked for by order.
CREATE INDEX key_update_order ON crypto_machine.key_update (order_id);
