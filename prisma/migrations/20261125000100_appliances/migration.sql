-- Appliances at a charging site, shed by demand response events (docs/analytics.md, "The closed loop"). A row of charging_pile with `appliance` is not a pile:
-- min_watts is the least it may be held to, max_watts its rated power, `appliance` its kind and comfort rules as in contracts (ApplianceRules).
ALTER TABLE charging_pile ADD COLUMN appliance jsonb;

-- What of the reduction the appliances are asked for; null at a site without.
ALTER TABLE demand_event ADD COLUMN appliances_kw double precision CHECK (appliances_kw >= 0);

-- The run of an event on the appliances of its site is a night of its own, beside the one of the piles.
ALTER TABLE charging_night ADD COLUMN event bigint UNIQUE REFERENCES demand_event (id);
DROP INDEX charging_night_one;
CREATE UNIQUE INDEX charging_night_one ON charging_night (site) WHERE state IN ('running', 'cancelling') AND event IS NULL;
