//! Rights on fields: what roles, scopes and raw Cedar come to; that nothing undecided is shown; that no
//! answer outlives a change; that a document with a field its sender may not set is refused.
#![allow(clippy::unwrap_used)] // A failing unwrap is a failing test.

mod common;

use common::short::{item, movement_id, posting, task};
use common::*;
use gatewarden_engine::{Access, Command, Engine, Reply, Settings};
use gatewarden_model::{
    Action, Actor, Body, Field, FieldRights, Module, MovementKind, Role, RoleFields, RoleMatrix,
};

fn field(name: &str) -> Field {
    name.parse().unwrap()
}

fn fields(names: &str) -> Vec<Field> {
    names.split_whitespace().map(field).collect()
}

/// Which of the fields somebody sees, and sets.
fn told(rights: &FieldRights) -> (String, String) {
    let list = |set: &dyn Fn(&Field) -> bool| {
        let names = Field::ALL.iter().filter(|f| set(f)).map(ToString::to_string);
        names.collect::<Vec<_>>().join(" ")
    };
    (list(&|f| rights.sees(f)), list(&|f| rights.sets(f)))
}
