//! Terragrunt's own functions. <https://terragrunt.gruntwork.io/docs/reference/built-in-functions/>

use crate::resolve::terraform::evaluate::{Evaluator, Scope, Sealed};
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::project::Kind;
use crate::resolve::terraform::typed::{Member, Typed};
use crate::source::{Span, parent};
use crate::tree::Text;
use crate::tree::block::{Attribute, Expression};

use super::{File, Terragrunt, UNIT, absolute, within};

/// Functions that ask the outside, each with what they ask.
const OUTSIDE: &[(&str, &str)] = &[
    ("get_aws_account_alias", "the account that it is applied to"),
    ("get_aws_account_id", "the account that it is applied to"),
    ("get_aws_caller_identity_arn", "who applies it"),
    ("get_aws_caller_identity_user_id", "who applies it"),
    ("get_env", "an environment variable"),
    ("get_platform", "the machine"),
    ("get_terraform_cli_args", "the command"),
    ("get_terraform_command", "the command"),
    ("get_terragrunt_source_cli_flag", "the command"),
    ("get_default_retryable_errors", "Terragrunt itself"),
    ("get_working_dir", "the machine"),
    ("read_tfvars_file", "a file, as text"),
    ("run_cmd", "a program"),
    ("sops_decrypt_file", "an encrypted file"),
];

/// One call of a function.
pub(super) struct Call<'c, 'a> {
    pub(super) terragrunt: &'c Terragrunt<'a>,
    pub(super) evaluator: &'c Evaluator<'a>,
    pub(super) file: &'c File<'a>,
    pub(super) arguments: &'c [Expression],
    pub(super) scope: &'c Scope<'a>,
    pub(super) span: Span,
}

/// What a function gives; nothing for a name that is none of Terragrunt's.
pub(super) fn call(call: &Call<'_, '_>, name: &str) -> Option<Evaluated> {
    let text = |value: String| Ok(Typed::string(value, call.span));
    Some(match name {
        "find_in_parent_folders" => call.parents(),
        "get_env" => call.environment(),
        "get_original_terragrunt_dir" => text(absolute(&call.file.original)),
        "get_parent_terragrunt_dir" => call.include().and_then(|folder| text(absolute(&folder))),
        "get_path_from_repo_root" => text(call.file.unit.to_string()),
        "get_path_to_repo_root" => text(steps_up(&call.file.unit)),
        "get_repo_root" => text(absolute("")),
        "get_terragrunt_dir" => text(absolute(&call.file.unit)),
        "mark_as_read" => call.argument(0),
        "path_relative_from_include" => call.include().and_then(|folder| text(relative(&call.file.unit, &folder))),
        "path_relative_to_include" => call.include().and_then(|folder| text(relative(&folder, &call.file.unit))),
        "read_terragrunt_config" => call.read(),
        _ => Ok(call.outside(name)?),
    })
}

/// Environment variables that say which environment is applied.
const ENVIRONMENT: &[&str] = &[
    "APP_ENV",
    "DEPLOY_ENV",
    "ENV",
    "ENVIRONMENT",
    "ENVIRONMENT_NAME",
    "ENV_NAME",
    "STAGE",
    "TERRAGRUNT_ENV",
    "TF_ENV",
    "TG_ENV",
];

impl Call<'_, '_> {
    fn argument(&self, index: usize) -> Evaluated {
        match self.arguments.get(index) {
            Some(argument) => self.evaluator.evaluate(argument, self.scope),
            None => Err(Failure::new("an argument is missing", self.span)),
        }
    }

    /// The result of a function that asks the outside.
    fn outside(&self, name: &str) -> Option<Typed> {
        let (_, asked) = OUTSIDE.iter().find(|(known, _)| *known == name)?;
        let reason = format!("`{name}` takes its result from {asked}");
        Some(Typed::unknown(reason, "pass a plan", self.span))
    }

    /// `get_env(name, default)`. What is set when a unit is applied is not written anywhere, and a default is what a
    /// machine has where nothing is set, which production need not be; so neither is known. But which environment it is,
    /// a unit in a folder that is named after one says itself: nobody applies `production/` as anything else. Any other
    /// unit is judged as production is, by the name that the default or the conditions of the project have for it.
    fn environment(&self) -> Evaluated {
        let name = self.argument(0)?;
        if !name.as_str().is_some_and(|name| ENVIRONMENT.contains(&name)) {
            return Ok(self.outside("get_env").unwrap_or(name));
        }
        let environments = self.terragrunt.units.environments;
        let own = self.file.original.split('/').find(|segment| environments.of_word(segment).is_some());
        let default = self.arguments.get(1).and_then(|_| self.argument(1).ok()).filter(|default| {
            let named = default.as_str().and_then(|word| environments.of_word(word));
            named.is_some_and(|environment| environment.production)
        });
        if own.is_none()
            && let Some(default) = default
        {
            return Ok(default);
        }
        let own = own.map(Text::from).or_else(|| self.evaluator.project.production(environments));
        Ok(match own {
            Some(own) => Typed::string(own, self.span),
            None => self.outside("get_env").unwrap_or(name),
        })
    }

    /// The values of `read_tfvars_file(path)`, whose path starts at the unit.
    pub(super) fn values(&self) -> Evaluated {
        let wanted = self.argument(0)?;
        let Some(path) = wanted.as_str() else { return Ok(wanted) };
        let found = within(&self.file.unit, path);
        let known = &self.evaluator.project.values;
        let file = known.iter().find(|file| found.as_deref() == Some(file.path));
        let values = file.and_then(|file| match &file.kind {
            Kind::Values(body) => {
                let member = |attribute: &Attribute| Member {
                    key: attribute.name.value.clone(),
                    key_span: attribute.name.span,
                    value: self.evaluator.value(&attribute.value, &self.scope.sealed(Sealed::Text)),
                };
                Some(Typed::object(body.attributes.iter().map(member).collect(), self.span))
            }
            Kind::JsonValues(node) => Some(Typed::from_node(node)),
            _ => None,
        });
        Ok(values.unwrap_or_else(|| {
            let reason = format!("the file `{}` is not among those of the audit", path.trim_start_matches('/'));
            Typed::unknown(reason, "audit the folder it is in", self.span)
        }))
    }

    /// The nearest file or folder of a name in the folders above.
    fn parents(&self) -> Evaluated {
        let wanted = match self.arguments.first() {
            Some(_) => self.argument(0)?,
            None => Typed::string(UNIT, self.span),
        };
        let Some(name) = wanted.as_str() else { return Ok(wanted) };
        let mut at = self.file.unit.as_str();
        while !at.is_empty() {
            at = parent(at);
            let Some(path) = within(at, name) else { continue };
            if self.evaluator.project.has(&path) {
                return Ok(Typed::string(absolute(&path), self.span));
            }
        }
        match self.arguments.len() {
            0 | 1 => Err(Failure::new(format!("no folder above has `{name}`"), self.span)),
            _ => self.argument(1),
        }
    }

    /// The folder of the file that is included: the one at hand, or the one that the argument names.
    fn include(&self) -> Result<String, Failure> {
        if self.file.included {
            return Ok(parent(self.file.path).to_owned());
        }
        let name = match self.arguments.first() {
            Some(_) => self.argument(0)?.as_str().map(ToOwned::to_owned),
            None => None,
        };
        let includes = self.terragrunt.includes(self.evaluator, self.scope.module);
        let wanted = includes.iter().find(|include| name.is_none() || include.name.as_deref() == name.as_deref());
        let file = wanted.and_then(|include| self.terragrunt.file(include.module));
        Ok(file.map_or_else(|| self.file.unit.to_string(), |file| parent(file.path).to_owned()))
    }

    /// `read_terragrunt_config(path, default)`.
    fn read(&self) -> Evaluated {
        let wanted = self.argument(0)?;
        let Some(path) = wanted.as_str() else { return Ok(wanted) };
        let found = within(&self.file.unit, path);
        let opened = found.as_deref().and_then(|path| {
            let original = &self.file.original;
            self.terragrunt.open(self.evaluator, path, parent(path), original, false)
        });
        match opened {
            Some(number) => Ok(self.terragrunt.exposed(self.evaluator, number, self.span)),
            None if self.arguments.len() > 1 => self.argument(1),
            None => {
                let reason = format!("the file `{}` is not among those of the audit", path.trim_start_matches('/'));
                Ok(Typed::unknown(reason, "audit the folder it is in", self.span))
            }
        }
    }
}

/// `../` for each folder of a path.
fn steps_up(path: &str) -> String {
    path.split('/').filter(|segment| !segment.is_empty()).map(|_| "../").collect()
}

/// The path from one folder to another.
fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|segment| !segment.is_empty()).map(ToOwned::to_owned).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    let path: Vec<&str> = up.chain(to[common..].iter().map(String::as_str)).collect();
    if path.is_empty() { ".".to_owned() } else { path.join("/") }
}

#[cfg(test)]
mod tests {
    use super::{relative, steps_up};

    #[test]
    fn paths_lead_from_one_folder_to_another() {
        assert_eq!(relative("live", "live/prod/db"), "prod/db");
        assert_eq!(relative("live/prod/db", "live"), "../..");
        assert_eq!(relative("live", "live"), ".");
        assert_eq!(relative("", "live"), "live");
        assert_eq!(steps_up("live/prod"), "../../");
    }
}
