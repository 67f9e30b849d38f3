-- The account that went over to the new meter: it goes back when the exchange is withdrawn.
ALTER TABLE meter_exchange ADD COLUMN account text;
