-- Version 2: what witnesses sign is kept. A witness may sign a checkpoint again, such as at a later
-- time; since nothing here is ever changed, that is a further row, and of one name at one size the
-- newest row counts. Days are found by an index. Never edit this once it is released: add a file.
SET LOCAL search_path = gatewarden, pg_temp;

ALTER TABLE cosignature ADD COLUMN nth bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE cosignature DROP CONSTRAINT cosignature_pkey;
ALTER TABLE cosignature ADD PRIMARY KEY (lane, size, name, nth);
CREATE INDEX cosignature_name ON cosignature (lane, name, size);

CREATE INDEX movement_of_day ON movement_index (day, lane, seq);
