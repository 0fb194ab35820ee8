//! Expressions over facts that are known, absent and unknown; messages; what is refused, and where.

use proptest::prelude::*;

use super::check::{Role, check};
use super::expression::Scope;
use super::template::Template;
use crate::model::alert::RunbookReference;
use crate::model::datastore::BackupState;
use crate::model::{Alert, Datastore, Fact, Model, Noun, Place, Service};
use crate::source::{SourceId, Span};
use crate::tree::{Text, Unknown};

/// An alert that pages, whose severity nobody set and whose hold time nobody knows, with two services.
fn model() -> Model {
    let mut model = Model::default();
    let service = |name: &str, tier| Service { name: name.into(), tier: Fact::known(tier, None), ..Service::default() };
    let services = vec![model.add(service("checkout", 1)), model.add(service("search", 3))];
    model.add(Alert {
        name: "CheckoutDown".into(),
        place: Place { span: Span::new(SourceId(0), 4, 16), ..Place::default() },
        pages: Fact::known(true, None),
        for_seconds: Fact::unknown(Unknown::new("`var.wait` has no value here", "", None)),
        runbook: RunbookReference { exists: Fact::known(false, None), ..RunbookReference::default() },
        services,
        ..Alert::default()
    });
    model.targets.retention_days = 7.0;
    model
}

/// `Some(truth)`, or `None` for unknown.
fn evaluate(expression: &str) -> Option<bool> {
    let model = model();
    let checked = check(expression, Alert::described, Role::Condition);
    let checked = checked.unwrap_or_else(|complaint| panic!("{expression}: {}", complaint.message));
    Scope::new(&model, &model.alerts[0]).condition(&checked.expression).ok()
}

#[test]
fn the_unknown_decides_nothing_and_is_decided_by_nothing() {
    for (expression, expected) in [
        ("alert.pages", Some(true)),
        ("!alert.runbook.exists", Some(true)),
        ("alert.for_seconds > 60", None),
        ("alert.for_seconds > 60 || alert.pages", Some(true)),
        ("alert.pages || alert.for_seconds > 60", Some(true)),
        ("alert.for_seconds > 60 && alert.runbook.exists", Some(false)),
        ("alert.for_seconds > 60 && alert.pages", None),
        ("!(alert.for_seconds > 60)", None),
        ("has(alert.for_seconds)", None),
        ("alert.pages ? alert.pages : alert.for_seconds > 1", Some(true)),
        ("alert.for_seconds > 1 ? true : false", None),
    ] {
        assert_eq!(evaluate(expression), expected, "{expression}");
    }
}

#[test]
fn the_absent_is_null_and_neither_less_nor_more() {
    for (expression, expected) in [
        ("has(alert.severity)", Some(false)),
        ("alert.severity == null", Some(true)),
        ("alert.severity == 'page'", Some(false)),
        ("alert.severity != 'page'", Some(true)),
        ("alert.keep_firing_seconds > 1 || alert.keep_firing_seconds <= 1", Some(false)),
        ("alert.severity.startsWith('p')", Some(false)),
        ("alert.severity in ['page', 'critical']", Some(false)),
        ("alert.runbook.page.words > 3", Some(false)),
        ("alert.service.name == 'checkout'", Some(false)),
    ] {
        assert_eq!(evaluate(expression), expected, "{expression}");
    }
}

#[test]
fn lists_are_asked_with_the_macros_of_cel() {
    for (expression, expected) in [
        ("size(alert.services) == 2", Some(true)),
        ("alert.services.exists(s, s.tier == 1)", Some(true)),
        ("alert.services.all(s, s.tier == 1)", Some(false)),
        ("alert.services.exists_one(s, s.name.contains('ear'))", Some(true)),
        ("alert.services.filter(s, s.tier > 1).map(s, s.name) == ['search']", Some(true)),
        ("alert.services.exists(s, s.tier == 1 && alert.services.exists(t, t.tier > s.tier))", Some(true)),
        ("alert.services.exists(s, s.tier == 1 || alert.for_seconds > 3)", Some(true)),
        ("alert.services.all(s, alert.for_seconds > 3)", None),
        ("'checkout' in alert.services.map(s, s.name)", Some(true)),
        ("alert.name.matches('^Check.*Down$')", Some(true)),
        ("targets.retention_days - 2.0 * 3.0 == 1.0", Some(true)),
        ("7 / 2 > 3 && 7 % 4 == 3 && -1 < 0", Some(true)),
    ] {
        assert_eq!(evaluate(expression), expected, "{expression}");
    }
}

#[test]
fn what_could_fail_later_is_refused_with_its_place() {
    for (expression, place, said) in [
        ("alert.page", "alert.page", "no fact `page`"),
        ("alert.runbook.exist", "alert.runbook.exist", "no fact `exist`"),
        ("alert.services.exists(s, s.tear == 1)", "s.tear", "no fact `tear`"),
        ("alert.pages.yes", "alert.pages.yes", "has no facts"),
        ("alert.name && true", "alert.name", "true or false is needed"),
        ("alert.for_seconds == 'x'", "alert.for_seconds == 'x'", "is compared with"),
        ("alert.services == alert.services && alert.runbook > 2", "alert.runbook > 2", "is compared with"),
        ("alert.name.matches('(')", "", "not a regular expression"),
        ("lenght(alert.name) > 2", "", "unknown function"),
        ("{'a': 1} == null", "", "maps and structs"),
        ("alert.pages.exists(x, x)", "alert.pages", "is iterated"),
    ] {
        let complaint = check(expression, Alert::described, Role::Condition).map(|_| ()).unwrap_err();
        assert!(complaint.message.contains(said), "{expression}: {}", complaint.message);
        let (start, end) = complaint.range.unwrap();
        let under = &expression[start..end];
        assert!(place.is_empty() || place.contains(under) && !under.is_empty(), "{expression}: under `{under}`");
    }
    let long = format!("true{}", " && true".repeat(1000));
    assert!(check(&long, Alert::described, Role::Condition).is_err(), "too long to be parsed safely");
}

#[test]
fn the_facts_read_are_the_evidence_when_none_is_named() {
    let checked = check("has(alert.runbook.url) || alert.pages", Alert::described, Role::Condition).unwrap();
    assert_eq!(checked.reads, ["alert.runbook.url", "alert.pages"]);
}

#[test]
fn messages_name_facts_and_say_what_is_missing() {
    let model = model();
    let scope = Scope::new(&model, &model.alerts[0]);
    let read = |text: &str| Template::read(text, Alert::described).unwrap().fill(&scope);
    assert_eq!(read("`{alert.name}` waits {alert.for_seconds}"), "`CheckoutDown` waits an unknown value");
    assert_eq!(read("severity {alert.severity}, pages {alert.pages}"), "severity nothing, pages true");
    let complaint = Template::read("{alert.nam}", Alert::described).unwrap_err();
    assert!(complaint.help.contains("did you mean `name`?"), "{}", complaint.help);
    assert!(Template::read("{alert.name", Alert::described).is_err());
}

#[test]
fn messages_say_durations() {
    let mut model = model();
    let kept = |days: f64| Datastore {
        backup: BackupState { retention_days: Fact::known(days, None), ..BackupState::default() },
        ..Datastore::default()
    };
    let template = Template::read("kept {datastore.backup.retention_days} days", Datastore::described).unwrap();
    for (days, said) in [(1.0 / 3.0, "kept 8 hours"), (7.0, "kept 7 days"), (1.0, "kept 1 day")] {
        let id = model.add(kept(days));
        assert_eq!(template.fill(&Scope::new(&model, &model[id])), said);
    }
    let id = model.add(Datastore::default());
    assert_eq!(template.fill(&Scope::new(&model, &model[id])), "kept nothing days");
}

#[test]
fn a_rule_that_loops_too_long_gives_up_instead_of_hanging() {
    let mut model = model();
    for index in 0..300 {
        let id = model.add(Service { name: Text::from(format!("s{index}")), ..Service::default() });
        model.alerts[0].services.push(id);
    }
    let expression = "alert.services.all(a, alert.services.all(b, alert.services.all(c, c.name != 'x')))";
    let checked = check(expression, Alert::described, Role::Condition).unwrap();
    let answer = Scope::new(&model, &model.alerts[0]).condition(&checked.expression);
    assert!(answer.unwrap_err().reason.contains("too many steps"));
}

proptest! {
    #[test]
    fn checking_never_panics(text in "[a-z.()&|!<>=?:'\"0-9\\[\\], ]{0,60}") {
        let _ = check(&text, Alert::described, Role::Condition);
        let _ = check(&format!("alert.{text}"), Alert::described, Role::Path);
    }
}
