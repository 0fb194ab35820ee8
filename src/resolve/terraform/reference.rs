//! References: `var.x`, `local.x`, `each.value`, `module.m.o`, `aws_x.y.z`, and the steps after them.

use std::rc::Rc;

use crate::source::{Source, SourceId, Span};
use crate::tree::block::{Block, Expression, ExpressionKind};
use crate::tree::{Text, Unknown, Value};

use super::agree::agreed;
use super::convert::{convert, to_text};
use super::evaluate::{ELEMENT, Evaluator, Scope, Sealed};
use super::module::{Expansion, Slotted};
use super::operate::{Evaluated, Failure};
use super::project::Placed;
use super::typed::{Member, Typed, What, unknown_among};
use super::types::Type;

/// Attributes that are never null once a resource is there: what it is identified by. Providers compute them where they are
/// not given. <https://hashicorp.github.io/terraform-provider-aws/id-attributes>
const ALWAYS: &[&str] = &["id", "arn", "name", "self_link", "identifier", "cluster_identifier"];

/// What an address stands for.
#[derive(Clone, Debug)]
pub(super) enum Handle<'a> {
    /// An instance of a resource or data source.
    Resource(&'a Block, Scope<'a>),
    /// An instance of a module call.
    Module(usize),
}

/// One step of a traversal.
pub(super) enum Step<'e> {
    Name(&'e str, Span),
    Index(&'e Expression, Span),
}

impl<'a> Evaluator<'a> {
    /// The value of a reference, or of an attribute or element of any other value.
    pub(super) fn traversal(&self, expression: &Expression, scope: &Scope<'a>) -> Evaluated {
        let mut steps = Vec::new();
        let span = expression.span;
        if let Some(root) = unchain(expression, &mut steps) {
            let (value, rest) = self.root(root, &steps, scope, span)?;
            let bound = scope.get(root).is_some();
            let value = self.walk(value, &steps[steps.len() - rest..], scope)?;
            // A long text is copied each time.
            if value.as_str().is_some() {
                self.spend(value.weight as usize / 64);
            }
            // A name bound here (`each`, `for`) is no place of its own: the value stands where it was written.
            return Ok(if bound && !matches!(root, "each" | "count") { value } else { value.through(span) });
        }
        match &expression.kind {
            ExpressionKind::Attribute(operand, name) => {
                let value = self.evaluate(operand, scope)?;
                self.attribute(&value, &name.value, name.span)
            }
            ExpressionKind::Index(operand, index) => {
                let value = self.evaluate(operand, scope)?;
                let key = self.evaluate(index, scope)?;
                self.element(&value, &key, index.span)
            }
            _ => Err(Failure::new("not a reference", span)),
        }
    }

    fn walk(&self, start: Typed, steps: &[Step<'_>], scope: &Scope<'a>) -> Evaluated {
        let mut current = start;
        let mut way: Vec<Span> = Vec::new();
        for step in steps {
            way.splice(0..0, current.via.iter().flat_map(|way| way.iter()).copied());
            current = match step {
                Step::Name(name, span) => self.attribute(&current, name, *span)?,
                Step::Index(index, span) => self.element(&current, &self.evaluate(index, scope)?, *span)?,
            };
        }
        Ok(current.through_all(&way))
    }

    /// An attribute of a value.
    fn attribute(&self, value: &Typed, name: &str, span: Span) -> Evaluated {
        let found = match &value.what {
            What::Map(..) | What::Object(_) => match value.get(name) {
                Some(found) => found.clone(),
                None => return Err(Failure::new(format!("there is no `{name}`"), span)),
            },
            What::Unknown(unknown, kind) => match (self.handle_of(unknown), kind) {
                (Some(address), _) => self.through_handle(value, address, name, span)?,
                (_, Type::Object(fields)) => match super::types::field(fields, name) {
                    Some(field) => Typed { what: What::Unknown(unknown.clone(), field.kind.clone()), ..value.clone() },
                    None => return Err(Failure::new(format!("there is no `{name}`"), span)),
                },
                (_, Type::Map(kind)) => {
                    Typed { what: What::Unknown(unknown.clone(), (**kind).clone()), ..value.clone() }
                }
                (_, Type::Dynamic) => value.clone(),
                _ => return Err(Failure::new(format!("there is no `{name}` in a plain value"), span)),
            },
            What::Null(_) => return Err(Failure::new(format!("`{name}` of null"), span)),
            _ => return Err(Failure::new(format!("there is no `{name}` in a plain value"), span)),
        };
        Ok(found.marked(value.sensitive.clone()))
    }

    /// An element of a value. By a key that is not known, it is what all elements have in common.
    fn element(&self, value: &Typed, key: &Typed, span: Span) -> Evaluated {
        if let (Some(why), Some(members)) = (key.as_unknown(), value.members().filter(|members| !members.is_empty())) {
            self.spend(value.weight as usize);
            self.doubted.replace(Some(why.clone()));
            let ways: Vec<&Typed> = members.iter().map(|member| &member.value).collect();
            let mark = value.sensitive.clone().or_else(|| key.sensitive.clone());
            return Ok(agreed(&ways, why, span, 0).marked(mark));
        }
        element(value, key, span)
    }

    /// The address of the resource or module that an unknown stands for, when it does.
    fn handle_of<'u>(&self, unknown: &'u Unknown) -> Option<&'u Text> {
        match unknown.refers_to.as_slice() {
            [address] if self.handles.borrow().contains_key(address) => Some(address),
            _ => None,
        }
    }

    /// An attribute of a resource or an output of a module, when the unknown is one.
    fn through_handle(&self, value: &Typed, address: &Text, name: &str, span: Span) -> Evaluated {
        let handle = self.handles.borrow().get(address).cloned();
        match handle {
            Some(Handle::Module(module)) => {
                let value = self.output(module, name, span)?;
                Ok(if value.is_unknown() { value } else { value.through(span) })
            }
            Some(Handle::Resource(block, scope)) => {
                let path: Text = format!("{address}.{name}").into();
                self.trace_all(std::slice::from_ref(&path));
                let key = (Slotted::Attribute, path.clone());
                self.remember(scope.module, key, span, || Ok(self.declared(block, &scope, name, &path, span)))
            }
            None => Ok(value.clone()),
        }
    }

    /// An attribute as the block declares it, else unknown until apply.
    fn declared(&self, block: &'a Block, scope: &Scope<'a>, name: &str, path: &Text, span: Span) -> Typed {
        let mut unknown = Unknown::new(format!("`{path}` is known after apply"), "pass a plan", span);
        if let Some(attribute) = block.body.attribute(name) {
            let value = self.value(&attribute.value, scope);
            match &value.what {
                What::Null(_) => {}
                What::Unknown(inner, _) => unknown = (**inner).clone(),
                _ => return value,
            }
        } else if name == "outputs"
            && block.labels.first().is_some_and(|label| label.value == "terraform_remote_state")
            && let Some(outputs) = self.handed_out(block, scope, span)
        {
            return outputs;
        } else if let Some(first) = block.body.blocks(name).next() {
            unknown.span = Some(first.head);
            if block.body.blocks.iter().all(|inner| inner.kind.value != "dynamic") {
                return Typed::from_node(&self.nested(block, name, scope));
            }
        }
        if !unknown.refers_to.contains(path) {
            unknown.refers_to.insert(0, path.clone());
        }
        unknown.set |= ALWAYS.contains(&name);
        Typed::new(What::Unknown(Rc::new(unknown), Type::Dynamic), span)
    }

    /// The value that a traversal starts at, and how many of its steps are left.
    pub(super) fn root(
        &self,
        root: &str,
        steps: &[Step<'_>],
        scope: &Scope<'a>,
        span: Span,
    ) -> Result<(Typed, usize), Failure> {
        if let Some(value) = scope.get(root) {
            return Ok((value, steps.len()));
        }
        let name = |index: usize| match steps.get(index) {
            Some(Step::Name(name, _)) => Some(*name),
            _ => None,
        };
        let left = |taken: usize| steps.len().saturating_sub(taken);
        let lost = |what: &str| Failure::new(format!("`{root}` needs {what}"), span);
        if scope.sealed != Sealed::Not {
            return Err(Failure::new(format!("the template has no variable `{root}`"), span));
        }
        let module = scope.module;
        if let Some(terragrunt) = &self.terragrunt {
            let names: Vec<Option<&str>> = (0..steps.len()).map(name).collect();
            if let Some((value, taken)) = terragrunt.named(self, module, root, &names, span) {
                return Ok((value, left(taken)));
            }
        }
        Ok(match root {
            "var" => (self.variable(module, name(0).ok_or_else(|| lost("a name"))?, span)?, left(1)),
            "local" => (self.local(module, name(0).ok_or_else(|| lost("a name"))?, span)?, left(1)),
            "module" => (self.module_value(module, name(0).ok_or_else(|| lost("a name"))?, span)?, left(1)),
            "path" => (self.path(module, name(0).unwrap_or_default(), span), left(1)),
            "data" => match (name(0), name(1)) {
                (Some(kind), Some(name)) => (self.resource_value(module, true, kind, name, span)?, left(2)),
                _ => return Err(lost("a type and a name")),
            },
            "terraform" | "tofu" => {
                let value = match (name(0), &self.workspace) {
                    (Some("workspace"), Some(workspace)) => Typed::string(workspace.clone(), span),
                    _ => Typed::unknown("the workspace is not known here", "pass a plan", span),
                };
                (value, left(1))
            }
            "each" | "count" | "self" => return Err(Failure::new(format!("there is no `{root}` here"), span)),
            kind => match name(0) {
                Some(name) => (self.resource_value(module, false, kind, name, span)?, left(1)),
                None => return Err(Failure::new(format!("there is no `{kind}`"), span)),
            },
        })
    }

    /// The path from the audited root of a path as an expression names it, from the root module's folder; nothing for
    /// one that leaves the audited root.
    pub(super) fn within(&self, path: &str, scope: &Scope<'a>) -> Option<String> {
        // In Terragrunt's files, an absolute path is one from the audited root, and any other starts at the file that
        // names it, included or not.
        let absolute = path.starts_with('/') && self.terragrunt.is_some();
        if path.starts_with(['/', '~']) && !absolute {
            return None;
        }
        let home = if self.terragrunt.is_some() { scope.module } else { 0 };
        let home = if absolute { "" } else { self.module(home).directory.path };
        crate::source::join(home, path)
    }

    /// The file of a path as an expression names it, when it was read.
    pub(super) fn located(&self, path: &str, scope: &Scope<'a>) -> Option<(SourceId, &'a Source)> {
        self.project.source(&self.within(path, scope)?)
    }

    fn path(&self, module: usize, name: &str, span: Span) -> Typed {
        match name {
            "root" => Typed::string(".", span),
            "module" => {
                Typed::string(from_folder(self.module(0).directory.path, self.module(module).directory.path), span)
            }
            _ => Typed::unknown("the working directory is not known here", "", span),
        }
    }

    /// `module.name`: a handle for each instance.
    fn module_value(&self, module: usize, name: &str, span: Span) -> Evaluated {
        let home = self.module(module);
        if !home.directory.modules.contains_key(name) {
            return Err(Failure::new(format!("there is no module `{name}`"), span));
        }
        let address: Text = format!("{}module.{name}", home.prefix).into();
        let Some(calls) = self.called(module, name) else {
            self.trace_all(std::slice::from_ref(&address));
            let mut unknown = Unknown::new(format!("`{address}` is not in the repository"), "pass a plan", span);
            unknown.refers_to.push(address);
            return Ok(Typed::of_unknown(unknown, span));
        };
        let handle = |key: &str, number: usize| {
            let address: Text = format!("{address}{key}").into();
            self.handles.borrow_mut().entry(address.clone()).or_insert(Handle::Module(number));
            handle_value(address, span)
        };
        Ok(spread(&calls, handle, span))
    }

    /// `type.name`: a handle for each instance.
    fn resource_value(&self, module: usize, data: bool, kind: &str, name: &str, span: Span) -> Evaluated {
        let home = self.module(module);
        let found = if data { &home.directory.data } else { &home.directory.resources };
        let Some(Placed { block, .. }) = found.get(&(kind, name)).copied() else {
            return Err(Failure::new(format!("there is no resource `{kind}.{name}`"), span));
        };
        let address: Text = format!("{}{}{kind}.{name}", home.prefix, if data { "data." } else { "" }).into();
        self.trace_all(std::slice::from_ref(&address));
        self.remember(module, (Slotted::Instances, address.clone()), span, || {
            let scope = Scope::of(module);
            let handle = |key: &str, each: Option<Typed>| {
                let address: Text = format!("{address}{key}").into();
                let scope = each.map_or_else(|| scope.clone(), |each| scope.with_each(each));
                self.handles.borrow_mut().insert(address.clone(), Handle::Resource(block, scope));
                handle_value(address, span)
            };
            Ok(match self.expansion(block, &scope) {
                Expansion::Single => handle("", None),
                Expansion::Uncertain(_, each) => handle("", Some(each)),
                Expansion::Counted(each) => {
                    let items = each.into_iter().enumerate().map(|(at, each)| handle(&format!("[{at}]"), Some(each)));
                    Typed::tuple(items.collect(), span)
                }
                Expansion::Keyed(each) => {
                    let member = |(key, each): (Text, Typed)| {
                        let value = handle(&format!("[{key:?}]"), Some(each));
                        Member { key, key_span: span, value }
                    };
                    Typed::object(each.into_iter().map(member).collect(), span)
                }
            })
        })
    }
}

/// A folder as seen from another, both from the audited root.
fn from_folder(from: &str, to: &str) -> String {
    let parts =
        |path: &'_ str| -> Vec<String> { path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect() };
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let way: Vec<String> = up.chain(to.into_iter().skip(shared)).collect();
    if way.is_empty() { ".".to_owned() } else { way.join("/") }
}

/// An element of a value, by index or key.
fn element(value: &Typed, key: &Typed, span: Span) -> Evaluated {
    let mark = || value.sensitive.clone().or_else(|| key.sensitive.clone());
    let unknown = |kind: Type| {
        let mut unknown = unknown_among([key], false)
            .or_else(|| unknown_among([value], false))
            .unwrap_or_else(|| Unknown::new("it is not known", "", span));
        if let Some(others) = unknown_among([value], true) {
            unknown.refers_to.extend(others.refers_to);
        }
        Typed::new(What::Unknown(unknown.into(), kind), span).marked(mark())
    };
    if value.is_null() || key.is_null() {
        return Err(Failure::new("an index of null", span));
    }
    let (wanted, part) = match &value.what {
        What::Unknown(_, kind) => match kind {
            Type::List(kind) => (Type::Number, (**kind).clone()),
            Type::Tuple(_) => (Type::Number, Type::Dynamic),
            Type::Map(kind) => (Type::String, (**kind).clone()),
            Type::Object(_) => (Type::String, Type::Dynamic),
            Type::Dynamic if key.is_unknown() => return Ok(unknown(Type::Dynamic)),
            Type::Dynamic => return Ok(value.clone().marked(mark())),
            _ => return Err(Failure::new("there are no indices in this value", span)),
        },
        What::List(kind, _) => (Type::Number, kind.clone()),
        What::Tuple(_) => (Type::Number, Type::Dynamic),
        What::Map(kind, _) => (Type::String, kind.clone()),
        What::Object(_) => (Type::String, Type::Dynamic),
        _ => return Err(Failure::new("there are no indices in this value", span)),
    };
    let key = convert(key, &wanted)?;
    if key.is_unknown() || value.is_unknown() {
        return Ok(unknown(part));
    }
    let found = match &key.what {
        What::Number(number) => {
            let index = number.to_i64().and_then(|index| usize::try_from(index).ok());
            value.sequence().and_then(|items| items.get(index?)).cloned()
        }
        _ => value.get(&to_text(&key)?).cloned(),
    };
    let missing = || match &key.what {
        What::String(name) => Failure::new(format!("there is no `{name}`"), span),
        _ => Failure::new("there is no element at this index", span),
    };
    Ok(found.ok_or_else(missing)?.marked(mark()))
}

/// The value that stands for a whole resource or module.
fn handle_value(address: Text, span: Span) -> Typed {
    let mut unknown = Unknown::new(format!("`{address}` is known after apply"), "pass a plan", span);
    unknown.refers_to.push(address);
    // What is declared is never null.
    unknown.set = true;
    Typed::new(What::Unknown(Rc::new(unknown), Type::Dynamic), span)
}

/// Handles of module instances, by index or key as they were called.
fn spread(calls: &[(Text, usize)], handle: impl Fn(&str, usize) -> Typed, span: Span) -> Typed {
    let keyed = !calls.is_empty() && calls.iter().all(|(key, _)| key.starts_with("[\""));
    match calls {
        [(key, number)] if key.is_empty() => handle("", *number),
        _ if keyed => {
            let member = |(key, number): &(Text, usize)| {
                let plain = key.trim_start_matches("[\"").trim_end_matches("\"]");
                Member { key: plain.into(), key_span: span, value: handle(key, *number) }
            };
            Typed::object(calls.iter().map(member).collect(), span)
        }
        _ => Typed::tuple(calls.iter().map(|(key, number)| handle(key, *number)).collect(), span),
    }
}

/// `aws.recovery` of `provider = aws.recovery`, which is a name and not a value.
pub(super) fn dotted(kind: &ExpressionKind) -> Text {
    match kind {
        ExpressionKind::Variable(name) | ExpressionKind::Literal(Value::String(name)) => name.clone(),
        ExpressionKind::Attribute(operand, name) => format!("{}.{}", dotted(&operand.kind), name.value).into(),
        _ => Text::default(),
    }
}

/// Takes a traversal apart: its root name, and its steps into `steps`.
pub(super) fn unchain<'e>(expression: &'e Expression, steps: &mut Vec<Step<'e>>) -> Option<&'e str> {
    let mut at = expression;
    loop {
        at = match &at.kind {
            ExpressionKind::Attribute(operand, name) => {
                steps.push(Step::Name(&name.value, name.span));
                operand
            }
            ExpressionKind::Index(operand, index) => {
                steps.push(Step::Index(index, index.span));
                operand
            }
            ExpressionKind::Variable(name) => {
                steps.reverse();
                return Some(name);
            }
            ExpressionKind::Element => {
                steps.reverse();
                return Some(ELEMENT);
            }
            _ => return None,
        };
    }
}
