//! The same input gives the same bytes, whatever the number of threads and whatever order files come in.

use super::support::{Folder, TODAY, lantern, twoam};

const FORMATS: [&str; 9] = ["human", "concise", "json", "sarif", "github", "gitlab", "junit", "markdown", "html"];

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    for format in FORMATS {
        let run = |jobs: &str| twoam(&lantern(), &["--format", format, "--jobs", jobs, "--today", TODAY]).out;
        let one = run("1");
        assert!(!one.is_empty());
        for jobs in ["2", "3", "8"] {
            assert_eq!(one, run(jobs), "{format} with {jobs} threads");
        }
    }
}

#[test]
fn the_order_in_which_files_were_written_does_not_matter() {
    let files: Vec<(String, Vec<u8>)> = walkdir::WalkDir::new(lantern())
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(lantern()).unwrap().to_string_lossy().into_owned();
            (path, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    let audit = |step: usize| {
        // Steps that share no factor with the count visit every file once.
        let folder = Folder::new();
        let root = folder.path().join("lantern");
        for index in 0..files.len() {
            let (path, text) = &files[(index * step) % files.len()];
            folder.write(&format!("lantern/{path}"), text);
        }
        FORMATS.map(|format| twoam(&root, &["--format", format, "--today", TODAY]).out)
    };
    let coprime = (2..files.len()).filter(|step| gcd(*step, files.len()) == 1).take(3);
    let sorted = audit(1);
    for step in coprime {
        assert!(sorted == audit(step), "files written in steps of {step}");
    }
}

fn gcd(left: usize, right: usize) -> usize {
    if right == 0 { left } else { gcd(right, left % right) }
}
