//! The canonical bytes of one entry of every kind, against files: an encoding that changes by
//! accident would make every older journal unverifiable. A file is only ever added, never changed;
//! a deliberate change is a new `ENTRY_VERSION` with files of its own.
//!
//! `GOLDEN_WRITE=1 cargo test -p gatewarden-store --test golden` writes the files that are missing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use common::{decision, line, moved, stamp};
use gatewarden_model::{
    Action, Actor, Body, Bucket, Change, ChangeId, ChangeVerdict, Comparison, Confirmation,
    CountLine, Counted, Decision, Direction, Document, DocumentKind, Entry, Guards, Hash, Item,
    ItemClass, Label, LabelEvidence, LabelId, LabelState, LabelTag, LabelVerdict, Levels, Limit,
    Mitigation, MitigationOf, Module, MovementId, MovementKind, MovementLine, OWN, Pass,
    PassClosing, PassId, PassOpening, PasskeyRecord, Posting, PostingLine, Present, Revaluation,
    Review, ReviewId, ReviewItem, ReviewScope, ReviewVerdict, Role, RoleMatrix, Second,
    SecondFactor, SessionEvent, SessionId, SessionPhase, Sighting, StockStatus, TagBank, TagField,
    TagLock, TagOp, TagOutcome, Task, TaskId, TaskLine, Thing, Tracking, Trust, TwoPersons, Unit,
    Valuation, ValuationMethod, VoucherLine, Walking,
    entry::Verdict,
    pass::{Doubt, Doubtful, Matched, Missing, Stray},
};
use uuid::Uuid;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn operator() -> Actor {
    Actor::Operator { id: "mueller".parse().unwrap(), session: Some(session()) }
}

fn session() -> SessionId {
    SessionId(Uuid::from_u128(0x5e55))
}

fn task_id() -> TaskId {
    TaskId(Uuid::from_u128(0x7a5c))
}

fn movement_id() -> MovementId {
    MovementId(Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001))
}

fn pass() -> Pass {
    let thing = |key: &str| Thing {
        key: key.into(),
        scheme: "sgtin-96".into(),
        gtin: Some("80614141123458".into()),
        serial: Some("6789".into()),
        lot: None,
        sscc: None,
    };
    let sighting = Sighting {
        thing: thing("urn:epc:id:sgtin:0614141.812345.6789"),
        device: "portal-1".parse().unwrap(),
        antenna: Some(2),
        first: stamp(10),
        last: stamp(11),
        reads: 7,
        peak_rssi_cdbm: Some(-5450),
        tid: None,
        trust: Trust::EpcOnly,
        direction: Direction::In,
        confidence_pct: 98,
        evidence: Hash::of(b"frame"),
    };
    Pass {
        id: PassId(movement_id().0),
        station: "dock-1".parse().unwrap(),
        opened: stamp(10),
        closed: stamp(12),
        opened_by: PassOpening::FirstRead,
        closed_by: PassClosing::Quiet,
        session: Some(session()),
        sightings: vec![sighting],
        doubts: vec![],
        strays: 0,
    }
}

fn comparison() -> Comparison {
    let stray = |key: &str| Stray { key: key.into(), item: Some("螺栓 M8".parse().unwrap()) };
    Comparison {
        expected: vec![Matched { line: 10, key: "a".into(), quantity: 1, lot: Some("L1".into()) }],
        missing: vec![Missing { line: 10, item: "M-100".parse().unwrap(), quantity: 1 }],
        extra: vec![stray("b\u{1d}\"\\")],
        unknown: vec![Stray { key: "hex:00".into(), item: None }],
        wrong_item: vec![stray("c")],
    }
}

fn task() -> Task {
    Task {
        document_digest: None,
        requester: None,
        id: task_id(),
        station: "dock-1".parse().unwrap(),
        kind: MovementKind::Receipt,
        document: Document { kind: DocumentKind::PurchaseOrder, number: "4500001".into() },
        ordered_by: Some("Weber".into()),
        approved_by: None,
        lines: vec![TaskLine {
            line: 10,
            item: "M-100".parse().unwrap(),
            quantity: 24,
            from: "@supplier/ACME".parse().unwrap(),
            to: "wh1/dock".parse().unwrap(),
            lot: Some("L1".into()),
            things: vec!["urn:epc:id:sgtin:0614141.812345.6789".into()],
            owner: None,
            from_status: Default::default(),
            to_status: Default::default(),
            value: None,
        }],
        reservation: None,
        custom: Default::default(),
    }
}

fn passkey() -> SecondFactor {
    SecondFactor::Passkey {
        id: Hash::of(b"credential"),
        name: "Müller's blue key".into(),
        key: PasskeyRecord {
            credential_id: "Y3JlZGVudGlhbA".into(),
            public_key: "pQECAyYgAQ".into(),
            algorithm: "es256".into(),
            sign_count: 7,
            aaguid: Uuid::from_u128(0xaa),
            backup_eligible: true,
            backed_up: false,
            transports: vec!["nfc".into(), "usb".into()],
        },
    }
}

fn review_item(role: &str) -> ReviewItem {
    ReviewItem::Role { operator: "mueller".parse().unwrap(), role: role.into() }
}

fn of_system(action: Action) -> Decision {
    Decision { module: Module::System, action, ..decision() }
}

/// The bodies of an access review.
fn bodies_of_review() -> Vec<Body> {
    let id = ReviewId(Uuid::from_u128(0x4e71));
    let scope =
        ReviewItem::Scope { client: "erp".parse().unwrap(), scope: "inbound:create".into() };
    vec![
        Body::ReviewOpened {
            review: Review {
                id,
                title: "Autumn".into(),
                scope: ReviewScope { roles: vec!["storekeeper".into()], clients: true },
                reviewers: vec!["weber".parse().unwrap()],
                fallback: "ma.second".parse().unwrap(),
                due_us: 1_700_000_000_000_000,
                items: vec![review_item("storekeeper"), scope.clone()],
            },
            by: operator(),
            decision: of_system(Action::Create),
        },
        Body::ReviewDecided {
            review: id,
            item: scope,
            verdict: ReviewVerdict::Revoke,
            justification: "replaced by the new ERP".into(),
            by: operator(),
            decision: of_system(Action::Approve),
        },
        Body::ReviewClosed {
            review: id,
            reason: "due".into(),
            expired: vec![review_item("storekeeper")],
            spared: vec![review_item("access-owner")],
        },
    ]
}

/// One body of every kind. A new kind that is missing here fails `every_kind_has_a_file`.
fn bodies() -> Vec<Body> {
    let reason = || "because".to_owned();
    let operator_id = || "mueller".parse().unwrap();
    let station = || Some("dock-1".parse().unwrap());
    let Body::Moved { movement, .. } =
        moved(0, 1, vec![line("M-100", 24, "@supplier/ACME", "wh1/dock")]).body
    else {
        return vec![];
    };
    vec![
        Body::Started {
            gateway: "gw-1".into(),
            version: "0.1.0".into(),
            config: Hash::of(b"c"),
            policies: Hash::of(b"p"),
        },
        Body::Stopped { reason: reason() },
        Body::Enrolled {
            operator: operator_id(),
            name: "Müller, Eva".into(),
            roles: vec!["storekeeper".into()],
            badges: vec![Hash::of(b"b")],
            pin: Some(Hash::of(b"$argon2id$")),
            kinds: BTreeMap::new(),
            tails: BTreeMap::new(),
            activation: None,
            change: None,
            mitigations: vec![],
            by: Actor::Local { uid: 1000 },
        },
        Body::Removed { operator: operator_id(), by: Actor::Daemon },
        Body::ClientAdded {
            client: "erp".parse().unwrap(),
            scopes: vec!["tasks".into()],
            token: Hash::of(b"t"),
            certificate: None,
            until_us: None,
            change: None,
            by: operator(),
        },
        Body::ClientRevoked {
            client: "erp".parse().unwrap(),
            by: Actor::Client { id: "erp".parse().unwrap() },
        },
        Body::SessionOpened {
            session: session(),
            operator: operator_id(),
            station: station(),
            auth_level: 2,
        },
        Body::SessionEnded {
            session: session(),
            operator: operator_id(),
            station: None,
            reason: "idle".into(),
        },
        Body::SignInRefused {
            operator: Some(operator_id()),
            station: station(),
            reason: reason(),
            failures: 4,
            locked_ms: 5000,
            until_unlocked: false,
        },
        Body::TaskOpened { task: task(), by: operator(), decision: Some(decision()) },
        Body::TaskApproved {
            task: task_id(),
            content: Hash::of(b"task"),
            by: operator(),
            decision: decision(),
        },
        Body::TaskClosed { task: task_id(), reason: "complete".into(), by: Actor::Daemon },
        Body::Quarantined { pass: pass(), reason: reason() },
        Body::QuarantineResolved {
            pass: pass().id,
            verdict: "dismissed".into(),
            reason: reason(),
            by: operator(),
            decision: decision(),
        },
        Body::Held {
            pass: pass(),
            task: task_id(),
            operator: operator_id(),
            auth_level: 2,
            second: None,
            comparison: comparison(),
            decision: decision(),
        },
        Body::HoldDecided {
            pass: pass().id,
            task: task_id(),
            verdict: Verdict::Accept,
            reason: reason(),
            doubts: vec![],
            by: operator(),
            second: None,
            decision: decision(),
        },
        Body::Denied {
            by: Actor::Nobody,
            action: Action::Execute,
            module: Module::Outbound,
            reason: reason(),
            decision: Some(decision()),
            station: station(),
            task: Some(task_id()),
            document: Some("4500001".into()),
            pass: Some(pass()),
            further: None,
        },
        Body::Moved { movement, pass: Some(pass()) },
        Body::Delivered {
            movement: movement_id(),
            lane: "tryton".parse().unwrap(),
            remote_id: "42".into(),
            found: true,
        },
        Body::Rejected {
            movement: movement_id(),
            lane: "tryton".parse().unwrap(),
            reason: reason(),
        },
        Body::Gap { device: None, from: stamp(1), to: stamp(2), reason: reason() },
    ]
}

fn stock_line() -> MovementLine {
    MovementLine {
        lot: Some("L1".into()),
        stated: Some("2 box".into()),
        owner: Some("ACME".into()),
        from_status: StockStatus::QualityInspection,
        to_status: StockStatus::Blocked,
        from_unit: Some("006141410000000018".into()),
        to_unit: Some("006141410000000025".into()),
        expires: Some("2027-01-31".parse().unwrap()),
        value: Some("12.5".parse().unwrap()),
        ..line("M-100", 24, "wh1/dock", "wh1/bin-1")
    }
}

fn vouchers() -> Vec<VoucherLine> {
    let line = |account: &str, amount: &str| VoucherLine {
        account: account.into(),
        amount: amount.parse().unwrap(),
    };
    vec![line("1400", "12.5"), line("3300", "-12.5")]
}

/// The bodies that came with stock, reservations, costs and keys.
fn bodies_of_stock() -> Vec<Body> {
    let item = Item {
        code: "M-100".parse().unwrap(),
        name: "Schraube M8".into(),
        class: ItemClass::A,
        tracking: Tracking::Lot,
        unit: "pcs".into(),
        units: vec![Unit {
            name: "box".into(),
            numerator: 12,
            denominator: 1,
            gtins: vec!["10614141123459".into()],
        }],
        gtins: vec!["00614141123452".into()],
        safety_stock: Some(10),
        lead_time_days: Some(14),
        valuation: Some(Valuation {
            method: ValuationMethod::MovingAverage,
            currency: "EUR".into(),
            decimals: 2,
        }),
    };
    let posting = Posting {
        document_digest: None,
        id: movement_id(),
        kind: MovementKind::Transfer,
        document: Document { kind: DocumentKind::TransferOrder, number: "T-1".into() },
        reason: Some("because".into()),
        lines: vec![PostingLine {
            line: 10,
            item: "M-100".parse().unwrap(),
            quantity: "2".into(),
            unit: Some("box".into()),
            lot: Some("L1".into()),
            expires: None,
            owner: None,
            from: "wh1/dock".parse().unwrap(),
            to: "wh1/bin-1".parse().unwrap(),
            from_status: StockStatus::Available,
            to_status: StockStatus::Available,
            from_unit: None,
            to_unit: None,
            things: vec![],
            value: None,
        }],
        counts: vec![CountLine {
            line: 20,
            item: "M-100".parse().unwrap(),
            location: "wh1/dock".parse().unwrap(),
            bucket: Bucket::default(),
            quantity: "3".into(),
            unit: None,
        }],
        effective: Some("2026-11-22".parse().unwrap()),
        reverses: None,
        expires_ms: Some(60_000),
        custom: Default::default(),
    };
    let revalues = || vec![Revaluation { seq: 7, position: 0, delta: "-0.25".parse().unwrap() }];
    let tag = || "(01)00614141123452(21)1".to_owned();
    vec![
        Body::ItemDefined { item, by: Actor::Daemon },
        Body::PoliciesDefined {
            version: Hash::of(b"p"),
            roles: RoleMatrix(BTreeMap::from([(
                "storekeeper".to_owned(),
                Role {
                    title: "Moves stock".into(),
                    grants: BTreeMap::from([(Module::Inbound, vec![Action::View])]),
                    fields: None,
                    limits: vec![],
                },
            )])),
            cedar: "permit(principal, action, resource);".into(),
            sod: Default::default(),
            guards: None,
            change: None,
        },
        Body::Commissioned {
            tag: tag(),
            item: "M-100".parse().unwrap(),
            lot: Some("L1".into()),
            serial: Some("1".into()),
            tid: None,
            by: operator(),
            decision: decision(),
        },
        Body::Decommissioned {
            tag: tag(),
            reason: "because".into(),
            by: operator(),
            decision: decision(),
        },
        Body::Reserved { posting, lines: vec![stock_line()], by: operator(), decision: decision() },
        Body::ReservationEnded {
            movement: movement_id(),
            reason: "time-out".into(),
            lines: vec![stock_line()],
            by: Actor::Daemon,
            decision: None,
        },
        Body::CostLanded {
            movement: movement_id(),
            document: Document { kind: DocumentKind::PurchaseOrder, number: "F-1".into() },
            amounts: vec!["12.5".parse().unwrap()],
            revalues: revalues(),
            voucher: vouchers(),
            by: operator(),
            decision: decision(),
        },
        Body::PeriodClosed {
            until: "2026-10-31".parse().unwrap(),
            by: operator(),
            decision: decision(),
        },
        Body::KeyRotated {
            old: "gw-1+00000000+old".into(),
            new: "gw-1+00000000+new".into(),
            reason: "yearly".into(),
            by: Actor::Local { uid: 0 },
        },
        Body::Restored { size: 9, lost: 1, reason: "because".into(), by: Actor::Local { uid: 0 } },
    ]
}

/// The bodies that came with what sessions can become. Their sequence is fixed, so that further
/// kinds move none of them.
fn bodies_of_sessions() -> Vec<Body> {
    let operator_id = || "mueller".parse().unwrap();
    vec![
        Body::SessionChanged {
            station: Some("dock-1".parse().unwrap()),
            session: Some(session()),
            operator: Some(operator_id()),
            from: SessionPhase::Authenticated,
            event: SessionEvent::SteppedUp,
            to: SessionPhase::Authenticated,
            auth_level_before: 2,
            auth_level: 3,
            second: Some(Present { operator: "weber".parse().unwrap(), auth_level: 2 }),
            note: "because".into(),
        },
        Body::Unlocked { operator: operator_id(), by: operator(), decision: decision() },
    ]
}

#[test]
fn a_movement_with_everything_that_it_can_say_has_its_bytes() {
    let Body::Moved { mut movement, .. } = moved(7, 1, vec![stock_line()]).body else { return };
    movement.reservation = Some(movement_id());
    movement.effective = Some("2026-09-20".parse().unwrap());
    movement.back_dated = true;
    movement.reverses = Some(movement_id());
    movement.revalues = vec![Revaluation { seq: 7, position: 0, delta: "-0.25".parse().unwrap() }];
    movement.voucher = vouchers();
    movement.counts = vec![Counted {
        line: 10,
        item: "M-100".parse().unwrap(),
        location: "wh1/dock".parse().unwrap(),
        bucket: Bucket { lot: Some("L1".into()), ..Bucket::default() },
        book: 24,
        counted: 23,
    }];
    let entry = Entry::new(7, stamp(7), Body::Moved { movement, pass: None });
    same_as_file(&entry, &folder().with_file_name("golden-full").join("v1-moved.json"));
}

#[test]
fn a_movement_that_a_key_confirmed_has_its_bytes() {
    let Body::Moved { mut movement, .. } = moved(8, 1, vec![stock_line()]).body else { return };
    movement.confirmation = Some(Confirmation {
        factor: Hash::of(b"credential"),
        nonce: Hash::of(b"nonce"),
        client_data: "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0".into(),
        authenticator_data: "SZYN5YgOjGh0NBcP".into(),
        signature: "MEUCIQ".into(),
    });
    let entry = Entry::new(8, stamp(8), Body::Moved { movement, pass: None });
    same_as_file(&entry, &folder().with_file_name("golden-full").join("v1-moved-confirmed.json"));
}

fn change_id() -> ChangeId {
    ChangeId(Uuid::from_u128(0xc4a6e))
}

/// The bodies that came with second factors, each with the suffix of its file where the kind had one
/// before.
fn bodies_of_factors() -> Vec<(&'static str, Body)> {
    let operator_is = || "mueller".parse().unwrap();
    let by = operator;
    let asked = |change| Body::ChangeRequested {
        id: change_id(),
        change,
        reason: String::new(),
        by: operator(),
        decision: None,
    };
    vec![
        (
            "",
            Body::FactorAdded {
                operator: operator_is(),
                factor: SecondFactor::Totp { id: Hash::of(b"nonce"), step: 57_999_000 },
                change: change_id(),
                by: by(),
            },
        ),
        (
            "+passkey",
            Body::FactorAdded {
                operator: operator_is(),
                factor: passkey(),
                change: change_id(),
                by: by(),
            },
        ),
        (
            "",
            Body::FactorUsed {
                operator: operator_is(),
                factor: Hash::of(b"nonce"),
                counter: 58_000_000,
            },
        ),
        (
            "",
            Body::FactorRemoved {
                operator: operator_is(),
                factor: Hash::of(b"nonce"),
                reason: "the phone is lost".into(),
                by: by(),
                decision: Some(of_system(Action::Modify)),
            },
        ),
        ("+factor", asked(Change::Factor { operator: operator_is(), factor: passkey() })),
    ]
}

/// The bodies that came with second persons, each with the suffix of its file where the kind had one
/// before.
fn bodies_of_people() -> Vec<(&'static str, Body)> {
    let kinds = || BTreeMap::from([(Hash::of(b"b"), "em4100".to_owned())]);
    let identity = || BTreeMap::from([("serial".to_owned(), "00:11".to_owned())]);
    let role = Role { title: "Buys".into(), ..Role::default() };
    let roles = || RoleMatrix(BTreeMap::from([("buyer".to_owned(), role.clone())]));
    let operator_is = || -> gatewarden_model::OperatorId { "mueller".parse().unwrap() };
    let by = operator;
    let asked = |change| Body::ChangeRequested {
        id: change_id(),
        change,
        reason: "because".into(),
        by: by(),
        decision: Some(decision()),
    };
    vec![
        (
            "+approved",
            Body::Enrolled {
                operator: operator_is(),
                name: "Müller, Eva".into(),
                roles: vec!["storekeeper".into()],
                badges: vec![Hash::of(b"b")],
                pin: None,
                kinds: kinds(),
                tails: BTreeMap::new(),
                activation: Some(Hash::of(b"code")),
                mitigations: vec![],
                change: Some(change_id()),
                by: by(),
            },
        ),
        (
            "+approved",
            Body::ClientAdded {
                client: "erp".parse().unwrap(),
                scopes: vec!["inbound:create".into()],
                token: Hash::of(b"t"),
                certificate: Some(Hash::of(b"der")),
                until_us: Some(1_800_000_000_000_000),
                change: Some(change_id()),
                by: by(),
            },
        ),
        ("", Body::ClientUsed { client: "erp".parse().unwrap() }),
        ("", Body::PinSet { operator: operator_is(), pin: Hash::of(b"$2"), activated: true }),
        (
            "",
            asked(Change::Operator {
                operator: operator_is(),
                name: "Müller, Eva".into(),
                roles: vec!["buyer".into()],
                badges: vec![Hash::of(b"b")],
                kinds: kinds(),
                tails: BTreeMap::new(),
                reset_pin: true,
                mitigations: vec![],
            }),
        ),
        (
            "+client",
            asked(Change::Client {
                client: "erp".parse().unwrap(),
                scopes: vec!["inbound:create".into()],
                token: Hash::of(b"t"),
                certificate: Some(Hash::of(b"der")),
                until_us: Some(1_800_000_000_000_000),
            }),
        ),
        (
            "+device",
            asked(Change::Device { device: "portal-1".parse().unwrap(), identity: identity() }),
        ),
        (
            "+policies",
            asked(Change::Policies {
                version: Hash::of(b"p"),
                roles: roles(),
                cedar: "x".into(),
                sod: Default::default(),
                guards: None,
            }),
        ),
        (
            "",
            Body::ChangeDecided {
                id: change_id(),
                verdict: ChangeVerdict::Approved,
                reason: String::new(),
                by: by(),
                decision: Some(decision()),
                mitigations: vec![],
            },
        ),
        (
            "",
            Body::DeviceApproved {
                device: "portal-1".parse().unwrap(),
                identity: identity(),
                change: Some(change_id()),
                by: by(),
            },
        ),
        (
            "+approved",
            Body::PoliciesDefined {
                version: Hash::of(b"p"),
                roles: roles(),
                cedar: String::new(),
                sod: Default::default(),
                guards: None,
                change: Some(change_id()),
            },
        ),
    ]
}

/// The bodies that came with the settings beside the roles, and with conflicts that policies give.
fn bodies_of_guards() -> Vec<(&'static str, Body)> {
    let pin = BTreeMap::from([("serial".to_owned(), "00:11".to_owned())]);
    let ways = [(("dock-1".parse().unwrap(), "dock-2".parse().unwrap()), 60_000)];
    let guards = || {
        Some(Box::new(Guards {
            idle_timeout_ms: 300_000,
            idle_end_ms: 600_000,
            session_max_ms: 28_800_000,
            step_up_ms: 300_000,
            free_attempts: 3,
            first_delay_ms: 5000,
            delay_ms_max: 900_000,
            failures_max: 10,
            review_ms_min: 86_400_000,
            walking: Walking { least_ms: 5000, between: ways.clone().into() },
            levels: Levels {
                kinds: [(MovementKind::Scrap, 3)].into(),
                rights: [((Module::System, Action::Approve), 4)].into(),
            },
            two_persons: TwoPersons {
                kinds: [MovementKind::Receipt].into(),
                classes: [ItemClass::A].into(),
            },
            confirm_kinds: [MovementKind::Adjustment].into(),
            pins: [("portal-1".parse().unwrap(), pin.clone())].into(),
        }))
    };
    let (version, cedar) = (Hash::of(b"p"), String::new());
    vec![
        (
            "+guards",
            Body::ChangeRequested {
                id: change_id(),
                change: Change::Policies {
                    version,
                    roles: RoleMatrix::default(),
                    cedar: cedar.clone(),
                    sod: Default::default(),
                    guards: guards(),
                },
                reason: String::new(),
                by: Actor::Daemon,
                decision: None,
            },
        ),
        (
            "+guards",
            Body::PoliciesDefined {
                version,
                roles: RoleMatrix::default(),
                cedar,
                sod: Default::default(),
                guards: guards(),
                change: None,
            },
        ),
        (
            "+borne",
            Body::ChangeDecided {
                id: change_id(),
                verdict: ChangeVerdict::Endorsed,
                reason: String::new(),
                by: Actor::Operator { id: "mueller".parse().unwrap(), session: None },
                decision: Some(decision()),
                mitigations: vec![MitigationOf {
                    operator: "weber".parse().unwrap(),
                    conflict: "issues-and-approves".into(),
                    reason: "weekly count by Wang".into(),
                    until: "2027-01-01".parse().unwrap(),
                }],
            },
        ),
    ]
}

/// The bodies that came with the identity of devices.
fn bodies_of_devices() -> Vec<(&'static str, Body)> {
    let identity = || BTreeMap::from([("serial".to_owned(), "00:11".to_owned())]);
    vec![
        (
            "+pinned",
            Body::DeviceApproved {
                device: "portal-1".parse().unwrap(),
                identity: identity(),
                change: None,
                by: Actor::Daemon,
            },
        ),
        (
            "",
            Body::DeviceRefused {
                device: "portal-1".parse().unwrap(),
                seen: [("mac".to_owned(), "00:16:25:00:00:02".to_owned())].into(),
                known: identity(),
            },
        ),
        (
            "+unknown",
            Body::DeviceRefused {
                device: "portal-1".parse().unwrap(),
                seen: identity(),
                known: BTreeMap::new(),
            },
        ),
        ("", Body::DeviceBack { device: "portal-1".parse().unwrap(), since: stamp(7) }),
    ]
}

/// What rights that depend on data add: the facts of a decision, and a role with every limit.
#[test]
fn facts_and_limits_have_their_bytes() {
    let full = |name: &str| folder().with_file_name("golden-full").join(name);
    let facts = [("amount", "5000.01"), ("classes", "B,C"), ("warehouses", "wh1,a\\,b")];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let denied = Body::Denied {
        by: Actor::Nobody,
        action: Action::Execute,
        module: Module::Finance,
        reason: "no".into(),
        decision: Some(gatewarden_model::Decision { facts, ..decision() }),
        station: None,
        task: None,
        document: None,
        pass: None,
        further: None,
    };
    same_as_file(&Entry::new(8, stamp(8), denied), &full("v1-denied.json"));
    let limit = Limit {
        modules: vec![Module::Outbound],
        actions: vec![Action::Execute],
        warehouses: Some(vec!["wh2".into()]),
        classes: Some(vec![ItemClass::B, ItemClass::C]),
        classes_except: Some(vec![ItemClass::A]),
        amount_max: Some("5000".parse().unwrap()),
        document_kinds: Some(vec![DocumentKind::Requisition]),
        movement_kinds: Some(vec![MovementKind::Issue]),
        owners: Some(vec![OWN.into()]),
        statuses: Some(vec![StockStatus::Available]),
        stations: Some(vec!["dock-1".parse().unwrap()]),
        auth_level_min: Some(3),
        two_persons: true,
    };
    let grants = BTreeMap::from([(Module::Outbound, vec![Action::Execute])]);
    let role = Role { title: "Issues".into(), grants, fields: None, limits: vec![limit] };
    let defined = Body::PoliciesDefined {
        version: Hash::of(b"p"),
        roles: RoleMatrix(BTreeMap::from([("junior".to_owned(), role)])),
        cedar: String::new(),
        sod: Default::default(),
        guards: None,
        change: None,
    };
    same_as_file(&Entry::new(9, stamp(9), defined), &full("v1-policies-defined.json"));
}

/// What came later to kinds that have a file already.
#[test]
fn two_people_and_a_lock_have_their_bytes() {
    let operator = "weber".parse().unwrap();
    let second = || Some(Second { operator, auth_level: 2, decision: decision() });
    let Body::Moved { mut movement, .. } = moved(7, 1, vec![stock_line()]).body else { return };
    movement.second = second.clone()();
    let held = Body::Held {
        pass: pass(),
        task: task_id(),
        operator: "mueller".parse().unwrap(),
        auth_level: 3,
        second: second(),
        comparison: comparison(),
        decision: decision(),
    };
    let refused = Body::SignInRefused {
        operator: Some("mueller".parse().unwrap()),
        station: None,
        reason: "because".into(),
        failures: 10,
        locked_ms: 0,
        until_unlocked: true,
    };
    let scanned = Body::SessionChanged {
        station: Some("dock-1".parse().unwrap()),
        session: None,
        operator: None,
        from: SessionPhase::Free,
        event: SessionEvent::Scanned,
        to: SessionPhase::BadgeSeen,
        auth_level_before: 0,
        auth_level: 0,
        second: None,
        note: String::new(),
    };
    for (name, body) in [
        ("moved-by-two", Body::Moved { movement, pass: None }),
        ("held-by-two", held),
        ("sign-in-locked", refused),
        ("badge-seen", scanned),
    ] {
        let entry = Entry::new(7, stamp(7), body);
        same_as_file(
            &entry,
            &folder().with_file_name("golden-full").join(format!("v1-{name}.json")),
        );
    }
}

/// How badges' numbers end, which came after enrolments had their files.
#[test]
fn tails_of_badges_have_their_bytes() {
    let badge = Hash::of(b"b");
    let tails = || BTreeMap::from([(badge, "6646 ,7638".to_owned())]);
    let kinds = || BTreeMap::from([(badge, "em4100".to_owned())]);
    let operator = || "weber".parse().unwrap();
    let change = Change::Operator {
        operator: operator(),
        name: "W. Weber".into(),
        roles: vec!["buyer".into()],
        badges: vec![badge],
        kinds: kinds(),
        tails: tails(),
        reset_pin: false,
        mitigations: vec![],
    };
    let (id, reason, by) = (ChangeId(uuid::Uuid::from_u128(7)), String::new(), Actor::Daemon);
    let asked = Body::ChangeRequested { id, change, reason, by: by.clone(), decision: None };
    let enrolled = Body::Enrolled {
        operator: operator(),
        name: "W. Weber".into(),
        roles: vec!["buyer".into()],
        badges: vec![badge],
        pin: None,
        kinds: kinds(),
        tails: tails(),
        activation: None,
        mitigations: vec![],
        change: Some(id),
        by,
    };
    for (name, body) in [("badge-tails-requested", asked), ("badge-tails-enrolled", enrolled)] {
        let path = folder().with_file_name("golden-full").join(format!("v1-{name}.json"));
        same_as_file(&Entry::new(8, stamp(8), body), &path);
    }
}

/// What a portal tells beyond a pass's sightings.
#[test]
fn passes_of_portals_have_their_bytes() {
    let doubt = |why| Doubt { sighting: pass().sightings.remove(0), why };
    let doubts = [
        Doubtful::Stray,
        Doubtful::Direction,
        Doubtful::TurnedBack,
        Doubtful::NoBody,
        Doubtful::Suspect,
    ];
    let doubtful = Pass { doubts: doubts.map(doubt).into(), strays: 3, ..pass() };
    let unread = Pass { sightings: vec![], opened_by: PassOpening::Input, strays: 2, ..pass() };
    let late = Pass { sightings: vec![], doubts: vec![doubt(Doubtful::Late)], ..pass() };
    let second = Second { operator: "weber".parse().unwrap(), auth_level: 2, decision: decision() };
    let decided = Body::HoldDecided {
        pass: pass().id,
        task: task_id(),
        verdict: Verdict::Accept,
        reason: "looked at".into(),
        doubts: vec![pass().sightings[0].thing.key.clone()],
        by: operator(),
        second: Some(second),
        decision: decision(),
    };
    for (name, body) in [
        ("golden-full/v1-doubts-decided", decided),
        ("golden-full/v1-told-late", Body::Quarantined { pass: late, reason: "looked at".into() }),
        ("golden-full/v1-doubts", Body::Quarantined { pass: doubtful, reason: "nobody".into() }),
        ("golden/v1-unread", Body::Unread { pass: unread }),
    ] {
        let path = folder().with_file_name(format!("{name}.json"));
        same_as_file(&Entry::new(9, stamp(9), body), &path);
    }
}

/// What is known of a tag's chip, which came after its kinds had their files.
#[test]
fn chips_of_tags_have_their_bytes() {
    let tid = || Some("E2801160600002054C3AB1C7".parse().unwrap());
    let mut read = pass();
    read.sightings[0].tid = tid();
    read.sightings[0].trust = Trust::TidMatches;
    let copy = Doubt { sighting: read.sightings[0].clone(), why: Doubtful::AnotherTid };
    let copied = Pass { doubts: vec![copy], ..read };
    let bound = Body::Commissioned {
        tag: "urn:epc:id:sgtin:0614141.812345.6789".into(),
        item: "M-100".parse().unwrap(),
        lot: None,
        serial: None,
        tid: tid(),
        by: operator(),
        decision: decision(),
    };
    for (name, body) in [
        ("golden/v1-commissioned+tid", bound),
        ("golden-full/v1-another-tid", Body::Quarantined { pass: copied, reason: "a copy".into() }),
    ] {
        let path = folder().with_file_name(format!("{name}.json"));
        same_as_file(&Entry::new(10, stamp(10), body), &path);
    }
}

/// A label's life.
#[test]
fn labels_have_their_bytes() {
    let id = LabelId(Uuid::from_u128(0x1abe));
    let label = Label {
        id,
        printer: "zebra-1".parse().unwrap(),
        template: "carton".into(),
        template_digest: Hash::of(b"template"),
        format: Hash::of(b"format"),
        copies: 1,
        item: Some("M-100".parse().unwrap()),
        lot: Some("L1".into()),
        serial: Some("6789".into()),
        sscc: Some("006141410000000018".into()),
        document: Some("4500001".into()),
        tag: Some(LabelTag {
            epc: "3034257BF7194E4000001A85".into(),
            key: "urn:epc:id:sgtin:0614141.812345.6789".into(),
        }),
    };
    let plain = Label {
        item: None,
        lot: None,
        serial: None,
        sscc: None,
        document: None,
        tag: None,
        ..label.clone()
    };
    let queued = |label| Body::LabelQueued { label, by: operator(), decision: decision() };
    let told = LabelEvidence {
        printer: Some("D8J1".into()),
        labels: Some([1000, 1002]),
        encoded: Some([500, 501]),
        voided: Some([5, 6]),
        echo: Some("3034257BF7194E4000001A85".into()),
        tid: Some("E2801190".into()),
        answers: Some(Hash::of(b"answers")),
    };
    let changed = |state, reason: &str, evidence| Body::LabelChanged {
        label: id,
        state,
        reason: reason.into(),
        evidence,
    };
    let decided = |verdict| Body::LabelDecided {
        label: id,
        verdict,
        reason: "because".into(),
        by: operator(),
        decision: decision(),
    };
    for (name, body) in [
        ("golden/v1-label-queued", queued(plain)),
        ("golden/v1-label-changed", changed(LabelState::Sending, "", None)),
        ("golden/v1-label-decided", decided(LabelVerdict::Reprint)),
        ("golden-full/v1-label-queued", queued(label)),
        ("golden-full/v1-label-issued", changed(LabelState::Issued, "", Some(Box::new(told)))),
        ("golden-full/v1-label-unknown", changed(LabelState::Unknown, "no answer", None)),
        ("golden-full/v1-label-void", changed(LabelState::Void, "its format is lost", None)),
        ("golden-full/v1-label-decided-printed", decided(LabelVerdict::Printed)),
        ("golden-full/v1-label-decided-void", decided(LabelVerdict::Void)),
    ] {
        let path = folder().with_file_name(format!("{name}.json"));
        same_as_file(&Entry::new(10, stamp(10), body), &path);
    }
}

/// Work on tags: every operation and every outcome.
#[test]
fn work_on_tags_has_its_bytes() {
    let device = || "portal-1".parse().unwrap();
    let second =
        || Second { operator: "weber".parse().unwrap(), auth_level: 2, decision: decision() };
    let asked = |access, second| Body::TagAccessAsked {
        tag: "t".into(),
        station: "dock-1".parse().unwrap(),
        device: device(),
        access,
        reason: "because".into(),
        by: operator(),
        second,
        decision: decision(),
    };
    let ended =
        |outcome| Body::TagAccessEnded { asked: 7, tag: "t".into(), device: device(), outcome };
    let (bank, pointer, words) = (TagBank::User, 3, 1);
    let reason = || "no result in time".to_owned();
    let tid = Some("E2801160600002054C3AB1C7".parse().unwrap());
    let data = Some("BEEF".into());
    let lock = TagOp::Lock { field: TagField::Epc, lock: TagLock::PermaLock };
    let done = TagOutcome::Done { tid, words: Some("BEEF".into()) };
    for (name, body) in [
        ("golden/v1-tag-access-asked", asked(TagOp::Write { bank, pointer, words, data }, None)),
        ("golden/v1-tag-access-asked+lock", asked(lock, Some(second()))),
        ("golden/v1-tag-access-asked+read", asked(TagOp::Read { bank, pointer, words }, None)),
        ("golden/v1-tag-access-asked+kill", asked(TagOp::Kill {}, Some(second()))),
        ("golden/v1-tag-access-ended", ended(done)),
        ("golden/v1-tag-access-ended+not-done", ended(TagOutcome::NotDone { reason: reason() })),
        ("golden/v1-tag-access-ended+unknown", ended(TagOutcome::Unknown { reason: reason() })),
    ] {
        let path = folder().with_file_name(format!("{name}.json"));
        same_as_file(&Entry::new(11, stamp(11), body), &path);
    }
}

fn same_as_file(entry: &Entry, path: &Path) {
    let bytes = entry.encode().unwrap();
    if std::env::var_os("GOLDEN_WRITE").is_some() && !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &bytes).unwrap();
    }
    let golden = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&golden));
    assert_eq!(Entry::decode(&golden).unwrap(), *entry);
}

fn name(entry: &Entry) -> String {
    let value = serde_json::to_value(&entry.body).unwrap();
    value["kind"].as_str().unwrap().to_owned()
}

#[test]
fn every_kind_has_its_bytes() {
    for (seq, body) in
        (0..).zip(bodies().into_iter().chain(bodies_of_stock()).chain(bodies_of_review()))
    {
        let entry = Entry::new(seq, stamp(seq), body);
        same_as_file(&entry, &folder().join(format!("v1-{}.json", name(&entry))));
    }
    for body in bodies_of_sessions() {
        let entry = Entry::new(100, stamp(100), body);
        same_as_file(&entry, &folder().join(format!("v1-{}.json", name(&entry))));
    }
    // 104 was an unlocking, whose file is among the sessions' by now.
    let of_people = (100..).filter(|seq| *seq != 104).zip(bodies_of_people());
    let later = (200..).zip(bodies_of_devices()).chain((300..).zip(bodies_of_factors()));
    let later = later.chain((400..).zip(bodies_of_guards()));
    for (seq, (suffix, body)) in of_people.chain(later) {
        let entry = Entry::new(seq, stamp(seq), body);
        same_as_file(&entry, &folder().join(format!("v1-{}{suffix}.json", name(&entry))));
    }
}

#[test]
fn every_kind_has_a_file() {
    // Serde names the kinds it knows when it meets one that it does not.
    let unknown = serde_json::from_str::<Body>(r#"{"kind":"?"}"#).unwrap_err().to_string();
    let known: BTreeSet<&str> = unknown.split('`').skip(3).step_by(2).collect();
    assert!(known.contains("moved") && known.len() >= 21, "{unknown}");
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|file| file.trim_start_matches("v1-").trim_end_matches(".json").to_owned())
        .map(|file| file.split('+').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(files.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
}

#[test]
fn an_enrolment_with_all_that_it_may_say_has_its_bytes() {
    let body = Body::Enrolled {
        operator: "mueller".parse().unwrap(),
        name: "Müller, Eva".into(),
        roles: vec!["department-manager".into(), "sales-assistant".into()],
        badges: vec![Hash::of(b"b")],
        pin: Some(Hash::of(b"$argon2id$")),
        kinds: BTreeMap::new(),
        tails: BTreeMap::new(),
        activation: None,
        change: None,
        mitigations: vec![Mitigation {
            conflict: "asks-and-approves".into(),
            reason: "Wang looks at each of them".into(),
            until: "2026-12-31".parse().unwrap(),
        }],
        by: operator(),
    };
    let entry = Entry::new(8, stamp(8), body);
    same_as_file(&entry, &folder().with_file_name("golden-full").join("v1-enrolled.json"));
}
