-- How far the charges of an account have followed its daily energies; and the reading ordered after a command, once.
ALTER TABLE cost_account ADD COLUMN charged_at timestamptz(3) NOT NULL DEFAULT '2000-01-01T00:00:00Z';
ALTER TABLE cost_proposal ADD COLUMN read_back uuid REFERENCES command (id);
CREATE INDEX cost_proposal_done ON cost_proposal (closed_at) WHERE state = 'done';
