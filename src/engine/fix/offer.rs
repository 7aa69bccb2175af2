//! From the fix of a rule and a failure to edits, when the files allow it.

use rustc_hash::FxHashSet;

use super::known::{Known, MAX_DEPTH, SECTIONS};
use crate::catalog::Rule;
use crate::diagnostic::{Applicability, Edit, Fix};
use crate::dialect::write::{Documents, Part, Reach, Writer};
use crate::dialect::{Dialect, tables};
use crate::edit::{New, Refusal};
use crate::engine::wording::Spelling;
use crate::model::{Data, Model, Origin, Resource, ResourceIdx, ValueId, Values};
use crate::policy::{Failure, FailurePlace, FixAction, FixAt, FixPath, StepAt, Subject, ValueAt};
use crate::source::Span;

/// The files that may be changed.
#[derive(Clone)]
pub(in crate::engine) struct Files<'d> {
    pub(in crate::engine) dialect: Dialect,
    pub(in crate::engine) documents: Documents<'d>,
}

/// What there is to know for the fixes of one rule on one model.
pub(in crate::engine) struct Offers<'a> {
    files: &'a Files<'a>,
    model: &'a Model,
    known: &'a Known<'a>,
    subject: &'a Subject<'a>,
    rule: &'a Rule,
    /// The resources in which the rule fails.
    failing: FxHashSet<ValueId>,
}

impl<'a> Offers<'a> {
    pub(in crate::engine) fn new(
        files: &'a Files<'a>,
        known: &'a Known<'a>,
        subject: &'a Subject<'a>,
        rule: &'a Rule,
        failures: &[Failure],
    ) -> Self {
        let failing = failures.iter().filter_map(|failure| failure.resource).collect();
        Self { files, model: known.model, known, subject, rule, failing }
    }

    /// The resource that a value is.
    pub(in crate::engine) fn resource(&self, value: ValueId) -> Option<&'a Resource> {
        self.known.resource(value).map(|idx| self.model.resource(idx))
    }

    /// The first fix of the rule that applies to a failure and that the files allow.
    pub(in crate::engine) fn of(&self, failure: &Failure) -> Option<Fix> {
        let value = failure.resource?;
        let at = At { offers: self, failure, resource: self.known.resource(value)? };
        let fixes = self.rule.file.fixes_at(self.subject, value, failure.block);
        fixes.iter().find_map(|fix| at.edits(fix).ok())
    }

    /// Whether a change reaches resources in which the rule does not fail.
    fn is_shared(&self, resource: ResourceIdx, reach: &Reach) -> bool {
        let is_content = |idx: &ResourceIdx| {
            let resource = self.model.resource(*idx);
            !self.failing.contains(&resource.value)
        };
        let of_spans = reach.touched.iter().flat_map(|span| self.known.users(*span));
        let of_objects = reach.extended.iter().flat_map(|name| self.known.built_for(*name));
        // What a controller builds for one object shares its name, and has annotations of its own.
        let of_place =
            self.known.written_with(resource).filter(|_| self.files.dialect != Dialect::Kubernetes);
        reach.is_repeated || of_spans.chain(of_objects).chain(of_place).any(|idx| is_content(&idx))
    }
}

/// One failure.
struct At<'o, 'a> {
    offers: &'o Offers<'a>,
    failure: &'o Failure,
    resource: ResourceIdx,
}

/// Where a step leads.
enum Target {
    Property(ResourceIdx, Vec<Part>),
    /// What stands there, whatever the model made of it.
    Place(Span),
    /// A key beside what stands there.
    Beside(Span, String),
}

impl At<'_, '_> {
    fn edits(&self, fix: &FixAt<'_>) -> Result<Fix, Refusal> {
        let files = self.offers.files;
        let mut writer = Writer::new(files.dialect, self.offers.model, &files.documents);
        let mut titles = Vec::new();
        for step in &fix.steps {
            match self.step(&mut writer, step) {
                Ok(title) => titles.push(title),
                Err(Refusal::NoChange) => {}
                Err(why) => return Err(why),
            }
        }
        let (edits, reach) = writer.finish()?;
        let is_unsafe =
            fix.applicability == Applicability::Unsafe || self.offers.is_shared(self.resource, &reach);
        let applicability = if is_unsafe { Applicability::Unsafe } else { Applicability::Safe };
        titles.retain(|title| !title.is_empty());
        let title = match titles.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => "change the value".to_string(),
        };
        Ok(Fix { title, applicability, edits })
    }

    /// What the user calls a property.
    fn name(&self, resource: ResourceIdx, path: &[Part]) -> Option<String> {
        let keys: Vec<&str> = path.iter().filter_map(Part::key).collect();
        let spelling = Spelling::of(self.values(), self.offers.model.resource(resource).value);
        let own =
            spelling.and_then(|own| own.property(&keys.join(".")).or_else(|| own.property(keys.last()?)));
        own.or_else(|| keys.last().map(|key| (*key).to_owned()))
    }

    /// Does one step, and says what it does.
    fn step(&self, writer: &mut Writer<'_, '_>, step: &StepAt<'_>) -> Result<String, Refusal> {
        let value = || match &step.value {
            Some(ValueAt::New(new)) => Ok(new.clone()),
            Some(ValueAt::From(fact)) => self.fact(fact).ok_or(Refusal::NoPlace),
            None => Err(Refusal::NoPlace),
        };
        match (step.action, step.at) {
            (FixAction::Set, FixPath::Annotation(key)) => {
                let new = value()?;
                for resource in self.about(step)? {
                    writer.set_annotation(resource, key, &new)?;
                }
                Ok(format!("set `{key}` to {}{}", shown(&new), self.named(step)))
            }
            (FixAction::Set, FixPath::Key) => {
                let FailurePlace::Value(failed) = self.failure.place else { return Err(Refusal::NoPlace) };
                let new = value()?;
                let place = self.values().place(failed);
                writer.set_text_at(place.anchor, &new)?;
                Ok(format!("write it under {}", shown(&new)))
            }
            (FixAction::Set, FixPath::DependsOn) => {
                let others = self.about(step)?;
                if others.is_empty() {
                    return Err(Refusal::NoChange);
                }
                writer.depend_on(self.resource, &others)?;
                Ok(format!("make it depend on {}", self.list(&others)))
            }
            (FixAction::Set, FixPath::Inside) => {
                let span = self.span().ok_or(Refusal::NoPlace)?;
                let New::Map(entries) = value()? else { return Err(Refusal::NoPlace) };
                writer.set_inside(span, &entries)?;
                let keys: Vec<String> = entries.iter().map(|(key, _)| format!("`{key}`")).collect();
                Ok(format!("write {} here too", keys.join(" and ")))
            }
            (FixAction::Set, FixPath::Property(_)) if step.on.is_some() => {
                let new = value()?;
                let Target::Property(_, path) = self.target(step.at)? else { return Err(Refusal::NoPlace) };
                let mut name = None;
                for resource in self.about(step)? {
                    match writer.set(resource, &path, &new) {
                        Ok(()) | Err(Refusal::NoChange) => name = self.name(resource, &path),
                        Err(why) => return Err(why),
                    }
                }
                let name = name.ok_or(Refusal::NoPlace)?;
                Ok(format!("set `{name}` to {}", shown(&new)))
            }
            (FixAction::Move { matching }, _) => {
                let FailurePlace::Value(value) = self.failure.place else { return Err(Refusal::NoPlace) };
                let text = self.values().as_text(value);
                if matching.as_ref().is_some_and(|matching| !text.is_some_and(|text| matching.is_match(text)))
                {
                    return Err(Refusal::NoPlace);
                }
                let others = self.about(step)?;
                writer.move_annotation(value, &others)?;
                Ok(format!("move it to {}", self.list(&others)))
            }
            (FixAction::Set, FixPath::Beside(key)) => {
                let new = value()?;
                let name = match self.target(step.at)? {
                    Target::Property(resource, path) => {
                        writer.set(resource, &path, &new)?;
                        self.name(resource, &path)
                    }
                    Target::Beside(span, key) => {
                        writer.set_beside(span, &key, &new)?;
                        None
                    }
                    Target::Place(_) => return Err(Refusal::NoPlace),
                };
                Ok(format!("set `{}` to {}", name.as_deref().unwrap_or(key), shown(&new)))
            }
            (FixAction::Set, path) => {
                let new = value()?;
                let (done, name) = match self.target(path)? {
                    Target::Property(resource, path) => {
                        (writer.set(resource, &path, &new), self.name(resource, &path))
                    }
                    Target::Beside(span, key) => (writer.set_beside(span, &key, &new), Some(key)),
                    Target::Place(span) => match (&new, &step.value, &self.failure.place) {
                        // What the rule says is meant for the value as it is read, a fact for the text as it stands.
                        (_, Some(ValueAt::New(_)), FailurePlace::Value(failed)) => {
                            (writer.set_written(*failed, &new), None)
                        }
                        (New::Text(_) | New::Word(_), ..) => (writer.set_text_at(span, &new), None),
                        _ => (Err(Refusal::NoPlace), None),
                    },
                };
                done?;
                Ok(match name {
                    Some(name) => format!("set `{name}` to {}", shown(&new)),
                    None => format!("write {}", shown(&new)),
                })
            }
            (FixAction::Remove, path) => match self.target(path)? {
                Target::Property(resource, path) => {
                    if writer.written(resource, &path).is_none() {
                        return Err(Refusal::NoChange);
                    }
                    writer.remove(resource, &path)?;
                    let name = self.name(resource, &path);
                    Ok(name.map_or_else(String::new, |name| format!("remove `{name}`")))
                }
                Target::Place(span) => {
                    writer.remove_at(span)?;
                    Ok("remove it".to_string())
                }
                Target::Beside(..) => Err(Refusal::NoPlace),
            },
            (FixAction::Rename(FixPath::Around(key)), FixPath::Around(name)) => {
                let span = self.span().ok_or(Refusal::NoPlace)?;
                writer.replace_around(span, name, key, &value()?)?;
                Ok(format!("replace `{name}` with `{key}`"))
            }
            (FixAction::Rename(to), from) => {
                let (Target::Property(resource, from), Target::Property(_, to)) =
                    (self.target(from)?, self.target(to)?)
                else {
                    return Err(Refusal::NoPlace);
                };
                let new = value()?;
                writer.rename(resource, &from, &to, &new)?;
                let name = self.name(resource, &to).unwrap_or_default();
                Ok(format!("set `{name}` to {}", shown(&new)))
            }
            (FixAction::Quote, _) => {
                writer.quote_at(self.span().ok_or(Refusal::NoPlace)?)?;
                Ok("put the value in quotes".to_string())
            }
            (FixAction::Replace { matching, with }, _) => {
                let span = self.span().ok_or(Refusal::NoPlace)?;
                let text = writer.text_at(span).ok_or(Refusal::NotLiteral)?;
                let replaced = matching.replace(text, with.as_str());
                if replaced == text {
                    return Err(Refusal::NoPlace);
                }
                writer.set_text_at(span, &New::Text(replaced.to_string()))?;
                Ok(format!("write `{replaced}`"))
            }
        }
    }

    /// The resources that a step is about: those behind `on`, of which none may be unsettled, else the one that failed.
    fn about(&self, step: &StepAt<'_>) -> Result<Vec<ResourceIdx>, Refusal> {
        let Some(on) = &step.on else { return Ok(vec![self.resource]) };
        let resources: Option<Vec<ResourceIdx>> =
            on.iter().map(|value| self.offers.known.resource(*value)).collect();
        resources.ok_or(Refusal::NotLiteral)
    }

    /// What a title says of the resources behind `on`.
    fn named(&self, step: &StepAt<'_>) -> String {
        let resources = step.on.as_ref().and_then(|_| self.about(step).ok());
        resources.map(|all| format!(" on {}", self.list(&all))).unwrap_or_default()
    }

    fn list(&self, resources: &[ResourceIdx]) -> String {
        let mut ids: Vec<String> = Vec::with_capacity(resources.len());
        for idx in resources {
            let id = &self.offers.model.resource(*idx).id;
            // The default rule of a listener stands in it.
            let id = format!("`{}`", id.strip_suffix(" (default)").unwrap_or(id));
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids.join(" and ")
    }

    fn values(&self) -> &Values {
        &self.offers.model.values
    }

    /// Where the value that failed is written.
    fn span(&self) -> Option<Span> {
        match &self.failure.place {
            FailurePlace::Value(value) => Some(self.values().place(*value).span),
            FailurePlace::Absent { inside, .. } => Some(self.values().place(*inside).span),
        }
    }

    fn target(&self, path: &FixPath) -> Result<Target, Refusal> {
        if let FixPath::Property(keys) = path {
            let path = keys.iter().map(|key| Part::Key(key.clone())).collect();
            return Ok(Target::Property(self.resource, path));
        }
        let (value, missing) = match &self.failure.place {
            FailurePlace::Value(value) => (*value, None),
            FailurePlace::Absent { inside, missing } => (*inside, Some(missing.as_str())),
        };
        let span = self.values().place(value).span;
        let located = locate(self.offers.known, self.resource, value);
        // What the model joined from elsewhere has neighbours where it points to, and is itself not there.
        let located = match path {
            // A word of the file itself, not one of AWS.
            FixPath::Beside(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => {
                located.filter(|(idx, _)| !self.offers.model.resource(*idx).type_name.starts_with("AWS::"))
            }
            FixPath::Beside(_) => located.or_else(|| self.written_at(span)),
            _ => located,
        };
        match (path, located, missing) {
            (FixPath::This, Some((resource, mut path)), _) => {
                let keys = missing.into_iter().flat_map(|missing| missing.split('.'));
                path.extend(keys.map(|key| Part::Key(key.to_string())));
                Ok(Target::Property(resource, path))
            }
            // A default stands nowhere, and neither does a fact.
            (FixPath::This, None, None) if self.values().place(value).origin != Origin::Written => {
                Err(Refusal::NotLiteral)
            }
            (FixPath::This, None, None) => Ok(Target::Place(span)),
            (FixPath::This, None, Some(missing)) if !missing.contains('.') => {
                Ok(Target::Beside(span, missing.to_string()))
            }
            (FixPath::Beside(key), Some((resource, mut path)), _) => {
                if missing.is_none() {
                    path.pop();
                }
                path.push(Part::Key(key.clone()));
                Ok(Target::Property(resource, path))
            }
            (FixPath::Beside(key), None, _) => Ok(Target::Beside(span, key.clone())),
            _ => Err(Refusal::NoPlace),
        }
    }

    /// The property of the failing resource that is written at a span, or whose key is.
    fn written_at(&self, span: Span) -> Option<(ResourceIdx, Vec<Part>)> {
        let resource = self.offers.model.resource(self.resource);
        let root = self.values().get(resource.value, "Properties")?;
        let is_it = |value: ValueId| {
            let place = self.values().place(value);
            place.origin == Origin::Written && (place.span == span || place.anchor == span)
        };
        let mut path = Vec::new();
        let is_found =
            resource.type_name.starts_with("AWS::") && search(self.values(), root, &is_it, 0, &mut path);
        path.reverse();
        is_found.then_some((self.resource, path))
    }

    /// A fact beside the value that failed: of an entry of a section such as `Annotations`.
    fn fact(&self, name: &str) -> Option<New> {
        let FailurePlace::Value(failed) = self.failure.place else { return None };
        let values = self.values();
        let sections = values.entries(self.offers.model.resource(self.resource).value).iter();
        let entries = sections.flat_map(|section| {
            let own = matches!(values.data(section.value), Data::Map(_)).then_some(&section.value);
            own.into_iter().chain(values.items(section.value))
        });
        let holds = |entry: &&ValueId| {
            **entry == failed || values.entries(**entry).iter().any(|own| own.value == failed)
        };
        let entries: Vec<ValueId> = entries.copied().collect();
        let fact = entries.iter().filter(holds).find_map(|entry| values.get(*entry, name));
        written_as(values, fact?)
    }
}

/// A fact as something to write.
fn written_as(values: &Values, fact: ValueId) -> Option<New> {
    Some(match values.data(fact) {
        Data::Text(text) => New::Text(text.to_string()),
        Data::Int(number) => New::Word(number.to_string()),
        Data::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|entry| {
                Some((values.key_text(entry.key).to_string(), written_as(values, entry.value)?))
            });
            New::Map(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// Which property of which resource a value is; the resource in question comes first.
fn locate(known: &Known<'_>, resource: ResourceIdx, value: ValueId) -> Option<(ResourceIdx, Vec<Part>)> {
    let model = known.model;
    let located_in = |idx: ResourceIdx| {
        SECTIONS.into_iter().find_map(|section| {
            let root = model.values.get(model.resource(idx).value, section)?;
            let mut path = Vec::new();
            let is_found = search(&model.values, root, &|found| found == value, 0, &mut path);
            path.reverse();
            (is_found && is_property(model, idx, &path)).then_some((idx, path))
        })
    };
    // Most are found where they are looked for first, and need no index.
    located_in(resource).or_else(|| known.owners(value).filter(|idx| *idx != resource).find_map(located_in))
}

/// Whether a path leads to something that is written as a property, not to what the model joined from elsewhere.
fn is_property(model: &Model, idx: ResourceIdx, path: &[Part]) -> bool {
    let resource = model.resource(idx);
    let Some(Part::Key(head)) = path.first() else { return false };
    let is_of = |row: &tables::Row| row.property.split('.').next() == Some(head.as_str());
    let is_known = tables::table(&resource.type_name).is_some_and(|table| table.rows.iter().any(is_of));
    let is_written = model.values.at(resource.value, &["Properties", head]).is_some();
    !resource.type_name.starts_with("Workload::") && (is_known || is_written || head == "Attributes")
}

/// Searches `root`; the way to what is wanted is put into `path` last step first, so that nothing is made on the ways to nothing.
fn search(
    values: &Values,
    root: ValueId,
    wanted: &dyn Fn(ValueId) -> bool,
    depth: usize,
    path: &mut Vec<Part>,
) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let mut inside = |value: ValueId| wanted(value) || search(values, value, wanted, depth + 1, path);
    let step = match values.data(root) {
        Data::Map(entries) => entries
            .iter()
            .find(|entry| inside(entry.value))
            .map(|entry| Part::Key(values.key_text(entry.key).to_string())),
        Data::List(items) => items.iter().position(|item| inside(*item)).map(Part::At),
        _ => None,
    };
    let is_found = step.is_some();
    path.extend(step);
    is_found
}

/// One fix for findings that are shown as one; `None` where they want different things.
pub(in crate::engine) fn join(one: Option<Fix>, other: Option<Fix>) -> Option<Fix> {
    let (mut one, other) = (one?, other?);
    if other.applicability == Applicability::Unsafe {
        one.applicability = Applicability::Unsafe;
    }
    for edit in other.edits {
        if !one.edits.contains(&edit) {
            one.edits.push(edit);
        }
    }
    one.edits.sort_by_key(|edit| (edit.span.file.0, edit.span.start, edit.span.end));
    let meet = |pair: &[Edit]| {
        let (a, b) = (pair[0].span, pair[1].span);
        a.file == b.file && (a.end > b.start || a == b)
    };
    (!one.edits.windows(2).any(meet)).then_some(one)
}

fn shown(new: &New) -> String {
    match new {
        New::Text(text) | New::Name(text) | New::Word(text) => format!("`{text}`"),
        New::List(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            items.join(", ")
        }
        New::Map(entries) => {
            let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
            format!("a block with `{}`", keys.join("`, `"))
        }
    }
}
