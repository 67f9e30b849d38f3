-- Standing mandates (OSP-1 §7.6): what two people signed so that the station's service may allow closing alone. The crypto machine has
-- its own copy and judges by that; here stands who signed, whether the station still uses it, and what people were warned of.
CREATE TABLE standing_mandate (
  mandate         text PRIMARY KEY CHECK (mandate ~ '^[0-9A-F]{32}$'),
  tkm             bytea NOT NULL,
  service         text NOT NULL,
  area            text NOT NULL CHECK (area ~ '^[0-9A-F]{16}$'),
  -- As the registry writes it.
  area_name       text NOT NULL,
  not_before      timestamptz(3) NOT NULL,
  not_after       timestamptz(3) NOT NULL,
  per_hour        integer NOT NULL,
  per_day         bigint NOT NULL,
  state           text NOT NULL DEFAULT 'drafted' CHECK (state IN ('drafted', 'awaiting_approval', 'in-force', 'stopped', 'rejected')),
  requested_by    text NOT NULL,
  approver        text NOT NULL,
  operator_person text NOT NULL,
  approver_person text NOT NULL,
  sig_operator    bytea,
  created_at      timestamptz(3) NOT NULL DEFAULT now(),
  decided_at      timestamptz(3),
  stopped_by      text,
  -- 1: soon over, 2: over.
  warned          integer NOT NULL DEFAULT 0
);
CREATE INDEX standing_mandate_in_force ON standing_mandate (area) WHERE state = 'in-force';

-- A proposal that the service ordered under a mandate has one command and no batch.
ALTER TABLE cost_proposal ADD COLUMN command uuid REFERENCES command (id);
ALTER TABLE cost_proposal ADD COLUMN mandate text REFERENCES standing_mandate (mandate);
CREATE INDEX cost_proposal_mandate ON cost_proposal (mandate) WHERE state = 'ordered' AND mandate IS NOT NULL;
