-- Version 3: a thing has the TID that its tag was commissioned with, upper-case hex, '' for none. No entry of before
-- tells one. Never edit this once it is released: add a file.
SET LOCAL search_path = gatewarden, pg_temp;

ALTER TABLE thing ADD COLUMN tid text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE thing ALTER COLUMN tid DROP DEFAULT;
