//! One audit built by hand, for the tests of every output: a service in trouble, a good one, one about which nothing is
//! known, a waived gap, a gap of the repository, hostile text and a secret.

use super::{Format, Options, write};
use crate::audit::Audit;
use crate::evaluate::{Evidence, Gap, Outcome, Suppression, Verdict};
use crate::model::{Fact, Id, Member, Model, Place, Service};
use crate::problem::{Fault, Problem, Skipped};
use crate::rule::{Meta, Question, Rule, RuleSet, Severity};
use crate::score::{Answer, Grade, QuestionScore, Scores, ServiceScore};
use crate::source::{Source, Sources, Span};
use crate::tree::Unknown;

const TERRAFORM: &str = r#"# The orders of Lantern.
resource "aws_db_instance" "orders" {
  identifier              = "orders"
  engine                  = "postgres"
  password                = "correct-horse-battery"
  backup_retention_period = 0
  skip_final_snapshot     = true
}

resource "aws_db_instance" "refunds" {
  identifier              = "refunds"
  backup_retention_period = var.retention
}
"#;

const CHECKOUT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: 1
  revisionHistoryLimit: 0
  template:
    spec:
      containers:
        - name: app
          image: registry.example/checkout:latest
";

const ALERTS: &str = "groups:
  - name: checkout
    rules:
      - alert: CheckoutSlow
        expr: latency > 1
        labels: { severity: page }
      - alert: CheckoutErrors
        expr: errors > 1
        labels: { severity: page }
      - alert: CheckoutQueue
        expr: queue > 100
        labels: { severity: page }
        annotations:
          runbook_url: https://github.com/lantern/platform/blob/main/runbooks/queue.md
";

const SEARCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: search\n  annotations: { note: \"a\u{1b}[31m<script>alert(1)</script>\" }\n";
const MAILER: &str = "kind: Deployment\nmetadata:\n  # twoam: ignore[capacity/single-replica] mails must leave in order\n  name: mailer\nspec: { replicas: 1 }\n";
const BILLING: &str = "kind: Deployment\nmetadata:\n  name: {{ .Values.name }}\n";
const OWNERS: &str = "/ansible/ @team-gone\n";

/// The place of the first `needle` at or after the first `from`.
fn place(sources: &Sources, path: &str, from: &str, needle: &str) -> Span {
    let (id, source) = sources.iter().find(|(_, source)| source.path == path).unwrap();
    let base = source.text.find(from).unwrap();
    let start = base + source.text[base..].find(needle).unwrap();
    Span::new(id, start, start + needle.len())
}

fn rule(id: &str, title: &str, severity: Severity, question: Question, why: &str, fix: &str) -> Rule {
    let references = vec!["https://sre.google/workbook/on-call/".to_owned()];
    let (title, why, fix) = (title.into(), why.into(), fix.into());
    Rule::saying(Meta { id: id.into(), title, enabled: true, severity, question, why, fix, references })
}

fn rules() -> Vec<Rule> {
    use Question::{DataLoss, Learn, Paged, Restore, RollBack, Withstand};
    use Severity::{Critical, High, Low, Medium};
    vec![
        rule(
            "alert-coverage/service-has-none",
            "Service that no alert watches",
            High,
            Paged,
            "Customers notice first.",
            "Alert on what its users would notice.",
        ),
        rule(
            "backup/database-backups-off",
            "Database backups are off",
            Critical,
            Restore,
            "Without a backup, a dropped table or a lost disk is final. Nobody restores what was never copied.",
            "Set `backup_retention_period` to 7 or more. Then test a restore:\n\n1. restore a snapshot\n2. count the rows",
        ),
        rule(
            "backup/dies-with-database",
            "Backups die with the database",
            High,
            DataLoss,
            "A destroyed database takes its snapshots along.",
            "Keep a final snapshot.",
        ),
        rule(
            "capacity/single-replica",
            "A single replica",
            High,
            Withstand,
            "One node lost is an outage.",
            "Run two or more replicas.",
        ),
        rule(
            "ownership/dead-codeowners-pattern",
            "Owner pattern that matches no file",
            Medium,
            Paged,
            "It looks owned and is not.",
            "Remove the line, or mend its path.",
        ),
        rule(
            "practice/no-drill",
            "Never drilled",
            Medium,
            Learn,
            "The first drill should not be the outage.",
            "Hold a game day, and keep a dated page of it under `drills/`.",
        ),
        rule(
            "rollback/history-zero",
            "No old revision to roll back to",
            High,
            RollBack,
            "`kubectl rollout undo` has nothing to go back to.",
            "Remove `revisionHistoryLimit: 0`; the default keeps ten.",
        ),
        rule(
            "rollback/mutable-image",
            "Image tag that moves",
            Low,
            RollBack,
            "Yesterday's `latest` is gone.",
            "Name a version or a digest.",
        ),
        rule(
            "runbook/alert-without-runbook",
            "Alert without a runbook",
            High,
            Paged,
            "Whoever is woken starts from nothing.",
            "Write a page that says what it means and what to do, and name it in `runbook_url`.",
        ),
    ]
}

struct Builder {
    audit: Audit,
}

impl Builder {
    fn span(&self, path: &str, from: &str, needle: &str) -> Span {
        place(&self.audit.sources, path, from, needle)
    }

    fn verdict(
        &mut self,
        rule: &str,
        service: Option<usize>,
        subject: &str,
        message: &str,
        at: &[(&str, Span)],
    ) -> &mut Verdict {
        let meta = &self.audit.rules.get(rule).unwrap().meta;
        let evidence = at.iter().map(|(label, span)| Evidence { label: (*label).into(), span: *span }).collect();
        self.audit.verdicts.push(Verdict {
            rule: rule.into(),
            severity: meta.severity,
            question: meta.question,
            service: service.map(Id::new),
            subject_kind: "workload",
            subject: subject.into(),
            environment: "production".into(),
            gap: Some(Box::new(Gap {
                message: message.into(),
                evidence,
                fingerprint: format!("{rule}/{subject}"),
                ..Gap::default()
            })),
        });
        self.audit.verdicts.last_mut().unwrap()
    }

    fn unknown(&mut self, rule: &str, service: usize, subject: &str, at: Span, missing: Unknown) {
        let verdict = self.verdict(rule, Some(service), subject, "", &[("", at)]);
        verdict.gap.as_mut().unwrap().unknown = Some(missing);
    }
}

fn services(sources: &Sources) -> Vec<Service> {
    let service = |name: &str,
                   tier: Option<i64>,
                   owner: Option<&str>,
                   path: &str,
                   kind: &'static str,
                   member: &str,
                   needle: &str| {
        let span = place(sources, path, needle, needle);
        let place = Place { span, path: path.into(), ..Place::default() };
        let linked_by = format!("label app={name}");
        Service {
            name: name.into(),
            place: place.clone(),
            tier: tier.map_or_else(Fact::default, |tier| Fact::known(tier, None)),
            owner: owner.map_or_else(Fact::default, |owner| Fact::known(owner.into(), None)),
            members: vec![Member { kind, name: member.into(), place, linked_by }],
            ..Service::default()
        }
    };
    vec![
        service("billing", None, None, "k8s/billing.yaml", "workload", "Deployment/billing", "{{ .Values.name }}"),
        service(
            "checkout",
            Some(1),
            Some("team-payments"),
            "k8s/checkout.yaml",
            "workload",
            "Deployment/checkout",
            "checkout",
        ),
        service("mailer", Some(3), Some("team-platform"), "k8s/mailer.yaml", "workload", "Deployment/mailer", "mailer"),
        service("search", Some(2), None, "k8s/search.yaml", "workload", "Deployment/search", "search"),
    ]
}

/// The audit, with its verdicts sorted as the pipeline sorts them.
pub(super) fn audit() -> Audit {
    let sources = Sources::new(
        [
            (".github/CODEOWNERS", OWNERS),
            ("alerts/checkout.yml", ALERTS),
            ("k8s/billing.yaml", BILLING),
            ("k8s/checkout.yaml", CHECKOUT),
            ("k8s/mailer.yaml", MAILER),
            ("k8s/search.yaml", SEARCH),
            ("terraform/orders.tf", TERRAFORM),
        ]
        .into_iter()
        .map(|(path, text)| Source::new(path, text))
        .collect(),
    );
    let model = Model { services: services(&sources), ..Model::default() };
    let audit = Audit {
        sources,
        model,
        rules: RuleSet { rules: rules() },
        skipped: vec![
            Skipped { path: "prod/secrets.tfvars".into(), reason: "encrypted (git-crypt)".into() },
            Skipped { path: "vendor/big.json".into(), reason: "larger than 4 MiB".into() },
        ],
        files_read: 7,
        ..Audit::default()
    };
    let mut builder = Builder { audit };
    fill(&mut builder);
    let Builder { mut audit } = builder;
    let template = place(&audit.sources, "k8s/billing.yaml", "{{", "{{ .Values.name }}");
    audit.problems = vec![
        Problem::at(
            Fault::Input,
            template,
            "not YAML: `{{` opens a mapping that is never closed",
            "Render the chart, or leave it out.",
        ),
        Problem::of(Fault::Input, "docs/broken.md", "not UTF-8", ""),
    ];
    let sources = &audit.sources;
    audit.verdicts.sort_by(|left, right| {
        let key = |verdict: &Verdict| verdict.primary().map(|span| (sources.path(span).to_owned(), span.start));
        (key(left), &left.rule).cmp(&(key(right), &right.rule))
    });
    audit.scores = scores(&audit);
    audit
}

fn fill(builder: &mut Builder) {
    let owners = builder.span(".github/CODEOWNERS", "/", "/ansible/");
    builder.verdict(
        "ownership/dead-codeowners-pattern",
        None,
        "/ansible/",
        "`/ansible/` matches no file",
        &[("", owners)],
    );
    for alert in ["CheckoutSlow", "CheckoutErrors"] {
        let span = builder.span("alerts/checkout.yml", "rules", alert);
        let message = format!("`{alert}` calls someone, but names no runbook");
        builder.verdict("runbook/alert-without-runbook", Some(1), alert, &message, &[("", span)]);
    }
    let queue = builder.span("alerts/checkout.yml", "rules", "CheckoutQueue");
    builder.verdict("runbook/alert-without-runbook", Some(1), "CheckoutQueue", "", &[("", queue)]).gap = None;

    let head = builder.span("k8s/checkout.yaml", "name", "checkout");
    let history = builder.span("k8s/checkout.yaml", "spec", "revisionHistoryLimit: 0");
    let message = "`Deployment/checkout` keeps no old revision, so nothing can be rolled back to";
    builder.verdict(
        "rollback/history-zero",
        Some(1),
        "Deployment/checkout",
        message,
        &[("set here", history), ("the workload", head)],
    );
    let image = builder.span("k8s/checkout.yaml", "spec", "registry.example/checkout:latest");
    builder.verdict(
        "rollback/mutable-image",
        Some(1),
        "Deployment/checkout/app",
        "`registry.example/checkout:latest` may be another image tomorrow",
        &[("", image)],
    );

    let orders = builder.span("terraform/orders.tf", "resource", "resource \"aws_db_instance\" \"orders\"");
    let retention = builder.span("terraform/orders.tf", "resource", "backup_retention_period = 0");
    let last = builder.span("terraform/orders.tf", "resource", "skip_final_snapshot     = true");
    let database = "aws_db_instance.orders";
    builder.verdict(
        "backup/database-backups-off",
        Some(1),
        database,
        "`aws_db_instance.orders` keeps no automated backup",
        &[("0 turns backups off", retention), ("the database", orders)],
    );
    builder.verdict(
        "backup/dies-with-database",
        Some(1),
        database,
        "`aws_db_instance.orders` takes its last backup with it",
        &[("no final snapshot", last), ("the workload that writes to it", head)],
    );
    let variable = builder.span("terraform/orders.tf", "\"refunds\" {", "var.retention");
    let missing = Unknown::new("`var.retention` has no value here", "Pass a tfvars file or a plan.", variable);
    builder.unknown("backup/database-backups-off", 1, "aws_db_instance.refunds", variable, missing);

    let search = builder.span("k8s/search.yaml", "name", "search");
    builder.verdict(
        "practice/no-drill",
        Some(3),
        "search",
        "`search` was never part of a drill; note: \u{1b}[31m<script>alert(1)</script> | *x*",
        &[("", search)],
    );
    builder.verdict("alert-coverage/service-has-none", Some(3), "search", "", &[("", search)]).gap = None;

    let mailer = builder.span("k8s/mailer.yaml", "  name", "mailer");
    let waiver =
        builder.span("k8s/mailer.yaml", "#", "# twoam: ignore[capacity/single-replica] mails must leave in order");
    let waived = builder.verdict(
        "capacity/single-replica",
        Some(2),
        "Deployment/mailer",
        "`Deployment/mailer` runs one replica",
        &[("", mailer)],
    );
    waived.gap.as_mut().unwrap().suppressed = Some(Suppression {
        reason: "mails must leave in order".into(),
        until: Some("2027-01-31".into()),
        span: Some(waiver),
        inline: true,
    });
    builder.verdict("alert-coverage/service-has-none", Some(2), "mailer", "", &[("", mailer)]).gap = None;

    let template = builder.span("k8s/billing.yaml", "{{", "{{ .Values.name }}");
    for rule in ["alert-coverage/service-has-none", "capacity/single-replica"] {
        let missing = Unknown::new(
            "the Helm template is not rendered",
            "Commit the rendered manifests, or pass `--helm`.",
            template,
        );
        builder.unknown(rule, 0, "billing", template, missing);
    }
}

fn scores(audit: &Audit) -> Scores {
    use Answer::{No, NotApplicable as Na, Partly, Unknown, Yes};
    let service = |index: usize, score: Option<u8>, grade: Option<Grade>, coverage: f64, answers: [Answer; 8]| {
        let verdicts: Vec<usize> =
            (0..audit.verdicts.len()).filter(|at| audit.verdicts[*at].service == Some(Id::new(index))).collect();
        let questions = Question::ALL.into_iter().zip(answers).map(|(question, answer)| {
            let because = verdicts.iter().copied().filter(|at| {
                let verdict = &audit.verdicts[*at];
                verdict.question == question && verdict.outcome() != Outcome::Pass && verdict.suppressed().is_none()
            });
            let score = match answer {
                Yes => Some(100),
                Partly => Some(33),
                No => Some(0),
                Unknown | Na => None,
            };
            QuestionScore { question, answer, score, because: because.collect() }
        });
        ServiceScore { service: Id::new(index), score, grade, coverage, questions: questions.collect(), verdicts }
    };
    Scores {
        services: vec![
            service(1, Some(14), Some(Grade::F), 0.857, [Partly, Na, Na, No, No, No, Na, Na]),
            service(3, Some(71), Some(Grade::B), 1.0, [Yes, Na, Na, Na, Na, Na, Na, No]),
            service(2, Some(100), Some(Grade::A), 1.0, [Yes, Na, Na, Na, Na, Na, Na, Na]),
            service(0, None, None, 0.0, [Unknown, Na, Na, Na, Na, Na, Unknown, Na]),
        ],
        overall: Some(48),
    }
}

/// A report of the sample.
pub(super) fn render(format: Format, options: &Options) -> String {
    let named = Options { project: "Lantern".into(), today: Some("2026-11-24".into()), ..options.clone() };
    render_of(&audit(), format, &named)
}

/// A report of any audit.
pub(super) fn render_of(audit: &Audit, format: Format, options: &Options) -> String {
    let mut out = Vec::new();
    write(format, audit, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A report without our version, which changes with every release.
pub(super) fn without_version(report: &str) -> String {
    report.replace(concat!('"', env!("CARGO_PKG_VERSION"), '"'), "\"[version]\"")
}
