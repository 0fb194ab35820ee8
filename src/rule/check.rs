//! Syntax tree of an expression → checked [`Expression`], once, at load. Uses `model::schema`.
//!
//! Every name is looked up in the vocabulary, with a suggestion where it is nearly right; every operator is held to the
//! shapes of its operands. So a rule that loads cannot fail later, and a typing error never looks like a finding.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as op};

use super::expression::{Comparison, Expression, Fold, Operation, TextTest};
use crate::model::schema::{Kind, Shape};
use crate::problem::nearest;
use crate::tree::Text;

/// Longest expression that is accepted, in bytes: the parser is recursive.
const LONGEST: usize = 4096;

/// What is wrong with an expression, and where in it.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) help: String,
    /// Byte offsets in the expression.
    pub(super) range: Option<(usize, usize)>,
}

/// The type of an expression, as far as checking needs it.
#[derive(Clone, Copy)]
enum Type {
    Null,
    Bool,
    Number,
    Text,
    Labels,
    Object(fn() -> &'static Kind),
    List(Item),
}

/// The type of a list's items.
#[derive(Clone, Copy)]
enum Item {
    Any,
    Bool,
    Number,
    Text,
    Object(fn() -> &'static Kind),
}

impl Type {
    fn of(shape: Shape) -> Self {
        match shape {
            Shape::Bool => Self::Bool,
            Shape::Int | Shape::Number => Self::Number,
            Shape::Text => Self::Text,
            Shape::Texts => Self::List(Item::Text),
            Shape::Labels => Self::Labels,
            Shape::Object(kind) => Self::Object(kind),
            Shape::Objects(kind) => Self::List(Item::Object(kind)),
        }
    }

    fn item(self) -> Item {
        match self {
            Self::Bool => Item::Bool,
            Self::Number => Item::Number,
            Self::Text => Item::Text,
            Self::Object(kind) => Item::Object(kind),
            _ => Item::Any,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool => "a boolean".into(),
            Self::Number => "a number".into(),
            Self::Text => "a string".into(),
            Self::Labels => "labels".into(),
            Self::Object(kind) => format!("the object `{}`", kind().name),
            Self::List(_) => "a list".into(),
        }
    }

    fn same(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
            || matches!(self, Self::Null)
            || matches!(other, Self::Null)
    }
}

impl Item {
    fn as_type(self) -> Type {
        match self {
            Self::Any => Type::Null,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::Text => Type::Text,
            Self::Object(kind) => Type::Object(kind),
        }
    }
}

/// A checked expression and the facts of the subject that it reads.
pub(super) struct Checked {
    pub(super) expression: Expression,
    pub(super) reads: Vec<String>,
}

/// What an expression is needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It decides: it must be a boolean.
    Condition,
    /// It names a fact.
    Path,
}

/// Parses and checks an expression about a subject.
pub(super) fn check(text: &str, subject: fn() -> &'static Kind, role: Role) -> Result<Checked, Complaint> {
    if text.len() > LONGEST {
        let message = format!("the expression has {} bytes; at most {LONGEST} are accepted", text.len());
        let help = "move part of it into a fact of the model, where every rule can use it";
        return Err(Complaint { message, help: help.into(), range: None });
    }
    let parser = cel::parser::Parser::new().max_recursion_depth(64);
    let (tree, places) = parser.parse_with_source_info(text).map_err(|errors| syntax(text, &errors))?;
    let mut checker = Checker { text, places: &places, subject, locals: Vec::new(), reads: Vec::new() };
    let (expression, kind) = checker.expression(&tree)?;
    if role == Role::Condition && !matches!(kind, Type::Bool) {
        let message = format!("the expression gives {}, where true or false is needed", kind.name());
        return Err(checker.complain(&tree, message, "compare it, or use has(…)"));
    }
    if role == Role::Path && !is_path(&expression) {
        let message = "not the path of a fact";
        return Err(checker.complain(&tree, message, "write it like `alert.runbook.url`"));
    }
    let mut reads = checker.reads;
    reads.dedup();
    Ok(Checked { expression, reads })
}

fn is_path(expression: &Expression) -> bool {
    match expression {
        Expression::Subject | Expression::Targets => true,
        Expression::Field(operand, _) | Expression::Label(operand, _) => is_path(operand),
        _ => false,
    }
}

fn syntax(text: &str, errors: &cel::ParseErrors) -> Complaint {
    let first = errors.errors.first();
    let at = first.map(|error| {
        let line = usize::try_from(error.pos.0 - 1).unwrap_or(0);
        let column = usize::try_from(error.pos.1 - 1).unwrap_or(0);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let offset = text[start..].char_indices().nth(column).map_or(text.len(), |(at, _)| start + at);
        (offset, (offset + 1).min(text.len()))
    });
    let message = first.map_or("not an expression", |error| error.msg.as_str());
    let message = format!("the expression cannot be read: {message}");
    Complaint { message, help: "rules are written in the Common Expression Language (cel.dev)".into(), range: at }
}

struct Checker<'t> {
    text: &'t str,
    places: &'t cel::common::ast::SourceInfo,
    subject: fn() -> &'static Kind,
    locals: Vec<(String, Type)>,
    reads: Vec<String>,
}

type Result1 = Result<(Expression, Type), Complaint>;

impl Checker<'_> {
    fn complain(&self, at: &IdedExpr, message: impl Into<String>, help: impl Into<String>) -> Complaint {
        let range = self.places.offset_for(at.id).map(|(start, stop)| {
            // The parser counts characters and includes the last one.
            let byte = |index: u32| self.text.char_indices().nth(index as usize).map_or(self.text.len(), |(at, _)| at);
            (byte(start), byte(stop + 1))
        });
        Complaint { message: message.into(), help: help.into(), range }
    }

    fn expression(&mut self, at: &IdedExpr) -> Result1 {
        match &at.expr {
            Expr::Literal(literal) => self.literal(at, literal),
            Expr::Ident(name) => self.name(at, name),
            Expr::Select(select) => self.select(at, &select.operand, &select.field, select.test),
            Expr::Call(call) => self.call(at, call),
            Expr::List(list) => {
                let mut items = Vec::new();
                let mut item_type = Item::Any;
                for element in &list.elements {
                    let (item, kind) = self.expression(element)?;
                    item_type = kind.item();
                    items.push(item);
                }
                Ok((Expression::List(items), Type::List(item_type)))
            }
            Expr::Comprehension(fold) => self.fold(fold),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                Err(self.complain(at, "maps and structs have no use in rules", "compare single facts"))
            }
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "literals in rules are small")]
    fn literal(&self, at: &IdedExpr, literal: &LiteralValue) -> Result1 {
        Ok(match literal {
            LiteralValue::Boolean(value) => (Expression::Bool(**value), Type::Bool),
            LiteralValue::Double(value) => (Expression::Number(**value), Type::Number),
            LiteralValue::Int(value) => (Expression::Number(**value as f64), Type::Number),
            LiteralValue::UInt(value) => (Expression::Number(**value as f64), Type::Number),
            LiteralValue::String(value) => (Expression::Text(value.inner().into()), Type::Text),
            LiteralValue::Null => (Expression::Null, Type::Null),
            LiteralValue::Bytes(_) => return Err(self.complain(at, "bytes have no use in rules", "write a string")),
        })
    }

    fn name(&mut self, at: &IdedExpr, name: &str) -> Result1 {
        if let Some(index) = self.locals.iter().rposition(|(local, _)| local == name) {
            return Ok((Expression::Local(index), self.locals[index].1));
        }
        let subject = (self.subject)().name;
        if name == subject {
            self.reads.push(name.to_owned());
            return Ok((Expression::Subject, Type::Object(self.subject)));
        }
        if name == "targets" {
            return Ok((Expression::Targets, Type::Object(crate::model::Targets::described)));
        }
        let known = [subject, "targets"].into_iter().chain(self.locals.iter().map(|(name, _)| name.as_str()));
        let help = nearest(name, known).map_or_else(
            || format!("this rule is about `{subject}`; start a path with it"),
            |near| format!("did you mean `{near}`?"),
        );
        Err(self.complain(at, format!("unknown name `{name}`"), help))
    }

    fn select(&mut self, at: &IdedExpr, operand: &IdedExpr, field: &str, test: bool) -> Result1 {
        let before = self.reads.len();
        let (inner, kind) = self.expression(operand)?;
        let (expression, kind) = match kind {
            Type::Object(described) => {
                let described = described();
                let Some((number, found)) = described.field(field) else {
                    let near = nearest(field, described.fields.iter().map(|field| field.name));
                    let help = near.map_or_else(
                        || {
                            let names: Vec<&str> = described.fields.iter().map(|field| field.name).collect();
                            format!("`{}` has: {}", described.name, names.join(", "))
                        },
                        |near| format!("did you mean `{near}`?"),
                    );
                    return Err(self.complain(at, format!("`{}` has no fact `{field}`", described.name), help));
                };
                (Expression::Field(Box::new(inner), number), Type::of(found.shape))
            }
            Type::Labels => (Expression::Label(Box::new(inner), field.into()), Type::Text),
            other => {
                let message = format!("`{field}` is asked of {}, which has no facts", other.name());
                return Err(self.complain(at, message, "only objects have facts"));
            }
        };
        // A path is remembered whole: `alert`, then `alert.runbook`, become `alert.runbook.url`.
        if self.reads.len() == before + 1
            && let Some(path) = self.reads.last_mut()
        {
            path.push('.');
            path.push_str(field);
        }
        if test {
            return Ok((Expression::Has(Box::new(expression)), Type::Bool));
        }
        Ok((expression, kind))
    }

    fn condition(&mut self, at: &IdedExpr) -> Result<Box<Expression>, Complaint> {
        let (expression, kind) = self.expression(at)?;
        if matches!(kind, Type::Bool | Type::Null) {
            return Ok(Box::new(expression));
        }
        let message = format!("{} stands where true or false is needed", kind.name());
        Err(self.complain(at, message, "compare it, or use has(…)"))
    }

    fn call(&mut self, at: &IdedExpr, call: &CallExpr) -> Result1 {
        let arguments = call.args.as_slice();
        let boxed = |(expression, kind)| (Box::new(expression), kind);
        Ok(match (call.func_name.as_str(), call.target.as_deref(), arguments) {
            (op::LOGICAL_AND, None, [left, right]) => {
                (Expression::And(self.condition(left)?, self.condition(right)?), Type::Bool)
            }
            (op::LOGICAL_OR, None, [left, right]) => {
                (Expression::Or(self.condition(left)?, self.condition(right)?), Type::Bool)
            }
            (op::LOGICAL_NOT, None, [operand]) => (Expression::Not(self.condition(operand)?), Type::Bool),
            (op::NOT_STRICTLY_FALSE, None, [operand]) => {
                (Expression::Not(Box::new(Expression::Not(self.condition(operand)?))), Type::Bool)
            }
            (op::NEGATE, None, [operand]) => (Expression::Negate(self.number(operand)?), Type::Number),
            (op::CONDITIONAL, None, [condition, yes, no]) => {
                let condition = self.condition(condition)?;
                let (yes, kind) = boxed(self.expression(yes)?);
                let (no, other) = boxed(self.expression(no)?);
                if !kind.same(other) {
                    let message = format!("one branch gives {}, the other {}", kind.name(), other.name());
                    return Err(self.complain(at, message, "give both branches one type"));
                }
                (Expression::Conditional(condition, yes, no), kind)
            }
            (op::IN, None, [item, list]) => {
                let (item, _) = boxed(self.expression(item)?);
                let (list, kind) = boxed(self.expression(list)?);
                if !matches!(kind, Type::List(_) | Type::Labels) {
                    return Err(self.complain(at, format!("`in` looks into {}", kind.name()), "give it a list"));
                }
                (Expression::In(item, list), Type::Bool)
            }
            (op::INDEX, None, [operand, index]) => self.label(at, operand, index)?,
            ("size", None, [operand]) | ("size", Some(operand), []) => {
                let (operand, kind) = boxed(self.expression(operand)?);
                if !matches!(kind, Type::List(_) | Type::Labels | Type::Text) {
                    return Err(self.complain(at, format!("{} has no size", kind.name()), "give it a list"));
                }
                (Expression::Size(operand), Type::Number)
            }
            ("matches", Some(text), [pattern]) => self.matches(at, text, pattern)?,
            (name, Some(text), [part]) if text_test(name).is_some() => {
                let (text, part) = (self.text(text)?, self.text(part)?);
                let test = text_test(name).unwrap_or(TextTest::Contains);
                (Expression::TextTest(test, text, part), Type::Bool)
            }
            (name, None, [left, right]) if comparison(name).is_some() => self.compare(at, name, left, right)?,
            (name, None, [left, right]) if operation(name).is_some() => self.arithmetic(at, name, left, right)?,
            (name, ..) => {
                let known =
                    ["size", "matches", "startsWith", "endsWith", "contains", "has", "exists", "all", "filter", "map"];
                let help = nearest(name, known).map_or_else(
                    || format!("functions: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(self.complain(at, format!("unknown function `{name}`"), help));
            }
        })
    }

    fn typed(&mut self, at: &IdedExpr, wanted: Type) -> Result<Box<Expression>, Complaint> {
        let (expression, kind) = self.expression(at)?;
        if kind.same(wanted) {
            return Ok(Box::new(expression));
        }
        Err(self.complain(at, format!("{} stands where {} is needed", kind.name(), wanted.name()), ""))
    }

    fn number(&mut self, at: &IdedExpr) -> Result<Box<Expression>, Complaint> {
        self.typed(at, Type::Number)
    }

    fn text(&mut self, at: &IdedExpr) -> Result<Box<Expression>, Complaint> {
        self.typed(at, Type::Text)
    }

    fn label(&mut self, at: &IdedExpr, operand: &IdedExpr, index: &IdedExpr) -> Result1 {
        let (operand, kind) = self.expression(operand)?;
        match (kind, &index.expr) {
            (Type::Labels, Expr::Literal(LiteralValue::String(name))) => {
                Ok((Expression::Label(Box::new(operand), Text::from(name.inner())), Type::Text))
            }
            _ => Err(self.complain(at, "only labels are read by index, with a string", "use exists(…) on a list")),
        }
    }

    fn matches(&mut self, at: &IdedExpr, text: &IdedExpr, pattern: &IdedExpr) -> Result1 {
        let text = self.text(text)?;
        let Expr::Literal(LiteralValue::String(pattern)) = &pattern.expr else {
            return Err(self.complain(at, "the pattern of `matches` must be a literal", "write it in quotes"));
        };
        match regex::Regex::new(pattern.inner()) {
            Ok(pattern) => Ok((Expression::Matches(text, pattern), Type::Bool)),
            Err(error) => Err(self.complain(at, format!("not a regular expression: {error}"), "")),
        }
    }

    fn compare(&mut self, at: &IdedExpr, name: &str, left: &IdedExpr, right: &IdedExpr) -> Result1 {
        let comparison = comparison(name).unwrap_or(Comparison::Equal);
        let (left, left_type) = self.expression(left)?;
        let (right, right_type) = self.expression(right)?;
        let ordered = matches!(left_type, Type::Number | Type::Text | Type::Null);
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let object = matches!((left_type, right_type), (Type::Object(_), Type::Object(_)));
        if !left_type.same(right_type) || object || !(equality || ordered) {
            let message = format!("{} is compared with {}", left_type.name(), right_type.name());
            return Err(self.complain(at, message, "compare two numbers, two strings or two booleans"));
        }
        Ok((Expression::Compare(comparison, Box::new(left), Box::new(right)), Type::Bool))
    }

    fn arithmetic(&mut self, at: &IdedExpr, name: &str, left: &IdedExpr, right: &IdedExpr) -> Result1 {
        let operation = operation(name).unwrap_or(Operation::Add);
        let (left, left_type) = self.expression(left)?;
        let (right, right_type) = self.expression(right)?;
        let adds = operation == Operation::Add;
        let kind = match (left_type, right_type) {
            (Type::Number, Type::Number) => Type::Number,
            (Type::Text, Type::Text) if adds => Type::Text,
            (Type::List(Item::Any), Type::List(item)) | (Type::List(item), Type::List(_)) if adds => Type::List(item),
            _ => {
                let message = format!("{} and {} cannot be calculated with", left_type.name(), right_type.name());
                return Err(self.complain(at, message, ""));
            }
        };
        Ok((Expression::Arithmetic(operation, Box::new(left), Box::new(right)), kind))
    }

    fn fold(&mut self, fold: &cel::common::ast::ComprehensionExpr) -> Result1 {
        let (range, kind) = self.expression(&fold.iter_range)?;
        let Type::List(item) = kind else {
            let message = format!("{} is iterated, which is no list", kind.name());
            return Err(self.complain(&fold.iter_range, message, "give it a list"));
        };
        let (initial, mut accumulator) = self.expression(&fold.accu_init)?;
        let depth = self.locals.len();
        self.locals.push((fold.accu_var.clone(), accumulator));
        self.locals.push((fold.iter_var.clone(), item.as_type()));
        let (step, stepped) = self.expression(&fold.loop_step)?;
        self.locals.truncate(depth);
        if matches!(accumulator, Type::List(Item::Any)) {
            accumulator = stepped;
        }
        self.locals.push((fold.accu_var.clone(), accumulator));
        let (result, kind) = self.expression(&fold.result)?;
        self.locals.truncate(depth);
        Ok((Expression::Fold(Box::new(Fold { range, initial, step, result })), kind))
    }
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        op::EQUALS => Comparison::Equal,
        op::NOT_EQUALS => Comparison::NotEqual,
        op::LESS => Comparison::Less,
        op::LESS_EQUALS => Comparison::LessOrEqual,
        op::GREATER => Comparison::Greater,
        op::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        op::ADD => Operation::Add,
        op::SUBSTRACT => Operation::Subtract,
        op::MULTIPLY => Operation::Multiply,
        op::DIVIDE => Operation::Divide,
        op::MODULO => Operation::Remainder,
        _ => return None,
    })
}

fn text_test(name: &str) -> Option<TextTest> {
    Some(match name {
        "startsWith" => TextTest::StartsWith,
        "endsWith" => TextTest::EndsWith,
        "contains" => TextTest::Contains,
        _ => return None,
    })
}
