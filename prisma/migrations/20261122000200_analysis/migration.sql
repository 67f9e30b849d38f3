-- Days whose derived figures are out of date: one row a stored batch, written after its readings and before its job ends,
-- taken away in the transaction that computes the figures. A log instead of a watermark on received_at, because a batch that
-- waited in the queue is committed after later ones: a watermark would step over it.
CREATE TABLE touched_days (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  meter_ids  integer[] NOT NULL,
  days       date[] NOT NULL
);
