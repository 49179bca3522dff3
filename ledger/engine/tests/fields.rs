//! Rights on fields: what roles, scopes and raw Cedar come to; that nothing undecided is shown; that no
//! answer outlives a change; that a document with a field its sender may not set is refused.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use std::sync::Arc;

use common::{House, erp, matrix, movement_id, operator, posting, settings, task, task_id};
use gatewarden_engine::{Access, Command, Engine, Reply};
use gatewarden_model::{
    Action, Actor, Body, Field, FieldRights, Hash, Module, MovementKind, RoleFields, RoleMatrix,
};

const ALL: &str = "price cost supplier customer owner notes custom:*";
const OPEN: &str = "supplier customer owner notes custom:*";

fn field(name: &str) -> Field {
    name.parse().unwrap()
}

fn fields(names: &str) -> Vec<Field> {
    names.split_whitespace().map(field).collect()
}

/// The fields that somebody sees, and those that he sets.
fn told(rights: &FieldRights) -> (String, String) {
    let list = |has: &dyn Fn(&Field) -> bool| {
        let names = Field::ALL.iter().filter(|f| has(f)).map(ToString::to_string);
        names.collect::<Vec<_>>().join(" ")
    };
    (list(&|f| rights.sees(f)), list(&|f| rights.sets(f)))
}

fn with_fields(role: &str, view: &str, modify: &str) -> RoleMatrix {
    let mut matrix = matrix();
    let fields = RoleFields { view: Some(fields(view)), modify: Some(fields(modify)) };
    matrix.0.get_mut(role).unwrap().fields = Some(fields);
    matrix
}

/// A house under these policies, with the operator `sam` of one role signed in at the console, and the
/// client `erp` of some scopes.
fn engine(matrix: &RoleMatrix, cedar: &str, role: &str, scopes: &str) -> Engine {
    let access = Access::new(matrix, cedar).unwrap();
    let mut engine = Engine::new(settings(), access, 0);
    let mut ok = |command| engine.handle(common::at(0), command).answer.unwrap();
    ok(Command::Enrol {
        operator: "sam".parse().unwrap(),
        name: "Sam".to_owned(),
        roles: vec![role.to_owned()],
        badges: vec![common::badge("sam")],
        pin: None,
        kinds: Default::default(),
        by: Actor::Local { uid: 0 },
    });
    ok(Command::SignIn {
        station: None,
        badge: Some(common::badge("sam")),
        pin: gatewarden_engine::PinCheck::Right,
        session: common::session_id(1),
    });
    ok(Command::AddClient {
        client: "erp".parse().unwrap(),
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        token: Hash::of(b"t"),
        by: Actor::Local { uid: 0 },
    });
    engine
}

fn of_client(scopes: &str) -> (String, String) {
    told(&engine(&matrix(), "", "buyer", scopes).fields(&erp()))
}

#[test]
fn a_matrix_from_before_fields_means_what_it_meant() {
    let plain = Access::new(&matrix(), "").unwrap();
    assert!(!plain.text().contains("Field"), "its version is another");
    let of = |role: &str| {
        let (view, modify) =
            told(&engine(&matrix(), "", role, "ledger:view").fields(&operator("sam")));
        (view, modify)
    };
    assert_eq!(of("storekeeper"), (ALL.to_owned(), format!("price {OPEN}")));
    assert_eq!(of("buyer"), (ALL.to_owned(), format!("cost {OPEN}")));
    assert_eq!(of("administrator"), (OPEN.to_owned(), String::new()));
    assert_eq!(of("auditor"), (ALL.to_owned(), String::new()));
}

#[test]
fn whoever_writes_documents_states_what_they_say_and_whoever_orders_what_it_costs() {
    let of = |module: Module, action: Action| {
        let mut matrix = matrix();
        matrix.0.get_mut("buyer").unwrap().grants = [(module, vec![action])].into();
        told(&engine(&matrix, "", "buyer", "ledger:view").fields(&operator("sam"))).1
    };
    assert_eq!(of(Module::Purchase, Action::Create), format!("price {OPEN}"));
    assert_eq!(of(Module::Purchase, Action::Request), format!("price {OPEN}"));
    assert_eq!(of(Module::Sales, Action::Create), format!("price {OPEN}"));
    assert_eq!(of(Module::Purchase, Action::Approve), OPEN);
    assert_eq!(of(Module::Bom, Action::Create), OPEN);
    assert_eq!(of(Module::Bom, Action::View), "");
    assert_eq!(of(Module::System, Action::Create), "");
    assert_eq!(of_client("purchase:create").1, format!("price {OPEN}"));
    assert_eq!(of_client("system:create").1, "");
}

#[test]
fn a_clients_scopes_say_what_it_sees_and_those_on_fields_go_before_all() {
    let pair = |view: &str, modify: &str| (view.to_owned(), modify.to_owned());
    assert_eq!(of_client("ledger:view"), pair(OPEN, ""));
    assert_eq!(of_client("ledger:view price:view"), pair(ALL, ""));
    assert_eq!(of_client("inbound:create"), pair("", &format!("price {OPEN}")));
    assert_eq!(of_client("price:modify"), pair("cost", "cost"));
    let narrowed = of_client("ledger:view price:view field:supplier:view inbound:create");
    assert_eq!(narrowed, pair("supplier", &format!("price {OPEN}")));
    let narrowed = of_client("ledger:view inbound:create field:notes:modify");
    assert_eq!(narrowed, pair(OPEN, "notes"));
}

#[test]
fn what_a_role_lists_is_all_there_is_and_custom_fields_have_names() {
    let matrix = with_fields("storekeeper", "price custom:colour", "notes custom:*");
    assert!(Access::new(&matrix, "").unwrap().text().contains("Field"));
    let engine = engine(&matrix, "", "storekeeper", "ledger:view");
    let rights = engine.fields(&operator("sam"));
    assert_eq!(told(&rights), ("price".to_owned(), "notes custom:*".to_owned()));
    assert!(rights.sees(&field("custom:colour")) && !rights.sees(&field("custom:size")));
    assert!(rights.sets(&field("custom:colour")) && rights.sets(&field("custom:size")));
    assert_eq!(told(&engine.fields(&Actor::Nobody)), (String::new(), String::new()));
    assert_eq!(told(&engine.fields(&operator("eve"))), (String::new(), String::new()));
    let local = engine.fields(&Actor::Local { uid: 7 });
    assert!(local.sees_all() && local.sets(&field("custom:size")));
}

#[test]
fn raw_cedar_forbids_a_field_and_an_error_hides_it() {
    let colour = field("custom:colour");
    let forbid = "\
        @id(\"no-price\")\n\
        forbid (principal in Role::\"buyer\", action == Action::\"view\",\n\
                resource == Field::\"price\");\n\
        forbid (principal, action, resource == Field::\"custom:colour\")\n\
        when { context has auth_level && context.auth_level < 9 };\n\
        forbid (principal, action == Action::\"execute\", resource == Module::\"inbound\");";
    let engine = engine(&matrix(), forbid, "buyer", "ledger:view price:view");
    let rights = engine.fields(&operator("sam"));
    assert!(!rights.sees(&Field::Price) && rights.sees(&Field::Cost));
    assert!(!rights.sees(&colour) && rights.sees(&field("custom:size")));
    assert!(engine.fields(&erp()).sees(&Field::Price), "it is no buyer");

    let broken = "forbid (principal, action, resource == Field::\"cost\")\n\
        when { context has auth_level && context.auth_level + 9223372036854775807 > 0 };";
    let engine = crate::engine(&matrix(), broken, "auditor", "ledger:view");
    let rights = engine.fields(&operator("sam"));
    assert!(!rights.sees(&Field::Cost), "an error shows nothing");
    assert!(rights.sees(&Field::Price));

    // One that names no resource counts for fields and modules alike.
    let nobody = "forbid (principal in Role::\"auditor\", action == Action::\"view\", resource);";
    let rights =
        crate::engine(&matrix(), nobody, "auditor", "ledger:view").fields(&operator("sam"));
    assert_eq!(told(&rights), (String::new(), String::new()));

    let wrong =
        "forbid (principal, action, resource == Field::\"cost\") when { context.size > 1 };";
    assert!(Access::new(&matrix(), wrong).is_err());
}

#[test]
fn no_answer_outlives_what_it_rests_on() {
    let matrix = with_fields("storekeeper", "price", "");
    let mut engine = engine(&matrix, "", "storekeeper", "ledger:view");
    let first = engine.fields(&operator("sam"));
    assert!(Arc::ptr_eq(&first, &engine.fields(&operator("sam"))), "it is kept");
    let by = Actor::Local { uid: 0 };
    let enrol = |roles: &[&str]| Command::Enrol {
        operator: "sam".parse().unwrap(),
        name: "Sam".to_owned(),
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        badges: vec![common::badge("sam")],
        pin: None,
        kinds: Default::default(),
        by: by.clone(),
    };
    engine.handle(common::at(1), enrol(&["sales-assistant"])).answer.unwrap();
    assert_eq!(told(&engine.fields(&operator("sam"))).0, "", "the session ended with the roles");
    engine
        .handle(
            common::at(2),
            Command::SignIn {
                station: None,
                badge: Some(common::badge("sam")),
                pin: gatewarden_engine::PinCheck::Right,
                session: common::session_id(2),
            },
        )
        .answer
        .unwrap();
    assert_eq!(told(&engine.fields(&operator("sam"))).0, ALL);
    engine
        .handle(common::at(3), Command::RevokeClient { client: "erp".parse().unwrap(), by })
        .answer
        .unwrap();
    assert_eq!(told(&engine.fields(&erp())).0, "");
}

/// A house whose sales assistants may state no price, storekeepers no owner, and clients only notes.
#[test]
fn a_document_with_a_field_that_its_sender_may_not_set_is_refused() {
    let mut house = House::new();
    let mut matrix = with_fields("storekeeper", ALL, "supplier notes");
    let sales = RoleFields { view: None, modify: Some(vec![]) };
    matrix.0.get_mut("sales-assistant").unwrap().fields = Some(sales);
    let access = Access::new(&matrix, "").unwrap();
    let journal = std::mem::take(&mut house.journal);
    house.engine = Engine::new(settings(), access, 0);
    // As if these had been the policies from the beginning: those that are recorded stay in force.
    for entry in journal.iter().filter(|e| !matches!(e.body, Body::PoliciesDefined { .. })) {
        house.engine.replay(entry);
        house.journal.push(entry.clone());
    }
    house.sign_in(2, None, "sue");
    let told = |house: &House| match &house.journal.last().unwrap().body {
        Body::Denied { reason, .. } => reason.clone(),
        other => panic!("{other:?}"),
    };

    let receipt = |n, line: &str| posting(n, MovementKind::Receipt, &[line]);
    let plain = "10 BOLT-M8 5 @supplier/ACME wh1/dock";
    let priced = "10 PUMP 5 @supplier/ACME wh1/dock value=777";
    let reserve = house.reserve(receipt(1, priced), "sue");
    assert_eq!(house.refused(reserve), "field-denied");
    assert!(told(&house).contains("field price") && !told(&house).contains("777"));
    let owned = house.reserve(receipt(2, &format!("{plain} owner=FARM")), "sue");
    assert_eq!(house.refused(owned), "field-denied");
    assert!(told(&house).contains("field owner"));
    let mut custom = receipt(3, plain);
    custom.custom.insert("colour".parse().unwrap(), "red".to_owned());
    let custom = house.reserve(custom, "sue");
    assert_eq!(house.refused(custom), "field-denied");
    assert!(told(&house).contains("field custom:colour"));
    let mut noted = receipt(4, plain);
    noted.reason = Some("urgent".to_owned());
    let noted = house.reserve(noted, "sue");
    assert_eq!(house.ok(noted), Reply::Reserved(movement_id(4)));

    let shipment =
        task(5, "dock-1", MovementKind::Shipment, &["10 BOLT-M8 1 wh1/dock @customer/C"]);
    let open = Command::OpenTask { task: shipment, by: operator("ann") };
    assert_eq!(house.refused(open), "field-denied");
    assert!(told(&house).contains("field customer"));
    let issue = task(6, "dock-1", MovementKind::Issue, &["10 BOLT-M8 1 wh1/dock @production/L1"]);
    let open = Command::OpenTask {
        task: gatewarden_model::Task { approved_by: None, ..issue },
        by: operator("ann"),
    };
    assert_eq!(house.ok(open), Reply::Task(task_id(6)));
}

/// Sending somebody else's document again with a guess in the place of a hidden value tells nothing.
#[test]
fn a_guess_is_not_told_from_the_truth() {
    let mut house = House::new();
    house.sign_in(2, None, "sue");
    let receipt = |value: &str| {
        posting(
            1,
            MovementKind::Receipt,
            &[&format!("10 PUMP 5 @supplier/ACME wh1/dock value={value}")],
        )
    };
    let reserve = house.reserve(receipt("777"), "sue");
    house.ok(reserve);
    // The ERP's client states prices and sees none.
    let guess = |value: &str| Command::Reserve { posting: receipt(value), by: erp() };
    assert_eq!(house.refused(guess("1")), "posting-differs");
    assert_eq!(house.refused(guess("777")), "posting-differs");
    let again = house.reserve(receipt("777"), "sue");
    assert_eq!(house.ok(again), Reply::Reserved(movement_id(1)), "its sender is told");
}

#[test]
fn custom_fields_are_bounded() {
    let mut house = House::new();
    let mut many = task(1, "dock-1", MovementKind::Receipt, &["10 BOLT-M8 1 @supplier/A wh1/dock"]);
    for n in 0..=gatewarden_model::field::CUSTOM_FIELDS_MAX {
        many.custom.insert(format!("f{n}").parse().unwrap(), "x".to_owned());
    }
    assert_eq!(house.refused(Command::OpenTask { task: many, by: erp() }), "custom-invalid");
    let mut long = posting(2, MovementKind::Receipt, &["10 BOLT-M8 1 @supplier/A wh1/dock"]);
    long.custom.insert("f".parse().unwrap(), "x".repeat(257));
    assert_eq!(house.refused(Command::Reserve { posting: long, by: erp() }), "custom-invalid");
}
