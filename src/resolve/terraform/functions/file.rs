//! Functions on paths and files. Only files of the audit can be read; whatever is elsewhere stays unknown.

use std::rc::Rc;

use crate::parse;
use crate::resolve::golang::clean;
use crate::resolve::terraform::evaluate::Sealed;
use crate::resolve::terraform::operate::{Evaluated, Failure};
use crate::resolve::terraform::typed::{Typed, What, unknown_among};
use crate::resolve::terraform::types::Type;
use crate::source::SourceId;
use crate::tree::Unknown;
use crate::tree::block::{Expression, ExpressionKind};

use super::{Context, LONGEST_LIST, is_reference};

/// The file number of places inside of a template that is read while evaluating: none of the audit's.
pub(in crate::resolve::terraform) const NOWHERE: SourceId = SourceId(u32::MAX);

pub(super) fn basename(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let path = cx.text(args, 0)?;
    if path.is_empty() {
        return cx.text_of(".");
    }
    let trimmed = path.trim_end_matches('/');
    let last = trimmed.rsplit('/').next().unwrap_or_default();
    cx.text_of(if last.is_empty() { "/" } else { last })
}

pub(super) fn dirname(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let path = cx.text(args, 0)?;
    let folder = path.rfind('/').map_or("", |end| &path[..=end]);
    cx.text_of(clean(folder))
}

fn outside(cx: &Context<'_, '_>, path: &str) -> Typed {
    Typed::unknown(format!("the file `{path}` is not among those of the audit"), "audit the folder it is in", cx.span)
}

/// The text of a file, or an unknown.
fn read(cx: &Context<'_, '_>, path: &str) -> Result<String, Typed> {
    let text = cx
        .evaluator
        .within(path, cx.scope)
        .and_then(|full| cx.evaluator.project.shelf.and_then(|shelf| shelf.text(&full)));
    let text = text.ok_or_else(|| outside(cx, path))?;
    cx.evaluator.spend(text.len() / 16);
    Ok(text)
}

pub(super) fn file(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    match read(cx, cx.text(args, 0)?) {
        Ok(text) => cx.text_of(text),
        Err(unknown) => Ok(unknown),
    }
}

/// What a hash or an encoding makes of a file.
pub(super) fn digested(cx: &Context<'_, '_>, args: &[Typed], digest: fn(&[u8]) -> String) -> Evaluated {
    match read(cx, cx.text(args, 0)?) {
        Ok(text) => cx.text_of(digest(text.as_bytes())),
        Err(unknown) => Ok(unknown),
    }
}

pub(super) fn fileexists(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let path = cx.text(args, 0)?;
    let (Some(full), Some(shelf)) = (cx.evaluator.within(path, cx.scope), cx.evaluator.project.shelf) else {
        return Ok(outside(cx, path));
    };
    cx.bool_of(shelf.has(&full))
}

pub(super) fn fileset(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    let (path, pattern) = (cx.text(args, 0)?, cx.text(args, 1)?);
    let (Some(folder), Some(shelf)) = (cx.evaluator.within(path, cx.scope), cx.evaluator.project.shelf) else {
        return Ok(outside(cx, path));
    };
    let glob = globset::GlobBuilder::new(&clean(pattern)).literal_separator(true).build();
    let glob = glob.map_err(|_| cx.failure("the pattern is not valid"))?.compile_matcher();
    let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let inside = shelf.below(&folder);
    cx.evaluator.spend(inside.len() / 4);
    let found = inside.iter().filter_map(|path| path.strip_prefix(folder.as_str())).filter(|path| glob.is_match(path));
    let found: Vec<Typed> = found.take(LONGEST_LIST).map(|path| Typed::string(path, cx.span)).collect();
    Ok(Typed::set(Type::String, found, cx.span))
}

pub(super) fn templatefile(cx: &Context<'_, '_>, args: &[Typed]) -> Evaluated {
    if cx.scope.sealed != Sealed::Not {
        return Err(cx.failure("a template calls no template"));
    }
    match read(cx, cx.text(args, 0)?) {
        Ok(text) => render(cx, &text, &args[1], Sealed::File),
        Err(unknown) => Ok(unknown),
    }
}

/// `templatestring`, whose first argument must be a reference to a string.
pub(super) fn templatestring(cx: &Context<'_, '_>, arguments: &[Expression]) -> Evaluated {
    let [template, values] = arguments else { return Err(cx.failure("`templatestring` needs two arguments")) };
    let inner = match &template.kind {
        ExpressionKind::Template(_) => return Err(cx.failure("`templatestring` needs a reference")),
        _ => template,
    };
    if cx.scope.sealed != Sealed::Not || !is_reference(inner) {
        return Err(cx.failure("`templatestring` needs a reference"));
    }
    let template = cx.evaluator.evaluate(template, cx.scope)?;
    let values = cx.evaluator.evaluate(values, cx.scope)?;
    if let Some(unknown) = unknown_among([&template, &values], false) {
        return Ok(Typed::of_unknown(unknown, cx.span));
    }
    let text = template.as_str().ok_or_else(|| cx.failure("a string is needed here"))?;
    Ok(render(cx, text, &values, Sealed::Text)?.marked(template.sensitive.clone()))
}

/// A template with its variables filled in.
fn render(cx: &Context<'_, '_>, text: &str, values: &Typed, sealed: Sealed) -> Evaluated {
    let members = values.members().ok_or_else(|| cx.failure("the variables of a template are a mapping"))?;
    let parts = parse::hcl::template(NOWHERE, text).ok_or_else(|| cx.failure("the template is not valid"))?;
    let mut scope = cx.scope.sealed(sealed);
    for member in members.iter() {
        scope = scope.with(&member.key, member.value.clone());
    }
    let made = cx.evaluator.template(&parts, &scope, cx.span);
    let made = made.map_err(|failure| Failure::new(failure.reason, cx.span))?;
    if made.is_null() {
        return Err(cx.failure("the template gives null"));
    }
    Ok(Typed::new(placed(cx, made.what), cx.span).marked(made.sensitive))
}

/// An unknown that was met inside of a template is shown where the template is used.
fn placed(cx: &Context<'_, '_>, what: What) -> What {
    match what {
        What::Unknown(unknown, kind) if unknown.span.is_some_and(|span| span.source == NOWHERE) => {
            What::Unknown(Rc::new(Unknown { span: Some(cx.span), ..(*unknown).clone() }), kind)
        }
        // What is not text (a list that is the template's only part) keeps places of its own inside.
        What::List(..) | What::Set(..) | What::Tuple(_) | What::Map(..) | What::Object(_) => {
            let unknown = Unknown::new("a template gives more than a text", "pass a plan", cx.span);
            What::Unknown(Rc::new(unknown), Type::Dynamic)
        }
        _ => what,
    }
}
