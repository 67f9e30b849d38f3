-- The replay window of a device was up to 64 rows, and each report wrote one of them: half of what a report cost the database
-- (docs/performance.md). Now the marks of one statement are one row at the end of a record, and the windows they belong to are kept whole
-- now and then, one row a device; the record is forgotten up to there.
CREATE TABLE crypto_machine.report_mark (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Device (4 bytes), RN (12), MAC (8) of each mark.
  marks bytea NOT NULL CHECK (octet_length(marks) > 0 AND octet_length(marks) % 24 = 0)
);
-- Random bytes: an attempt to compress them is time lost.
ALTER TABLE crypto_machine.report_mark ALTER COLUMN marks SET STORAGE EXTERNAL;

CREATE TABLE crypto_machine.report_window (
  device_id integer PRIMARY KEY,
  -- The highest record of marks that is in it.
  folded_to bigint NOT NULL,
  -- RN (12) and MAC (8) of each report inside the window.
  known     bytea NOT NULL CHECK (octet_length(known) <= 1280 AND octet_length(known) % 20 = 0)
) WITH (fillfactor = 50);

INSERT INTO crypto_machine.report_window (device_id, folded_to, known)
SELECT e.device_id, 0, string_agg(e.rn || e.mac, ''::bytea ORDER BY e.rspctr)
FROM crypto_machine.report_entry e JOIN (SELECT device_id, max(rspctr) AS highest FROM crypto_machine.report_entry GROUP BY device_id) top USING (device_id)
WHERE e.rspctr > top.highest - 64 AND octet_length(e.mac) = 8
GROUP BY e.device_id;
DROP TABLE crypto_machine.report_entry;

-- Windows go with their device. What is on record of it meanwhile is left out when it is folded.
ALTER FUNCTION crypto_machine.forget_report_entries() RENAME TO forget_report_windows;
CREATE OR REPLACE FUNCTION crypto_machine.forget_report_windows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM crypto_machine.report_window w USING gone WHERE w.device_id = gone.id;
  RETURN NULL;
END $$;
ALTER TRIGGER report_entries_go ON crypto_machine.device RENAME TO report_windows_go;
