-- Notices of cost control are carried to endpoints that administrators name (docs/analytics.md, "Notices by webhook").
CREATE TABLE webhook_endpoint (
  id          uuid PRIMARY KEY,
  name        text NOT NULL,
  url         text NOT NULL,
  -- The endpoint's secret is derived from ZHUZHAN_WEBHOOK_SECRET, its id and this; the secret itself is kept nowhere.
  salt        bytea NOT NULL CHECK (length(salt) = 32),
  -- Tells a station with another ZHUZHAN_WEBHOOK_SECRET.
  check_value bytea NOT NULL CHECK (length(check_value) = 8),
  created_by  text NOT NULL,
  created_at  timestamptz(3) NOT NULL,
  ended_by    text,
  ended_at    timestamptz(3),
  CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);

-- Made in the transaction that writes the notice, so that none is forgotten.
CREATE TABLE webhook_delivery (
  notice     bigint NOT NULL REFERENCES cost_notice (id) ON DELETE CASCADE,
  endpoint   uuid NOT NULL REFERENCES webhook_endpoint (id),
  state      text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given-up')),
  -- Begun, not ended: one that died counts.
  attempts   integer NOT NULL DEFAULT 0,
  next_at    timestamptz(3),
  settled_at timestamptz(3),
  -- Of the last attempt, or why it was given up.
  why        text,
  PRIMARY KEY (notice, endpoint),
  CHECK ((next_at IS NOT NULL) = (state = 'waiting')),
  CHECK ((settled_at IS NULL) = (state = 'waiting'))
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint, next_at) WHERE state = 'waiting';
