//! What a denial says of the limit that stood in the way, to whom, and that the journal keeps none of it.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::{House, matrix, posting};
use gatewarden_engine::{Access, Facts, Known, Principal, access::Looks};
use gatewarden_model::{
    Action, Amount, Body, DocumentKind, Field, ItemClass, Limit, Module, MovementKind, OperatorId,
    RoleFields, RoleMatrix, StockStatus,
};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn limit() -> Limit {
    Limit { modules: vec![Module::Outbound], actions: vec![Action::Execute], ..Limit::default() }
}

fn access(limits: Vec<Limit>) -> Access {
    let mut roles = matrix();
    roles.0.get_mut("storekeeper").unwrap().limits = limits;
    Access::new(&roles, "").unwrap()
}

/// What a denial of a storekeeper and buyer says on these facts, `name=value`.
fn words(limits: Vec<Limit>, facts: &[&str]) -> Vec<String> {
    let access = access(limits);
    let id: OperatorId = "li".parse().unwrap();
    let roles = ["storekeeper".to_owned(), "buyer".to_owned()];
    let principal = Principal::Operator { id: &id, roles: &roles };
    let mut known = Known::default();
    for fact in facts {
        let (name, value) = fact.split_once('=').unwrap();
        known.add(name, value).unwrap();
    }
    let misses = access.misses(&principal, Action::Execute, Module::Outbound, &known);
    let decided = access.decide_known(&principal, Action::Execute, Module::Outbound, &known);
    assert_eq!(decided.allowed, misses.is_empty(), "{misses:?}");
    misses.iter().map(|miss| miss.words(|_| true)).collect()
}

#[test]
fn every_limit_is_named_with_what_it_asks_and_what_is() {
    let cases: Vec<(Limit, &[&str], &str)> = vec![
        (
            Limit { amount_max: Some(amount("5000")), ..limit() },
            &["amount=6200"],
            "up to 5,000 (amount_max): this is 6,200",
        ),
        (
            Limit { amount_max: Some(amount("1234567.5")), ..limit() },
            &["amount=1234567.51"],
            "up to 1,234,567.5 (amount_max): this is 1,234,567.51",
        ),
        (
            Limit { amount_max: Some(amount("5000")), ..limit() },
            &[],
            "up to 5,000 (amount_max): amount is not known",
        ),
        (
            Limit { warehouses: Some(vec!["wh1".to_owned()]), ..limit() },
            &["warehouses=wh1,wh2"],
            "on warehouse wh1 (warehouses): warehouse wh2 is not in [wh1]",
        ),
        (
            Limit { classes: Some(vec![ItemClass::B, ItemClass::C]), ..limit() },
            &["classes=A"],
            "on class B or C (classes): class A is not in [B, C]",
        ),
        (
            Limit { classes_except: Some(vec![ItemClass::A]), ..limit() },
            &["classes=A,B"],
            "on no class A (classes_except): class A is among [A]",
        ),
        (
            Limit { document_kinds: Some(vec![DocumentKind::Requisition]), ..limit() },
            &["document=work-order"],
            "on document requisition (document_kinds): document work-order is not in [requisition]",
        ),
        (
            Limit { movement_kinds: Some(vec![MovementKind::Issue]), ..limit() },
            &["movement=shipment"],
            "on movement issue (movement_kinds): movement shipment is not in [issue]",
        ),
        (
            Limit { owners: Some(vec!["ACME".to_owned()]), ..limit() },
            &["owners=@house"],
            "on owner ACME (owners): owner @house is not in [ACME]",
        ),
        (
            Limit { statuses: Some(vec![StockStatus::Available]), ..limit() },
            &["statuses=available,blocked"],
            "on status available (statuses): status blocked is not in [available]",
        ),
        (
            Limit { stations: Some(vec!["dock-1".parse().unwrap()]), ..limit() },
            &["station=dock-2"],
            "on station dock-1 (stations): station dock-2 is not in [dock-1]",
        ),
        (
            Limit { auth_level_min: Some(3), ..limit() },
            &["auth_level=2"],
            "at auth level 3 or more (auth_level_min): this is 2",
        ),
        (
            Limit { two_persons: true, ..limit() },
            &[],
            "with a second person (two_persons): he is alone",
        ),
        (
            Limit { two_persons: true, ..limit() },
            &["second=li"],
            "with a second person (two_persons): nobody is his own second person",
        ),
    ];
    for (limit, facts, expect) in cases {
        let expect = format!("role storekeeper permits execute outbound {expect}");
        assert_eq!(words(vec![limit], facts), [expect]);
    }
    let two = vec![
        Limit { amount_max: Some(amount("5")), ..limit() },
        Limit { auth_level_min: Some(3), ..limit() },
        Limit { two_persons: true, ..limit() },
    ];
    let told = words(two, &["amount=6", "auth_level=2", "second=bob"]);
    let expect = "role storekeeper permits execute outbound up to 5 (amount_max): this is 6, and at auth \
                  level 3 or more (auth_level_min): this is 2";
    assert_eq!(told, [expect]);
}

#[test]
fn the_nearest_role_comes_first_and_a_machine_has_none() {
    let near = Limit { amount_max: Some(amount("5")), ..limit() };
    let mut roles = matrix();
    let keeper = roles.0.get_mut("storekeeper").unwrap();
    keeper.limits = vec![Limit { auth_level_min: Some(4), ..near.clone() }];
    let mut clerk = keeper.clone();
    clerk.limits = vec![near];
    roles.0.insert("clerk".to_owned(), clerk);
    let access = Access::new(&roles, "").unwrap();
    let id: OperatorId = "li".parse().unwrap();
    let both = ["storekeeper".to_owned(), "clerk".to_owned()];
    let principal = Principal::Operator { id: &id, roles: &both };
    let known = Known::of(&Facts { auth_level: Some(2), ..Facts::default() }, Looks::ALL);
    let misses = access.misses(&principal, Action::Execute, Module::Outbound, &known);
    let roles: Vec<&str> = misses.iter().map(|miss| miss.role.as_str()).collect();
    assert_eq!(roles, ["clerk", "storekeeper"]);
    let client = "erp".parse().unwrap();
    let machine = Principal::Client { id: &client, scopes: &[] };
    assert!(access.misses(&machine, Action::Execute, Module::Outbound, &known).is_empty());
}

/// The refusal of an issue for 110 by a supervisor who may approve up to 100 and see these fields, and
/// the reason that the journal has for it.
fn refused(view: Vec<Field>) -> (String, String) {
    let mut roles: RoleMatrix = matrix();
    let lead = roles.0.get_mut("warehouse-supervisor").unwrap();
    let (modules, actions) = (vec![Module::Outbound], vec![Action::Approve]);
    let amount_max = Some(amount("100"));
    lead.limits = vec![Limit { modules, actions, amount_max, ..Limit::default() }];
    lead.fields = Some(RoleFields { view: Some(view), modify: None });
    let mut house = House::with_policies(Access::new(&roles, "").unwrap());
    house.sign_in(2, None, "sue");
    let receipt = ["10 PUMP 20 @supplier/A wh1/dock value=200"];
    house.posted(posting(50, MovementKind::Receipt, &receipt));
    let issue = posting(51, MovementKind::Issue, &["10 PUMP 11 wh1/dock @production/L1"]);
    let reserve = house.reserve(issue, "sue");
    house.ok(reserve);
    let approve = house.post(51, "max");
    let refusal = house.handle(approve).answer.unwrap_err();
    assert_eq!(refusal.code, "denied");
    assert_eq!(house.judged(), Vec::<String>::new());
    match &house.journal.last().unwrap().body {
        Body::Denied { reason, .. } => (refusal.message, reason.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refusal_names_the_limit_and_the_figure_only_to_who_may_see_it() {
    let begins = "max may not approve in outbound: no policy permits it";
    let role = "role warehouse-supervisor permits approve outbound";
    let (told, reason) = refused(vec![Field::Price, Field::Cost]);
    assert_eq!(told, format!("{begins}; {role} up to 100 (amount_max): this is 110"));
    assert_eq!(reason, begins, "the journal has it by its facts");
    for view in [vec![], vec![Field::Price], vec![Field::Cost]] {
        let (told, reason) = refused(view);
        let hidden = format!("{begins}; {role} within a limit (amount_max): this is beyond it");
        assert_eq!((told, reason), (hidden, begins.to_owned()));
    }
}
