//! Every rule does just what its fixtures say.

use std::collections::BTreeMap;
use std::path::Path;

#[test]
#[allow(clippy::format_push_string, reason = "a test may be slow")]
fn every_rule_does_what_its_fixtures_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tested = twoam::testing::run(&root.join("fixtures/rules"), &[]).unwrap();
    let mut wrong = String::new();
    for test in tested.iter().filter(|test| !test.passed()) {
        let folder = test.folder.strip_prefix(root).unwrap();
        wrong += &format!("{}\n", folder.display());
        for (what, list) in [("noisy", &test.noisy), ("missing", &test.missing), ("broken", &test.broken)] {
            for item in list {
                wrong += &format!("  {what}: {item}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    println!("{} fixtures", tested.len());
}

#[test]
fn every_rule_has_a_failing_and_a_passing_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in super::rules::ids() {
        kinds.insert(rule, Vec::new());
    }
    let mut strays = Vec::new();
    for entry in walkdir::WalkDir::new(root.join("fixtures/rules")).min_depth(3).max_depth(3).sort_by_file_name() {
        let path = entry.unwrap().into_path();
        let below = path.strip_prefix(root.join("fixtures/rules")).unwrap().to_string_lossy().replace('\\', "/");
        let (rule, fixture) = below.rsplit_once('/').unwrap();
        match kinds.get_mut(rule) {
            Some(fixtures) => fixtures.push(fixture.to_owned()),
            None => strays.push(below.clone()),
        }
    }
    assert!(strays.is_empty(), "fixtures of no rule: {strays:?}");
    let lacks = |prefix: &str| {
        let without = kinds.iter().filter(|(_, fixtures)| !fixtures.iter().any(|name| name.starts_with(prefix)));
        without.map(|(rule, _)| rule.clone()).collect::<Vec<_>>()
    };
    assert_eq!(lacks("fail"), Vec::<String>::new(), "rules without a failing fixture");
    assert_eq!(lacks("pass"), Vec::<String>::new(), "rules without a passing fixture");
}
