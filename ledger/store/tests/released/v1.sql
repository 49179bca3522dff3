PRAGMA application_id = 1196911716;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE balance (
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    location TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (item, lot, location)
) STRICT, WITHOUT ROWID;
INSERT INTO "balance" VALUES('M-100','','@customer/C',30);
INSERT INTO "balance" VALUES('M-100','','@supplier/ACME',-73);
INSERT INTO "balance" VALUES('M-100','','wh1/dock',43);
INSERT INTO "balance" VALUES('M-200','L1','@supplier/ACME',-5);
INSERT INTO "balance" VALUES('M-200','L1','wh1/dock',5);
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
INSERT INTO "checkpoint" VALUES(1,'gw-1
1
KGZsrEOOXvKWa10w3lWNEO+tvSkQOlFKzYMM4Nk+R2I=

— gw-1 QoFYUHZzUJTmQ6jg5Fv1ZlXiYSQJEzTlzKJOxWYztHO5HhfGZ1bW0OSZsfIdU9V6rub9SJrFdwtik9i5RihoUFl4HwU=
');
INSERT INTO "checkpoint" VALUES(2,'gw-1
2
3IHCp+l0uY9J7NQL3x4CCREiPSnyDbTdkIIJ/fzVB3Q=

— gw-1 QoFYULIA1mUsEDrFUlYOE3cPdRtzogr/L90vnifiFLlPrsBVJZSTcPC6yPLfIZ0zxfJJtLhk46ZWU11eL+ENTGoOuw4=
');
INSERT INTO "checkpoint" VALUES(3,'gw-1
3
RTv/TC5l7Xl9cCRO48qo52TJphVeI/OSJNqnxiM1KBk=

— gw-1 QoFYUG6DfXaqqrbaQsx8HaGxlG6M2nTXUo7TFnCdxAnNuu7Fx3xsdtdFxPke8BpIF+fIqcaLPDPCaVRZvkn+Z0vuiAM=
');
INSERT INTO "checkpoint" VALUES(4,'gw-1
4
roZYk5UXnWGGhE9AcBFQPMe7E8S/X44foE+FldJVY5c=

— gw-1 QoFYUKpjpy66DMzi8vUQbXU0zL44s50f9/6DVSE+gic9MX0guhIlCyR0MAMB671gBXmLLvr/CFD743BWkwP1RuO0PAk=
');
INSERT INTO "checkpoint" VALUES(5,'gw-1
5
csTeOwgBwk81YgaSZA1Cw+Pld4/PkiBCrRO+Qa42ij4=

— gw-1 QoFYUH0YjQvZvpbIM545qvJk6O51ceFoIVOdu79FDTABTFZvxFaedS9UqxP8VGth/4Jhc/2aJRtaEPRux/bvm+3sIwk=
');
INSERT INTO "checkpoint" VALUES(7,'gw-1
7
yWeDzIGpCpEfRd+3hMLK4w5Pefv4AqfXWhJMc4NDifE=

— gw-1 QoFYUOpD4jmHs4AHuBBZpRNqwd93/RaaCDE2YZAOcNSerk1BlHbLVJGfbttBSUquMUnlsn8GT5Z6TMWloaqnBDjxlwg=
');
INSERT INTO "checkpoint" VALUES(9,'gw-1
9
kacAHFsOHVwVObVBO12n5j94zLOGsGpgylfbzhQZkU4=

— gw-1 QoFYUNN5NskxDmEY2ktx7CFd8tRDh5+EhFtwBHHR22r9NIfztASAr8qK0XK6DgdJpx+cqaCauh9yF026PWfBrr6+1gY=
');
CREATE TABLE credential (operator TEXT PRIMARY KEY, phc TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "credential" VALUES('mueller','$argon2id$a');
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL CHECK (length(leaf) = 32),
    bytes TEXT NOT NULL
) STRICT;
INSERT INTO "entry" VALUES(0,X'28666CAC438E5EF2966B5D30DE558D10EFADBD29103A514ACD830CE0D93E4762','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":0,"synced":true,"wall_us":1790000000000000},"body":{"config":"b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910","gateway":"gw-1","kind":"started","policies":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f","version":"0.1.0"},"seq":0,"v":1}');
INSERT INTO "entry" VALUES(1,X'7EB3B2C1767D895DBC52F0AD882B4A4E67F82C1489539D232F97B78FA2E96FF9','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":1000000,"synced":true,"wall_us":1790000001000000},"body":{"badges":["ecbd50e7023d1e4524750485ae7612a052b9b14a9591a15430f1503c302813d2"],"by":{"kind":"local","uid":0},"kind":"enrolled","name":"mueller","operator":"mueller","pin":"3543b2c36e75702308912d800023aff752bc16b1823177b6ca2331ebba525c41","roles":["storekeeper"]},"seq":1,"v":1}');
INSERT INTO "entry" VALUES(2,X'43DAF67EF2438FD59FC30A0F999AF9BB79C4AF38D759C13AEEB5CB48F8907881','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":2000000,"synced":true,"wall_us":1790000002000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000002","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":24,"things":["urn:epc:id:sgtin:0614141.112345.M-10024"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000002","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":2,"v":1}');
INSERT INTO "entry" VALUES(3,X'3985AF9D14EF5F3E6568673099DC9A2680E3B407AF6CD3DE59CED1203D4EDCDF','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":3000000,"synced":true,"wall_us":1790000003000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000003","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":24,"things":["urn:epc:id:sgtin:0614141.112345.M-10024"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000003","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":3,"v":1}');
INSERT INTO "entry" VALUES(4,X'08D4B8307CA1FBF0E91253E810E77A9C0023D28A3B680F8E50739C0C2466719B','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":4000000,"synced":true,"wall_us":1790000004000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000004","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":24,"things":["urn:epc:id:sgtin:0614141.112345.M-10024"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000004","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":4,"v":1}');
INSERT INTO "entry" VALUES(5,X'36A0CD45162FB69A77020CC92B553256E948634CA8DBDF688DE2C15BE7128F16','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":5000000,"synced":true,"wall_us":1790000005000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000005","kind":"receipt","lines":[{"from":"@supplier/ACME","item":"M-200","line":10,"lot":"L1","quantity":5,"things":["urn:epc:id:sgtin:0614141.112345.M-2005"],"to":"wh1/dock","unit":"pcs"},{"from":"@supplier/ACME","item":"M-100","line":10,"quantity":1,"things":["urn:epc:id:sgtin:0614141.112345.M-1001"],"to":"wh1/dock","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000005","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":5,"v":1}');
INSERT INTO "entry" VALUES(6,X'AFDCC4A162DC12A659BF33ECCCF1F49BC2C50BF17C651C5DFBE3B5A63567418D','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":6000000,"synced":true,"wall_us":1790000006000000},"body":{"kind":"moved","movement":{"approved_by":"buyer","auth_level":2,"decision":{"action":"execute","allowed":true,"module":"inbound","policies":["storekeeper-inbound-execute"],"version":"5b3a02e57af9b55aae545b599baa6a6798a364d8d2798a38536249f77e30fe5f"},"devices":["portal-1"],"document":{"kind":"purchase-order","number":"4500001"},"evidence":"d74ff0ee8da3b9806b18c877dbf29bbde50b5bd8e4dad7a3a725000feb82e8f1","id":"01970000-0000-7000-8000-000000000006","kind":"receipt","lines":[{"from":"wh1/dock","item":"M-100","line":10,"quantity":30,"things":["urn:epc:id:sgtin:0614141.112345.M-10030"],"to":"@customer/C","unit":"pcs"}],"operator":"mueller","pass":"01970000-0000-7000-8000-000000000006","session":"00000000-0000-0000-0000-000000005e55","station":"dock-1","task":"00000000-0000-0000-0000-000000007a5c"}},"seq":6,"v":1}');
INSERT INTO "entry" VALUES(7,X'D08D9DD069901CA0A1D1D476A62A7A129CC33D9A00DA4323AA826875C22A51C7','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":7000000,"synced":true,"wall_us":1790000007000000},"body":{"by":{"kind":"local","uid":0},"kind":"removed","operator":"li.wei"},"seq":7,"v":1}');
INSERT INTO "entry" VALUES(8,X'10CC3EABE2F222A6BF98F196C496E57C7D3CA6B3473A3B26CD6B3910E4E558CC','{"at":{"boot":"00000000-0000-0000-0000-00000000b007","mono_us":8000000,"synced":true,"wall_us":1790000008000000},"body":{"badges":["0a5df1f73a7764060af76d8e74f0fd13e78d244f122309802ea16e1042d61164"],"by":{"kind":"local","uid":0},"kind":"enrolled","name":"li.wei","operator":"li.wei","roles":["storekeeper"]},"seq":8,"v":1}');
CREATE TABLE live (
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO "live" VALUES('operator:li.wei',8);
INSERT INTO "live" VALUES('operator:mueller',1);
INSERT INTO "live" VALUES('task:00000000-0000-0000-0000-000000007a5c',2);
INSERT INTO "live" VALUES('task:00000000-0000-0000-0000-000000007a5c',3);
INSERT INTO "live" VALUES('task:00000000-0000-0000-0000-000000007a5c',4);
INSERT INTO "live" VALUES('task:00000000-0000-0000-0000-000000007a5c',5);
INSERT INTO "live" VALUES('task:00000000-0000-0000-0000-000000007a5c',6);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('origin','gw-1');
INSERT INTO "meta" VALUES('verifier','gw-1+42815850+ARl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1h');
CREATE TABLE movement (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    document_kind TEXT NOT NULL,
    document TEXT NOT NULL,
    task TEXT NOT NULL,
    station TEXT NOT NULL,
    session TEXT NOT NULL,
    operator TEXT NOT NULL,
    auth_level INTEGER NOT NULL,
    approved_by TEXT NOT NULL,
    wall_us INTEGER NOT NULL
) STRICT;
INSERT INTO "movement" VALUES(2,'01970000-0000-7000-8000-000000000002','receipt','purchase-order','4500001','00000000-0000-0000-0000-000000007a5c','dock-1','00000000-0000-0000-0000-000000005e55','mueller',2,'buyer',1790000002000000);
INSERT INTO "movement" VALUES(3,'01970000-0000-7000-8000-000000000003','receipt','purchase-order','4500001','00000000-0000-0000-0000-000000007a5c','dock-1','00000000-0000-0000-0000-000000005e55','mueller',2,'buyer',1790000003000000);
INSERT INTO "movement" VALUES(4,'01970000-0000-7000-8000-000000000004','receipt','purchase-order','4500001','00000000-0000-0000-0000-000000007a5c','dock-1','00000000-0000-0000-0000-000000005e55','mueller',2,'buyer',1790000004000000);
INSERT INTO "movement" VALUES(5,'01970000-0000-7000-8000-000000000005','receipt','purchase-order','4500001','00000000-0000-0000-0000-000000007a5c','dock-1','00000000-0000-0000-0000-000000005e55','mueller',2,'buyer',1790000005000000);
INSERT INTO "movement" VALUES(6,'01970000-0000-7000-8000-000000000006','receipt','purchase-order','4500001','00000000-0000-0000-0000-000000007a5c','dock-1','00000000-0000-0000-0000-000000005e55','mueller',2,'buyer',1790000006000000);
CREATE TABLE movement_line (
    seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    line INTEGER NOT NULL,
    item TEXT NOT NULL,
    lot TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit TEXT NOT NULL,
    from_location TEXT NOT NULL,
    to_location TEXT NOT NULL,
    PRIMARY KEY (seq, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "movement_line" VALUES(2,0,10,'M-100','',24,'pcs','@supplier/ACME','wh1/dock');
INSERT INTO "movement_line" VALUES(3,0,10,'M-100','',24,'pcs','@supplier/ACME','wh1/dock');
INSERT INTO "movement_line" VALUES(4,0,10,'M-100','',24,'pcs','@supplier/ACME','wh1/dock');
INSERT INTO "movement_line" VALUES(5,0,10,'M-200','L1',5,'pcs','@supplier/ACME','wh1/dock');
INSERT INTO "movement_line" VALUES(5,1,10,'M-100','',1,'pcs','@supplier/ACME','wh1/dock');
INSERT INTO "movement_line" VALUES(6,0,10,'M-100','',30,'pcs','wh1/dock','@customer/C');
CREATE TABLE node (
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE subject (
    kind INTEGER NOT NULL,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (kind, key, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO "subject" VALUES(1,'M-100',2);
INSERT INTO "subject" VALUES(1,'M-100',3);
INSERT INTO "subject" VALUES(1,'M-100',4);
INSERT INTO "subject" VALUES(1,'M-100',5);
INSERT INTO "subject" VALUES(1,'M-100',6);
INSERT INTO "subject" VALUES(1,'M-200',5);
INSERT INTO "subject" VALUES(2,'urn:epc:id:sgtin:0614141.112345.M-1001',5);
INSERT INTO "subject" VALUES(2,'urn:epc:id:sgtin:0614141.112345.M-10024',2);
INSERT INTO "subject" VALUES(2,'urn:epc:id:sgtin:0614141.112345.M-10024',3);
INSERT INTO "subject" VALUES(2,'urn:epc:id:sgtin:0614141.112345.M-10024',4);
INSERT INTO "subject" VALUES(2,'urn:epc:id:sgtin:0614141.112345.M-10030',6);
INSERT INTO "subject" VALUES(2,'urn:epc:id:sgtin:0614141.112345.M-2005',5);
INSERT INTO "subject" VALUES(3,'4500001',2);
INSERT INTO "subject" VALUES(3,'4500001',3);
INSERT INTO "subject" VALUES(3,'4500001',4);
INSERT INTO "subject" VALUES(3,'4500001',5);
INSERT INTO "subject" VALUES(3,'4500001',6);
INSERT INTO "subject" VALUES(4,'li.wei',7);
INSERT INTO "subject" VALUES(4,'li.wei',8);
INSERT INTO "subject" VALUES(4,'mueller',1);
INSERT INTO "subject" VALUES(4,'mueller',2);
INSERT INTO "subject" VALUES(4,'mueller',3);
INSERT INTO "subject" VALUES(4,'mueller',4);
INSERT INTO "subject" VALUES(4,'mueller',5);
INSERT INTO "subject" VALUES(4,'mueller',6);
INSERT INTO "subject" VALUES(5,'01970000-0000-7000-8000-000000000002',2);
INSERT INTO "subject" VALUES(5,'01970000-0000-7000-8000-000000000003',3);
INSERT INTO "subject" VALUES(5,'01970000-0000-7000-8000-000000000004',4);
INSERT INTO "subject" VALUES(5,'01970000-0000-7000-8000-000000000005',5);
INSERT INTO "subject" VALUES(5,'01970000-0000-7000-8000-000000000006',6);
INSERT INTO "subject" VALUES(6,'00000000-0000-0000-0000-000000007a5c',2);
INSERT INTO "subject" VALUES(6,'00000000-0000-0000-0000-000000007a5c',3);
INSERT INTO "subject" VALUES(6,'00000000-0000-0000-0000-000000007a5c',4);
INSERT INTO "subject" VALUES(6,'00000000-0000-0000-0000-000000007a5c',5);
INSERT INTO "subject" VALUES(6,'00000000-0000-0000-0000-000000007a5c',6);
INSERT INTO "subject" VALUES(7,'dock-1',2);
INSERT INTO "subject" VALUES(7,'dock-1',3);
INSERT INTO "subject" VALUES(7,'dock-1',4);
INSERT INTO "subject" VALUES(7,'dock-1',5);
INSERT INTO "subject" VALUES(7,'dock-1',6);
CREATE VIEW journal AS
    SELECT seq,
           strftime('%Y-%m-%dT%H:%M:%SZ', (bytes ->> '$.at.wall_us') / 1000000, 'unixepoch') AS at,
           bytes ->> '$.body.kind' AS kind,
           bytes
    FROM entry;
CREATE VIEW stock AS
    SELECT item, lot, location, quantity FROM balance
    WHERE quantity <> 0 AND location NOT LIKE '@%';
COMMIT;
