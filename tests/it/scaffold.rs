//! `twoam new`: a scaffold counts as not written until people have answered it, then it passes.

use super::support::{self, Folder, twoam};

/// A copy of the example company.
fn lantern() -> Folder {
    let folder = Folder::new();
    let from = support::lantern();
    for entry in walkdir::WalkDir::new(&from).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let shown = entry.path().strip_prefix(&from).unwrap().to_string_lossy().replace('\\', "/");
            folder.write(&shown, std::fs::read(entry.path()).unwrap());
        }
    }
    folder
}

/// The rules about runbooks that speak of a page.
fn said_of(folder: &Folder, page: &str) -> Vec<String> {
    let run = twoam(
        folder.path(),
        &["check", ".", "--format", "json", "--exit-zero", "--today", "2026-11-25", "--select", "runbook"],
    );
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let of_page = findings.filter(|it| it["path"] == page && it["outcome"] == "fail");
    of_page.map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_scaffold_is_a_skeleton_until_it_is_answered() {
    let folder = lantern();
    let page = "runbooks/checkout-unreachable.md";
    let run = twoam(folder.path(), &["new", "runbook", "CheckoutUnreachable", "--quiet", "-o", page]);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
    for known in [
        "service: \"checkout\"",
        "owner: \"team-payments\"",
        "alerts/checkout.yml:",
        "probe_success{job=\"checkout-probe\"}",
        "exactly 0 for 3 minutes",
        "rollout undo deployment/checkout",
        "aws_db_instance.checkout",
        "dashboards/checkout.json",
        "PLANCHK",
        "ends at the route",
        "- receiver `pager-payments` at `alertmanager/alertmanager.yml:53`",
    ] {
        assert!(text.contains(known), "{known} is not in\n{text}");
    }
    assert_eq!(said_of(&folder, page), ["runbook/skeleton"]);

    // One answer is not enough; what is still open is missing.
    let answered = |questions: usize| {
        let mut left = questions;
        let lines = text.lines().map(|line| {
            if !line.starts_with("TODO:") || left == 0 {
                return line.to_owned();
            }
            left -= 1;
            "Guests see an error page instead of the till; look at the probe, restart what refuses connections, and write \
             in `#incident` what you did and what you saw while you did it."
                .to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    folder.write(page, answered(1));
    assert_eq!(said_of(&folder, page), ["runbook/skeleton"]);
    folder.write(page, answered(7).replace("last_reviewed: TODO", "last_reviewed: 2026-11-25"));
    assert_eq!(said_of(&folder, page), ["runbook/orphan"]);
    let all = answered(usize::MAX).replace("last_reviewed: TODO", "last_reviewed: 2026-11-25");
    folder.write(page, &all);
    let alerts = std::fs::read_to_string(folder.path().join("alerts/checkout.yml")).unwrap();
    let at = alerts.find("alert: CheckoutUnreachable").unwrap();
    let (before, after) = alerts.split_at(at);
    let linked =
        after.replacen("annotations:\n", "annotations:\n          playbook: runbooks/checkout-unreachable.md\n", 1);
    let linked = if linked.contains("runbook_url") { linked.replacen("runbook_url", "was", 1) } else { linked };
    folder.write("alerts/checkout.yml", format!("{before}{linked}"));
    assert_eq!(said_of(&folder, page), Vec::<String>::new());
}

#[test]
fn nothing_is_overwritten_and_names_are_suggested() {
    let folder = lantern();
    let run = twoam(folder.path(), &["new", "runbook", "CheckoutUnreachable", "--quiet", "-o", "runbooks/checkout.md"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("is there already"), "{}", run.err);
    let run = twoam(folder.path(), &["new", "runbook", "CheckoutUnreachabel", "--quiet"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `CheckoutUnreachable`?"), "{}", run.err);
}

#[test]
fn a_new_rule_passes_its_own_fixtures() {
    let folder = Folder::new();
    assert_eq!(twoam(folder.path(), &["new", "rule", "alerts/no-line"]).code, 0);
    let run = twoam(folder.path(), &["test"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert_eq!(twoam(folder.path(), &["new", "rule", "alerts/no-line"]).code, 2, "it is there already");
    assert_eq!(twoam(folder.path(), &["new", "rule", "Alerts"]).code, 2);
}
