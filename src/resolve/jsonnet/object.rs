//! Objects: layers that add to and override each other. Uses `source`.

use std::collections::BTreeMap;
use std::rc::Rc;

use indexmap::IndexMap;
use rsjsonnet_lang::ast::{Field as WrittenField, FieldName, Member, ObjInside, Visibility};

use super::machine::{Machine, Result};
use super::value::{Body, Field, Function, Layer, Made, Name, Object, ObjectId, Scope, Stop, Thunk, ThunkId, Value};
use crate::source::Span;

/// How many layers an object may have.
const MOST_LAYERS: usize = 2_000;

impl<'p> Machine<'p, '_> {
    /// An object of one layer.
    pub(super) fn object(&mut self, inside: &'p ObjInside<'p, 'p>, scope: &Rc<Scope<'p>>) -> Result<ObjectId> {
        let mut fields = IndexMap::new();
        let mut locals = Vec::new();
        match inside {
            ObjInside::Members(members) => {
                for member in *members {
                    match member {
                        Member::Local(local) => locals.push(local),
                        Member::Assert(_) => {}
                        Member::Field(field) => {
                            if let Some((name, field)) = self.field(field, scope)? {
                                fields.insert(name, field);
                            }
                        }
                    }
                }
            }
            ObjInside::Comp { locals1, name, plus, body, locals2, comp_spec } => {
                locals.extend(locals1.iter().chain(*locals2));
                for turn in self.comprehend(comp_spec, scope)? {
                    let made = self.eval(name, &turn)?;
                    if matches!(made.value, Value::Null) {
                        continue;
                    }
                    let named = self.as_name(&made)?;
                    let field = Field {
                        visibility: Visibility::Default,
                        plus: *plus,
                        body: Body::Value(body),
                        span: made.span,
                        scope: Some(turn),
                    };
                    fields.insert(named, field);
                }
            }
        }
        self.charge(fields.len())?;
        Ok(self.layered(vec![Rc::new(Layer { fields, locals, scope: Rc::clone(scope) })]))
    }

    /// A field as it is written; none where its name is `null`.
    fn field(
        &mut self,
        field: &'p WrittenField<'p, 'p>,
        scope: &Rc<Scope<'p>>,
    ) -> Result<Option<(Name<'p>, Field<'p>)>> {
        let (name, span) = match field.name() {
            FieldName::Ident(ident) => (ident.value, self.place(ident.span)),
            FieldName::String(name, span) => (*name, self.place(*span)),
            FieldName::Expr(tree, span) => {
                let made = match field {
                    WrittenField::Value(FieldName::Expr(tree, _), ..)
                    | WrittenField::Func(FieldName::Expr(tree, _), ..) => self.eval(tree, scope)?,
                    _ => return Err(Stop::new("a field has no name", self.place(tree.span))),
                };
                if matches!(made.value, Value::Null) {
                    return Ok(None);
                }
                (self.as_name(&made)?, self.place(*span))
            }
        };
        let (plus, visibility, body) = match field {
            WrittenField::Value(_, plus, visibility, tree) => (*plus, *visibility, Body::Value(tree)),
            WrittenField::Func(_, params, _, visibility, tree) => (false, *visibility, Body::Function(params, tree)),
        };
        Ok(Some((name, Field { visibility, plus, body, span, scope: None })))
    }

    pub(super) fn layered(&mut self, layers: Vec<Rc<Layer<'p>>>) -> ObjectId {
        let object = Object { layers: layers.into(), asked: BTreeMap::new(), scopes: BTreeMap::new() };
        self.objects.push(object);
        ObjectId(u32::try_from(self.objects.len() - 1).unwrap_or(u32::MAX))
    }

    /// An object of values that are there already.
    pub(super) fn record(&mut self, fields: Vec<(Name<'p>, Span, ThunkId)>) -> Result<ObjectId> {
        self.charge(fields.len())?;
        Ok(self.unmetered(fields))
    }

    /// The same, of what this crate makes by itself.
    pub(super) fn unmetered(&mut self, fields: Vec<(Name<'p>, Span, ThunkId)>) -> ObjectId {
        let fields = fields
            .into_iter()
            .map(|(name, span, thunk)| {
                let body = Body::Made(thunk);
                (name, Field { visibility: Visibility::Default, plus: false, body, span, scope: None })
            })
            .collect();
        let scope = Scope { names: Vec::new(), outer: None, this: None, dollar: None, depth: 0 };
        self.layered(vec![Rc::new(Layer { fields, locals: Vec::new(), scope: Rc::new(scope) })])
    }

    /// `base + extension`
    pub(super) fn extended(&mut self, base: ObjectId, extension: ObjectId) -> Result<ObjectId> {
        let below = Rc::clone(&self.objects[base.0 as usize].layers);
        let above = Rc::clone(&self.objects[extension.0 as usize].layers);
        let count = below.len() + above.len();
        if count > MOST_LAYERS {
            return Err(Stop::new("an object is added to too often", None));
        }
        self.charge(count)?;
        Ok(self.layered(below.iter().chain(above.iter()).map(Rc::clone).collect()))
    }

    /// The topmost layer below `limit` that has a field.
    fn layer_with(&self, object: ObjectId, name: Name<'p>, limit: usize) -> Option<usize> {
        let layers = &self.objects[object.0 as usize].layers;
        (0..layers.len().min(limit)).rev().find(|layer| layers[*layer].fields.contains_key(&name))
    }

    /// Whether there is a field in the layers below `limit`.
    pub(super) fn has(&self, object: ObjectId, name: Name<'p>, limit: usize, hidden: bool) -> bool {
        self.layer_with(object, name, limit).is_some() && (hidden || self.is_visible(object, name))
    }

    fn is_visible(&self, object: ObjectId, name: Name<'p>) -> bool {
        let layers = &self.objects[object.0 as usize].layers;
        let said = layers.iter().rev().filter_map(|layer| layer.fields.get(&name)).map(|field| field.visibility);
        let decided = said.into_iter().find(|visibility| *visibility != Visibility::Default);
        decided != Some(Visibility::Hidden)
    }

    /// Its fields in the order of their names.
    pub(super) fn fields(&mut self, object: ObjectId, hidden: bool) -> Result<Vec<Name<'p>>> {
        let layers = Rc::clone(&self.objects[object.0 as usize].layers);
        let mut seen: BTreeMap<&'p str, (Name<'p>, bool)> = BTreeMap::new();
        for layer in layers.iter() {
            self.charge(layer.fields.len() / 2 + 1)?;
            for (name, field) in &layer.fields {
                let entry = seen.entry(name.value()).or_insert((*name, true));
                match field.visibility {
                    Visibility::Default => {}
                    Visibility::Hidden => entry.1 = false,
                    Visibility::ForceVisible => entry.1 = true,
                }
            }
        }
        Ok(seen.into_values().filter(|(_, visible)| hidden || *visible).map(|(name, _)| name).collect())
    }

    /// Where the name of a field stands.
    pub(super) fn place_of(&self, object: ObjectId, name: Name<'p>) -> Span {
        let layer = self.layer_with(object, name, usize::MAX);
        let layers = &self.objects[object.0 as usize].layers;
        layer.and_then(|layer| layers[layer].fields.get(&name)).map(|field| field.span).unwrap_or_default()
    }

    /// A thunk of a field, from the layers below `limit`.
    pub(super) fn ask(&mut self, object: ObjectId, name: Name<'p>, limit: usize) -> Option<ThunkId> {
        let layer = self.layer_with(object, name, limit)?;
        if let Some(thunk) = self.objects[object.0 as usize].asked.get(&(layer, name)) {
            return Some(*thunk);
        }
        let thunk = self.thunk(Thunk::Field(object, layer, name));
        self.objects[object.0 as usize].asked.insert((layer, name), thunk);
        Some(thunk)
    }

    /// The value of a field, from the layers below `limit`.
    pub(super) fn get(&mut self, object: ObjectId, name: Name<'p>, limit: usize) -> Result<Option<Made<'p>>> {
        self.charge(1)?;
        self.ask(object, name, limit).map(|thunk| self.force(thunk)).transpose()
    }

    /// Evaluates the field of one layer.
    pub(super) fn field_of(&mut self, object: ObjectId, layer: usize, name: Name<'p>) -> Result<Made<'p>> {
        let layers = Rc::clone(&self.objects[object.0 as usize].layers);
        let written = &layers[layer];
        let Some(field) = written.fields.get(&name) else { return Err(Stop::new("a field is gone", None)) };
        let own = match &field.body {
            Body::Made(thunk) => self.force(*thunk)?,
            Body::Value(tree) => {
                let scope = self.scope_of(object, layer, written, field)?;
                self.eval(tree, &scope)?
            }
            Body::Function(params, body) => {
                let scope = self.scope_of(object, layer, written, field)?;
                let function = Function::Written { params, body, scope };
                Made { value: Value::Function(Rc::new(function)), span: field.span }
            }
        };
        if !field.plus {
            return Ok(own);
        }
        let span = own.span;
        match self.get(object, name, layer)? {
            Some(below) => self.add(&below, &own, span),
            None => Ok(own),
        }
    }

    /// What a field sees: what its braces see, the object, and the locals of the braces.
    fn scope_of(
        &mut self,
        object: ObjectId,
        number: usize,
        layer: &Layer<'p>,
        field: &Field<'p>,
    ) -> Result<Rc<Scope<'p>>> {
        if field.scope.is_none()
            && let Some(known) = self.objects[object.0 as usize].scopes.get(&number)
        {
            return Ok(Rc::clone(known));
        }
        let outer = field.scope.as_ref().unwrap_or(&layer.scope);
        let dollar = outer.dollar.unwrap_or(object);
        let scope =
            self.bind(layer.locals.iter().map(|local| &local.bind), outer, Some((object, number)), Some(dollar))?;
        if field.scope.is_none() {
            self.objects[object.0 as usize].scopes.insert(number, Rc::clone(&scope));
        }
        Ok(scope)
    }
}
