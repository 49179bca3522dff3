PRAGMA application_id = 1196911716;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
INSERT INTO checkpoint VALUES(2,replace('gw-1\n2\n1N+yTV8VysSnUR+C3SGt6o30eTDn0d5UsZYXUqe2e0M=\n\n— gw-1 QoFYUJHEYXy5tHHQYSpWgPCIW26IgjMe1iZ4wZqa/vAX87lbR4KhtFlLea7b61pF+C/q8w8Gk+f3E1tKOV9SmaRTWAg=\n','\n',char(10)));
INSERT INTO checkpoint VALUES(3,replace('gw-1\n3\nM9VDpT3pn7HrDUhjEAacrVqTRs9+USQyJ9awEuKH0H0=\n\n— gw-1 QoFYUNVvugNXJjC93iOnb+ZRnMw+Dieshtnk5GDBQqq/ZIN36DA889aKJf6taDik1TE5FogppvTvOZSDARCrTJ86dAA=\n','\n',char(10)));
INSERT INTO checkpoint VALUES(5,replace('gw-1\n5\n0uImsHHuZ4e1Akwjt/4zOd23xjvY1NicP1C5uTTHf6E=\n\n— gw-1 QoFYUHU7EaV7p+qC7E2GucqxazGe97d0ahxZfwONN18jum64BPEQG03tS61fC7E3aoyFpOHAxjCdFxh25KVZ6CMJgwE=\n','\n',char(10)));
INSERT INTO checkpoint VALUES(6,replace('gw-1\n6\n5k7E45onEP+NQjhDk91WuFr7DN82UZzuMCI8j+8D2gE=\n\n— gw-1 QoFYUF9ngdnCLyZeVHtt29pbzWNGYk4TxaN6Xs5Q7HduZ4MmQIx4HTAq77BA8mQvdAsLWAO7XotNjM1sSqVrXpQYuQM=\n','\n',char(10)));
INSERT INTO checkpoint VALUES(8,replace('gw-1\n8\njCzeBA+aryl+EQKfF5iN0dpGXE7aG9kNBXkx3I04ZaM=\n\n— gw-1 QoFYUBf+uG+47dho9pOxiSSlHX524gZxi0/CCMajE1JaQzqYEDlk6ZOcM+j1knrjrJ7Q+YrDOeKFDnqXRPTVStMqNw0=\n','\n',char(10)));
INSERT INTO checkpoint VALUES(9,replace('gw-1\n9\nJUzKy1N5U0fWxWX8FmTB1cLkBWtReQtQos+zxcDhNNw=\n\n— gw-1 QoFYUOjjxgpVB9yX6pibEqqYjE2yl3jBtqvUouwCT1b/HrWH2ivK+w5XkW4eLmA4Xjoq2wVX6gRwZ4FOg1zGRD7eYA4=\n','\n',char(10)));
CREATE TABLE cosignature (
    size INTEGER NOT NULL,
    name TEXT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (size, name)
) STRICT, WITHOUT ROWID;
INSERT INTO cosignature VALUES(9,'hq.example/w1','— hq.example/w1 AAAA');
CREATE TABLE credential (operator TEXT PRIMARY KEY, phc TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO credential VALUES('mueller','$argon2id$a');
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    bytes TEXT NOT NULL
) STRICT;
INSERT INTO entry VALUES(0,X'28666cac438e5ef2966b5d30de558d10efadbd29103a514acd830ce0d93e4762','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":0,"synced":true,"wall_us":1790000000000000},"body":{"config":"b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910","gateway":"gw-1","kind":"started","policies":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f","version":"0.1.0"},"seq":0,"v":1}');
INSERT INTO entry VALUES(1,X'0132d4b7caa5127256213830c5f0397f966a38f8d77b576a10ec8bfce86e20c7','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":1000000,"synced":true,"wall_us":1790000001000000},"body":{"by":{"kind":"daemon"},"item":{"code":"M-300","gtins":["6291041500213"],"name":"Valued","tracking":"lot","unit":"pcs","valuation":{"currency":"EUR","decimals":2,"method":"fifo"}},"kind":"item-defined"},"seq":1,"v":1}');
INSERT INTO entry VALUES(2,X'ec6eb249b84d23b922c0e9dd0d3e5e868e7f5d5d3c3015f01f674b01b87d2bfd','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":2000000,"synced":true,"wall_us":1790000002000000},"body":{"badges":["ecbd50e7023d1e4524750485ae7612a052b9b14a9591a15430f1503c302813d2"],"by":{"kind":"local","uid":0},"kind":"enrolled","name":"mueller","operator":"mueller","pin":"3543b2c36e75702308912d800023aff752bc16b1823177b6ca2331ebba525c41","roles":["storekeeper"]},"seq":2,"v":1}');
INSERT INTO entry VALUES(3,X'3985af9d14ef5f3e6568673099dc9a2680e3b407af6cd3de59ced1203d4edcdf','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":3000000,"synced":true,"wall_us":1790000003000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000003","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":24,"things":["urn:epc:id:sgtin:0614141.112345.M-10024"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000003","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":3,"v":1}');
INSERT INTO entry VALUES(4,X'685c4aeada38210f8bbe72338aad725105067e58bc787540d18cfe3c8ce53ab0','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":4000000,"synced":true,"wall_us":1790000004000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000004","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":30,"things":["urn:epc:id:sgtin:0614141.112345.M-10030"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000004","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":4,"v":1}');
INSERT INTO entry VALUES(5,X'ccadbfbe7b7226ef2cfa80f063e2c99dfcf1385eba064f4180a1ae4983007166','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":5000000,"synced":true,"wall_us":1790000005000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000005","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-300","line":10,"lot":"L1","quantity":10,"things":["urn:epc:id:sgtin:0614141.112345.M-30010"],"to":"wh1/dock","unit":"pcs","value":"25"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000005","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":5,"v":1}');
INSERT INTO entry VALUES(6,X'678348c045ad17815d203070361819365da8e2cb02c4400323d9219d73c5487d','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":6000000,"synced":true,"wall_us":1790000006000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000006","kind":"receipt","lines":[{"from":"wh1/dock","item":"M-300","line":10,"lot":"L1","quantity":4,"things":["urn:epc:id:sgtin:0614141.112345.M-3004"],"to":"wh1/a-01","unit":"pcs","value":"10"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000006","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":6,"v":1}');
INSERT INTO entry VALUES(7,X'1538bda2ea730f7aacccca2d054b4dedb120f109a81969f901d37ea4fe17b36a','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":7000000,"synced":true,"wall_us":1790000007000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000007","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-300","line":10,"lot":"L1","quantity":2,"things":["urn:epc:id:sgtin:0614141.112345.M-3002"],"to":"wh1/dock","unit":"pcs","value":"6.5"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000007","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":7,"v":1}');
INSERT INTO entry VALUES(8,X'e404c9e99a1d1b9a9ef9825030902c5f6beb7a9baa2563b30ddc34781e84c1c4','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":8000000,"synced":true,"wall_us":1790000008000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000008","kind":"receipt","lines":[{"from":"wh1/dock","item":"M-100","line":10,"quantity":5,"things":["urn:epc:id:sgtin:0614141.112345.M-1005"],"to":"@loss/scrap","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000008","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":8,"v":1}');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('origin','gw-1');
INSERT INTO meta VALUES('verifier','gw-1+42815850+ARl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1h');
CREATE TABLE node (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE movement_index (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    day INTEGER NOT NULL
) STRICT;
INSERT INTO movement_index VALUES(3,X'01970000000070008000000000000003',20717);
INSERT INTO movement_index VALUES(4,X'01970000000070008000000000000004',20717);
INSERT INTO movement_index VALUES(5,X'01970000000070008000000000000005',20717);
INSERT INTO movement_index VALUES(6,X'01970000000070008000000000000006',20717);
INSERT INTO movement_index VALUES(7,X'01970000000070008000000000000007',20717);
INSERT INTO movement_index VALUES(8,X'01970000000070008000000000000008',20717);
CREATE TABLE day (day INTEGER PRIMARY KEY, seq INTEGER NOT NULL, counted INTEGER) STRICT;
INSERT INTO day VALUES(20717,3,3);
CREATE TABLE balance (
    item TEXT NOT NULL,
    location TEXT NOT NULL,
    lot TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    unit TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (item, location, lot, owner, status, unit)
) STRICT, WITHOUT ROWID;
INSERT INTO balance VALUES('M-100','@loss/scrap','','','available','',5);
INSERT INTO balance VALUES('M-100','@supplier/ACME','','','available','',-54);
INSERT INTO balance VALUES('M-100','wh1/dock','','','available','',49);
INSERT INTO balance VALUES('M-300','@supplier/ACME','L1','','available','',-12);
INSERT INTO balance VALUES('M-300','wh1/a-01','L1','','available','',4);
INSERT INTO balance VALUES('M-300','wh1/dock','L1','','available','',8);
CREATE TABLE pool (
    item TEXT NOT NULL,
    location TEXT NOT NULL,
    lot TEXT NOT NULL,
    owner TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    value INTEGER NOT NULL,
    layers TEXT NOT NULL,
    PRIMARY KEY (item, location, lot, owner)
) STRICT, WITHOUT ROWID;
INSERT INTO pool VALUES('M-100','wh1/dock','','',49,0,'20717:49');
INSERT INTO pool VALUES('M-300','wh1/a-01','L1','',4,100000,'20717:4:100000');
INSERT INTO pool VALUES('M-300','wh1/dock','L1','',8,215000,'20717:6:150000 20717:2:65000');
CREATE TABLE thing (
    key TEXT PRIMARY KEY,
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    place TEXT NOT NULL,
    unit TEXT NOT NULL,
    commissioned INTEGER NOT NULL,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO thing VALUES('urn:epc:id:sgtin:0614141.112345.M-10024','M-100','','','wh1/dock','',0,3);
INSERT INTO thing VALUES('urn:epc:id:sgtin:0614141.112345.M-10030','M-100','','','wh1/dock','',0,4);
INSERT INTO thing VALUES('urn:epc:id:sgtin:0614141.112345.M-1005','M-100','','','@loss/scrap','',0,8);
INSERT INTO thing VALUES('urn:epc:id:sgtin:0614141.112345.M-30010','M-300','L1','','wh1/dock','',0,5);
INSERT INTO thing VALUES('urn:epc:id:sgtin:0614141.112345.M-3002','M-300','L1','','wh1/dock','',0,7);
INSERT INTO thing VALUES('urn:epc:id:sgtin:0614141.112345.M-3004','M-300','L1','','wh1/a-01','',0,6);
CREATE TABLE lot (
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    expires TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (item, lot)
) STRICT, WITHOUT ROWID;
INSERT INTO lot VALUES('M-300','L1','',5);
CREATE TABLE subject (
    era INTEGER NOT NULL CHECK (era = seq >> 16),
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 0),
    more BLOB NOT NULL,
    PRIMARY KEY (era, kind, key, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE subject_new (
    seq INTEGER PRIMARY KEY CHECK (seq >= 0),
    subjects TEXT NOT NULL
) STRICT;
INSERT INTO subject_new VALUES(1,'1:5:M-300,');
INSERT INTO subject_new VALUES(2,'4:7:mueller,');
INSERT INTO subject_new VALUES(3,'1:5:M-100,2:39:urn:epc:id:sgtin:0614141.112345.M-10024,3:7:4500001,4:7:mueller,6:36:00000000-0000-0000-0000-000000007a5c,7:6:dock-1,');
INSERT INTO subject_new VALUES(4,'1:5:M-100,2:39:urn:epc:id:sgtin:0614141.112345.M-10030,3:7:4500001,4:7:mueller,6:36:00000000-0000-0000-0000-000000007a5c,7:6:dock-1,');
INSERT INTO subject_new VALUES(5,'1:5:M-300,2:39:urn:epc:id:sgtin:0614141.112345.M-30010,3:7:4500001,4:7:mueller,6:36:00000000-0000-0000-0000-000000007a5c,7:6:dock-1,9:8:M-300/L1,');
INSERT INTO subject_new VALUES(6,'1:5:M-300,2:38:urn:epc:id:sgtin:0614141.112345.M-3004,3:7:4500001,4:7:mueller,6:36:00000000-0000-0000-0000-000000007a5c,7:6:dock-1,9:8:M-300/L1,');
INSERT INTO subject_new VALUES(7,'1:5:M-300,2:38:urn:epc:id:sgtin:0614141.112345.M-3002,3:7:4500001,4:7:mueller,6:36:00000000-0000-0000-0000-000000007a5c,7:6:dock-1,9:8:M-300/L1,');
INSERT INTO subject_new VALUES(8,'1:5:M-100,2:38:urn:epc:id:sgtin:0614141.112345.M-1005,3:7:4500001,4:7:mueller,6:36:00000000-0000-0000-0000-000000007a5c,7:6:dock-1,');
CREATE TABLE live (
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO live VALUES('item:M-300',1);
INSERT INTO live VALUES('operator:mueller',2);
INSERT INTO live VALUES('task:00000000-0000-0000-0000-000000007a5c',3);
INSERT INTO live VALUES('task:00000000-0000-0000-0000-000000007a5c',4);
INSERT INTO live VALUES('task:00000000-0000-0000-0000-000000007a5c',5);
INSERT INTO live VALUES('task:00000000-0000-0000-0000-000000007a5c',6);
INSERT INTO live VALUES('task:00000000-0000-0000-0000-000000007a5c',7);
INSERT INTO live VALUES('task:00000000-0000-0000-0000-000000007a5c',8);
CREATE VIEW journal AS
    SELECT seq,
           strftime('%Y-%m-%dT%H:%M:%SZ', (bytes ->> '$.at.wall_us') / 1000000, 'unixepoch') AS at,
           bytes ->> '$.body.kind' AS kind,
           bytes
    FROM entry;
CREATE INDEX balance_unit ON balance (unit) WHERE unit <> '';
CREATE VIEW movement AS
    SELECT seq,
           bytes ->> '$.body.movement.id' AS id,
           bytes ->> '$.body.movement.kind' AS kind,
           bytes ->> '$.body.movement.document.kind' AS document_kind,
           bytes ->> '$.body.movement.document.number' AS document,
           ifnull(bytes ->> '$.body.movement.task', '') AS task,
           ifnull(bytes ->> '$.body.movement.station', '') AS station,
           bytes ->> '$.body.movement.session' AS session,
           bytes ->> '$.body.movement.operator' AS operator,
           bytes ->> '$.body.movement.auth_level' AS auth_level,
           bytes ->> '$.body.movement.approved_by' AS approved_by,
           bytes ->> '$.at.wall_us' AS wall_us,
           date(day * 86400, 'unixepoch') AS day,
           ifnull(bytes ->> '$.body.movement.back_dated', 0) AS back_dated,
           ifnull(bytes ->> '$.body.movement.reverses', '') AS reverses,
           ifnull(bytes ->> '$.body.movement.reservation', '') AS reservation
    FROM movement_index JOIN entry USING (seq);
CREATE VIEW movement_line AS
    SELECT seq,
           json_each.key AS position,
           json_each.value ->> '$.line' AS line,
           json_each.value ->> '$.item' AS item,
           ifnull(json_each.value ->> '$.lot', '') AS lot,
           json_each.value ->> '$.quantity' AS quantity,
           json_each.value ->> '$.unit' AS unit,
           json_each.value ->> '$.from' AS from_location,
           json_each.value ->> '$.to' AS to_location,
           ifnull(json_each.value ->> '$.owner', '') AS owner,
           ifnull(json_each.value ->> '$.from_status', 'available') AS from_status,
           ifnull(json_each.value ->> '$.to_status', 'available') AS to_status,
           ifnull(json_each.value ->> '$.from_unit', '') AS from_unit,
           ifnull(json_each.value ->> '$.to_unit', '') AS to_unit,
           ifnull(json_each.value ->> '$.value', '') AS value
    FROM movement_index JOIN entry USING (seq),
         json_each(entry.bytes, '$.body.movement.lines');
CREATE VIEW stock AS
    SELECT item, location, lot, owner, status, unit, quantity FROM balance
    WHERE location NOT LIKE '@%';
COMMIT;
