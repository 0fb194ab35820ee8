//! What a file is by its name. Uses `tree::Format` only.

use crate::tree::Format;

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is read.
    Input(Format),
    /// It could hold something, and is left out for this reason.
    Left(&'static str),
    /// It holds nothing that is audited.
    NoInput,
}

/// Files that package managers write: versions of what is used, and nothing about readiness.
const LOCK_FILES: &[&str] = &[
    ".terraform.lock.hcl",
    "cargo.lock",
    "chart.lock",
    "composer.lock",
    "flake.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "requirements.lock",
    "uv.lock",
    "yarn.lock",
];

/// Why a template is left out.
pub const UNRENDERED: &str = "template, not rendered";

/// Extensions by which template engines mark what they make another file of.
const TEMPLATES: &[&str] = &["tpl", "tmpl", "tftpl", "gotmpl", "j2", "jinja", "jinja2", "erb", "template"];

/// Whether a path is that of a text that Terraform may fill in, or hand on as it is: a template, or Prometheus' rules by an
/// old name.
pub fn may_be_filled_in(path: &str) -> bool {
    let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
    extension.is_some_and(|extension| matches!(extension, "tftpl" | "tpl" | "tmpl" | "template" | "rules"))
}

/// The syntax of a file name, in any case: `README.MD` is a page.
pub(super) fn of(name: &str) -> Kind {
    match name {
        "CODEOWNERS" | "go.mod" | "Makefile" | "makefile" | "GNUmakefile" => return Kind::Input(Format::Text),
        _ if name.starts_with("docusaurus.config.") => return Kind::Input(Format::Text),
        "OWNERS" | "Kustomization" => return Kind::Input(Format::Yaml),
        _ if is_jenkinsfile(name) => return Kind::Input(Format::Groovy),
        _ => {}
    }
    let name = name.to_ascii_lowercase();
    if LOCK_FILES.contains(&name.as_str()) {
        return Kind::Left("generated lock file");
    }
    let Some((stem, extension)) = name.rsplit_once('.') else { return Kind::NoInput };
    if TEMPLATES.contains(&extension) {
        // A page keeps its sense where a template fills in a name or a number.
        if ["md", "markdown"].iter().any(|page| stem.rsplit_once('.').is_some_and(|(_, inner)| inner == *page)) {
            return Kind::Input(Format::Markdown);
        }
        // `alerts.yaml.j2` would be input once rendered; what `_helpers.tpl` becomes is not known.
        let inner = stem.rsplit_once('.').and_then(|(_, inner)| by_extension(inner));
        return inner.map_or(Kind::NoInput, |_| Kind::Left(UNRENDERED));
    }
    by_extension(extension).map_or(Kind::NoInput, Kind::Input)
}

/// Whether a name is that of a pipeline of Jenkins: `Jenkinsfile`, `Jenkinsfile.release`, `release.jenkinsfile`.
fn is_jenkinsfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "jenkinsfile" || name.starts_with("jenkinsfile.") || name.ends_with(".jenkinsfile")
}

/// Folders whose scripts change a database, as the tools that carry them out call them by default: `versions` is
/// Alembic's, `migrate` Rails', `migration` Flyway's; Diesel and Prisma give each change a folder in `migrations`.
const MIGRATIONS: &[&str] = &["migrations", "migration", "migrate", "versions", "changelog", "changelogs"];

/// What a file is by its name and where it stands: a script is read only where it changes a database.
pub(super) fn at(name: &str, path: &str) -> Kind {
    let kind = of(name);
    let Some((stem, extension)) = name.rsplit_once('.').filter(|(stem, _)| !stem.starts_with("__")) else {
        return kind;
    };
    if kind != Kind::NoInput || !matches!(extension, "sql" | "py" | "rb" | "xml") {
        return kind;
    }
    // Liquibase and Flyway know a file by its name, wherever it stands.
    if matches!(extension, "sql" | "xml") && stem.to_ascii_lowercase().contains("changelog")
        || extension == "sql" && is_versioned(stem)
    {
        return Kind::Input(Format::Text);
    }
    let mut folders = path.rsplit('/').skip(1);
    let near = folders.by_ref().take(2).any(|folder| MIGRATIONS.contains(&folder.to_ascii_lowercase().as_str()));
    if near { Kind::Input(Format::Text) } else { kind }
}

/// Whether a name is that of a change of Flyway, or of its undoing: `V1.2__add_users`, `U1.2__add_users`.
/// <https://documentation.red-gate.com/fd/versioned-migrations-273973333.html>
fn is_versioned(stem: &str) -> bool {
    let version = stem.strip_prefix(['V', 'U']).and_then(|rest| rest.split_once("__"));
    version.is_some_and(|(version, _)| {
        version.starts_with(|it: char| it.is_ascii_digit())
            && version.chars().all(|it| it.is_ascii_digit() || matches!(it, '.' | '_'))
    })
}

fn by_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "yaml" | "yml" => Format::Yaml,
        "json" => Format::Json,
        // OpenTofu reads `.tofu` beside `.tf`: <https://opentofu.org/docs/language/files/>
        "tf" | "tofu" | "tfvars" | "hcl" => Format::Hcl,
        "toml" => Format::Toml,
        "md" | "markdown" | "mdx" => Format::Markdown,
        "jsonnet" | "libsonnet" => Format::Jsonnet,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_where_they_change_a_database() {
        for (path, kind) in [
            ("db/migrations/0001_users.up.sql", Kind::Input(Format::Text)),
            ("prisma/migrations/20240101_users/migration.sql", Kind::Input(Format::Text)),
            ("alembic/versions/1a2b_users.py", Kind::Input(Format::Text)),
            ("db/migrate/20240101000000_users.rb", Kind::Input(Format::Text)),
            ("app/migrations/__init__.py", Kind::NoInput),
            ("queries/report.sql", Kind::NoInput),
            ("sql/V1.2__users.sql", Kind::Input(Format::Text)),
            ("sql/Views__users.sql", Kind::NoInput),
            ("src/main/resources/db.changelog-1.xml", Kind::Input(Format::Text)),
            ("db/changelog/changes/0001-users.xml", Kind::Input(Format::Text)),
            ("pom.xml", Kind::NoInput),
            ("app/models.py", Kind::NoInput),
            ("migrations/README.md", Kind::Input(Format::Markdown)),
        ] {
            assert_eq!(at(path.rsplit('/').next().unwrap(), path), kind, "{path}");
        }
    }

    #[test]
    fn names_say_what_a_file_is() {
        for (name, kind) in [
            ("alerts.yml", Kind::Input(Format::Yaml)),
            ("README.MD", Kind::Input(Format::Markdown)),
            ("orders.html.md.erb", Kind::Input(Format::Markdown)),
            ("orders.mdx", Kind::Input(Format::Markdown)),
            ("main.tf", Kind::Input(Format::Hcl)),
            ("main.tf.json", Kind::Input(Format::Json)),
            ("prod.auto.tfvars", Kind::Input(Format::Hcl)),
            ("terraform.tfvars.json", Kind::Input(Format::Json)),
            (".gitlab-ci.yml", Kind::Input(Format::Yaml)),
            ("CODEOWNERS", Kind::Input(Format::Text)),
            ("OWNERS", Kind::Input(Format::Yaml)),
            ("owners", Kind::NoInput),
            (".terraform.lock.hcl", Kind::Left("generated lock file")),
            ("Chart.lock", Kind::Left("generated lock file")),
            ("alerts.yaml.j2", Kind::Left(UNRENDERED)),
            ("_helpers.tpl", Kind::NoInput),
            ("yaml", Kind::NoInput),
            ("Makefile", Kind::Input(Format::Text)),
            ("Jenkinsfile", Kind::Input(Format::Groovy)),
            ("Jenkinsfile.release", Kind::Input(Format::Groovy)),
            ("docusaurus.config.ts", Kind::Input(Format::Text)),
            ("common.mk", Kind::NoInput),
            ("logo.png", Kind::NoInput),
        ] {
            assert_eq!(of(name), kind, "{name}");
        }
    }
}
