//! The functions of the language, in one table. One that is not in it, or that gives something else each time, makes an
//! unknown with its name.
//!
//! Arguments are converted to what a parameter wants before a function sees them; null and unknown arguments are dealt
//! with here unless a parameter says otherwise. Sources: the function pages of the Terraform language documentation.

mod collection;
mod csv;
mod date;
mod digest;
mod encoding;
mod file;
mod format;
mod json;
mod network;
mod numeric;
mod regex;
mod sets;
mod text;
mod yaml;

use std::rc::Rc;

use crate::source::Span;
use crate::tree::block::{Expression, ExpressionKind};
use crate::tree::{Text, Unknown};

use super::agree::agreed;
use super::convert::convert;
use super::evaluate::{Evaluator, Scope, Sealed};
use super::number::Number;
use super::operate::{Evaluated, Failure};
use super::typed::{Typed, What, unknown_among};
use super::types::Type;

pub(super) use file::NOWHERE;
pub(super) use json::quoted;

/// The longest text that is made, in bytes.
pub(super) const LONGEST_TEXT: usize = 1 << 20;
/// The longest list that is made.
const LONGEST_LIST: usize = 100_000;

/// What a function works in.
pub(super) struct Context<'c, 'a> {
    evaluator: &'c Evaluator<'a>,
    scope: &'c Scope<'a>,
    /// The place of the call.
    span: Span,
}

/// What a function makes of its arguments.
type Function = fn(&Context<'_, '_>, &[Typed]) -> Evaluated;

/// What a parameter wants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Any,
    Text,
    Number,
    /// A list of anything of one type.
    List,
    Texts,
    Bools,
    /// A set of anything of one type.
    Set,
    /// A mapping of lists of strings.
    MapOfTexts,
}

impl Wants {
    fn kind(self) -> Type {
        match self {
            Self::Any => Type::Dynamic,
            Self::Text => Type::String,
            Self::Number => Type::Number,
            Self::List => Type::Dynamic.listed(),
            Self::Texts => Type::String.listed(),
            Self::Bools => Type::Bool.listed(),
            Self::Set => Type::Set(Rc::new(Type::Dynamic)),
            Self::MapOfTexts => Type::Map(Rc::new(Type::String.listed())),
        }
    }
}

/// What is done about an argument that is not known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknowns {
    /// The function looks at it.
    Seen,
    /// It makes the result unknown when all of it is.
    Whole,
    /// It makes the result unknown when any part of it is.
    Any,
}

/// One parameter.
#[derive(Clone, Copy)]
struct Parameter {
    wants: Wants,
    null: bool,
    unknowns: Unknowns,
}

impl Parameter {
    const fn new(wants: Wants) -> Self {
        Self { wants, null: false, unknowns: Unknowns::Whole }
    }

    const fn or_null(self) -> Self {
        Self { null: true, ..self }
    }

    const fn seen(self) -> Self {
        Self { unknowns: Unknowns::Seen, ..self }
    }

    const fn known(self) -> Self {
        Self { unknowns: Unknowns::Any, ..self }
    }
}

const ANY: Parameter = Parameter::new(Wants::Any);
const TEXT: Parameter = Parameter::new(Wants::Text);
const NUMBER: Parameter = Parameter::new(Wants::Number);
const LIST: Parameter = Parameter::new(Wants::List);
const TEXTS: Parameter = Parameter::new(Wants::Texts).known();
const SET: Parameter = Parameter::new(Wants::Set).known();

/// Whose marks of sensitivity a result takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marks {
    /// Those of everything in the arguments.
    All,
    /// Those of the arguments themselves; parts keep their own.
    Outer,
    /// The function sees to it.
    Own,
}

/// A function of the language.
struct Spec {
    name: &'static str,
    parameters: &'static [Parameter],
    rest: Option<Parameter>,
    marks: Marks,
    run: Function,
}

const fn plain(name: &'static str, parameters: &'static [Parameter], run: Function) -> Spec {
    Spec { name, parameters, rest: None, marks: Marks::All, run }
}

const fn outer(name: &'static str, parameters: &'static [Parameter], run: Function) -> Spec {
    Spec { name, parameters, rest: None, marks: Marks::Outer, run }
}

const fn many(name: &'static str, parameters: &'static [Parameter], rest: Parameter, run: Function) -> Spec {
    Spec { name, parameters, rest: Some(rest), marks: Marks::All, run }
}

/// By name.
static FUNCTIONS: &[Spec] = &[
    plain("abs", &[NUMBER], |cx, args| Ok(Typed::number(cx.number(args, 0)?.absolute(), cx.span))),
    plain("alltrue", &[Parameter::new(Wants::Bools)], collection::alltrue),
    plain("anytrue", &[Parameter::new(Wants::Bools)], collection::anytrue),
    plain("base64decode", &[TEXT], encoding::base64decode),
    plain("base64encode", &[TEXT], encoding::base64encode),
    plain("base64sha256", &[TEXT], |cx, args| cx.text_of(digest::base64sha256(cx.text(args, 0)?.as_bytes()))),
    plain("base64sha512", &[TEXT], |cx, args| cx.text_of(digest::base64sha512(cx.text(args, 0)?.as_bytes()))),
    plain("basename", &[TEXT], file::basename),
    plain("ceil", &[NUMBER], |cx, args| cx.number_of(cx.number(args, 0)?.to_whole(true))),
    plain("chomp", &[TEXT], |cx, args| cx.text_of(cx.text(args, 0)?.trim_end_matches(['\n', '\r']))),
    outer("chunklist", &[LIST, NUMBER], collection::chunklist),
    plain("cidrhost", &[TEXT, NUMBER], network::cidrhost),
    plain("cidrnetmask", &[TEXT], network::cidrnetmask),
    plain("cidrsubnet", &[TEXT, NUMBER, NUMBER], network::cidrsubnet),
    many("cidrsubnets", &[TEXT], NUMBER, network::cidrsubnets),
    many("coalesce", &[], ANY.or_null().seen(), collection::coalesce),
    many("coalescelist", &[], ANY.or_null().seen(), collection::coalescelist),
    plain("compact", &[Parameter::new(Wants::Texts)], collection::compact),
    Spec { marks: Marks::Outer, ..many("concat", &[], ANY, collection::concat) },
    plain("contains", &[ANY, ANY.or_null().seen()], collection::contains),
    plain("csvdecode", &[TEXT], csv::csvdecode),
    plain("dirname", &[TEXT], file::dirname),
    plain("distinct", &[LIST.known()], collection::distinct),
    outer("element", &[ANY, NUMBER], collection::element),
    plain("endswith", &[TEXT, TEXT], |cx, args| cx.bool_of(cx.text(args, 0)?.ends_with(cx.text(args, 1)?))),
    Spec { marks: Marks::Own, ..plain("ephemeralasnull", &[ANY.or_null().seen()], |_, args| Ok(args[0].clone())) },
    plain("file", &[TEXT], file::file),
    plain("filebase64", &[TEXT], |cx, args| file::digested(cx, args, encoding::base64)),
    plain("filebase64sha256", &[TEXT], |cx, args| file::digested(cx, args, digest::base64sha256)),
    plain("filebase64sha512", &[TEXT], |cx, args| file::digested(cx, args, digest::base64sha512)),
    plain("fileexists", &[TEXT], file::fileexists),
    plain("filemd5", &[TEXT], |cx, args| file::digested(cx, args, digest::md5)),
    plain("fileset", &[TEXT, TEXT], file::fileset),
    plain("filesha1", &[TEXT], |cx, args| file::digested(cx, args, digest::sha1)),
    plain("filesha256", &[TEXT], |cx, args| file::digested(cx, args, digest::sha256)),
    plain("filesha512", &[TEXT], |cx, args| file::digested(cx, args, digest::sha512)),
    outer("flatten", &[ANY], collection::flatten),
    plain("floor", &[NUMBER], |cx, args| cx.number_of(cx.number(args, 0)?.to_whole(false))),
    many("format", &[TEXT], ANY.or_null().seen(), format::format),
    plain("formatdate", &[TEXT, TEXT], date::formatdate),
    many("formatlist", &[TEXT], ANY.or_null().seen(), format::formatlist),
    plain("indent", &[NUMBER, TEXT], text::indent),
    plain("index", &[ANY.known(), ANY.known()], collection::index),
    Spec { marks: Marks::Own, ..plain("issensitive", &[ANY.or_null().seen()], text::issensitive) },
    many("join", &[TEXT], TEXTS, text::join),
    plain("jsondecode", &[TEXT], json::jsondecode),
    plain("jsonencode", &[ANY.or_null().known()], json::jsonencode),
    outer("keys", &[ANY], collection::keys),
    outer("length", &[ANY], collection::length),
    plain("log", &[NUMBER, NUMBER], numeric::log),
    Spec { marks: Marks::Outer, ..many("lookup", &[ANY, TEXT.seen()], ANY.or_null().seen(), collection::lookup) },
    plain("lower", &[TEXT], |cx, args| cx.text_of(text::lower(cx.text(args, 0)?))),
    plain("matchkeys", &[LIST.known(), LIST.known(), LIST.known()], collection::matchkeys),
    many("max", &[], NUMBER, |cx, args| numeric::extreme(cx, args, std::cmp::Ordering::Greater)),
    plain("md5", &[TEXT], |cx, args| cx.text_of(digest::md5(cx.text(args, 0)?.as_bytes()))),
    Spec { marks: Marks::Outer, ..many("merge", &[], ANY.or_null(), collection::merge) },
    many("min", &[], NUMBER, |cx, args| numeric::extreme(cx, args, std::cmp::Ordering::Less)),
    Spec {
        marks: Marks::Own,
        ..plain("nonsensitive", &[ANY.or_null().seen()], |_, args| Ok(Typed { sensitive: None, ..args[0].clone() }))
    },
    plain("one", &[ANY], collection::one),
    plain("parseint", &[ANY, NUMBER], numeric::parseint),
    plain("pow", &[NUMBER, NUMBER], numeric::pow),
    many("range", &[], NUMBER, numeric::range),
    plain("regex", &[TEXT, TEXT], regex::regex),
    plain("regexall", &[TEXT, TEXT], regex::regexall),
    plain("replace", &[TEXT, TEXT, TEXT], regex::replace),
    outer("reverse", &[ANY], collection::reverse),
    Spec { marks: Marks::Own, ..plain("sensitive", &[ANY.or_null().seen()], text::sensitive) },
    many("setintersection", &[SET], SET, sets::setintersection),
    Spec { marks: Marks::Outer, ..many("setproduct", &[], ANY, sets::setproduct) },
    plain("setsubtract", &[SET, SET], sets::setsubtract),
    many("setunion", &[SET], SET, sets::setunion),
    plain("sha1", &[TEXT], |cx, args| cx.text_of(digest::sha1(cx.text(args, 0)?.as_bytes()))),
    plain("sha256", &[TEXT], |cx, args| cx.text_of(digest::sha256(cx.text(args, 0)?.as_bytes()))),
    plain("sha512", &[TEXT], |cx, args| cx.text_of(digest::sha512(cx.text(args, 0)?.as_bytes()))),
    plain("signum", &[NUMBER], numeric::signum),
    outer("slice", &[ANY, NUMBER, NUMBER], collection::slice),
    plain("sort", &[TEXTS], collection::sort),
    plain("split", &[TEXT, TEXT], text::split),
    plain("startswith", &[TEXT, TEXT], |cx, args| cx.bool_of(cx.text(args, 0)?.starts_with(cx.text(args, 1)?))),
    plain("strcontains", &[TEXT, TEXT], |cx, args| cx.bool_of(cx.text(args, 0)?.contains(cx.text(args, 1)?))),
    plain("strrev", &[TEXT], text::strrev),
    plain("substr", &[TEXT, NUMBER, NUMBER], text::substr),
    plain("sum", &[ANY.known()], numeric::sum),
    plain("templatefile", &[TEXT, ANY], file::templatefile),
    plain("textdecodebase64", &[TEXT, TEXT], encoding::textdecodebase64),
    plain("textencodebase64", &[TEXT, TEXT], encoding::textencodebase64),
    plain("timeadd", &[TEXT, TEXT], date::timeadd),
    plain("timecmp", &[TEXT, TEXT], date::timecmp),
    plain("title", &[TEXT], |cx, args| cx.text_of(text::title(cx.text(args, 0)?))),
    outer("tobool", &[ANY.or_null().seen()], |_, args| convert(&args[0], &Type::Bool)),
    outer("tolist", &[ANY.or_null().seen()], |_, args| convert(&args[0], &Type::Dynamic.listed())),
    outer("tomap", &[ANY.or_null().seen()], |_, args| convert(&args[0], &Type::Map(Rc::new(Type::Dynamic)))),
    outer("tonumber", &[ANY.or_null().seen()], |_, args| convert(&args[0], &Type::Number)),
    outer("toset", &[ANY.or_null().seen()], |_, args| convert(&args[0], &Type::Set(Rc::new(Type::Dynamic)))),
    outer("tostring", &[ANY.or_null().seen()], |_, args| convert(&args[0], &Type::String)),
    plain("transpose", &[Parameter::new(Wants::MapOfTexts).known()], collection::transpose),
    plain("trim", &[TEXT, TEXT], text::trim),
    plain("trimprefix", &[TEXT, TEXT], text::trimprefix),
    plain("trimspace", &[TEXT], |cx, args| cx.text_of(cx.text(args, 0)?.trim())),
    plain("trimsuffix", &[TEXT, TEXT], text::trimsuffix),
    plain("upper", &[TEXT], |cx, args| cx.text_of(text::upper(cx.text(args, 0)?))),
    plain("urlencode", &[TEXT], encoding::urlencode),
    plain("uuidv5", &[TEXT, TEXT], digest::uuidv5),
    outer("values", &[ANY], collection::values),
    plain("yamldecode", &[TEXT], yaml::yamldecode),
    plain("yamlencode", &[ANY.or_null().known()], yaml::yamlencode),
    Spec { marks: Marks::Outer, ..plain("zipmap", &[TEXTS, ANY], collection::zipmap) },
];

/// Functions of the language whose results come from outside of the text, each with where they come from.
const OUTSIDE: &[(&str, &str)] = &[
    ("abspath", "the machine"),
    ("base64gzip", "Terraform's own compression"),
    ("bcrypt", "chance"),
    ("pathexpand", "the machine"),
    ("plantimestamp", "the clock"),
    ("rsadecrypt", "a private key"),
    ("timestamp", "the clock"),
    ("uuid", "chance"),
];

/// Calls a function. Those that look at failures, or at expressions rather than values, are not in the table.
pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    name: &str,
    arguments: &[Expression],
    expand_last: bool,
    scope: &Scope<'a>,
    span: Span,
) -> Evaluated {
    let name = name.strip_prefix("core::").unwrap_or(name);
    let cx = Context { evaluator, scope, span };
    match name {
        "try" => return attempt(&cx, arguments),
        "can" => return possible(&cx, arguments),
        "templatestring" => return file::templatestring(&cx, arguments),
        "jsondecode" => {
            let terragrunt = evaluator.terragrunt.as_ref();
            if let Some(values) = terragrunt.and_then(|it| it.decoded(evaluator, arguments, scope, span)) {
                return values;
            }
        }
        _ => {}
    }
    if scope.sealed == Sealed::Text && (name.starts_with("file") || name == "templatefile") {
        return Err(Failure::new("a template in a string reads no files", span));
    }
    let Ok(at) = FUNCTIONS.binary_search_by(|spec| spec.name.cmp(name)) else {
        let terragrunt = evaluator.terragrunt.as_ref();
        let own = terragrunt.and_then(|terragrunt| terragrunt.call(evaluator, name, arguments, scope, span));
        return own.unwrap_or_else(|| elsewhere(&cx, name, arguments));
    };
    let spec = &FUNCTIONS[at];
    let mut values: Vec<Typed> = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(evaluator.evaluate(argument, scope)?);
    }
    if expand_last && let Some(last) = values.pop() {
        match last.sequence() {
            Some(items) => values.extend(items.iter().cloned().map(|item| item.marked(last.sensitive.clone()))),
            None => match &last.what {
                What::Unknown(unknown, _) => {
                    return Ok(Typed::of_unknown((**unknown).clone(), span).marked(last.sensitive));
                }
                _ => return Err(Failure::new("`...` needs a list", span)),
            },
        }
    }
    apply(&cx, spec, values)
}

fn apply(cx: &Context<'_, '_>, spec: &Spec, mut values: Vec<Typed>) -> Evaluated {
    let fixed = spec.parameters.len();
    if values.len() < fixed {
        return Err(Failure::new(format!("`{}` needs more arguments", spec.name), cx.span));
    }
    if values.len() > fixed && spec.rest.is_none() {
        return Err(Failure::new(format!("`{}` takes fewer arguments", spec.name), cx.span));
    }
    let parameter = |index: usize| spec.parameters.get(index).copied().or(spec.rest);
    let mut unknown: Option<Unknown> = None;
    let mut mark = None;
    for (index, value) in values.iter_mut().enumerate() {
        let Some(parameter) = parameter(index) else { continue };
        if parameter.wants != Wants::Any {
            *value = convert(value, &parameter.wants.kind())?;
        }
        if value.is_null() && !parameter.null {
            return Err(Failure::new(format!("an argument of `{}` is null", spec.name), value.span));
        }
        mark = mark.or_else(|| match spec.marks {
            Marks::All => value.any_mark(),
            Marks::Outer => value.sensitive.clone(),
            Marks::Own => None,
        });
        let found = match parameter.unknowns {
            Unknowns::Seen => None,
            Unknowns::Whole => unknown_among([&*value], false),
            Unknowns::Any => unknown_among([&*value], true),
        };
        if let Some(found) = found {
            match &mut unknown {
                Some(first) => first.refers_to.extend(found.refers_to),
                None => unknown = Some(found),
            }
        }
    }
    // Functions look at all of their arguments and make all of their result.
    cx.evaluator.spend(values.iter().map(|value| value.weight as usize).sum::<usize>() / 4);
    let result = match unknown {
        Some(unknown) => Typed::of_unknown(unknown, cx.span),
        None => (spec.run)(cx, &values)?,
    };
    cx.evaluator.spend(result.weight as usize);
    Ok(result.marked(mark))
}

/// A function that is not evaluated.
fn elsewhere(cx: &Context<'_, '_>, name: &str, arguments: &[Expression]) -> Evaluated {
    let from = OUTSIDE.iter().find(|(known, _)| *known == name).map(|(_, from)| *from);
    if from.is_none() && !name.contains("::") {
        return Err(Failure::new(format!("there is no function `{name}`"), cx.span));
    }
    let reason = match from {
        Some(from) => format!("`{name}` takes its result from {from}"),
        None => format!("`{name}` is a provider's function and is not evaluated"),
    };
    let mut unknown = Unknown::new(reason, "pass a plan", cx.span);
    let values: Vec<Typed> =
        arguments.iter().filter_map(|argument| cx.evaluator.evaluate(argument, cx.scope).ok()).collect();
    if let Some(others) = unknown_among(&values, true) {
        unknown.refers_to = others.refers_to;
    }
    Ok(Typed::of_unknown(unknown, cx.span))
}

/// `try`: the first argument that works out. One that is not known may still turn out not to.
fn attempt(cx: &Context<'_, '_>, arguments: &[Expression]) -> Evaluated {
    let mut last = Failure::new("`try` needs an argument", cx.span);
    for (index, argument) in arguments.iter().enumerate() {
        let (outcome, doubt) = cx.evaluator.doubting(|| cx.evaluator.evaluate(argument, cx.scope));
        match outcome {
            Ok(Typed { what: What::Unknown(unknown, kind), span, via, sensitive, weight }) => {
                // It may still turn out not to work, and what comes next be null.
                let unknown = Rc::new(Unknown { set: false, ..(*unknown).clone() });
                return Ok(Typed { what: What::Unknown(unknown, kind), span, via, sensitive, weight });
            }
            Ok(value) => {
                // An element that may not be there: else it is what comes next.
                let Some(why) = doubt else { return Ok(value) };
                return Ok(match attempt(cx, &arguments[index + 1..]) {
                    Ok(next) => agreed(&[&value, &next], &why, cx.span, 0),
                    Err(_) => value,
                });
            }
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

/// `can`: whether an argument works out.
fn possible(cx: &Context<'_, '_>, arguments: &[Expression]) -> Evaluated {
    let [argument] = arguments else { return Err(Failure::new("`can` needs one argument", cx.span)) };
    let (outcome, doubt) = cx.evaluator.doubting(|| cx.evaluator.evaluate(argument, cx.scope));
    Ok(match outcome {
        Ok(value) => match unknown_among([&value], true).or_else(|| doubt.as_deref().cloned()) {
            Some(unknown) => Typed::of_unknown(unknown, cx.span),
            None => Typed::bool(true, cx.span),
        },
        Err(_) => Typed::bool(false, cx.span),
    })
}

impl Context<'_, '_> {
    /// A string argument.
    fn text<'v>(&self, args: &'v [Typed], index: usize) -> Result<&'v str, Failure> {
        args.get(index).and_then(Typed::as_str).ok_or_else(|| Failure::new("a string is needed here", self.span))
    }

    /// A number argument.
    fn number<'v>(&self, args: &'v [Typed], index: usize) -> Result<&'v Number, Failure> {
        match args.get(index).map(|value| &value.what) {
            Some(What::Number(number)) => Ok(number),
            _ => Err(Failure::new("a number is needed here", self.span)),
        }
    }

    /// A whole number argument.
    fn whole(&self, args: &[Typed], index: usize) -> Result<i64, Failure> {
        self.number(args, index)?.to_i64().ok_or_else(|| self.failure("a whole number is needed here"))
    }

    /// The elements of a list, set or tuple.
    fn items<'v>(&self, args: &'v [Typed], index: usize) -> Result<&'v Rc<Vec<Typed>>, Failure> {
        let items = args.get(index).and_then(Typed::sequence);
        items.ok_or_else(|| self.failure("a list is needed here"))
    }

    fn failure(&self, reason: impl Into<String>) -> Failure {
        Failure::new(reason, self.span)
    }

    /// A string as result; one that is too long is an unknown.
    #[allow(clippy::unnecessary_wraps, reason = "what every function ends in")]
    fn text_of(&self, text: impl Into<Text>) -> Evaluated {
        let text = text.into();
        if text.len() > LONGEST_TEXT {
            return Ok(self.too_long());
        }
        Ok(Typed::string(text, self.span))
    }

    #[allow(clippy::unnecessary_wraps, reason = "what every function ends in")]
    fn bool_of(&self, value: bool) -> Evaluated {
        Ok(Typed::bool(value, self.span))
    }

    /// A number as result; one that is too large is an unknown.
    #[allow(clippy::unnecessary_wraps, reason = "what every function ends in")]
    fn number_of(&self, number: Option<Number>) -> Evaluated {
        Ok(match number {
            Some(number) => Typed::number(number, self.span),
            None => Typed::unknown("the number is too large", "", self.span),
        })
    }

    fn too_long(&self) -> Typed {
        Typed::unknown("the result is too long", "", self.span)
    }

    /// A list of strings as result.
    #[allow(clippy::unnecessary_wraps, reason = "what every function ends in")]
    fn texts_of(&self, texts: impl IntoIterator<Item = impl Into<Text>>) -> Evaluated {
        let items: Vec<Typed> = texts.into_iter().map(|text| Typed::string(text, self.span)).collect();
        self.evaluator.spend(items.len());
        Ok(Typed::list(Type::String, items, self.span))
    }
}

/// Whether an expression is only a reference.
fn is_reference(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Variable(_) => true,
        ExpressionKind::Attribute(operand, _)
        | ExpressionKind::Index(operand, _)
        | ExpressionKind::Splat(operand, _) => is_reference(operand),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
    }
}
