//! What Terraform answers: asked where it is on the path, read from what was recorded elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// The version that the recorded answers are of. Others answer differently here and there.
const VERSION: &str = "1.11.";

/// The answers of a kind.
pub(crate) struct Digests {
    /// A digest of each.
    pub(crate) digests: Vec<String>,
    /// The answers themselves, when Terraform was asked.
    pub(crate) plain: Vec<Option<String>>,
}

/// Terraform, or what it said.
pub(crate) struct Reference {
    binary: bool,
    update: bool,
}

/// Eight hexadecimal digits of an answer's hash.
pub(crate) fn digest(answer: &str) -> String {
    let hash = Sha256::digest(answer.as_bytes());
    format!("{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3])
}

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform").join(name)
}

impl Default for Reference {
    fn default() -> Self {
        let version = Command::new("terraform").args(["version", "-json"]).env("CHECKPOINT_DISABLE", "1").output();
        let version = version.ok().and_then(|output| serde_json::from_slice::<Json>(&output.stdout).ok());
        let version = version.and_then(|json| json["terraform_version"].as_str().map(str::to_owned));
        let binary = version.is_some_and(|version| version.starts_with(VERSION));
        if !binary {
            println!("no terraform {VERSION}x on the path: recorded answers serve");
        }
        Self { binary, update: std::env::var_os("UPDATE").is_some() }
    }
}

impl Reference {
    /// The answer to each expression; nothing where it is not known before apply.
    pub(crate) fn plain(
        &self,
        name: &str,
        expressions: &[String],
        locals: &str,
        files: &[(String, String)],
    ) -> Vec<Option<String>> {
        let path = recorded(&format!("{name}.json"));
        if !self.binary {
            let text = std::fs::read_to_string(&path).expect("recorded answers");
            let known: BTreeMap<String, Option<String>> = serde_json::from_str(&text).expect("recorded answers");
            return expressions
                .iter()
                .map(|expression| known.get(expression).expect("an answer to each; record with UPDATE=1").clone())
                .collect();
        }
        let answers = ask(expressions, locals, files);
        if self.update {
            let known: BTreeMap<&String, &Option<String>> = expressions.iter().zip(&answers).collect();
            let mut text = serde_json::to_string_pretty(&known).expect("strings");
            text.push('\n');
            std::fs::write(path, text).expect("a file that may be written");
        }
        answers
    }

    /// A digest of the answer to each expression.
    pub(crate) fn digests(&self, name: &str, expressions: &[String], locals: &str) -> Digests {
        let path = recorded(&format!("{name}.txt"));
        if !self.binary {
            let text = std::fs::read_to_string(&path).expect("recorded answers");
            let digests: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            assert_eq!(digests.len(), expressions.len(), "an answer to each; record with UPDATE=1");
            return Digests { digests, plain: Vec::new() };
        }
        let plain = ask(expressions, locals, &[]);
        let digests: Vec<String> = plain.iter().map(|answer| digest(answer.as_deref().unwrap_or("?"))).collect();
        if self.update {
            let lines: Vec<String> = digests.chunks(12).map(|line| line.join(" ")).collect();
            std::fs::write(path, lines.join("\n") + "\n").expect("a file that may be written");
        }
        Digests { digests, plain }
    }

    /// The input of every resource that a root plans, by address.
    pub(crate) fn planned(&self, name: &str, files: &[(String, String)]) -> BTreeMap<String, Json> {
        let path = recorded(&format!("roots/{name}.json"));
        if !self.binary {
            let text = std::fs::read_to_string(&path).expect("recorded answers");
            return serde_json::from_str(&text).expect("recorded answers");
        }
        let plan = plan(files, true);
        let mut found = BTreeMap::new();
        inputs(&plan["planned_values"]["root_module"], &mut found);
        if self.update {
            let mut text = serde_json::to_string_pretty(&found).expect("JSON");
            text.push('\n');
            std::fs::write(path, text).expect("a file that may be written");
        }
        found
    }
}

fn inputs(module: &Json, found: &mut BTreeMap<String, Json>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        let address = resource["address"].as_str().unwrap_or_default().to_owned();
        found.insert(address, resource["values"]["input"].clone());
    }
    for child in module["child_modules"].as_array().into_iter().flatten() {
        inputs(child, found);
    }
}

fn ask(expressions: &[String], locals: &str, files: &[(String, String)]) -> Vec<Option<String>> {
    let mut answers = Vec::with_capacity(expressions.len());
    for batch in expressions.chunks(2000) {
        let mut text = locals.to_owned();
        for (index, expression) in batch.iter().enumerate() {
            writeln!(text, "output \"o{index}\" {{\n  sensitive = true\n  value = {}\n}}", super::wrapped(expression))
                .expect("strings grow");
        }
        let mut all = vec![("main.tf".to_owned(), text)];
        all.extend(files.iter().cloned());
        let plan = plan(&all, false);
        let outputs = &plan["planned_values"]["outputs"];
        answers.extend((0..batch.len()).map(|index| outputs[format!("o{index}")]["value"].as_str().map(str::to_owned)));
    }
    answers
}

/// The plan of a root, as JSON.
fn plan(files: &[(String, String)], init: bool) -> Json {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder that may be written");
        std::fs::write(path, text).expect("a file that may be written");
    }
    if init {
        terraform(folder.path(), &["init", "-no-color", "-input=false"]);
    }
    terraform(folder.path(), &["plan", "-no-color", "-input=false", "-out=plan"]);
    serde_json::from_slice(&terraform(folder.path(), &["show", "-json", "plan"])).expect("a plan as JSON")
}

fn terraform(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("terraform")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .expect("terraform runs");
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "terraform {arguments:?}: {}", shown.chars().take(4000).collect::<String>());
    output.stdout
}

/// The roots under `tests/terraform/roots/`, each with its files.
pub(crate) fn roots() -> Vec<(String, Vec<(String, String)>)> {
    let home = recorded("roots");
    let mut names: Vec<String> = std::fs::read_dir(&home)
        .expect("the roots")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let root = home.join(&name);
            let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
            let file = |entry: walkdir::DirEntry| {
                let path = entry.path().strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/");
                Some((path, std::fs::read_to_string(entry.path()).ok()?))
            };
            (name, files.filter(|entry| entry.file_type().is_file()).filter_map(file).collect())
        })
        .collect()
}
