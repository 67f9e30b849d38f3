-- Cost (fee) control. Amounts are whole counts of 0.0001 CNY. The ledger is append-only; an account carries the sums of its ledger and
-- where it stands, both changed in the transaction that appends.
CREATE TABLE cost_account (
  account         text PRIMARY KEY,
  meter           text NOT NULL UNIQUE,
  contract        jsonb NOT NULL,
  payments        bigint NOT NULL DEFAULT 0,
  charges         bigint NOT NULL DEFAULT 0,
  reserved        bigint NOT NULL DEFAULT 0,
  balance         bigint NOT NULL GENERATED ALWAYS AS (payments - charges - reserved) STORED,
  -- Part of the charges that rests on estimated readings.
  estimated       bigint NOT NULL DEFAULT 0,
  state           text NOT NULL DEFAULT 'normal' CHECK (state IN ('normal', 'alarm-1', 'alarm-2', 'pending-trip', 'tripped', 'pending-close', 'protected')),
  episode_since   timestamptz(3),
  alarm2_since    timestamptz(3),
  overdue_since   timestamptz(3),
  last_tripped_at timestamptz(3),
  trip_reason     text CHECK (trip_reason IN ('arrears', 'safety')),
  in_flight       boolean NOT NULL DEFAULT false,
  fault           text,
  -- The newest register a charge rests on.
  reading_at      timestamptz(3),
  reading_quality text,
  -- The last look's answer: why a trip, or giving supply back, is not proposed.
  refusals        jsonb NOT NULL DEFAULT '[]',
  needs_look      boolean NOT NULL DEFAULT true,
  -- Charges of days before are not made.
  charged_from    date NOT NULL,
  opened_at       timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX cost_account_busy ON cost_account (state, account) WHERE state <> 'normal' OR needs_look;
CREATE INDEX cost_account_cut ON cost_account (last_tripped_at) WHERE last_tripped_at IS NOT NULL;

CREATE TABLE cost_entry (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account  text NOT NULL REFERENCES cost_account (account),
  key      text NOT NULL,
  kind     text NOT NULL CHECK (kind IN ('payment', 'refund', 'charge', 'correction', 'late-fee', 'mirror', 'reserve', 'release')),
  amount   bigint NOT NULL CHECK (amount >= 0 OR kind IN ('correction', 'mirror')),
  at       timestamptz(3) NOT NULL,
  day      date,
  quality  text CHECK (quality IN ('measured', 'recollected', 'estimated')),
  balance  bigint NOT NULL,
  who      text NOT NULL,
  detail   jsonb NOT NULL DEFAULT '{}',
  UNIQUE (account, key)
);
-- The number of a payment is one payment's, whatever account it is said to be for.
CREATE UNIQUE INDEX cost_entry_payment ON cost_entry (key) WHERE kind = 'payment';
CREATE INDEX cost_entry_of ON cost_entry (account, id);
CREATE INDEX cost_entry_day ON cost_entry (account, day) WHERE kind IN ('charge', 'correction');

CREATE FUNCTION cost_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only';
END $$;
CREATE TRIGGER cost_entry_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON cost_entry FOR EACH STATEMENT EXECUTE FUNCTION cost_entry_is_append_only();

CREATE TABLE cost_notice (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account      text NOT NULL REFERENCES cost_account (account),
  kind         text NOT NULL CHECK (kind IN ('alarm-1', 'alarm-2', 'final')),
  balance      bigint NOT NULL,
  created_at   timestamptz(3) NOT NULL,
  sent_at      timestamptz(3),
  delivered_at timestamptz(3),
  failed       text
);
CREATE INDEX cost_notice_of ON cost_notice (account, id);
CREATE INDEX cost_notice_waiting ON cost_notice (id) WHERE sent_at IS NULL AND failed IS NULL;

-- What keeps supply on: of one account, of an area, of everybody. Entered and ended, never taken away.
CREATE TABLE cost_protection (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind       text NOT NULL CHECK (kind IN ('power-preserve', 'protected-equipment', 'medical', 'complaint', 'payment-pending', 'weather-warning', 'outage', 'demand-response')),
  scope      text NOT NULL CHECK (scope IN ('account', 'area', 'all')),
  of         text NOT NULL DEFAULT '' CHECK ((of = '') = (scope = 'all')),
  since      timestamptz(3) NOT NULL,
  until      timestamptz(3),
  evidence   text NOT NULL,
  entered_by text NOT NULL,
  ended_by   text
);
CREATE INDEX cost_protection_of ON cost_protection (scope, of) WHERE until IS NULL;
CREATE INDEX cost_protection_until ON cost_protection (until);

-- What rules propose and two people decide on; the commands are those of its batch for its meter.
CREATE TABLE cost_proposal (
  id         uuid PRIMARY KEY,
  account    text NOT NULL REFERENCES cost_account (account),
  meter      text NOT NULL,
  action     text NOT NULL CHECK (action IN ('trip', 'allow-close', 'close')),
  state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ordered', 'withdrawn', 'failed', 'done')),
  created_at timestamptz(3) NOT NULL,
  closed_at  timestamptz(3),
  batch      uuid REFERENCES command_batch (id),
  why        text
);
CREATE UNIQUE INDEX cost_proposal_open ON cost_proposal (account) WHERE state IN ('open', 'ordered');

-- Holidays are the operator's to enter, with the notice they stand in.
CREATE TABLE cost_holiday_year (
  year         integer PRIMARY KEY,
  source       text NOT NULL,
  holidays     date[] NOT NULL,
  working_days date[] NOT NULL
);

-- What preserves the supply of a meter now, or null. A verified or doubtful keep-power counts until a release-power is verified.
CREATE FUNCTION cost_preserved(wanted text, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT evidence FROM (
    SELECT p.kind || ': ' || p.evidence AS evidence
    FROM cost_account a LEFT JOIN meter m ON m.address = a.meter LEFT JOIN terminal t ON t.address = m.terminal_address
    JOIN cost_protection p ON p.scope = 'all' OR (p.scope = 'account' AND p.of = a.account) OR (p.scope = 'area' AND p.of = COALESCE(m.area, t.area))
    WHERE a.meter = wanted AND p.kind IN ('power-preserve', 'protected-equipment', 'medical') AND p.since <= at AND (p.until IS NULL OR p.until > at)
    UNION ALL
    SELECT 'power-preserve: command ' || k.id FROM command k
    WHERE k.meter_address = wanted AND k.action = 'keep-power' AND k.state IN ('sent', 'confirmed', 'unknown', 'verified')
      AND NOT EXISTS (SELECT 1 FROM command r WHERE r.meter_address = wanted AND r.action = 'release-power' AND r.state = 'verified' AND r.sent_at > k.sent_at)
  ) AS found LIMIT 1
$$;

-- The last gate before a trip leaves: power-preserve beats everything, whoever asked for the trip.
CREATE FUNCTION cost_trip_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held text := cost_preserved(NEW.meter_address, now());
BEGIN
  IF held IS NOT NULL THEN RAISE EXCEPTION 'supply of % is preserved: %', NEW.meter_address, held USING ERRCODE = 'ZP001'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER cost_trip_guard BEFORE UPDATE OF state ON command FOR EACH ROW WHEN (NEW.action = 'trip' AND NEW.state = 'sent' AND OLD.state <> 'sent') EXECUTE FUNCTION cost_trip_guard();
