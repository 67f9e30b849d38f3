-- Readings become wide: one row per meter and instant, all its values in one array (docs/adr/0003-wide-readings.md). The runner
-- gives each file one transaction: whoever is interrupted here finds the old tables whole and starts again.

-- A shape says what the values of a row are, place by place: item, quality and way of coming. There are few shapes and many rows.
-- Rows never change once written. `digest`: SHA-256 of the elements' text, see reading_shape_of.
CREATE TABLE reading_shape (
  id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest  bytea NOT NULL UNIQUE
);
CREATE TABLE reading_shape_item (
  shape    integer NOT NULL REFERENCES reading_shape (id),
  item     integer NOT NULL,
  place    integer NOT NULL,
  quality  reading_quality NOT NULL,
  source   reading_source NOT NULL,
  PRIMARY KEY (shape, item)
);

-- The shape of these elements, made if it is new. They come ordered by item as an unsigned number, each item once.
CREATE FUNCTION reading_shape_of(items integer[], qualities reading_quality[], sources reading_source[]) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  key bytea := (SELECT sha256(convert_to(string_agg(concat_ws(' ', u.item, u.quality, u.source), ',' ORDER BY u.place), 'UTF8'))
    FROM unnest(items, qualities, sources) WITH ORDINALITY AS u (item, quality, source, place));
  found integer;
BEGIN
  SELECT s.id INTO found FROM reading_shape s WHERE s.digest = key;
  IF found IS NOT NULL THEN RETURN found; END IF;
  INSERT INTO reading_shape (digest) VALUES (key) ON CONFLICT (digest) DO NOTHING RETURNING id INTO found;
  IF found IS NULL THEN
    -- Another transaction made it and has committed by now.
    RETURN (SELECT s.id FROM reading_shape s WHERE s.digest = key);
  END IF;
  INSERT INTO reading_shape_item (shape, item, place, quality, source)
    SELECT found, u.item, u.place, u.quality, u.source FROM unnest(items, qualities, sources) WITH ORDINALITY AS u (item, quality, source, place);
  RETURN found;
END $$;

CREATE SCHEMA reading_narrow;
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'reading'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET SCHEMA reading_narrow', part);
  END LOOP;
  ALTER TABLE reading SET SCHEMA reading_narrow;
END $$;

-- The identity of a reading is meter, time and item: this key, and an item only once in a shape. Widest columns first, so that none is padded.
CREATE TABLE reading (
  time         timestamptz(3) NOT NULL,
  received_at  timestamptz(3) NOT NULL,
  meter_id     integer NOT NULL,
  shape        integer NOT NULL,
  values       numeric[] NOT NULL,
  -- When a maximum occurred, place by place; null when no value of the row has such a moment.
  occurred     timestamptz(3)[],
  -- When each value was received; null when all came at received_at.
  received     timestamptz(3)[],
  PRIMARY KEY (meter_id, time)
) PARTITION BY RANGE (time);
CREATE TABLE reading_default PARTITION OF reading DEFAULT;

-- Readings one by one, as people ask for them. A plain join: conditions on any column reach the tables.
CREATE VIEW reading_value AS
  SELECT r.meter_id, r.time, e.item, r.values[e.place] AS value, e.quality, e.source, r.occurred[e.place] AS occurred_at,
    coalesce(r.received[e.place], r.received_at) AS received_at
  FROM reading r JOIN reading_shape_item e ON e.shape = r.shape;

DO $$
DECLARE
  part record;
BEGIN
  FOR part IN SELECT c.oid::regclass AS source, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'reading_narrow.reading'::regclass ORDER BY c.relname
  LOOP
    IF part.bound <> 'DEFAULT' THEN EXECUTE format('CREATE TABLE public.%I PARTITION OF public.reading %s', part.name, part.bound); END IF;
    EXECUTE format(
      'INSERT INTO public.%I (time, received_at, meter_id, shape, values, occurred, received)
       SELECT time, min(received_at), meter_id,
         reading_shape_of(array_agg(item ORDER BY place), array_agg(quality ORDER BY place), array_agg(source ORDER BY place)),
         array_agg(value ORDER BY place),
         CASE WHEN count(occurred_at) > 0 THEN array_agg(occurred_at ORDER BY place) END,
         CASE WHEN min(received_at) < max(received_at) THEN array_agg(received_at ORDER BY place) END
       FROM (SELECT *, item::bigint & 4294967295 AS place FROM %s) AS one GROUP BY meter_id, time ORDER BY time, meter_id', part.name, part.source);
    EXECUTE format('DROP TABLE %s', part.source);
  END LOOP;
END $$;
DROP TABLE reading_narrow.reading;
DROP SCHEMA reading_narrow;
