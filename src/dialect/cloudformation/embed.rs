//! Stacks within the model of another one: those that it nests, with the parameters that it passes, and those whose exports it
//! imports, as they are by default.
//!
//! All of them share one builder, which is handed to the resolver that is at work.

use rustc_hash::FxHashMap;

use super::function;
use super::resolve::Resolver;
use super::resources::{Declared, SPARE_BUDGET};
use super::scenario::Scenario;
use super::stacks::Stacks;
use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::dialect::projects::{CIRCULAR_PROJECT, MAX_NESTING};
use crate::document::{EntryRef, NodeRef};
use crate::model::{Data, Limit, Place, ResourceIdx, Unknown, ValueId};
use crate::source::Span;

/// How many stacks one model may consist of.
const MAX_STACKS: usize = 256;

/// Where a resolver stands among the stacks of the project.
#[derive(Debug)]
pub(super) struct Position<'t, 'd> {
    pub(super) stacks: &'t Stacks<'d>,
    /// The stack of the resolver.
    pub(super) own: usize,
    /// The stacks around it.
    within: Vec<usize>,
    /// In front of the logical ids.
    pub(super) prefix: String,
    /// The resources that nest it, the outermost first.
    pub(super) callers: Vec<Span>,
    /// What is passed for its parameters; unknown for all others when the caller's list is.
    given: FxHashMap<usize, ValueId>,
    passes_unknown: bool,
    nested: FxHashMap<&'t str, Slot<'t, 'd>>,
    imported: FxHashMap<usize, Slot<'t, 'd>>,
    /// How many stacks were entered so far.
    n_stacks: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
enum Slot<'t, 'd> {
    /// Being made: it waits for itself.
    Pending,
    /// Not followed.
    Refused,
    Ready(Box<Embedded<'t, 'd>>),
}

#[derive(Debug)]
struct Embedded<'t, 'd> {
    /// Taken out while it is at work.
    resolver: Option<Resolver<'t, 'd>>,
    present: Vec<(ResourceIdx, &'t Declared<'d>)>,
    is_filled: bool,
}

/// Which stack within another one.
#[derive(Debug, Clone, Copy)]
enum Which<'t> {
    Nested(&'t str),
    Imported(usize),
}

impl<'t, 'd> Position<'t, 'd> {
    /// That of a stack which is a root.
    pub(super) fn root(stacks: &'t Stacks<'d>, own: usize) -> Self {
        Self {
            stacks,
            own,
            within: Vec::new(),
            prefix: String::new(),
            callers: Vec::new(),
            given: FxHashMap::default(),
            passes_unknown: false,
            nested: FxHashMap::default(),
            imported: FxHashMap::default(),
            n_stacks: 0,
            diagnostics: Vec::new(),
        }
    }

    fn slot(&mut self, which: Which<'t>) -> Option<&mut Slot<'t, 'd>> {
        match which {
            Which::Nested(name) => self.nested.get_mut(name),
            Which::Imported(stack) => self.imported.get_mut(&stack),
        }
    }
}

impl<'t, 'd> Resolver<'t, 'd> {
    /// What the caller passes for a parameter; `None` where it passes nothing.
    pub(super) fn given(&mut self, parameter: usize, place: Place) -> Option<ValueId> {
        let position = self.position.as_ref()?;
        let Some(value) = position.given.get(&parameter).copied() else {
            let is_pseudo = self.template.parameters[parameter].is_pseudo();
            let is_open = position.passes_unknown && !is_pseudo;
            return is_open.then(|| self.builder.values.unknown(Unknown::Parameter, place));
        };
        let template = self.template;
        if let Some(text) = self.plain_text(value).map(|text| text.into_owned()) {
            return Some(self.shaped(template.parameters[parameter].shape(&text), Unknown::Parameter, place));
        }
        if let Data::Reference(idx) = self.builder.values.data(value)
            && self.is_foreign
        {
            self.builder.draft_mut(idx).exported = true;
        }
        Some(self.builder.values.copy_at(value, place))
    }

    /// The output of a nested stack; `None` where the stack is not among the files.
    pub(super) fn nested_output(&mut self, name: &str, output: &str, place: Place) -> Option<ValueId> {
        let declared = self.nested_declared(name)?;
        let which = self.embed_nested(declared)?;
        let found = self.within(which, |resolver| {
            let outputs = resolver.template.outputs?;
            let entry = outputs.get(output)?.entry("Value")?;
            resolver.value(entry.value, entry.key.span())
        });
        Some(self.handed_out(found.flatten(), place))
    }

    /// What is imported by a name; `None` where no file exports it.
    pub(super) fn imported(&mut self, name: &str, place: Place) -> Option<ValueId> {
        let position = self.position.as_ref()?;
        let (stack, output) = position.stacks.exporter(position.own, name)?;
        let which = self.embed_imported(stack, output)?;
        let found = self.within(which, |resolver| {
            let entry = output.value.entry("Value")?;
            resolver.value(entry.value, entry.key.span())
        });
        Some(self.handed_out(found.flatten(), place))
    }

    fn handed_out(&mut self, value: Option<ValueId>, place: Place) -> ValueId {
        let Some(value) = value else { return self.builder.values.unknown(Unknown::Outside, place) };
        if let Data::Reference(idx) = self.builder.values.data(value)
            && self.is_foreign
        {
            self.builder.draft_mut(idx).exported = true;
        }
        self.builder.values.copy_at(value, place)
    }

    /// The nested stack of a name, where its template is among the files.
    fn nested_declared(&self, name: &str) -> Option<&'t Declared<'d>> {
        let position = self.position.as_ref()?;
        let declared = position.stacks.list[position.own].declarations.find(name)?;
        self.follows(declared).then_some(declared)
    }

    /// Whether a resource is a nested stack that is followed.
    pub(super) fn follows(&self, declared: &Declared<'d>) -> bool {
        let nested = self
            .position
            .as_ref()
            .and_then(|position| position.stacks.nested(position.own, declared.type_name(), declared.body()));
        nested.is_some()
    }

    fn embed_nested(&mut self, declared: &'t Declared<'d>) -> Option<Which<'t>> {
        let name = declared.id();
        let position = self.position.as_mut()?;
        match position.nested.get(name) {
            Some(Slot::Ready(_)) => return Some(Which::Nested(name)),
            Some(_) => return None,
            None => {}
        }
        let stack = position.stacks.nested(position.own, declared.type_name(), declared.body())?;
        position.nested.insert(name, Slot::Pending);
        let slot = match self.may_enter(stack, declared.key()) {
            false => Slot::Refused,
            true => {
                let (given, passes_unknown) = self.passed(stack, declared.body());
                let position = self.position.as_ref()?;
                let mut inner = Position::root(position.stacks, stack);
                inner.prefix = format!("{}{name}/", position.prefix);
                inner.callers = position.callers.iter().copied().chain([declared.key()]).collect();
                (inner.given, inner.passes_unknown) = (given, passes_unknown);
                self.embed(inner)
            }
        };
        let is_ready = matches!(slot, Slot::Ready(_));
        self.position.as_mut()?.nested.insert(name, slot);
        is_ready.then_some(Which::Nested(name))
    }

    fn embed_imported(&mut self, stack: usize, output: EntryRef<'d>) -> Option<Which<'t>> {
        let position = self.position.as_mut()?;
        match position.imported.get(&stack) {
            Some(Slot::Ready(_)) => return Some(Which::Imported(stack)),
            Some(_) => return None,
            None => {}
        }
        // Stacks that import from each other cannot be deployed; each is looked at without the other.
        if position.within.contains(&stack) || position.own == stack {
            return None;
        }
        position.imported.insert(stack, Slot::Pending);
        let slot = match self.may_enter(stack, output.key.span()) {
            false => Slot::Refused,
            true => {
                let position = self.position.as_ref()?;
                self.embed(Position::root(position.stacks, stack))
            }
        };
        let is_ready = matches!(slot, Slot::Ready(_));
        self.position.as_mut()?.imported.insert(stack, slot);
        is_ready.then_some(Which::Imported(stack))
    }

    /// Whether a stack may be entered; says why not.
    fn may_enter(&mut self, stack: usize, at: Span) -> bool {
        let Some(position) = self.position.as_mut() else { return false };
        position.n_stacks += 1;
        if position.own == stack || position.within.contains(&stack) {
            let mut found =
                Diagnostic::new(CIRCULAR_PROJECT, Severity::Error, at, "nested stack contains itself");
            found.related =
                position.callers.iter().map(|span| Label::new(*span, "called from here")).collect();
            position.diagnostics.push(found.with_help("nest another template, or take the stack out"));
            return false;
        }
        if position.within.len() > MAX_NESTING || position.n_stacks > MAX_STACKS {
            let deep = Limit::new("stacks in one another", MAX_NESTING);
            let many = Limit::new("stacks for one template", MAX_STACKS);
            let limit = if position.within.len() > MAX_NESTING { deep } else { many };
            let found = Diagnostic::from(&limit.at(at));
            let is_like = |other: &Diagnostic| {
                other.message == found.message && other.primary.span.file == found.primary.span.file
            };
            if !position.diagnostics.iter().any(is_like) {
                position.diagnostics.push(found);
            }
            return false;
        }
        true
    }

    /// What is passed for the parameters of a nested stack, and whether more may be passed.
    fn passed(&mut self, stack: usize, body: NodeRef<'d>) -> (FxHashMap<usize, ValueId>, bool) {
        let mut given = FxHashMap::default();
        let Some(stacks) = self.position.as_ref().map(|position| position.stacks) else {
            return (given, true);
        };
        let Some(parameters) = body.at(&["Properties", "Parameters"]) else { return (given, false) };
        if function::call(parameters).is_some() || body.get("Fn::Transform").is_some() {
            return (given, true);
        }
        let foreign = std::mem::replace(&mut self.is_foreign, false);
        for entry in parameters.entries() {
            let Some(parameter) = stacks.list[stack].template.parameter(entry.name()) else { continue };
            if let Some(value) = self.value(entry.value, entry.key.span()) {
                given.insert(parameter, value);
            }
        }
        self.is_foreign = foreign;
        (given, false)
    }

    /// Declares the resources of a stack within this one.
    fn embed(&mut self, mut inner: Position<'t, 'd>) -> Slot<'t, 'd> {
        let Some(position) = &self.position else { return Slot::Refused };
        inner.within = position.within.iter().copied().chain([position.own]).collect();
        let stack = &inner.stacks.list[inner.own];
        let budget = stack.n_nodes * 2 + SPARE_BUDGET;
        let mut resolver = Resolver::new(&stack.template, Scenario::default(), budget);
        resolver.position = Some(Box::new(inner));
        self.hand_over(&mut resolver);
        let present = stack.declarations.declare(&mut resolver);
        resolver.hand_over(self);
        Slot::Ready(Box::new(Embedded { resolver: Some(resolver), present, is_filled: false }))
    }

    /// Lets a stack within this one work with the builder; `None` where it is at work already.
    fn within<T>(&mut self, which: Which<'t>, work: impl FnOnce(&mut Resolver<'t, 'd>) -> T) -> Option<T> {
        let Slot::Ready(embedded) = self.position.as_mut()?.slot(which)? else { return None };
        let mut resolver = embedded.resolver.take()?;
        self.hand_over(&mut resolver);
        resolver.depth = self.depth;
        let result = work(&mut resolver);
        resolver.hand_over(self);
        let position = self.position.as_mut()?;
        if let Some(inner) = &mut resolver.position {
            position.diagnostics.append(&mut inner.diagnostics);
        }
        if let Some(Slot::Ready(embedded)) = position.slot(which) {
            embedded.resolver = Some(resolver);
        }
        Some(result)
    }

    /// Gives what all stacks share to another one.
    fn hand_over(&mut self, to: &mut Resolver<'t, 'd>) {
        to.builder = std::mem::take(&mut self.builder);
        if let (Some(own), Some(other)) = (&self.position, &mut to.position) {
            other.n_stacks = own.n_stacks;
        }
    }

    /// Makes the nested stacks among the resources, and fills in all stacks within this one.
    pub(super) fn fill_embedded(&mut self, present: &[(ResourceIdx, &'t Declared<'d>)]) {
        for (_, declared) in present {
            if self.follows(declared) {
                self.embed_nested(declared);
            }
        }
        while let Some((which, present)) = self.next_unfilled() {
            self.within(which, |resolver| {
                let is_imported = matches!(which, Which::Imported(_));
                resolver.fill_all(&present, is_imported);
            });
        }
    }

    fn next_unfilled(&mut self) -> Option<(Which<'t>, Vec<(ResourceIdx, &'t Declared<'d>)>)> {
        let position = self.position.as_mut()?;
        // In the order of writing, so that nothing depends on the table.
        let stack = &position.stacks.list[position.own];
        let nested = stack.declarations.ids().map(Which::Nested);
        let imported = (0..position.stacks.list.len()).map(Which::Imported);
        for which in nested.chain(imported) {
            if let Some(Slot::Ready(embedded)) = position.slot(which)
                && !embedded.is_filled
            {
                embedded.is_filled = true;
                return Some((which, std::mem::take(&mut embedded.present)));
            }
        }
        None
    }

    /// Marks what comes out of a nested stack as used by something that is not known.
    pub(super) fn export_nested(&mut self, name: &str) {
        let Some(declared) = self.nested_declared(name) else { return };
        let which = Which::Nested(declared.id());
        self.within(which, |resolver| {
            if let Some(outputs) = resolver.template.outputs {
                resolver.mention(outputs);
            }
        });
    }
}
