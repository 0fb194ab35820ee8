//! Programs of the user's own that render instead of twoam: `helm template` and `kustomize build`. They run only when
//! they are asked for by name (`--render`); nothing else of twoam runs anything. What they print is read as documents,
//! placed at the head of the file that makes them; what they refuse is not analysed, with their words for it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::kustomize::Outside;
use crate::source::Span;
use crate::tree::{Node, Value};

/// How long one program may take.
const LONGEST: Duration = Duration::from_mins(1);

/// How many bytes one may print.
const MOST_BYTES: u64 = 64 << 20;

/// How much of its words is told when it fails, in characters.
const MOST_WORDS: usize = 400;

/// A program that can render.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// `helm template`
    Helm,
    /// `kustomize build`
    Kustomize,
}

impl Program {
    /// Its name, as it is on the search path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Helm => "helm",
            Self::Kustomize => "kustomize",
        }
    }
}

/// The programs that were asked for.
pub struct Programs<'a> {
    helm: Option<PathBuf>,
    kustomize: Option<PathBuf>,
    /// Where a folder of the audit is.
    locate: &'a (dyn Fn(&str) -> Option<PathBuf> + Sync),
}

impl std::fmt::Debug for Programs<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Programs").field("helm", &self.helm).field("kustomize", &self.kustomize).finish()
    }
}

impl<'a> Programs<'a> {
    /// Finds programs on the search path.
    ///
    /// # Errors
    /// The first that is not there.
    pub fn find(wanted: &[Program], locate: &'a (dyn Fn(&str) -> Option<PathBuf> + Sync)) -> Result<Self, Program> {
        let mut programs = Self { helm: None, kustomize: None, locate };
        for program in wanted {
            let path = on_search_path(program.name()).ok_or(*program)?;
            match program {
                Program::Helm => programs.helm = Some(path),
                Program::Kustomize => programs.kustomize = Some(path),
            }
        }
        Ok(programs)
    }

    /// Whether Helm renders charts.
    pub(super) fn has_helm(&self) -> bool {
        self.helm.is_some()
    }

    /// What Helm makes of a chart with these values, which it reads as a file called `-`.
    /// <https://helm.sh/docs/helm/helm_template/>
    pub(super) fn template(
        &self,
        folder: &str,
        name: &str,
        namespace: Option<&str>,
        values: &str,
    ) -> Option<Result<String, String>> {
        let helm = self.helm.as_deref()?;
        let Some(chart) = (self.locate)(folder) else { return Some(Err("its folder is not there".to_owned())) };
        let mut command = Command::new(helm);
        command.args(["template", "--values", "-"]);
        if let Some(namespace) = namespace {
            command.arg(format!("--namespace={namespace}"));
        }
        // Names come from files that are not trusted: none is taken for a flag.
        command.arg("--").arg(name).arg(chart);
        Some(run(command, values.to_owned(), LONGEST))
    }
}

/// <https://kubectl.docs.kubernetes.io/references/kustomize/cmd/build/>
impl Outside for Programs<'_> {
    fn build(&self, folder: &str) -> Option<Result<String, String>> {
        let kustomize = self.kustomize.as_deref()?;
        let Some(path) = (self.locate)(folder) else { return Some(Err("its folder is not there".to_owned())) };
        let mut command = Command::new(kustomize);
        command.args(["build", "--"]).arg(path);
        Some(run(command, String::new(), LONGEST))
    }
}

fn on_search_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = [name.to_owned(), format!("{name}{}", std::env::consts::EXE_SUFFIX)];
    std::env::split_paths(&path)
        .flat_map(|folder| names.clone().map(|name| folder.join(name)))
        .find(|it| is_program(it))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Runs a program to its end, and gives what it prints, or what it says when it fails.
fn run(mut command: Command, input: String, longest: Duration) -> Result<String, String> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        std::thread::spawn(move || {
            // A program that does not want to read what it is told is free not to.
            let _ = stdin.write_all(input.as_bytes());
        });
    }
    let (printed, said) = (child.stdout.take().map(all), child.stderr.take().map(all));
    let ended = wait(&mut child, longest).map_err(|why| format!("{name} {why}"))?;
    // What it started itself may still hold its output open: then it has not ended.
    let received = |from: Option<Receiver<Vec<u8>>>| match from {
        Some(from) => from.recv_timeout(longest).map_err(|_| format!("{name} does not end")),
        None => Ok(Vec::new()),
    };
    let (printed, said) = (received(printed)?, received(said)?);
    let said = String::from_utf8_lossy(&said);
    let words: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST_WORDS).collect();
    match (ended, words.is_empty()) {
        // Whoever is no longer listened to ends, and not well.
        _ if printed.len() as u64 > MOST_BYTES => Err(format!("{name} prints more than can be read")),
        (true, _) => String::from_utf8(printed).map_err(|_| format!("{name} prints what is not text")),
        (false, true) => Err(format!("{name} fails, and does not say why")),
        (false, false) => Err(format!("{name}: {words}")),
    }
}

/// Everything that can be read, up to one byte more than may be, once it is read.
fn all(from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut read = Vec::new();
        // What was read before an error counts, and whoever no longer waits for it does not miss it.
        let _ = from.take(MOST_BYTES + 1).read_to_end(&mut read);
        let _ = sender.send(read);
    });
    receiver
}

/// Waits until a program ends, but not for ever; whether it ended well.
fn wait(child: &mut Child, longest: Duration) -> Result<bool, String> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if start.elapsed() < longest => std::thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("takes longer than {} s", longest.as_secs()));
            }
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
}

/// Puts a whole tree at one place.
pub(super) fn place(node: &mut Node, span: Span) {
    node.span = span;
    node.via = None;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| place(item, span)),
        Value::Map(map) => {
            for entry in &mut map.entries {
                entry.key_span = span;
                place(&mut entry.value, span);
            }
        }
        _ => {}
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What a shell that stands in for a program gives, when it may take a second.
    fn of(script: &str, input: &str) -> Result<String, String> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, input.to_owned(), Duration::from_secs(1))
    }

    #[test]
    fn what_a_program_prints_is_what_counts() {
        assert_eq!(of("cat", "kind: A\n"), Ok("kind: A\n".to_owned()));
        // Warnings are for people.
        assert_eq!(of("echo 'walk.go:75: found symbolic link' >&2; echo kind: A", ""), Ok("kind: A\n".to_owned()));
        // One that does not read what it is told is free not to, however much that is.
        assert_eq!(of("echo kind: A", &"a".repeat(1 << 20)), Ok("kind: A\n".to_owned()));
        assert_eq!(of("printf '\\377'", ""), Err("sh prints what is not text".to_owned()));
    }

    #[test]
    fn what_a_program_says_when_it_fails_is_told() {
        let helm = "echo 'Error: execution error at (web/templates/web.yaml:3:4): image is needed' >&2; exit 1";
        let said = "sh: Error: execution error at (web/templates/web.yaml:3:4): image is needed";
        assert_eq!(of(helm, ""), Err(said.to_owned()));
        assert_eq!(of("echo kind: A; exit 3", ""), Err("sh fails, and does not say why".to_owned()));
        let long = of("yes 'no such thing' | head -c 100000 >&2; exit 1", "").unwrap_err();
        assert!(long.chars().count() <= MOST_WORDS + 4, "{}", long.len());
    }

    #[test]
    fn no_program_is_waited_for_for_ever() {
        assert_eq!(of("exec sleep 60", ""), Err("sh takes longer than 1 s".to_owned()));
        // It ends, and what it started holds its output open.
        assert_eq!(of("sleep 5 & echo kind: A", ""), Err("sh does not end".to_owned()));
    }

    #[test]
    fn gigabytes_are_not_read() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec head -c 8000000000 /dev/zero"]);
        assert_eq!(run(command, String::new(), LONGEST), Err("sh prints more than can be read".to_owned()));
    }
}
