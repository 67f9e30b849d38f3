-- When people last asked jobs of a name to stop; whoever works on one that began before looks here. docs/analytics.md, "Jobs".
CREATE TABLE job_stop (
  name      text PRIMARY KEY,
  asked_at  timestamptz NOT NULL,
  asked_by  text NOT NULL
);
