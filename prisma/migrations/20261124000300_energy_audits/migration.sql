-- Energy audits of customers, transformer areas and plants (docs/analytics.md, "Energy audit").

-- What is audited: its meters as a tree, and what the operator knows of its contract, tariff, transformer and so on (SiteSettings).
-- A customer of one meter needs no row here.
CREATE TABLE energy_site (
  id          text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$'),
  level       text NOT NULL CHECK (level IN ('customer', 'area', 'plant')),
  name        text,
  settings    jsonb NOT NULL DEFAULT '{}',
  changed_by  text NOT NULL,
  changed_at  timestamptz(3) NOT NULL DEFAULT now()
);
CREATE TABLE energy_site_meter (
  site       text NOT NULL REFERENCES energy_site (id) ON DELETE CASCADE,
  meter_id   integer NOT NULL REFERENCES meter (id) ON DELETE CASCADE,
  role       text NOT NULL CHECK (role IN ('main', 'sub', 'user')),
  parent_id  integer,
  PRIMARY KEY (site, meter_id)
);
CREATE INDEX energy_site_meter_meter ON energy_site_meter (meter_id);

-- A run over one subject or over all of a level. `cursor` is the last subject done: every subject is stored together with it, so a
-- run that is killed goes on behind it and does nothing twice.
CREATE TABLE energy_audit_run (
  id            uuid PRIMARY KEY,
  level         text NOT NULL CHECK (level IN ('customer', 'area', 'plant')),
  month         date NOT NULL,
  subject       text,
  state         text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'cancelled')),
  total         integer,
  done          integer NOT NULL DEFAULT 0,
  failed        integer NOT NULL DEFAULT 0,
  cursor        text NOT NULL DEFAULT '',
  errors        jsonb NOT NULL DEFAULT '[]',
  requested_by  text NOT NULL,
  created_at    timestamptz(3) NOT NULL DEFAULT now(),
  started_at    timestamptz(3),
  updated_at    timestamptz(3) NOT NULL DEFAULT now(),
  ended_at      timestamptz(3)
);
CREATE INDEX energy_audit_run_open ON energy_audit_run (updated_at) WHERE state IN ('queued', 'running');

-- Every audit with the data it saw: `digest` is SHA-256 over all that went in. The same data by the same formulas make no new version.
CREATE TABLE energy_audit_version (
  level        text NOT NULL CHECK (level IN ('customer', 'area', 'plant')),
  subject      text NOT NULL,
  month        date NOT NULL,
  version      integer NOT NULL CHECK (version > 0),
  digest       bytea NOT NULL CHECK (octet_length(digest) = 32),
  formulas     text NOT NULL,
  provisional  boolean NOT NULL,
  audit        jsonb NOT NULL,
  run          uuid,
  computed_at  timestamptz(3) NOT NULL,
  PRIMARY KEY (level, subject, month, version)
);
