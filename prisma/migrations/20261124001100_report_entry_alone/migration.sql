-- A mark of the replay window is written for every report. The foreign key looked up and locked the row of its device each time a slot
-- was new, which cost as much again as the mark (docs/performance.md). Marks are only written for devices that were read before, and an
-- id is never given twice; what the key did besides, a trigger does: marks go with their device.
ALTER TABLE crypto_machine.report_entry DROP CONSTRAINT report_entry_device_id_fkey;
-- Room for the younger version of a slot on its own page: where there is none, a mark is written into another page and into the index.
ALTER TABLE crypto_machine.report_entry SET (fillfactor = 40);

CREATE FUNCTION crypto_machine.forget_report_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM crypto_machine.report_entry e USING gone WHERE e.device_id = gone.id;
  RETURN NULL;
END $$;
CREATE TRIGGER report_entries_go AFTER DELETE ON crypto_machine.device
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION crypto_machine.forget_report_entries();
