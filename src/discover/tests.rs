//! Folders of every shape → what is read and what is left out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use tempfile::TempDir;

use super::*;

/// A folder with files: paths and contents.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        write(&folder, path, text.as_bytes());
    }
    folder
}

fn write(folder: &TempDir, path: &str, bytes: &[u8]) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn walk(roots: &[&Path]) -> Discovery {
    let roots: Vec<PathBuf> = roots.iter().map(|root| root.to_path_buf()).collect();
    discover(&roots, &Options::default())
}

fn shown(discovery: &Discovery) -> Vec<&str> {
    discovery.files.iter().map(|found| found.shown.as_str()).collect()
}

fn skipped(discovery: &Discovery) -> Vec<(&str, &str)> {
    discovery.skipped.iter().map(|skipped| (skipped.path.as_str(), skipped.reason.as_str())).collect()
}

/// The reason for which the only file of a folder is not read.
fn unread(bytes: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    write(&folder, "a.yaml", bytes);
    let discovery = walk(&[folder.path()]);
    let unread = read(&discovery.files[0]).unwrap_err();
    assert_eq!((unread.skipped.path.as_str(), unread.problem), ("a.yaml", None));
    unread.skipped.reason
}

#[test]
fn files_of_known_syntax_are_found_sorted_and_the_others_counted() {
    let folder = folder(&[
        ("z.tf", ""),
        ("a/b.yml", ""),
        ("a.md", ""),
        (".github/workflows/deploy.yml", ""),
        (".github/CODEOWNERS", ""),
        (".gitlab-ci.yml", ""),
        ("src/main.c", ""),
        (".git/config.yml", ""),
        ("sub/.git", "gitdir: ../.git/modules/sub"),
        (".twoam/rules/a/b.toml", ""),
        ("Chart.lock", ""),
    ]);
    let discovery = walk(&[folder.path()]);
    assert_eq!(
        shown(&discovery),
        [".github/CODEOWNERS", ".github/workflows/deploy.yml", ".gitlab-ci.yml", "a.md", "a/b.yml", "z.tf"]
    );
    assert_eq!(
        discovery.all_paths,
        [
            ".github/CODEOWNERS",
            ".github/workflows/deploy.yml",
            ".gitlab-ci.yml",
            ".twoam/rules/a/b.toml",
            "Chart.lock",
            "a.md",
            "a/b.yml",
            "src/main.c",
            "z.tf",
        ]
    );
    assert_eq!(skipped(&discovery), [("Chart.lock", "generated lock file")]);
    assert_eq!(discovery.problems, []);
    assert_eq!(discovery.files[0].format, Format::Text);
    assert!(discovery.files.iter().all(|found| found.path.is_file()));
}

#[test]
fn ignore_files_hold_outside_a_checkout_too() {
    let folder = folder(&[
        (".gitignore", "*.tfvars\n/build/\n"),
        (".twoamignore", "legacy/\n!kept.tfvars\n"),
        (".ignore", "main.tf\n"),
        ("a.tfvars", ""),
        ("kept.tfvars", ""),
        ("build/a.yaml", ""),
        ("legacy/a.yaml", ""),
        ("sub/.gitignore", "b.yaml\n"),
        ("sub/b.yaml", ""),
        ("sub/c.yaml", ""),
        ("main.tf", ""),
    ]);
    assert_eq!(shown(&walk(&[folder.path()])), ["kept.tfvars", "main.tf", "sub/c.yaml"]);
}

#[test]
fn what_git_tracks_is_read_whatever_its_ignore_files_say() {
    let folder = folder(&[
        (".gitignore", "*.tfvars\n"),
        (".twoamignore", "legacy/\n"),
        ("env/production.tfvars", ""),
        ("env/untracked.tfvars", ""),
        ("legacy/old.tfvars", ""),
        ("main.tf", ""),
    ]);
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git").arg("-C").arg(folder.path()).args(arguments).output();
        assert!(done.expect("git is on the path of whoever has a checkout").status.success());
    };
    git(&["init", "--quiet"]);
    assert_eq!(shown(&walk(&[folder.path()])), ["main.tf"], "nothing is tracked yet");
    git(&["add", "--force", "env/production.tfvars", "legacy/old.tfvars", "main.tf"]);
    assert_eq!(shown(&walk(&[folder.path()])), ["env/production.tfvars", "main.tf"]);
    assert_eq!(shown(&walk(&[&folder.path().join("env")])), ["production.tfvars"], "of a folder inside of it, too");
}

#[test]
fn the_rules_of_a_checkout_hold_below_it_and_end_at_it() {
    let folder = folder(&[
        (".gitignore", "*\n"),
        ("checkout/.git/info/exclude", "private.yaml\n"),
        ("checkout/.gitignore", "*.md\n"),
        ("checkout/private.yaml", ""),
        ("checkout/infra/private.yaml", ""),
        ("checkout/infra/a.md", ""),
        ("checkout/infra/a.yaml", ""),
        ("plain/infra/a.yaml", ""),
    ]);
    let checkout = folder.path().join("checkout");
    assert_eq!(shown(&walk(&[&checkout])), ["infra/a.yaml"]);
    assert_eq!(shown(&walk(&[&checkout.join("infra")])), ["a.yaml"]);
    assert_eq!(shown(&walk(&[&folder.path().join("plain/infra")])), ["a.yaml"], "no checkout, so nothing above counts");
}

#[test]
fn a_broken_line_of_our_ignore_file_is_a_problem() {
    let folder = folder(&[(".twoamignore", "a{b\n"), (".gitignore", "a{b\n"), ("a.yaml", "")]);
    let discovery = walk(&[folder.path()]);
    assert_eq!(shown(&discovery), ["a.yaml"]);
    assert_eq!(discovery.problems.len(), 1, "{:?}", discovery.problems);
    assert_eq!(discovery.problems[0].path.as_deref(), Some(".twoamignore"));
    assert_eq!(discovery.problems[0].fault, Fault::Input);
}

#[test]
fn working_folders_are_listed_and_not_entered() {
    let folder =
        folder(&[("a.tf", ""), (".terraform/modules/db/main.tf", ""), ("web/node_modules/x/package.json", "{}")]);
    let discovery = walk(&[folder.path()]);
    assert_eq!(shown(&discovery), ["a.tf"]);
    assert_eq!(
        skipped(&discovery),
        [(".terraform/", "Terraform's working folder"), ("web/node_modules/", "packages of others")]
    );
}

#[test]
fn links_are_followed_to_files_of_the_roots_only() {
    let outside = folder(&[("secret.yaml", ""), ("logo.png", "")]);
    let folder = folder(&[("shared/variables.tf", "variable \"a\" {}\n"), (".git/annex/x.yaml", "")]);
    let root = folder.path();
    fs::create_dir_all(root.join("app")).unwrap();
    symlink("../shared/variables.tf", root.join("app/variables-common.tf")).unwrap();
    symlink(outside.path().join("secret.yaml"), root.join("secret.yaml")).unwrap();
    symlink(outside.path().join("logo.png"), root.join("logo.png")).unwrap();
    symlink(outside.path(), root.join("elsewhere")).unwrap();
    symlink(".git/annex/x.yaml", root.join("annexed.yaml")).unwrap();
    symlink("nowhere.yaml", root.join("broken.yaml")).unwrap();
    symlink("no\nwhere.yaml", root.join("newline.yaml")).unwrap();
    symlink("gone", root.join("gone-folder")).unwrap();
    symlink("gone.png", root.join("gone.png")).unwrap();
    symlink("loop.yaml", root.join("loop.yaml")).unwrap();
    symlink("..", root.join("app/up")).unwrap();
    let discovery = walk(&[root]);
    assert_eq!(shown(&discovery), ["app/variables-common.tf", "shared/variables.tf"]);
    assert_eq!(read(&discovery.files[0]).unwrap(), "variable \"a\" {}\n");
    assert_eq!(
        skipped(&discovery),
        [
            ("annexed.yaml", link::OUTSIDE),
            ("app/up", "link to a folder; what it holds is audited where it stands"),
            ("broken.yaml", "broken link"),
            ("elsewhere", link::OUTSIDE),
            ("gone-folder", "broken link"),
            ("loop.yaml", "link that leads to itself or to no valid path"),
            ("newline.yaml", "broken link"),
            ("secret.yaml", link::OUTSIDE),
        ]
    );
    assert_eq!(shown(&walk(&[root, outside.path()])).len(), 4, "a link into another root is followed");
}

#[test]
fn what_is_no_file_is_never_opened() {
    let folder = folder(&[("a.yaml", "")]);
    let root = folder.path();
    let made = std::process::Command::new("mkfifo").arg(root.join("pipe.yaml")).status().unwrap();
    assert!(made.success());
    let _socket = UnixListener::bind(root.join("socket.yml")).unwrap();
    let _other = UnixListener::bind(root.join("agent.sock")).unwrap();
    symlink("pipe.yaml", root.join("to-pipe.yaml")).unwrap();
    symlink("/dev/zero", root.join("zero.yaml")).unwrap();
    let discovery = walk(&[root]);
    assert_eq!(shown(&discovery), ["a.yaml"]);
    assert_eq!(
        skipped(&discovery),
        [
            ("pipe.yaml", "not a regular file"),
            ("socket.yml", "not a regular file"),
            ("to-pipe.yaml", "not a regular file"),
            ("zero.yaml", "not a regular file"),
        ]
    );
    let discovery = walk(&[&root.join("pipe.yaml")]);
    assert_eq!(discovery.problems[0].message, "it is neither a folder nor a regular file");
}

#[test]
fn names_that_are_not_utf8_are_listed() {
    let folder = folder(&[("a.yaml", "")]);
    fs::write(folder.path().join(OsStr::from_bytes(b"caf\xe9.yaml")), "").unwrap();
    fs::write(folder.path().join(OsStr::from_bytes(b"caf\xe9.png")), "").unwrap();
    fs::create_dir(folder.path().join(OsStr::from_bytes(b"d\xe9"))).unwrap();
    fs::write(folder.path().join(OsStr::from_bytes(b"d\xe9/b.tf")), "").unwrap();
    let discovery = walk(&[folder.path()]);
    assert_eq!(shown(&discovery), ["a.yaml"]);
    let reason = "the name is not UTF-8";
    assert_eq!(skipped(&discovery), [("caf\u{fffd}.yaml", reason), ("d\u{fffd}/b.tf", reason)]);
}

#[test]
fn what_is_not_text_is_skipped_with_its_reason() {
    assert_eq!(unread(b"\0GITCRYPT\0\x12\x34"), "encrypted (git-crypt)");
    assert_eq!(unread(b"$ANSIBLE_VAULT;1.1;AES256\n6162"), "encrypted (Ansible Vault)");
    assert_eq!(unread(b"age-encryption.org/v1\n-> X25519"), "encrypted (age)");
    assert_eq!(unread(b"-----BEGIN PGP MESSAGE-----\n"), "encrypted (PGP)");
    assert_eq!(unread(b"version https://git-lfs.github.com/spec/v1\noid"), "Git LFS pointer, content is not here");
    assert_eq!(unread(b"a: 1\0"), "binary");
    assert_eq!(unread(b"\xff\xfea\0b"), "broken UTF-16");
    assert_eq!(unread(b"a: 1\nb: 2\nc: caf\xe9\n"), "not UTF-8 (line 3)");
}

#[test]
fn text_is_kept_byte_for_byte() {
    let text = "\u{feff}a: \"\u{e9}\"\r\n";
    let mut late_zero = "#".repeat(BINARY).into_bytes();
    late_zero.extend(b"\0\n");
    let folder = folder(&[("a.yaml", text), ("empty.md", "")]);
    write(&folder, "late.yaml", &late_zero);
    let discovery = walk(&[folder.path()]);
    let texts: Vec<String> = discovery.files.iter().map(|found| read(found).unwrap()).collect();
    assert_eq!(texts[..2], [text, ""]);
    assert_eq!(texts[2].as_bytes(), late_zero, "git calls it text too");
}

#[test]
fn what_powershell_wrote_is_read() {
    let folder = folder(&[]);
    let wide = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    write(&folder, "little.json", &wide("\u{feff}{\"é\": 1}", u16::to_le_bytes));
    write(&folder, "main.tf", &wide("\u{feff}# é", u16::to_le_bytes));
    write(&folder, "big.json", &wide("\u{feff}{\"é\": 1}", u16::to_be_bytes));
    let discovery = walk(&[folder.path()]);
    let texts = discovery.files.iter().map(|found| read(found).map_err(|unread| unread.skipped.reason));
    let own = || Ok("{\"é\": 1}".to_owned());
    assert_eq!(texts.collect::<Vec<_>>(), [own(), own(), Err("UTF-16, not UTF-8".to_owned())]);
}

/// As far as a zero byte is looked for.
const BINARY: usize = 8 << 10;

#[test]
fn a_file_that_is_too_large_is_skipped() {
    let folder = folder(&[("a.yaml", "12345"), ("b.yaml", "1234")]);
    let discovery = discover(&[folder.path().to_owned()], &Options { largest: 4 });
    let [large, small] = &discovery.files[..] else { panic!("two files") };
    assert_eq!(read(large).unwrap_err().skipped.reason, "larger than 4 bytes");
    assert_eq!(read(small).unwrap(), "1234");
    let default = Found { largest: Options::default().largest, ..small.clone() };
    fs::File::create(&default.path).unwrap().set_len((16 << 20) + 1).unwrap();
    assert_eq!(read(&default).unwrap_err().skipped.reason, "larger than 16 MiB");
}

#[test]
fn what_may_not_be_read_is_a_problem_as_well() {
    let folder = folder(&[("a.yaml", ""), ("closed/b.yaml", "")]);
    let closed = folder.path().join("closed");
    fs::set_permissions(folder.path().join("a.yaml"), fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    let discovery = walk(&[folder.path()]);
    let readable = fs::read_dir(&closed).is_ok();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    if readable {
        return; // The superuser may read everything.
    }
    assert_eq!(skipped(&discovery), [("closed/", "no permission")]);
    assert_eq!(discovery.problems[0].message, "the folder was not read: no permission");
    let unread = read(&discovery.files[0]).unwrap_err();
    assert_eq!(unread.skipped.reason, "no permission");
    assert_eq!(unread.problem.unwrap().fault, Fault::Input);
}

#[test]
fn a_file_that_vanished_is_a_problem() {
    let folder = folder(&[("a.yaml", "")]);
    let discovery = walk(&[folder.path()]);
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    let unread = read(&discovery.files[0]).unwrap_err();
    assert_eq!(unread.skipped.reason, "it vanished while it was read");
    assert_eq!(unread.problem.unwrap().path.as_deref(), Some("a.yaml"));
}

#[test]
fn a_path_that_does_not_exist_is_an_error_that_names_it() {
    let folder = folder(&[("a.yaml", "")]);
    let missing = folder.path().join("infra");
    let discovery = walk(&[folder.path(), &missing]);
    let [problem] = &discovery.problems[..] else { panic!("{:?}", discovery.problems) };
    assert_eq!(problem.fault, Fault::Configuration);
    assert_eq!(problem.path.as_deref(), missing.to_str());
    assert_eq!(problem.message, "there is no such file or folder");
    assert!(!problem.help.is_empty());
}

#[test]
fn nothing_to_audit_is_an_error() {
    let folder = folder(&[("main.c", "")]);
    let discovery = walk(&[folder.path()]);
    assert_eq!(discovery.problems[0].fault, Fault::Configuration);
    assert!(discovery.problems[0].message.starts_with("nothing to audit"));
}

#[test]
fn a_file_is_audited_alone_even_when_ignored() {
    let folder = folder(&[(".gitignore", "*.yaml\n"), ("a.yaml", ""), ("b.yaml", ""), ("c.txt", "")]);
    assert_eq!(shown(&walk(&[&folder.path().join("a.yaml")])), ["a.yaml"]);
    let discovery = walk(&[&folder.path().join("c.txt")]);
    assert_eq!(skipped(&discovery), [("c.txt", "not a syntax that twoam reads")]);
}

#[test]
fn several_roots_show_below_their_names_and_each_file_once() {
    let folder = folder(&[
        ("a/infra/main.tf", ""),
        ("a/infra/db/db.tf", ""),
        ("b/infra/main.tf", ""),
        ("pages/index.md", ""),
        ("pages/.gitignore", "drafts/\n"),
        ("pages/drafts/new.md", ""),
    ]);
    let at = |path: &str| folder.path().join(path);
    assert_eq!(
        shown(&walk(&[&at("a/infra"), &at("b/infra"), &at("pages")])),
        ["b/infra/main.tf", "infra/db/db.tf", "infra/main.tf", "pages/index.md"]
    );
    assert_eq!(shown(&walk(&[&at("a/infra"), &at("a/infra/"), &at("b/../a/infra")])), ["db/db.tf", "main.tf"]);
    assert_eq!(shown(&walk(&[&at("a/infra/db"), &at("a/infra")])), ["db/db.tf", "main.tf"], "audited once");
    assert_eq!(
        shown(&walk(&[&at("pages"), &at("pages/drafts")])),
        ["drafts/new.md", "index.md"],
        "what is asked for by name is audited although it is ignored"
    );
    let discovery = walk(&[&at("a/infra"), &at("pages")]);
    assert_eq!(discovery.files.iter().map(|found| found.root).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(discovery.roots[1].prefix, "pages");
}

#[test]
fn the_walk_is_the_same_for_any_number_of_threads() {
    let paths: Vec<String> = (0..200).map(|index| format!("{}/{}/{index}.yaml", index % 7, index % 3)).collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
    let folder = folder(&files);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let discovery = pool.install(|| walk(&[folder.path()]));
        (discovery.files, discovery.all_paths)
    };
    let one = on(1);
    assert_eq!(one.0.len(), 200);
    assert!(one.1.is_sorted());
    for threads in [2, 8] {
        assert_eq!(one, on(threads));
    }
}

#[test]
fn installed_modules_are_added_below_folders_to_audit_only() {
    let folder = folder(&[
        ("a/main.tf", ""),
        ("a/.terraform/modules/modules.json", "{}"),
        ("a/.terraform/modules/db/main.tf", ""),
        ("a/.terraform/modules/db/examples/x/main.tf", ""),
        ("a/.terraform/modules/db/README.md", ""),
        ("a/.terraform/providers/p/main.tf", ""),
        ("b/main.tf", ""),
        ("b/.terraform/modules/db/main.tf", ""),
        ("c/main.tf", ""),
    ]);
    let root = folder.path();
    symlink("../a/.terraform", root.join("c/.terraform")).unwrap();
    symlink("/", root.join("a/.terraform/modules/outside")).unwrap();
    let all = |roots: &[&Path]| {
        let mut discovery = walk(roots);
        add_installed_modules(&mut discovery, Options::default().largest);
        shown(&discovery).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let added = ["a/.terraform/modules/db/main.tf", "a/.terraform/modules/modules.json", "a/main.tf"];
    assert_eq!(
        all(&[root]),
        [&added[..], &["b/main.tf", "c/main.tf"]].concat(),
        "a list is needed, links lead nowhere"
    );
    assert_eq!(all(&[&root.join("a/main.tf")]), ["main.tf"], "what lies beside a file is not audited");
    let mut discovery = walk(&[root]);
    add_installed_modules(&mut discovery, Options::default().largest);
    let said: Vec<(&str, &str)> =
        discovery.skipped.iter().map(|it| (it.path.as_str(), it.reason.as_str())).take(2).collect();
    let own = "Terraform's working folder";
    let read = "Terraform's working folder, of which only the installed modules are read";
    assert_eq!(said, [("a/.terraform/", read), ("b/.terraform/", own)]);
}
