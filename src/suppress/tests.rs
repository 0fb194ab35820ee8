//! Waivers and verdicts → what is waived and what is said of the waivers.

use jiff::civil::date;

use super::*;
use crate::evaluate::{Evidence, Gap};
use crate::model::{Container, Environment, Fact, Labels, Place, Service};
use crate::parse;
use crate::rule::{Question, Severity};
use crate::source::Source;
use crate::tree::Text;
use crate::tree::{Format, Unknown};

const RULES: [&str; 3] = ["backup/no-pitr", "capacity/no-pdb", "runbook/orphan"];

/// An audit of a few files, without its rules.
#[derive(Default)]
struct Night {
    sources: Sources,
    comments: Vec<Comment>,
    model: Model,
    verdicts: Vec<Verdict>,
    config: Config,
    ran: Option<Vec<Text>>,
}

impl Night {
    fn of(files: &[(&str, &str)]) -> Self {
        let sources = Sources::new(files.iter().map(|(path, text)| Source::new(*path, *text)).collect());
        let mut comments = Vec::new();
        for (id, source) in sources.iter() {
            let format = match source.path.rsplit('.').next() {
                Some("tf") => Format::Hcl,
                Some("md") => Format::Markdown,
                Some("toml") => Format::Toml,
                _ => Format::Yaml,
            };
            comments.extend(parse::parse(id, &source.text, format).document.comments);
        }
        Self { sources, comments, ..Self::default() }
    }

    /// With a configuration, which is a file of its own.
    fn configured(mut self, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("twoam.toml"), text).unwrap();
        let (mut own, mut problems) = (Sources::default(), Vec::new());
        self.config = Config::find(None, &[folder.path().to_owned()], &mut own, &mut problems);
        assert_eq!(problems, []);
        self.config.adopt(&own, &mut self.sources);
        self
    }

    /// The place of a text in a file.
    fn at(&self, path: &str, text: &str) -> Span {
        let (id, source) = self.sources.iter().find(|(_, source)| source.path == path).unwrap();
        let start = source.text.find(text).unwrap();
        Span::new(id, start, start + text.len())
    }

    fn place(&self, path: &str, text: &str) -> Place {
        Place { span: self.at(path, text), path: path.into(), ..Place::default() }
    }

    /// A failing verdict of `capacity/no-pdb`, or what `change` makes of it.
    fn fails(&mut self, span: Span, change: impl FnOnce(&mut Verdict)) {
        let evidence = vec![Evidence { label: Text::default(), span }];
        let mut verdict = Verdict {
            rule: "capacity/no-pdb".into(),
            severity: Severity::High,
            question: Question::Withstand,
            service: None,
            subject_kind: "workload",
            subject: "Deployment/app".into(),
            environment: "production".into(),
            gap: Some(Box::new(Gap { evidence, heads: vec![span], ..Gap::default() })),
        };
        change(&mut verdict);
        self.verdicts.push(verdict);
    }

    /// The reasons of what is waived, and the problems: the text underlined and the message.
    fn judge(&mut self) -> (Vec<Option<String>>, Vec<(String, String)>) {
        let known: Vec<Text> = RULES.iter().map(|rule| Text::from(*rule)).collect();
        let ran = self.ran.clone().unwrap_or_else(|| known.clone());
        let today = date(2026, 11, 24);
        let scope = Scope { sources: &self.sources, model: &self.model, known: &known, ran: &ran, today };
        let waivers = collect(&self.comments, &self.config, &scope);
        let problems = apply(&waivers, &mut self.verdicts, &scope);
        assert!(problems.iter().all(|problem| problem.fault == Fault::Input && !problem.help.is_empty()));
        let said = problems
            .into_iter()
            .map(|problem| (self.sources.slice(problem.span.unwrap()).to_owned(), problem.message))
            .collect();
        let reasons = self.verdicts.iter().map(|verdict| verdict.suppressed().map(|it| it.reason.clone())).collect();
        (reasons, said)
    }
}

fn gap(verdict: &mut Verdict) -> &mut Gap {
    verdict.gap.as_mut().unwrap()
}

#[allow(clippy::unnecessary_wraps, reason = "what it is compared with is optional")]
fn reason(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What becomes of one finding at `under` in one file.
fn one(path: &str, text: &str, under: &str) -> (Option<String>, Vec<(String, String)>) {
    let mut night = Night::of(&[(path, text)]);
    night.fails(night.at(path, under), |_| {});
    let (mut reasons, said) = night.judge();
    (reasons.remove(0), said)
}

const NOTHING: [(String, String); 0] = [];

#[test]
fn a_comment_waives_its_line_or_the_next() {
    for (path, text) in [
        ("a.yaml", "a: x # twoam: ignore[capacity/no-pdb] it waits\n"),
        ("a.yaml", "b: 1\n# twoam: ignore[capacity/no-pdb] it waits\na: x\n"),
        ("a.yaml", "# twoam: ignore[capacity/no-pdb] it waits\n# and another comment\na: x\n"),
        ("a.tf", "a = x // twoam: ignore[capacity/no-pdb] it waits\n"),
        ("a.tf", "/*\n * twoam: ignore[capacity/no-pdb] it waits\n */\na = x\n"),
        ("a.toml", "# twoam: ignore[capacity/no-pdb] it waits\na = \"x\"\n"),
        ("a.md", "<!-- twoam: ignore[capacity/no-pdb] it waits -->\n# x\n"),
        ("a.md", "# x <!-- twoam: ignore[capacity/no-pdb] it waits -->\n"),
    ] {
        assert_eq!(one(path, text, "x"), (reason("it waits"), NOTHING.to_vec()), "{text}");
    }
}

#[test]
fn a_comment_waives_nothing_else() {
    for (text, under) in [
        ("# twoam: ignore[capacity/no-pdb] it waits\n\na: x\n", "x"),
        ("a: x\n# twoam: ignore[capacity/no-pdb] it waits\n", "x"),
        ("a: 1 # twoam: ignore[capacity/no-pdb] it waits\nb: x\n", "x"),
        ("# twoam: ignore[backup/no-pitr] it waits\na: x\n", "x"),
    ] {
        let (waived, said) = one("a.yaml", text, under);
        assert_eq!(waived, None, "{text}");
        let [(rule, message)] = &said[..] else { panic!("{said:?}") };
        assert_eq!(*message, format!("the waiver of `{rule}` covers nothing"));
    }
}

#[test]
fn a_comment_at_the_head_waives_what_is_found_inside() {
    let text = "# twoam: ignore[backup/no-pitr] a copy\nresource \"aws_db_instance\" \"a\" {\n  retention = 0\n}\n";
    let mut night = Night::of(&[("a.tf", text)]);
    let head = night.at("a.tf", "resource \"aws_db_instance\" \"a\"");
    let inside = night.at("a.tf", "retention");
    for heads in [vec![inside, head], vec![inside]] {
        night.fails(inside, |verdict| {
            verdict.rule = "backup/no-pitr".into();
            gap(verdict).heads = heads;
        });
    }
    assert_eq!(night.judge(), (vec![reason("a copy"), None], NOTHING.to_vec()));
}

#[test]
fn one_comment_may_name_several_rules_each_of_which_must_cover_something() {
    let text = "# twoam: ignore[capacity/no-pdb, runbook/orphan] it waits\na: x\n";
    let said = vec![("runbook/orphan".to_owned(), "the waiver of `runbook/orphan` covers nothing".to_owned())];
    assert_eq!(one("a.yaml", text, "x"), (reason("it waits"), said));
}

#[test]
fn wrong_waivers_do_nothing_and_are_said() {
    for (comment, under, message) in [
        ("ignore[capacity/no-pdb]", "capacity/no-pdb", "a waiver needs a reason"),
        ("ignore[capacity/no-pbd] x y", "capacity/no-pbd", "there is no rule `capacity/no-pbd`"),
        ("ignore[capacity] x y", "capacity", "there is no rule `capacity`"),
        (
            "ignore[capacity/no-pdb] until 2026-11-23 late",
            "2026-11-23",
            "the waiver of `capacity/no-pdb` ended on 2026-11-23",
        ),
    ] {
        let (waived, said) = one("a.yaml", &format!("a: 1\nb: x # twoam: {comment}\n"), "x");
        assert_eq!(waived, None, "{comment}");
        assert_eq!(said, [(under.to_owned(), message.to_owned())], "{comment}");
    }
    let (waived, said) = one("a.yaml", "a: x # twoam: ignore[capacity/no-pdb] until 2026-11-24 today\n", "x");
    assert_eq!((waived, said), (reason("today"), NOTHING.to_vec()), "the last day counts");
}

#[test]
fn passes_are_not_waived_and_unknowns_are() {
    let text = "a: x # twoam: ignore[capacity/no-pdb] it waits\n";
    let mut night = Night::of(&[("a.yaml", text)]);
    night.fails(night.at("a.yaml", "x"), |verdict| verdict.gap = None);
    let (waived, said) = night.judge();
    assert_eq!((waived[0].as_ref(), said.len()), (None, 1), "the gap is closed, and the waiver can go");
    let mut night = Night::of(&[("a.yaml", text)]);
    night.fails(night.at("a.yaml", "x"), |verdict| {
        gap(verdict).unknown = Some(Unknown::new("a", "b", None));
    });
    assert_eq!(night.judge(), (vec![reason("it waits")], NOTHING.to_vec()));
}

#[test]
fn a_waiver_of_a_rule_that_was_not_selected_is_not_unused() {
    let mut night = Night::of(&[("a.yaml", "a: x # twoam: ignore[capacity/no-pdb] it waits\n")]);
    night.ran = Some(vec!["runbook/orphan".into()]);
    assert_eq!(night.judge(), (vec![], NOTHING.to_vec()));
}

#[test]
fn a_waiver_in_what_is_not_judged_is_not_unused() {
    let mut night = Night::of(&[("a.yaml", "a: x # twoam: ignore[capacity/no-pdb] it waits\n")]);
    let place = night.place("a.yaml", "x");
    night.model.workloads.push(Workload {
        place: Place { environment: Environment { name: "staging".into(), production: false }, ..place },
        ..Workload::default()
    });
    assert_eq!(night.judge(), (vec![], NOTHING.to_vec()));
}

/// A workload with a container, annotated, and findings about both, about another one and about its service.
fn annotated(value: &str) -> Night {
    let text = format!("name: app\nannotations:\n  note: '{value}'\nimage: x\nother: y\n");
    let mut night = Night::of(&[("a.yaml", &text)]);
    let annotation = Fact::known(Text::from(value), night.at("a.yaml", &format!("'{value}'")));
    night.model.workloads.push(Workload {
        name: "Deployment/app".into(),
        place: night.place("a.yaml", "app"),
        annotations: Labels(vec![(ANNOTATION.into(), annotation)]),
        containers: vec![Id::new(0)],
        ..Workload::default()
    });
    night.model.containers.push(Container { name: "Deployment/app/main".into(), ..Container::default() });
    night.fails(night.at("a.yaml", "annotations"), |_| {});
    night.fails(night.at("a.yaml", "x"), |verdict| {
        verdict.subject_kind = "container";
        verdict.subject = "Deployment/app/main".into();
    });
    night.fails(night.at("a.yaml", "y"), |verdict| verdict.subject = "Deployment/other".into());
    night.fails(night.at("a.yaml", "app"), |verdict| {
        verdict.subject_kind = "service";
        verdict.subject = "app".into();
    });
    night
}

#[test]
fn an_annotation_waives_what_is_about_its_workload() {
    let waits = || reason("it waits");
    let mut night = annotated("capacity/no-pdb until 2027-01-31 it waits");
    assert_eq!(night.judge(), (vec![waits(), waits(), None, waits()], NOTHING.to_vec()));
    let suppression = night.verdicts[0].suppressed().cloned().unwrap();
    assert_eq!((suppression.until.as_deref(), suppression.inline), (Some("2027-01-31"), true));
    let (waived, said) = annotated("capacity/no-pdb").judge();
    assert_eq!(waived, [None, None, None, None]);
    assert_eq!(said, [("'capacity/no-pdb'".to_owned(), "a waiver needs a reason".to_owned())]);
}

#[test]
fn the_configuration_waives_what_fits_all_it_says() {
    let toml = "[[waiver]]\nrule = \"capacity/no-pdb\"\nservice = \"Till\"\npath = \"b/**\"\nreason = \"it waits\"\nuntil = 2027-01-31\n";
    let mut night = Night::of(&[("a.yaml", "x"), ("b/b.yaml", "x")]).configured(toml);
    let service =
        night.model.add(Service { name: "checkout".into(), aliases: vec!["till".into()], ..Service::default() });
    let other = night.model.add(Service { name: "search".into(), ..Service::default() });
    for (path, service) in
        [("a.yaml", Some(service)), ("b/b.yaml", Some(service)), ("b/b.yaml", Some(other)), ("b/b.yaml", None)]
    {
        night.fails(night.at(path, "x"), |verdict| verdict.service = service);
    }
    assert_eq!(night.judge(), (vec![None, reason("it waits"), None, None], NOTHING.to_vec()));
    let suppression = night.verdicts[1].suppressed().cloned().unwrap();
    assert_eq!((suppression.until.as_deref(), suppression.inline), (Some("2027-01-31"), false));
    assert_eq!(night.sources.slice(suppression.span.unwrap()), "\"capacity/no-pdb\"");

    let toml = "[[waiver]]\nrule = \"capacity/no-pdb\"\nsubject = \"Deployment/app\"\nreason = \"it waits\"\nuntil = \"2026-01-31\"\n";
    let mut night = Night::of(&[("a.yaml", "x")]).configured(toml);
    night.fails(night.at("a.yaml", "x"), |_| {});
    let said = ("\"2026-01-31\"".to_owned(), "the waiver of `capacity/no-pdb` ended on 2026-01-31".to_owned());
    assert_eq!(night.judge(), (vec![None], vec![said]));
}

#[test]
fn a_waiver_beside_the_code_comes_before_the_configuration() {
    let toml = "[[waiver]]\nrule = \"capacity/no-pdb\"\nreason = \"everywhere\"\n";
    let mut night = Night::of(&[("a.yaml", "a: x # twoam: ignore[capacity/no-pdb] here\n")]).configured(toml);
    night.fails(night.at("a.yaml", "x"), |_| {});
    assert_eq!(night.judge(), (vec![reason("here")], NOTHING.to_vec()), "and neither is unused");
}

#[test]
fn a_decision_for_another_scanner_waives_the_same_gap() {
    let found = |text: &str| {
        let mut night = Night::of(&[("a.tf", text)]);
        let head = night.at("a.tf", "resource \"aws_dynamodb_table\" \"a\"");
        night.fails(night.at("a.tf", "hash_key"), |verdict| {
            verdict.rule = "backup/no-pitr".into();
            gap(verdict).heads.push(head);
        });
        let (mut reasons, said) = night.judge();
        (reasons.remove(0), said)
    };
    let body = "  hash_key = \"id\"\n}\n";
    let head = "resource \"aws_dynamodb_table\" \"a\" {\n";
    let above = format!("#trivy:ignore:avd-aws-0024 - not needed, the data is transient\n{head}{body}");
    assert_eq!(found(&above), (reason("avd-aws-0024: not needed, the data is transient"), NOTHING.to_vec()));
    let within = format!("{head}  # checkov:skip=CKV_AWS_28: not needed\n{body}");
    assert_eq!(found(&within), (reason("CKV_AWS_28: not needed"), NOTHING.to_vec()));
    let claims = format!("{head}  # checkov:skip=CKV_AWS_28: it is on in production\n{body}");
    assert_eq!(found(&claims), (None, NOTHING.to_vec()));
    let elsewhere =
        format!("resource \"aws_dynamodb_table\" \"b\" {{\n  # checkov:skip=CKV_AWS_28: not needed\n}}\n{head}{body}");
    assert_eq!(found(&elsewhere), (None, NOTHING.to_vec()));
}
