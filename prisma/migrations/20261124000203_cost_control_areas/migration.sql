-- What has no area of its own is in the area DEFAULT, as in the tickets: protections and limits of areas hold for it, too.
CREATE OR REPLACE FUNCTION cost_preserved(wanted text, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT evidence FROM (
    SELECT p.kind || ': ' || p.evidence AS evidence
    FROM cost_account a LEFT JOIN meter m ON m.address = a.meter LEFT JOIN terminal t ON t.address = m.terminal_address
    JOIN cost_protection p ON p.scope = 'all' OR (p.scope = 'account' AND p.of = a.account) OR (p.scope = 'area' AND p.of = COALESCE(m.area, t.area, 'DEFAULT'))
    WHERE a.meter = wanted AND p.kind IN ('power-preserve', 'protected-equipment', 'medical') AND p.since <= at AND (p.until IS NULL OR p.until > at)
    UNION ALL
    SELECT 'power-preserve: command ' || k.id FROM command k
    WHERE k.meter_address = wanted AND k.action = 'keep-power' AND k.state IN ('sent', 'confirmed', 'unknown', 'verified')
      AND NOT EXISTS (SELECT 1 FROM command r WHERE r.meter_address = wanted AND r.action = 'release-power' AND r.state = 'verified' AND r.sent_at > k.sent_at)
  ) AS found LIMIT 1
$$;
