//! SARIF as code scanning takes it: against the official schema, and within the limits that code hosts document.

use std::path::Path;

use serde_json::Value;

use super::support::{Folder, TODAY, lantern, twoam};

fn report(folder: &Path) -> Value {
    serde_json::from_str(&twoam(folder, &["--format", "sarif", "--today", TODAY]).out).unwrap()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/sarif-2.1.0.json");
    let published = std::fs::read_to_string(path).unwrap();
    // The published pattern of `language`, which we do not write, has an unbalanced bracket.
    serde_json::from_str(&published.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$")).unwrap()
}

#[test]
fn the_report_is_valid_against_the_official_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let clean = Folder::new();
    clean.write("docs/page.md", "# A page\n");
    for folder in [lantern(), clean.path().to_owned()] {
        let report = report(&folder);
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

#[test]
fn a_clean_report_has_an_empty_list_of_results() {
    let clean = Folder::new();
    clean.write("docs/page.md", "# A page\n");
    assert_eq!(report(clean.path())["runs"][0]["results"], Value::Array(Vec::new()));
}

#[test]
fn every_result_has_what_code_scanning_needs() {
    let report = report(&lantern());
    let run = &report["runs"][0];
    let rules: Vec<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    let mut fingerprints = std::collections::BTreeSet::new();
    for result in results {
        assert!(rules.contains(&result["ruleId"].as_str().unwrap()), "{result}");
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region["startLine"].as_u64().unwrap() >= 1, "{result}");
        assert!(region["endColumn"].as_u64().unwrap() >= 1, "{result}");
        let fingerprint = result["partialFingerprints"].as_object().unwrap().values().next().unwrap();
        assert!(fingerprints.insert(fingerprint.as_str().unwrap().to_owned()), "twice: {result}");
    }
}
