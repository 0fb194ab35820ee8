//! Configuration files → what they mean, and what is wrong with them, at its place.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::rule::Severity;

/// A folder with files: paths and contents.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A configuration of a whole folder.
fn read(text: &str) -> (Config, Sources, Vec<Problem>) {
    let mut sources = Sources::default();
    let source = sources.add(Source::new(NAME, text));
    let (config, problems) = Config::load(source, &sources, Frame::default());
    (config, sources, problems)
}

fn good(text: &str) -> Config {
    let (config, _, problems) = read(text);
    assert_eq!(problems, []);
    config
}

/// What is wrong: the text underlined, the message and the help.
fn wrong(text: &str) -> Vec<(String, String, String)> {
    let (_, sources, problems) = read(text);
    assert!(problems.iter().all(|problem| problem.fault == Fault::Configuration));
    problems
        .into_iter()
        .map(|problem| (sources.slice(problem.span.unwrap()).to_owned(), problem.message, problem.help))
        .collect()
}

#[track_caller]
fn assert_wrong(text: &str, under: &str, message: &str, help: &str) {
    let found = wrong(text);
    let expected = (under.to_owned(), message.to_owned(), help.to_owned());
    assert_eq!(found, [expected]);
}

#[test]
fn every_key_is_read() {
    let config = good(
        r#"
[project]
name = "Lantern"
[environments]
production = ["**/blue/**"]
production-names = ["blue"]
ignore = ["archive/**"]
[environments.other]
staging = ["**/stg2/**"]
[runbooks]
folders = ["docs/ops"]
[runbooks.urls]
"https://x/" = ""
"https://x/wiki/" = "./docs/wiki/"
[external]
alerts = "Grafana"
restore-tests = "the drill log"
[targets]
retention = "14d"
[severities]
"capacity/no-pdb" = "low"
capacity = "off"
[alerts]
page = ["P1"]
ticket = ["critical"]
silent = ["note"]
[[service]]
name = "checkout"
tier = 1
owner = "team-payments"
rpo = "1h30m"
rto = "2d"
aliases = ["till"]
paths = ["till/**"]
runbooks = ["docs/till/*.md"]
alerts = ["Checkout*"]
[[waiver]]
rule = "capacity/single-replica"
service = "checkout"
path = "till/**"
reason = "one writer"
until = 2027-01-31
owner = "team-payments"
"#,
    );
    assert_eq!(config.project(&[]), "Lantern");
    let environments = config.environments();
    assert!(environments.decide("eu/blue/dev/a.tf", &[]).production);
    assert_eq!(environments.decide("archive/production/a.tf", &[]).name, "ignored");
    assert_eq!(environments.decide("a/stg2/b.tf", &[]).name, "staging");
    assert!(environments.decide("a/b.tf", &[]).production, "globs of production make nothing else less so");
    assert!(environments.of_word("blue").unwrap().production);
    assert!(config.runbook_folders().is_match("docs/ops/deep/page.md"));
    assert!(!config.runbook_folders().is_match("docs/ops.md"));
    let urls = [("https://x/wiki/".to_owned(), "docs/wiki".to_owned()), ("https://x/".to_owned(), String::new())];
    assert_eq!(config.urls(), urls);
    assert_eq!(config.external().alerts.as_deref(), Some("Grafana"));
    assert_eq!(config.external().restore_tests.as_deref(), Some("the drill log"));
    assert_eq!(config.external().runbooks, None);
    assert!((config.targets().retention_days - 14.0).abs() < 1e-9);
    assert_eq!(config.severity_of("capacity/no-pdb"), Some(Weight::Severity(Severity::Low)));
    assert_eq!(config.severity_of("capacity/single-replica"), Some(Weight::Off));
    assert_eq!(config.severity_of("backup/no-pitr"), None);
    let [service] = config.declared() else { panic!("one service") };
    assert_eq!((service.name.as_str(), service.path.as_str()), ("checkout", NAME));
    assert_eq!(service.tier.value(), Some(&1));
    assert_eq!(service.rpo_minutes.value(), Some(&90));
    assert_eq!(service.rto_minutes.value(), Some(&2880));
    assert_eq!(service.aliases, ["till"]);
    assert!(service.paths.is_match("till/a/b.tf") && !service.paths.is_match("a/till/b.tf"));
    assert!(service.runbooks.is_match("docs/till/a.md") && !service.runbooks.is_match("docs/till/b/a.md"));
    assert!(service.alerts.is_match("CheckoutDown") && !service.alerts.is_match("SearchDown"));
    let [waiver] = config.waivers() else { panic!("one waiver") };
    assert_eq!(waiver.rule.value, "capacity/single-replica");
    assert_eq!(waiver.until.as_ref().map(|until| until.value), Some(jiff::civil::date(2027, 1, 31)));
}

#[test]
fn the_example_is_right() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/repos/lantern/twoam.toml")).unwrap();
    assert_eq!(good(&text).declared().len(), 5);
}

#[test]
fn nothing_said_is_the_default() {
    let config = good("");
    assert!((config.targets().retention_days - 7.0).abs() < 1e-9);
    assert_eq!(config.declared().len(), 0);
}

#[test]
fn facts_stand_where_they_were_written() {
    let (config, sources, _) = read("[[service]]\nname = \"till\"\ntier = 3\nrpo = \"1h\"\n");
    let service = &config.declared()[0];
    assert_eq!(sources.slice(service.span), "\"till\"");
    assert_eq!(sources.slice(service.tier.span.unwrap()), "3");
    assert_eq!(sources.slice(service.rpo_minutes.span.unwrap()), "\"1h\"");
}

#[test]
fn unknown_keys_are_refused_with_what_was_meant() {
    assert_wrong(
        "[[service]]\nname = \"a\"\nteir = 1\n",
        "teir",
        "there is no key `service.teir`",
        "did you mean `tier`?",
    );
    assert_wrong("[enviroments]\n", "enviroments", "there is no key `enviroments`", "did you mean `environments`?");
    assert_wrong("[project]\ncolour = 1\n", "colour", "there is no key `project.colour`", "known are `name`");
    let both = wrong("[project]\nnam = \"a\"\n[targets]\nretentoin = \"7d\"\n");
    assert_eq!(both.len(), 2, "each is said: {both:?}");
}

#[test]
fn wrong_types_are_refused_with_what_was_expected() {
    for (text, under, message) in [
        ("[[service]]\nname = \"a\"\ntier = \"1\"\n", "\"1\"", "`service.tier` must be a whole number, not a string"),
        ("[[service]]\nname = \"a\"\nrpo = 60\n", "60", "`service.rpo` must be a string, not a whole number"),
        ("[[service]]\nname = \"a\"\npaths = \"a/**\"\n", "\"a/**\"", "`service.paths` must be a list, not a string"),
        ("[service]\nname = \"a\"\n", "[service]", "`service` must be a list, not a table"),
        ("runbooks = \"docs\"\n", "\"docs\"", "`runbooks` must be a table, not a string"),
        ("[alerts]\npage = [1]\n", "1", "`alerts.page` must be a string, not a whole number"),
        ("[severities]\n\"a/b\" = \"hihg\"\n", "\"hihg\"", "`hihg` is not a value of `severities.a/b`"),
        ("[[service]]\ntier = 1\n", "[[service]]", "`service` lacks `name`"),
        ("[[waiver]]\nrule = \"a/b\"\n", "[[waiver]]", "`waiver` lacks `reason`"),
    ] {
        let found = wrong(text);
        assert_eq!(found.len(), 1, "{text}{found:?}");
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), (under, message), "{text}");
        assert!(!found[0].2.is_empty(), "{text}");
    }
}

#[test]
fn wrong_values_are_refused_at_their_place() {
    for (text, under, message) in [
        ("[[service]]\nname = \"a\"\ntier = 5\n", "5", "there is no tier 5"),
        ("[[service]]\nname = \" \"\n", "\" \"", "a service needs a name"),
        ("[[service]]\nname = \"a\"\nrpo = \"soon\"\n", "\"soon\"", "`soon` is not a duration"),
        ("[[service]]\nname = \"a\"\nrto = \"30s\"\n", "\"30s\"", "`30s` is less than a minute"),
        ("[targets]\nretention = \"99999y\"\n", "\"99999y\"", "`99999y` is not a duration"),
        ("[[service]]\nname = \"a\"\n[[service]]\nname = \"A\"\n", "\"A\"", "`A` is a name of `a` already"),
        (
            "[environments]\nproduction = [\"a[\"]\n",
            "\"a[\"",
            "`a[` cannot be used as a glob: unclosed character class; missing ']'",
        ),
        (
            "[environments.other]\nqa = [\"\"]\n",
            "\"\"",
            "`` cannot be used as a glob: an empty pattern matches nothing",
        ),
        ("[alerts]\npage = [\"a\"]\nsilent = [\"A\"]\n", "\"A\"", "the severity `A` is under `page` already"),
        ("[[waiver]]\nrule = \"a/b\"\nreason = \"\"\n", "\"\"", "a waiver needs a reason"),
        (
            "[[waiver]]\nrule = \"a/b\"\nreason = \"x\"\nuntil = \"31.1.2027\"\n",
            "\"31.1.2027\"",
            "`31.1.2027` is not a date",
        ),
        (
            "[[waiver]]\nrule = \"a/b\"\nreason = \"x\"\nuntil = 2027-01-31T10:00:00Z\n",
            "2027-01-31T10:00:00Z",
            "`2027-01-31T10:00:00Z` is not a date",
        ),
    ] {
        let found = wrong(text);
        assert_eq!(found.len(), 1, "{text}{found:?}");
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), (under, message), "{text}");
    }
    let both = good("[[waiver]]\nrule = \"a/b\"\nreason = \"x\"\nuntil = \"2027-01-31\"\n");
    assert!(both.waivers()[0].until.is_some(), "a date may stand in quotes");
}

#[test]
fn patterns_that_would_cost_too_much_are_refused() {
    let nested = format!("{}x{}", "{a,".repeat(9), "}".repeat(9));
    for (pattern, reason) in
        [("**/".repeat(200), "it is longer than 512 bytes"), (nested, "its braces nest deeper than 8")]
    {
        for (table, key, kind) in
            [("[environments]", "ignore", "glob"), ("[[service]]\nname = \"a\"", "alerts", "pattern")]
        {
            let found = wrong(&format!("{table}\n{key} = [\"{pattern}\"]\n"));
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].1, format!("`{pattern}` cannot be used as a {kind}: {reason}"));
        }
    }
}

#[test]
fn broken_syntax_is_a_problem_of_the_configuration() {
    let found = wrong("[project\nname = 1\n");
    assert!(!found.is_empty());
    let deep = format!("a = {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(!wrong(&deep).is_empty());
}

#[test]
fn rules_that_do_not_exist_are_named() {
    let (config, sources, _) = read(
        "[severities]\n\"capacity/no-pbd\" = \"low\"\nbackup = \"off\"\n[[waiver]]\nrule = \"backup\"\nreason = \"x\"\n",
    );
    let problems = config.check_rules(&["capacity/no-pdb", "backup/no-pitr"]);
    let said: Vec<_> =
        problems.iter().map(|it| (sources.slice(it.span.unwrap()), it.message.as_str(), it.help.as_str())).collect();
    assert_eq!(
        said,
        [
            ("\"capacity/no-pbd\"", "there is no rule or family `capacity/no-pbd`", "did you mean `capacity/no-pdb`?"),
            ("\"backup\"", "there is no rule `backup`", "`twoam rules` lists them"),
        ]
    );
}

#[test]
fn severities_of_alerts_mean_what_the_project_says() {
    let config = good("[alerts]\npage = [\"P1\"]\nticket = [\"critical\"]\nsilent = [\"note\"]\n");
    let alert = |severity: &str| Alert {
        severity: Fact::known(severity.into(), None),
        pages: Fact::known(true, None),
        notifies: Fact::known(true, None),
        ..Alert::default()
    };
    let alerts = vec![alert("p1"), alert("Critical"), alert("note"), alert("other"), Alert::default()];
    let mut model = Model { alerts, ..Model::default() };
    config.weigh_alerts(&mut model);
    let calls: Vec<_> =
        model.alerts.iter().map(|alert| (alert.pages.value().copied(), alert.notifies.value().copied())).collect();
    let (yes, no) = (Some(true), Some(false));
    assert_eq!(calls, [(yes, yes), (no, yes), (no, no), (yes, yes), (None, None)]);
}

/// What is found from a root, with the path it is shown by.
fn find(explicit: Option<&Path>, roots: &[PathBuf]) -> (Config, Sources, Vec<Problem>) {
    let (mut sources, mut problems) = (Sources::default(), Vec::new());
    let config = Config::find(explicit, roots, &mut sources, &mut problems);
    (config, sources, problems)
}

fn shown_path(sources: &Sources) -> Option<String> {
    sources.iter().next().map(|(_, source)| source.path.clone())
}

#[test]
fn the_nearest_file_within_the_checkout_counts() {
    let folder = folder(&[
        ("twoam.toml", "[project]\nname = \"above\"\n"),
        ("repo/.git/HEAD", ""),
        ("repo/twoam.toml", "[project]\nname = \"repo\"\n"),
        ("repo/infra/db/main.tf", ""),
        ("repo/app/twoam.toml", "[project]\nname = \"app\"\n"),
        ("other/.git", "gitdir: elsewhere"),
        ("other/infra/main.tf", ""),
    ]);
    let at = |path: &str| folder.path().join(path);
    for (root, name, shown) in [
        ("repo", "repo", Some("twoam.toml")),
        ("repo/infra/db", "repo", Some("../../twoam.toml")),
        ("repo/infra/db/main.tf", "repo", Some("../../twoam.toml")),
        ("repo/app", "app", Some("twoam.toml")),
        ("other/infra", "infra", None),
        ("", "above", Some("twoam.toml")),
    ] {
        let (config, sources, problems) = find(None, &[at(root)]);
        assert_eq!(problems, [], "{root}");
        assert_eq!(config.project(&[at(root)]), name, "{root}");
        assert_eq!(shown_path(&sources).as_deref(), shown, "{root}");
    }
    let (config, ..) = find(Some(&at("repo/twoam.toml")), &[at("other")]);
    assert_eq!(config.project(&[]), "repo");
    let (_, _, problems) = find(Some(&at("none.toml")), &[at("other")]);
    assert_eq!(problems[0].message, "there is no such file");
    assert_eq!(problems[0].fault, Fault::Configuration);
}

#[test]
fn globs_are_relative_to_the_file_whatever_is_audited() {
    let text = "[environments]\nignore = [\"infra/old/**\", \"**/attic/**\", \"{infra,pages}/x.tf\", \"*/y.tf\", \"**/**/deep/**/infra/z.tf\"]\n\
                [runbooks]\nfolders = [\"pages/ops\"]\n\
                [runbooks.urls]\n\"https://x/\" = \"\"\n\"https://y\" = \"infra/docs\"\n";
    let folder = folder(&[("twoam.toml", text), ("infra/old/a.tf", ""), ("pages/ops/a.md", ""), (".git/HEAD", "")]);
    let ignored = |config: &Config, path: &str| config.environments().ignored.is_match(path);
    let (infra, pages) = (folder.path().join("infra"), folder.path().join("pages"));

    let (whole, ..) = find(None, &[folder.path().to_owned()]);
    for path in ["infra/old/a.tf", "a/attic/b.tf", "infra/x.tf", "infra/y.tf"] {
        assert!(ignored(&whole, path), "{path}");
    }
    assert!(!ignored(&whole, "old/a.tf"));

    let (part, ..) = find(None, std::slice::from_ref(&infra));
    for path in ["old/a.tf", "a/attic/b.tf", "x.tf", "y.tf", "deep/infra/z.tf"] {
        assert!(ignored(&part, path), "{path}");
    }
    assert!(!ignored(&part, "b/y.tf") && !ignored(&part, "new/a.tf"));
    assert!(!part.runbook_folders().is_match("ops/a.md"), "that is infra/ops");
    assert_eq!(
        part.urls(),
        [("https://x/infra/".to_owned(), String::new()), ("https://y".to_owned(), "docs".to_owned())]
    );

    let (both, ..) = find(None, &[infra, pages]);
    for path in ["infra/old/a.tf", "pages/attic/b.tf", "pages/x.tf", "pages/y.tf"] {
        assert!(ignored(&both, path), "{path}");
    }
    assert!(both.runbook_folders().is_match("pages/ops/a.md"));
    assert!(!both.runbook_folders().is_match("infra/ops/a.md"));
}

#[test]
fn the_file_is_adopted_by_the_audit_once() {
    let folder = folder(&[("twoam.toml", "[[service]]\nname = \"till\"\n")]);
    let (mut config, own, _) = find(None, &[folder.path().to_owned()]);
    let walked =
        |texts: &[(&str, &str)]| Sources::new(texts.iter().map(|(path, text)| Source::new(*path, *text)).collect());
    let mut sources = walked(&[("a.tf", ""), ("twoam.toml", "[[service]]\nname = \"till\"\n")]);
    config.adopt(&own, &mut sources);
    assert_eq!(sources.iter().count(), 2);
    assert_eq!(config.declared()[0].span.source, SourceId(1));
    let (mut config, own, _) = find(None, &[folder.path().to_owned()]);
    let mut sources = walked(&[("a.tf", ""), ("b.tf", "")]);
    config.adopt(&own, &mut sources);
    assert_eq!(sources.slice(config.declared()[0].span), "\"till\"");
}
