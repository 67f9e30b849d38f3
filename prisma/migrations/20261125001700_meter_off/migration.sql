-- Whether a meter was taken off by an instant and not mounted again until then: it owes no readings.
CREATE FUNCTION meter_off(meter integer, instant timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM meter_exchange x WHERE x.old_meter = meter AND x.at <= instant
    AND NOT EXISTS (SELECT FROM meter_exchange y WHERE y.new_meter = meter AND y.at > x.at AND y.at <= instant))
$$;
