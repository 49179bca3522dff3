-- Version 1 of a ledger on PostgreSQL. One schema, one lane a gateway: `entry`, `node`, `checkpoint`
-- and `cosignature` are each lane's journal; `movement_index`, `subject` and `live` its indexes; `credential`
-- its PIN hashes. `balance`, `pool`, `thing` and `lot` are the stock that all lanes share. Texts
-- compare by bytes. Never edit this once it is released: add a file.

CREATE SCHEMA gatewarden;
SET LOCAL search_path = gatewarden, pg_temp;

CREATE TABLE migration (
    version integer PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);

-- A gateway, its database role, and the key that its tree is signed with from the first entry on.
CREATE TABLE lane (
    lane integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    gateway text COLLATE "C" NOT NULL UNIQUE,
    role text COLLATE "C" NOT NULL UNIQUE
);
CREATE TABLE lane_key (
    lane integer PRIMARY KEY REFERENCES lane,
    verifier text COLLATE "C" NOT NULL
);

-- The lane of who is connected; null for anybody else.
CREATE FUNCTION own_lane() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = gatewarden, pg_temp
    AS 'SELECT lane FROM lane WHERE role = session_user';

-- The order in which entries of all lanes took effect: drawn while the sites that an entry changes
-- are locked, so that replaying by it is valid. No role but the owner can choose one.
CREATE SEQUENCE position AS bigint MINVALUE 0 START 0;

CREATE TABLE entry (
    lane integer NOT NULL REFERENCES lane,
    seq bigint NOT NULL CHECK (seq >= 0),
    position bigint NOT NULL DEFAULT nextval('gatewarden.position') UNIQUE,
    leaf bytea NOT NULL CHECK (length(leaf) = 32),
    bytes text COLLATE "C" NOT NULL,
    PRIMARY KEY (lane, seq)
);
CREATE TABLE node (
    lane integer NOT NULL REFERENCES lane,
    level integer NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (lane, level, number)
);
CREATE TABLE checkpoint (
    lane integer NOT NULL REFERENCES lane,
    size bigint NOT NULL CHECK (size > 0),
    note text COLLATE "C" NOT NULL,
    PRIMARY KEY (lane, size)
);

CREATE TABLE cosignature (
    lane integer NOT NULL REFERENCES lane,
    size bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    PRIMARY KEY (lane, size, name)
);

-- A movement's id is its pass's or its client's: it is there once among all lanes. `counted` are those
-- that made their day the last one: not back-dated, nor stamped by an unset clock.
CREATE TABLE movement_index (
    lane integer NOT NULL REFERENCES lane,
    seq bigint NOT NULL,
    id uuid NOT NULL UNIQUE,
    day integer NOT NULL,
    counted boolean NOT NULL,
    PRIMARY KEY (lane, seq)
);
CREATE INDEX movement_day ON movement_index (day) WHERE counted;
CREATE TABLE subject (
    lane integer NOT NULL REFERENCES lane,
    kind integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (kind, key, lane, seq)
);
CREATE TABLE live (
    lane integer NOT NULL REFERENCES lane,
    key text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (lane, key, seq)
);
CREATE TABLE credential (
    lane integer NOT NULL REFERENCES lane,
    operator text COLLATE "C" NOT NULL,
    phc text COLLATE "C" NOT NULL,
    PRIMARY KEY (lane, operator)
);

-- The stock of all lanes. A text of '' means none; quantities are base units, values ten-thousandths,
-- days count from 1970-01-01.
CREATE TABLE balance (
    item text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    quantity bigint NOT NULL,
    PRIMARY KEY (item, location, lot, owner, status, unit)
);
CREATE INDEX balance_unit ON balance (unit) WHERE unit <> '';
CREATE TABLE pool (
    item text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,
    quantity bigint NOT NULL,
    value bigint NOT NULL,
    layers text COLLATE "C" NOT NULL,
    PRIMARY KEY (item, location, lot, owner)
);
CREATE TABLE thing (
    key text COLLATE "C" PRIMARY KEY,
    item text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    commissioned boolean NOT NULL,
    seq bigint NOT NULL
);
CREATE TABLE lot (
    item text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    expires text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (item, lot)
);

-- What every gateway must know of the others: items, closed periods.
CREATE TABLE news (
    position bigint PRIMARY KEY,
    lane integer NOT NULL REFERENCES lane,
    seq bigint NOT NULL
);

-- The journal is only added to, whoever asks.
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is never changed: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lane_key', 'entry', 'node', 'checkpoint', 'cosignature'] LOOP
        EXECUTE format('CREATE TRIGGER never BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION never()', name);
    END LOOP;
END $$;

-- Row-level security: everybody who may read sees every lane, but PIN hashes only of the own one; a
-- gateway writes nothing but its own lane.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['lane_key', 'entry', 'node', 'checkpoint', 'cosignature',
        'movement_index', 'subject', 'live', 'news'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY reading ON %I FOR SELECT USING (true)', name);
        EXECUTE format('CREATE POLICY adding ON %I FOR INSERT
            WITH CHECK (lane = (SELECT own_lane()))', name);
        EXECUTE format('CREATE POLICY closing ON %I FOR DELETE
            USING (lane = (SELECT own_lane()))', name);
    END LOOP;
END $$;
ALTER TABLE credential ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON credential
    USING (lane = (SELECT own_lane())) WITH CHECK (lane = (SELECT own_lane()));

-- Takes transaction locks in the order given, which the caller sorts: nobody waits in a circle.
CREATE FUNCTION take_locks(keys bigint[], exclusive boolean[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR i IN 1 .. coalesce(array_length(keys, 1), 0) LOOP
        IF exclusive[i] THEN
            PERFORM pg_advisory_xact_lock(keys[i]);
        ELSE
            PERFORM pg_advisory_xact_lock_shared(keys[i]);
        END IF;
    END LOOP;
END $$;
