SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA gatewarden;
CREATE FUNCTION gatewarden.never() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the journal is never changed: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION gatewarden.own_lane() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'gatewarden', 'pg_temp'
    AS $$SELECT lane FROM lane WHERE role = session_user$$;
CREATE FUNCTION gatewarden.take_locks(keys bigint[], exclusive boolean[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    FOR i IN 1 .. coalesce(array_length(keys, 1), 0) LOOP
        IF exclusive[i] THEN
            PERFORM pg_advisory_xact_lock(keys[i]);
        ELSE
            PERFORM pg_advisory_xact_lock_shared(keys[i]);
        END IF;
    END LOOP;
END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE gatewarden.balance (
    item text NOT NULL COLLATE pg_catalog."C",
    location text NOT NULL COLLATE pg_catalog."C",
    lot text NOT NULL COLLATE pg_catalog."C",
    owner text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    unit text NOT NULL COLLATE pg_catalog."C",
    quantity bigint NOT NULL
);
CREATE TABLE gatewarden.checkpoint (
    lane integer NOT NULL,
    size bigint NOT NULL,
    note text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT checkpoint_size_check CHECK ((size > 0))
);
CREATE TABLE gatewarden.cosignature (
    lane integer NOT NULL,
    size bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    line text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE gatewarden.credential (
    lane integer NOT NULL,
    operator text NOT NULL COLLATE pg_catalog."C",
    phc text NOT NULL COLLATE pg_catalog."C"
);
CREATE SEQUENCE gatewarden."position"
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    NO MAXVALUE
    CACHE 1;
CREATE TABLE gatewarden.entry (
    lane integer NOT NULL,
    seq bigint NOT NULL,
    "position" bigint DEFAULT nextval('gatewarden."position"'::regclass) NOT NULL,
    leaf bytea NOT NULL,
    bytes text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT entry_leaf_check CHECK ((length(leaf) = 32)),
    CONSTRAINT entry_seq_check CHECK ((seq >= 0))
);
CREATE TABLE gatewarden.lane (
    lane integer NOT NULL,
    gateway text NOT NULL COLLATE pg_catalog."C",
    role text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE gatewarden.lane_key (
    lane integer NOT NULL,
    verifier text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE gatewarden.lane ALTER COLUMN lane ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME gatewarden.lane_lane_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE gatewarden.live (
    lane integer NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL
);
CREATE TABLE gatewarden.lot (
    item text NOT NULL COLLATE pg_catalog."C",
    lot text NOT NULL COLLATE pg_catalog."C",
    expires text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL
);
CREATE TABLE gatewarden.migration (
    version integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE gatewarden.movement_index (
    lane integer NOT NULL,
    seq bigint NOT NULL,
    id uuid NOT NULL,
    day integer NOT NULL,
    counted boolean NOT NULL
);
CREATE TABLE gatewarden.news (
    "position" bigint NOT NULL,
    lane integer NOT NULL,
    seq bigint NOT NULL
);
CREATE TABLE gatewarden.node (
    lane integer NOT NULL,
    level integer NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT node_hash_check CHECK ((length(hash) = 32))
);
CREATE TABLE gatewarden.pool (
    item text NOT NULL COLLATE pg_catalog."C",
    location text NOT NULL COLLATE pg_catalog."C",
    lot text NOT NULL COLLATE pg_catalog."C",
    owner text NOT NULL COLLATE pg_catalog."C",
    quantity bigint NOT NULL,
    value bigint NOT NULL,
    layers text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE gatewarden.subject (
    lane integer NOT NULL,
    kind integer NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL
);
CREATE TABLE gatewarden.thing (
    key text NOT NULL COLLATE pg_catalog."C",
    item text NOT NULL COLLATE pg_catalog."C",
    lot text NOT NULL COLLATE pg_catalog."C",
    serial text NOT NULL COLLATE pg_catalog."C",
    place text NOT NULL COLLATE pg_catalog."C",
    unit text NOT NULL COLLATE pg_catalog."C",
    commissioned boolean NOT NULL,
    seq bigint NOT NULL
);
INSERT INTO gatewarden.balance VALUES ('M-100', '@supplier/ACME', '', '', 'available', '', -43);
INSERT INTO gatewarden.balance VALUES ('M-100', '@customer/C', '', '', 'available', '', 7);
INSERT INTO gatewarden.balance VALUES ('M-100', 'wh1/dock', '', '', 'available', '', 36);
INSERT INTO gatewarden.balance VALUES ('M-200', '@supplier/ACME', 'L1', '', 'available', '', -5);
INSERT INTO gatewarden.balance VALUES ('M-200', 'wh1/dock', 'L1', '', 'available', '', 5);
INSERT INTO gatewarden.checkpoint VALUES (1, 2, 'gw-1
2
3IHCp+l0uY9J7NQL3x4CCREiPSnyDbTdkIIJ/fzVB3Q=

— gw-1 QoFYULIA1mUsEDrFUlYOE3cPdRtzogr/L90vnifiFLlPrsBVJZSTcPC6yPLfIZ0zxfJJtLhk46ZWU11eL+ENTGoOuw4=
');
INSERT INTO gatewarden.checkpoint VALUES (1, 4, 'gw-1
4
kfkrfl1b1GY+htZpr121AqJkHY/AVlcKcjQJY1oRD2U=

— gw-1 QoFYUEx5JAvUcRcZHn61C7Vp2G+pzIItltgmD46D2W+qxounG7C0Fc2JOA6Yko8pKtO6Tt0G4pekqCb6YV+LHvb27wA=
');
INSERT INTO gatewarden.checkpoint VALUES (2, 1, 'gw-2
1
pnLaj0IR8fqfcaRpV9WkDCuGQxPBaBBeJRFaQzVVKdY=

— gw-2 Fc4XFAgoiA7UrskW2ilLNZGdo18l6/y4pf0NicoZVCAK0MHa8HtLB5k7sqAu+ub6JwSOq5oepuGEZUybH92Se64pUQA=
');
INSERT INTO gatewarden.checkpoint VALUES (1, 5, 'gw-1
5
MS5UfKaPDz/xc5ItoCntB7gmnrcnFuCZwiitBH/1WB0=

— gw-1 QoFYUOBIqp6TLyqwwDV2jtqgny2fFdB8JQ8Ox2C2dVqYSzayra2o4vSkRu4hyQZs/0dmOHXkVvWyh8ZXufcHDtqrxgA=
');
INSERT INTO gatewarden.credential VALUES (1, 'mueller', '$argon2id$a');
INSERT INTO gatewarden.entry VALUES (1, 0, 0, '\x28666cac438e5ef2966b5d30de558d10efadbd29103a514acd830ce0d93e4762', '{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":0,"synced":true,"wall_us":1790000000000000},"body":{"config":"b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910","gateway":"gw-1","kind":"started","policies":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f","version":"0.1.0"},"seq":0,"v":1}');
INSERT INTO gatewarden.entry VALUES (1, 1, 1, '\x7eb3b2c1767d895dbc52f0ad882b4a4e67f82c1489539d232f97b78fa2e96ff9', '{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":1000000,"synced":true,"wall_us":1790000001000000},"body":{"badges":["ecbd50e7023d1e4524750485ae7612a052b9b14a9591a15430f1503c302813d2"],"by":{"kind":"local","uid":0},"kind":"enrolled","name":"mueller","operator":"mueller","pin":"3543b2c36e75702308912d800023aff752bc16b1823177b6ca2331ebba525c41","roles":["storekeeper"]},"seq":1,"v":1}');
INSERT INTO gatewarden.entry VALUES (1, 2, 2, '\x030382faab622091e2aee8a08b0584702977b74e08e0e3dcd021f157044e8a6a', '{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":2000000,"synced":true,"wall_us":1790000002000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000002","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":30,"things":["urn:epc:id:sgtin:0614141.112345.M-10030"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000002","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":2,"v":1}');
INSERT INTO gatewarden.entry VALUES (1, 3, 3, '\x9dba32277f09acb95b7db4ac41b01ab94fe9a69980049720c0e8c6968bc75d24', '{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":3000000,"synced":true,"wall_us":1790000003000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000003","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":13,"things":["urn:epc:id:sgtin:0614141.112345.M-10013"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000003","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":3,"v":1}');
INSERT INTO gatewarden.entry VALUES (2, 0, 4, '\xa672da8f4211f1fa9f71a46957d5a40c2b864313c168105e25115a43355529d6', '{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":0,"synced":true,"wall_us":1790000000000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000064","kind":"receipt","lines":[{"from":"wh1/dock","item":"M-100","line":10,"quantity":7,"things":["urn:epc:id:sgtin:0614141.112345.M-1007"],"to":"@customer/C","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000064","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":0,"v":1}');
INSERT INTO gatewarden.entry VALUES (1, 4, 5, '\xc343021fa9b9f5c6ba040cfd2e15c386bce61d28eb6e53cb431170e9e9a27605', '{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":4000000,"synced":true,"wall_us":1790000004000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000004","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-200","line":10,"lot":"L1","quantity":5,"things":["urn:epc:id:sgtin:0614141.112345.M-2005"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000004","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":4,"v":1}');
INSERT INTO gatewarden.lane OVERRIDING SYSTEM VALUE VALUES (1, 'gw-1', 'gatewarden_gw_1');
INSERT INTO gatewarden.lane OVERRIDING SYSTEM VALUE VALUES (2, 'gw-2', 'gatewarden_gw_2');
INSERT INTO gatewarden.lane_key VALUES (1, 'gw-1+42815850+ARl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1h');
INSERT INTO gatewarden.lane_key VALUES (2, 'gw-2+15ce1714+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU');
INSERT INTO gatewarden.live VALUES (1, 'operator:mueller', 1);
INSERT INTO gatewarden.live VALUES (1, 'task:00000000-0000-0000-0000-000000007a5c', 2);
INSERT INTO gatewarden.live VALUES (1, 'task:00000000-0000-0000-0000-000000007a5c', 3);
INSERT INTO gatewarden.live VALUES (2, 'task:00000000-0000-0000-0000-000000007a5c', 0);
INSERT INTO gatewarden.live VALUES (1, 'task:00000000-0000-0000-0000-000000007a5c', 4);
INSERT INTO gatewarden.lot VALUES ('M-200', 'L1', '', 5);
INSERT INTO gatewarden.migration VALUES (1, '2026-11-28 17:52:33.258154+00');
INSERT INTO gatewarden.movement_index VALUES (1, 2, '01970000-0000-7000-8000-000000000002', 20717, true);
INSERT INTO gatewarden.movement_index VALUES (1, 3, '01970000-0000-7000-8000-000000000003', 20717, true);
INSERT INTO gatewarden.movement_index VALUES (2, 0, '01970000-0000-7000-8000-000000000064', 20717, true);
INSERT INTO gatewarden.movement_index VALUES (1, 4, '01970000-0000-7000-8000-000000000004', 20717, true);
INSERT INTO gatewarden.pool VALUES ('M-100', 'wh1/dock', '', '', 36, 0, '20717:36');
INSERT INTO gatewarden.pool VALUES ('M-200', 'wh1/dock', 'L1', '', 5, 0, '20717:5');
INSERT INTO gatewarden.subject VALUES (1, 4, 'mueller', 1);
INSERT INTO gatewarden.subject VALUES (1, 1, 'M-100', 2);
INSERT INTO gatewarden.subject VALUES (1, 1, 'M-100', 3);
INSERT INTO gatewarden.subject VALUES (1, 2, 'urn:epc:id:sgtin:0614141.112345.M-10013', 3);
INSERT INTO gatewarden.subject VALUES (1, 2, 'urn:epc:id:sgtin:0614141.112345.M-10030', 2);
INSERT INTO gatewarden.subject VALUES (1, 3, '4500001', 2);
INSERT INTO gatewarden.subject VALUES (1, 3, '4500001', 3);
INSERT INTO gatewarden.subject VALUES (1, 4, 'mueller', 2);
INSERT INTO gatewarden.subject VALUES (1, 4, 'mueller', 3);
INSERT INTO gatewarden.subject VALUES (1, 6, '00000000-0000-0000-0000-000000007a5c', 2);
INSERT INTO gatewarden.subject VALUES (1, 6, '00000000-0000-0000-0000-000000007a5c', 3);
INSERT INTO gatewarden.subject VALUES (1, 7, 'dock-1', 2);
INSERT INTO gatewarden.subject VALUES (1, 7, 'dock-1', 3);
INSERT INTO gatewarden.subject VALUES (2, 1, 'M-100', 0);
INSERT INTO gatewarden.subject VALUES (2, 2, 'urn:epc:id:sgtin:0614141.112345.M-1007', 0);
INSERT INTO gatewarden.subject VALUES (2, 3, '4500001', 0);
INSERT INTO gatewarden.subject VALUES (2, 4, 'mueller', 0);
INSERT INTO gatewarden.subject VALUES (2, 6, '00000000-0000-0000-0000-000000007a5c', 0);
INSERT INTO gatewarden.subject VALUES (2, 7, 'dock-1', 0);
INSERT INTO gatewarden.subject VALUES (1, 1, 'M-200', 4);
INSERT INTO gatewarden.subject VALUES (1, 2, 'urn:epc:id:sgtin:0614141.112345.M-2005', 4);
INSERT INTO gatewarden.subject VALUES (1, 3, '4500001', 4);
INSERT INTO gatewarden.subject VALUES (1, 4, 'mueller', 4);
INSERT INTO gatewarden.subject VALUES (1, 6, '00000000-0000-0000-0000-000000007a5c', 4);
INSERT INTO gatewarden.subject VALUES (1, 7, 'dock-1', 4);
INSERT INTO gatewarden.subject VALUES (1, 9, 'M-200/L1', 4);
INSERT INTO gatewarden.thing VALUES ('urn:epc:id:sgtin:0614141.112345.M-10013', 'M-100', '', '', 'wh1/dock', '', false, 3);
INSERT INTO gatewarden.thing VALUES ('urn:epc:id:sgtin:0614141.112345.M-10030', 'M-100', '', '', 'wh1/dock', '', false, 2);
INSERT INTO gatewarden.thing VALUES ('urn:epc:id:sgtin:0614141.112345.M-1007', 'M-100', '', '', '@customer/C', '', false, 4);
INSERT INTO gatewarden.thing VALUES ('urn:epc:id:sgtin:0614141.112345.M-2005', 'M-200', 'L1', '', 'wh1/dock', '', false, 5);
SELECT pg_catalog.setval('gatewarden.lane_lane_seq', 2, true);
SELECT pg_catalog.setval('gatewarden."position"', 5, true);
ALTER TABLE ONLY gatewarden.balance
    ADD CONSTRAINT balance_pkey PRIMARY KEY (item, location, lot, owner, status, unit);
ALTER TABLE ONLY gatewarden.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (lane, size);
ALTER TABLE ONLY gatewarden.cosignature
    ADD CONSTRAINT cosignature_pkey PRIMARY KEY (lane, size, name);
ALTER TABLE ONLY gatewarden.credential
    ADD CONSTRAINT credential_pkey PRIMARY KEY (lane, operator);
ALTER TABLE ONLY gatewarden.entry
    ADD CONSTRAINT entry_pkey PRIMARY KEY (lane, seq);
ALTER TABLE ONLY gatewarden.entry
    ADD CONSTRAINT entry_position_key UNIQUE ("position");
ALTER TABLE ONLY gatewarden.lane
    ADD CONSTRAINT lane_gateway_key UNIQUE (gateway);
ALTER TABLE ONLY gatewarden.lane_key
    ADD CONSTRAINT lane_key_pkey PRIMARY KEY (lane);
ALTER TABLE ONLY gatewarden.lane
    ADD CONSTRAINT lane_pkey PRIMARY KEY (lane);
ALTER TABLE ONLY gatewarden.lane
    ADD CONSTRAINT lane_role_key UNIQUE (role);
ALTER TABLE ONLY gatewarden.live
    ADD CONSTRAINT live_pkey PRIMARY KEY (lane, key, seq);
ALTER TABLE ONLY gatewarden.lot
    ADD CONSTRAINT lot_pkey PRIMARY KEY (item, lot);
ALTER TABLE ONLY gatewarden.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (version);
ALTER TABLE ONLY gatewarden.movement_index
    ADD CONSTRAINT movement_index_id_key UNIQUE (id);
ALTER TABLE ONLY gatewarden.movement_index
    ADD CONSTRAINT movement_index_pkey PRIMARY KEY (lane, seq);
ALTER TABLE ONLY gatewarden.news
    ADD CONSTRAINT news_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY gatewarden.node
    ADD CONSTRAINT node_pkey PRIMARY KEY (lane, level, number);
ALTER TABLE ONLY gatewarden.pool
    ADD CONSTRAINT pool_pkey PRIMARY KEY (item, location, lot, owner);
ALTER TABLE ONLY gatewarden.subject
    ADD CONSTRAINT subject_pkey PRIMARY KEY (kind, key, lane, seq);
ALTER TABLE ONLY gatewarden.thing
    ADD CONSTRAINT thing_pkey PRIMARY KEY (key);
CREATE INDEX balance_unit ON gatewarden.balance USING btree (unit) WHERE (unit <> ''::text);
CREATE INDEX movement_day ON gatewarden.movement_index USING btree (day) WHERE counted;
CREATE TRIGGER never BEFORE DELETE OR UPDATE OR TRUNCATE ON gatewarden.checkpoint FOR EACH STATEMENT EXECUTE FUNCTION gatewarden.never();
CREATE TRIGGER never BEFORE DELETE OR UPDATE OR TRUNCATE ON gatewarden.cosignature FOR EACH STATEMENT EXECUTE FUNCTION gatewarden.never();
CREATE TRIGGER never BEFORE DELETE OR UPDATE OR TRUNCATE ON gatewarden.entry FOR EACH STATEMENT EXECUTE FUNCTION gatewarden.never();
CREATE TRIGGER never BEFORE DELETE OR UPDATE OR TRUNCATE ON gatewarden.lane_key FOR EACH STATEMENT EXECUTE FUNCTION gatewarden.never();
CREATE TRIGGER never BEFORE DELETE OR UPDATE OR TRUNCATE ON gatewarden.node FOR EACH STATEMENT EXECUTE FUNCTION gatewarden.never();
ALTER TABLE ONLY gatewarden.checkpoint
    ADD CONSTRAINT checkpoint_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.cosignature
    ADD CONSTRAINT cosignature_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.credential
    ADD CONSTRAINT credential_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.entry
    ADD CONSTRAINT entry_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.lane_key
    ADD CONSTRAINT lane_key_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.live
    ADD CONSTRAINT live_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.movement_index
    ADD CONSTRAINT movement_index_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.news
    ADD CONSTRAINT news_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.node
    ADD CONSTRAINT node_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
ALTER TABLE ONLY gatewarden.subject
    ADD CONSTRAINT subject_lane_fkey FOREIGN KEY (lane) REFERENCES gatewarden.lane(lane);
CREATE POLICY adding ON gatewarden.checkpoint FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.cosignature FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.entry FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.lane_key FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.live FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.movement_index FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.news FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.node FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY adding ON gatewarden.subject FOR INSERT WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
ALTER TABLE gatewarden.checkpoint ENABLE ROW LEVEL SECURITY;
CREATE POLICY closing ON gatewarden.checkpoint FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.cosignature FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.entry FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.lane_key FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.live FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.movement_index FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.news FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.node FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY closing ON gatewarden.subject FOR DELETE USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
ALTER TABLE gatewarden.cosignature ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatewarden.credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatewarden.entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatewarden.lane_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatewarden.live ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatewarden.movement_index ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatewarden.news ENABLE ROW LEVEL SECURITY;
ALTER TABLE gatewarden.node ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON gatewarden.credential USING ((lane = ( SELECT gatewarden.own_lane() AS own_lane))) WITH CHECK ((lane = ( SELECT gatewarden.own_lane() AS own_lane)));
CREATE POLICY reading ON gatewarden.checkpoint FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.cosignature FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.entry FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.lane_key FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.live FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.movement_index FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.news FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.node FOR SELECT USING (true);
CREATE POLICY reading ON gatewarden.subject FOR SELECT USING (true);
ALTER TABLE gatewarden.subject ENABLE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA gatewarden TO gatewarden_gateway;
GRANT USAGE ON SCHEMA gatewarden TO gatewarden_auditor;
REVOKE ALL ON FUNCTION gatewarden.never() FROM PUBLIC;
REVOKE ALL ON FUNCTION gatewarden.own_lane() FROM PUBLIC;
GRANT ALL ON FUNCTION gatewarden.own_lane() TO gatewarden_gateway;
REVOKE ALL ON FUNCTION gatewarden.take_locks(keys bigint[], exclusive boolean[]) FROM PUBLIC;
GRANT ALL ON FUNCTION gatewarden.take_locks(keys bigint[], exclusive boolean[]) TO gatewarden_gateway;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE gatewarden.balance TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.balance TO gatewarden_auditor;
GRANT SELECT,INSERT ON TABLE gatewarden.checkpoint TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.checkpoint TO gatewarden_auditor;
GRANT SELECT,INSERT ON TABLE gatewarden.cosignature TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.cosignature TO gatewarden_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE gatewarden.credential TO gatewarden_gateway;
GRANT USAGE ON SEQUENCE gatewarden."position" TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.entry TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.entry TO gatewarden_auditor;
GRANT INSERT(lane) ON TABLE gatewarden.entry TO gatewarden_gateway;
GRANT INSERT(seq) ON TABLE gatewarden.entry TO gatewarden_gateway;
GRANT INSERT(leaf) ON TABLE gatewarden.entry TO gatewarden_gateway;
GRANT INSERT(bytes) ON TABLE gatewarden.entry TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.lane TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.lane TO gatewarden_auditor;
GRANT SELECT,INSERT ON TABLE gatewarden.lane_key TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.lane_key TO gatewarden_auditor;
GRANT SELECT,INSERT,DELETE ON TABLE gatewarden.live TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.live TO gatewarden_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE gatewarden.lot TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.lot TO gatewarden_auditor;
GRANT SELECT ON TABLE gatewarden.migration TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.migration TO gatewarden_auditor;
GRANT SELECT,INSERT ON TABLE gatewarden.movement_index TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.movement_index TO gatewarden_auditor;
GRANT SELECT,INSERT ON TABLE gatewarden.news TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.news TO gatewarden_auditor;
GRANT SELECT,INSERT ON TABLE gatewarden.node TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.node TO gatewarden_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE gatewarden.pool TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.pool TO gatewarden_auditor;
GRANT SELECT,INSERT ON TABLE gatewarden.subject TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.subject TO gatewarden_auditor;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE gatewarden.thing TO gatewarden_gateway;
GRANT SELECT ON TABLE gatewarden.thing TO gatewarden_auditor;
