//! Decisions of the access policies beside raw Cedar in the same run.
//!
//! Raw Cedar holds the very same policies in one set, with all operators and roles as entities, and is
//! asked plainly; ours is asked by its one door. Both answer the same questions from a fixed seed, and a
//! difference in any answer fails the bench. Absent: what the engine does around a decision.

use std::time::Instant;

use anyhow::Context as _;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request as CedarRequest,
    RestrictedExpression,
};
use gatewarden_engine::{Access, Facts, Goods, Principal, Request};
use gatewarden_model::{
    Action, Amount, ItemClass, Limit, Module, OWN, OperatorId, Role, RoleMatrix, StockStatus,
};

use super::report::{Goal, Report};

const ROLES: usize = 50;
const OPERATORS: usize = 500;
const POLICIES: usize = 200;
/// Policies of the house in Cedar.
const RAW: usize = 6;
/// Duties that stand beside every matrix.
const DUTIES: usize = 4;
/// Questions that are asked before measuring.
const WARM_UP: usize = 500;
const SEED: u64 = 0x6174_6577_6172_6465;

/// Who asks what on which facts.
struct Question {
    operator: usize,
    action: Action,
    module: Module,
    amount: Amount,
    goods: Goods,
    ordered_by: String,
}

struct House {
    roles: RoleMatrix,
    operators: Vec<(OperatorId, Vec<String>)>,
    questions: Vec<Question>,
}

/// Measures so many decisions each way.
pub(super) fn measure(decisions: u32) -> anyhow::Result<Report> {
    let house = house(decisions as usize)?;
    let access = Access::new(&house.roles, &raw_policies())?;
    let plain = Plain::new(&house, &access)?;
    let mut answers = Vec::with_capacity(house.questions.len());
    for question in house.questions.iter().take(WARM_UP) {
        plain.ask(question)?;
        let _ = access.decide_uncached(&house.request(question));
    }
    let raw = timed(&house, |question| {
        answers.push(plain.ask(question)?);
        Ok(())
    })?;
    let mut expected = answers.iter();
    let mut agrees = |allowed: bool| {
        let raw = expected.next().copied();
        anyhow::ensure!(raw == Some(allowed), "raw Cedar says {raw:?}, the engine {allowed}");
        Ok(())
    };
    let fresh =
        timed(&house, |question| agrees(access.decide_uncached(&house.request(question)).allowed))?;
    let request = house.request(house.questions.first().context("nothing to ask")?);
    let _ = access.decide(&request);
    let kept = timed(&house, |_| {
        let _ = access.decide(&request);
        Ok(())
    })?;
    let door = timed(&house, |question| {
        let _ = access.decide(&house.request(question));
        Ok(())
    })?;
    Ok(report(&answers, &raw, &fresh, &door, &kept))
}

fn report(answers: &[bool], raw: &Times, fresh: &Times, door: &Times, kept: &Times) -> Report {
    let mut report = Report::new("access");
    report.figure("raw_us_p50", "raw Cedar, a decision, median", raw.p50, "µs");
    report.figure("raw_us_p99", "raw Cedar, a decision, 99 of 100", raw.p99, "µs");
    let most = Goal::AtMost(60.0);
    report.goal("fresh_us_p50", "ours, nothing remembered, median", fresh.p50, "µs", most);
    report.figure("fresh_us_p99", "ours, nothing remembered, 99 of 100", fresh.p99, "µs");
    report.goal("ours_us_p50", "ours, amounts that vary, median", door.p50, "µs", most);
    report.figure("ours_us_p99", "ours, amounts that vary, 99 of 100", door.p99, "µs");
    report.figure("kept_us_p50", "ours, asked before, median", kept.p50, "µs");
    report.figure("kept_us_p99", "ours, asked before, 99 of 100", kept.p99, "µs");
    let ratio = Goal::AtMost(1.3);
    report.goal("ratio_fresh", "nothing remembered, to raw", fresh.p50 / raw.p50, "times", ratio);
    report.goal("ratio_ours", "amounts that vary, to raw", door.p50 / raw.p50, "times", ratio);
    let allowed = answers.iter().filter(|allowed| **allowed).count();
    report.note(format!(
        "{ROLES} roles, {OPERATORS} operators, {POLICIES} policies; {} questions, {allowed} allowed, \
         all answered alike",
        answers.len()
    ));
    report
}

/// In microseconds.
struct Times {
    p50: f64,
    p99: f64,
}

fn timed(
    house: &House,
    mut ask: impl FnMut(&Question) -> anyhow::Result<()>,
) -> anyhow::Result<Times> {
    let mut each = Vec::with_capacity(house.questions.len());
    for question in &house.questions {
        let start = Instant::now();
        ask(question)?;
        each.push(start.elapsed().as_secs_f64() * 1e6);
    }
    each.sort_by(f64::total_cmp);
    let at = |percent: usize| each.get(each.len() * percent / 100).copied().unwrap_or_default();
    Ok(Times { p50: at(50), p99: at(99) })
}

/// Raw Cedar with the same policies and facts.
struct Plain {
    set: PolicySet,
    entities: Entities,
    operators: Vec<EntityUid>,
    actions: Vec<(Action, EntityUid)>,
    modules: Vec<(Module, EntityUid)>,
    authorizer: Authorizer,
}

impl Plain {
    fn new(house: &House, access: &Access) -> anyhow::Result<Self> {
        // What the schema and the scopes of machines are besides is not ours to compare.
        let ours =
            |part: &&str| ["role:", "duty:", "raw:"].iter().any(|kind| part.starts_with(kind));
        let parts: Vec<&str> = access.text().split("\n// ").filter(ours).collect();
        let bodies = parts.iter().filter_map(|part| part.split_once('\n')).map(|(_, body)| body);
        let set: PolicySet = bodies.collect::<Vec<_>>().join("\n").parse()?;
        let count = set.policies().count();
        anyhow::ensure!(count == POLICIES, "{count} policies instead of {POLICIES}");
        let uid = |kind: &str, name: &str| -> anyhow::Result<EntityUid> {
            Ok(format!("{kind}::{name:?}").parse()?)
        };
        let mut entities = vec![];
        for role in house.roles.0.keys() {
            entities.push(Entity::with_uid(uid("Role", role)?));
        }
        let mut operators = vec![];
        for (id, roles) in &house.operators {
            let own = uid("Operator", id.as_str())?;
            let name = RestrictedExpression::new_string(id.to_string());
            let parents =
                roles.iter().map(|role| uid("Role", role)).collect::<anyhow::Result<_>>()?;
            let attributes = [("id".to_owned(), name)].into();
            entities.push(Entity::new(own.clone(), attributes, parents)?);
            operators.push(own);
        }
        let entities = Entities::from_entities(entities, None)?;
        let actions = ACTIONS.iter().map(|one| Ok((*one, uid("Action", one.name())?)));
        let modules = MODULES.iter().map(|one| Ok((*one, uid("Module", one.name())?)));
        Ok(Self {
            set,
            entities,
            operators,
            actions: actions.collect::<anyhow::Result<_>>()?,
            modules: modules.collect::<anyhow::Result<_>>()?,
            authorizer: Authorizer::new(),
        })
    }

    fn ask(&self, question: &Question) -> anyhow::Result<bool> {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let goods = &question.goods;
        let set = |all: Vec<RestrictedExpression>| RestrictedExpression::new_set(all);
        let pairs = [
            ("amount", RestrictedExpression::new_long(question.amount.units())),
            ("auth_level", RestrictedExpression::new_long(2)),
            ("classes", set(goods.classes.iter().map(|class| text(class.name())).collect())),
            ("ordered_by", text(&question.ordered_by)),
            ("owners", set(goods.owners.iter().map(|owner| text(owner)).collect())),
            ("statuses", set(goods.statuses.iter().map(|status| text(status.name())).collect())),
            ("warehouses", set(goods.warehouses.iter().map(|house| text(house)).collect())),
        ];
        let context = Context::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value)))?;
        let action = self.actions.iter().find(|(one, _)| *one == question.action);
        let module = self.modules.iter().find(|(one, _)| *one == question.module);
        let (action, module) = action.zip(module).context("no such right")?;
        let who = self.operators.get(question.operator).context("no such operator")?.clone();
        let request = CedarRequest::new(who, action.1.clone(), module.1.clone(), context, None)?;
        let answer = self.authorizer.is_authorized(&request, &self.set, &self.entities);
        Ok(answer.decision() == Decision::Allow && answer.diagnostics().errors().next().is_none())
    }
}

impl House {
    fn request<'h>(&'h self, question: &'h Question) -> Request<'h> {
        let (id, roles) = &self.operators[question.operator];
        let facts = Facts {
            ordered_by: Some(&question.ordered_by),
            auth_level: Some(2),
            goods: Some(&question.goods),
            amount: Some(question.amount),
            ..Facts::default()
        };
        let principal = Principal::Operator { id, roles };
        Request { principal, action: question.action, module: question.module, facts }
    }
}

/// Numbers from a fixed seed (Knuth's MMIX generator), so that every run asks the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end.max(1)
    }
}

const MODULES: [Module; 4] = [Module::Inbound, Module::Outbound, Module::Count, Module::Transfer];
const ACTIONS: [Action; 4] = [Action::View, Action::Create, Action::Approve, Action::Execute];

fn house(questions: usize) -> anyhow::Result<House> {
    let mut numbers = Numbers(SEED);
    let grants = POLICIES - RAW - DUTIES;
    let mut roles: Vec<Role> = vec![Role::default(); ROLES];
    let mut given = 0;
    while given < grants {
        let role = &mut roles[given % ROLES];
        let (module, action) = (MODULES[numbers.below(4)], ACTIONS[numbers.below(4)]);
        let actions = role.grants.entry(module).or_default();
        if actions.contains(&action) {
            continue;
        }
        actions.push(action);
        given += 1;
        // Every other right of moving and approving is limited.
        if given % 2 == 0 && matches!(action, Action::Approve | Action::Execute) {
            role.limits.push(Limit {
                modules: vec![module],
                actions: vec![action],
                warehouses: Some(vec!["wh1".to_owned(), "wh2".to_owned()]),
                classes_except: Some(vec![ItemClass::A]),
                amount_max: Some(Amount::from_units(50_000_000)),
                ..Limit::default()
            });
        }
    }
    let names: Vec<String> = (0..ROLES).map(|n| format!("role-{n:02}")).collect();
    let operators = (0..OPERATORS).map(|n| {
        let mut own: Vec<String> = (0..3).map(|_| names[numbers.below(ROLES)].clone()).collect();
        own.sort();
        own.dedup();
        Ok((format!("operator-{n:03}").parse()?, own))
    });
    let operators = operators.collect::<anyhow::Result<Vec<_>>>()?;
    let questions = (0..questions).map(|_| question(&mut numbers)).collect();
    Ok(House { roles: RoleMatrix(names.into_iter().zip(roles).collect()), operators, questions })
}

fn question(numbers: &mut Numbers) -> Question {
    // A movement has items: a set without any is not known, and raw Cedar would not know that.
    let some = ItemClass::ALL.into_iter().filter(|_| numbers.below(2) == 0);
    let classes = some.chain([ItemClass::C]).collect();
    let units = i64::try_from(numbers.below(100_000_000)).unwrap_or(0);
    Question {
        operator: numbers.below(OPERATORS),
        action: ACTIONS[numbers.below(4)],
        module: MODULES[numbers.below(4)],
        amount: Amount::from_units(units),
        ordered_by: format!("operator-{:03}", numbers.below(OPERATORS)),
        goods: Goods {
            warehouses: [format!("wh{}", 1 + numbers.below(3))].into(),
            classes,
            owners: [OWN.to_owned()].into(),
            statuses: [StockStatus::Available].into(),
        },
    }
}

/// What a house writes in Cedar beside its roles.
fn raw_policies() -> String {
    let dear = (0..RAW).map(|n| {
        let (action, module) = (ACTIONS[n % 4].name(), MODULES[n % 4].name());
        format!(
            "@id(\"house-{n}\") forbid (principal is Operator, action == Action::\"{action}\", \
             resource == Module::\"{module}\") when {{ context has amount && \
             context.amount > {}0000 && context has auth_level && context.auth_level < 3 }};\n",
            9000 + n
        )
    });
    dear.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

    use super::*;

    #[test]
    fn ours_and_raw_cedar_answer_alike_and_some_questions_are_allowed() {
        let report = measure(40).unwrap();
        assert!(report.value("raw_us_p50").unwrap() > 0.0);
        assert!(report.value("ratio_ours").unwrap() > 0.0);
        assert!(report.table().contains("40 questions"));
        assert!(!report.table().contains(" 0 allowed"));
    }
}
