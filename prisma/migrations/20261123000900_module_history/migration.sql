-- What became of the modules of a device: bound, replaced and removed by orders, found and seen with another version in manifests.
-- Shown, and nothing decided by it. OSP-1 §7.7, docs/security/modules.md.

CREATE TABLE crypto_machine.module_history (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id integer NOT NULL REFERENCES crypto_machine.device (id) ON DELETE CASCADE,
  -- ms since 1970.
  at        bigint NOT NULL,
  slot      smallint NOT NULL,
  kind      text NOT NULL CHECK (kind IN ('bound', 'replaced', 'removed', 'found', 'version')),
  -- Of the module that is there now; the one that was removed.
  serial    bytea NOT NULL CHECK (octet_length(serial) = 8),
  -- Serial, or version, before.
  before    text,
  -- The order, the finding, or the version now.
  detail    text NOT NULL
);
CREATE INDEX module_history_device ON crypto_machine.module_history (device_id, id);

-- A chip is in one meter only: orders look for its serial.
CREATE INDEX module_serial ON crypto_machine.module (serial);
-- Suspect devices are few, and looked for often.
CREATE INDEX device_suspect ON crypto_machine.device (address) WHERE suspect OR status = 'suspect';
