-- What the operator API asks for besides keys.

-- Two people must never be told apart by capitals alone.
CREATE UNIQUE INDEX app_user_username_folded ON app_user (lower(username));

CREATE INDEX command_created ON command (created_at DESC, id DESC);
-- Commands that wait for a person or for delivery: looked through every few seconds for those past their expiry.
CREATE INDEX command_waiting ON command (expires_at) WHERE state IN ('accepted', 'awaiting_approval', 'approved', 'queued');

CREATE INDEX audit_entry_actor ON audit_entry (actor, id);
