-- Days whose readings were rewritten in the order of the meters, and how they lay then (docs/adr/0004-closed-days.md).
CREATE TABLE reading_tidy (
  day           date PRIMARY KEY,
  at            timestamptz(3) NOT NULL DEFAULT now(),
  rows          bigint NOT NULL,
  -- Rows and key before and after.
  bytes_before  bigint NOT NULL,
  bytes_after   bigint NOT NULL,
  -- Rows alone afterwards. Pages beyond these hold what came later.
  heap_bytes    bigint NOT NULL
);
