//! What the user says of gRPC, where evidence does not settle it: notes at resources (`notes`), and the section `grpc` of the
//! configuration. A note is nearer and wins; of several the innermost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use globset::{GlobBuilder, GlobMatcher};
use ignore::gitignore::Gitignore;

use super::notes::{self, Form, Note, Scope};
use super::{Dialect, File};
use crate::diagnostic::{Diagnostic, Severity};
use crate::document::{NodeRef, Schema, Typed};
use crate::model::{Builder, Draft, Settled};
use crate::source::Span;

/// The check that reports a hint which says nothing that can be understood.
pub const INVALID_HINT: &str = "invalid-hint";

/// The check that reports a hint which is about nothing.
pub const UNUSED_HINT: &str = "unused-hint";

/// The word of a note that says whether a resource carries gRPC.
const WORD: &str = "grpc";

/// The word of a comment that says that a resource does not.
const NOT: &str = "not-grpc";

/// A pattern over the ids of resources, in which `*` stands for any text.
#[derive(Debug, Clone)]
pub struct Pattern(GlobMatcher);

impl Pattern {
    /// The pattern of a text; `None` when it is none.
    pub fn new(text: &str) -> Option<Self> {
        // Ids have keys in brackets, which are no sets of letters.
        let glob = GlobBuilder::new(&text.replace('[', "[[]")).build().ok()?;
        Some(Self(glob.compile_matcher()))
    }

    fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.glob() == other.0.glob()
    }
}

impl Eq for Pattern {}

/// One entry of the configuration's section `grpc`.
#[derive(Debug, Clone)]
pub struct GrpcHint {
    /// The resources it is about, by id; all when absent.
    pub resource: Option<Pattern>,
    /// The files it is about; all when absent.
    pub paths: Option<Gitignore>,
    /// Whether they carry gRPC.
    pub is_grpc: bool,
    /// Where it is written in the configuration.
    pub span: Span,
    /// Whether a resource was found for it.
    pub is_used: Arc<AtomicBool>,
}

impl PartialEq for GrpcHint {
    fn eq(&self, other: &Self) -> bool {
        (&self.resource, self.is_grpc, self.span) == (&other.resource, other.is_grpc, other.span)
    }
}

impl Eq for GrpcHint {}

impl GrpcHint {
    /// Whether a resource was found for it.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Whether it is about a resource of a file.
    fn is_about(&self, id: &str, path: &str) -> bool {
        self.resource.as_ref().is_none_or(|pattern| names(id).any(|name| pattern.matches(name)))
            && self.paths.as_ref().is_none_or(|paths| {
                let path = std::path::absolute(path).unwrap_or_default();
                path.starts_with(paths.path()) && paths.matched_path_or_any_parents(path, false).is_ignore()
            })
    }
}

/// The names under which a resource is known: its id, without the index of an instance, without the kind of an object.
fn names(id: &str) -> impl Iterator<Item = &str> {
    let id = id.strip_suffix(" (default)").unwrap_or(id);
    let plain = id.strip_suffix(']').and_then(|id| id.rsplit_once('[')).map(|(plain, _)| plain);
    let object = id.split_once(' ').map(|(_, name)| name);
    let owner = object.and_then(|name| name.split_once(" -> ")).map(|(owner, _)| owner);
    [Some(id), plain, object, owner].into_iter().flatten()
}

/// All hints for one project.
#[derive(Debug)]
pub(super) struct Hints<'d> {
    /// What the notes say, those of whole files first.
    notes: Vec<(Scope, Settled)>,
    configured: &'d [GrpcHint],
    /// The files with their paths.
    files: Vec<(crate::source::FileId, &'d str)>,
}

impl<'d> Hints<'d> {
    /// Reads the notes of the files of a project, and says what is wrong with them.
    pub(super) fn read(
        dialect: Dialect,
        files: &[File<'d>],
        platforms: &'d super::Platforms,
    ) -> (Self, Vec<Diagnostic>) {
        let mut wrong = Vec::new();
        let mut notes = Vec::new();
        for note in files.iter().flat_map(|file| notes::read(dialect, file)) {
            match read_note(&note) {
                None => {}
                Some(Err(diagnostic)) => wrong.push(diagnostic),
                Some(Ok(is_grpc)) => match note.scope {
                    Some(scope) => {
                        let span = note.span.to(note.content_span());
                        notes.push((scope, Settled { is_grpc, text: "a note says so".to_string(), span }));
                    }
                    None => wrong.push(astray(&note)),
                },
            }
        }
        notes.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.span.end - scope.span.start));
        let files = files.iter().map(|file| (file.document.file, file.path)).collect();
        (Self { notes, configured: &platforms.grpc, files }, wrong)
    }

    /// Puts what is said at the resources that it is about.
    pub(super) fn apply(&self, builder: &mut Builder) {
        if self.notes.is_empty() && self.configured.is_empty() {
            return;
        }
        for idx in builder.indices() {
            let draft = builder.draft(idx);
            if let Some(settled) = self.about(draft) {
                builder.draft_mut(idx).settled = Some(settled);
            }
        }
    }

    fn about(&self, draft: &Draft) -> Option<Settled> {
        let path = self.files.iter().find(|(file, _)| *file == draft.name.file).map(|(_, path)| *path);
        let mut configured = None;
        for hint in self.configured {
            if hint.is_about(&draft.id, path.unwrap_or_default()) {
                hint.is_used.store(true, Ordering::Relaxed);
                configured = Some(hint);
            }
        }
        let holds = |scope: &Scope| {
            scope.span.file == draft.name.file
                && (scope.span.start..=scope.span.end).contains(&draft.name.start)
        };
        let noted =
            self.notes.iter().rev().find(|(scope, _)| holds(scope)).map(|(_, settled)| settled.clone());
        noted.or_else(|| {
            let text = "the configuration says so".to_string();
            Some(Settled { is_grpc: configured?.is_grpc, text, span: draft.name })
        })
    }
}

/// What a note says, if it is about gRPC at all.
fn read_note(note: &Note<'_>) -> Option<Result<bool, Diagnostic>> {
    let wrong = |span: Span, message: String, help: String| {
        Some(Err(Diagnostic::new(INVALID_HINT, Severity::Warning, span, message).with_help(help)))
    };
    match (note.word, note.form) {
        (WORD, Form::Comment) => Some(Ok(true)),
        (NOT, Form::Comment) => Some(Ok(false)),
        (WORD, _) => match note_node(note).and_then(truth) {
            Some(is_grpc) => Some(Ok(is_grpc)),
            None => {
                let message = format!("`{WORD}` is `true` or `false`");
                wrong(note.content_span(), message, "say whether the resource carries gRPC".to_string())
            }
        },
        (word, form) => {
            let known = if form == Form::Comment { &[WORD, NOT][..] } else { &[WORD] };
            let near = known.iter().find(|known| strsim::jaro_winkler(word, known) > 0.8)?;
            wrong(note.span, format!("there is no note `{word}`"), format!("did you mean `{near}`?"))
        }
    }
}

fn note_node<'d>(note: &Note<'d>) -> Option<NodeRef<'d>> {
    match note.content {
        notes::Content::Node(node) => Some(node),
        notes::Content::Text(..) => None,
    }
}

/// A boolean, also in quotes.
fn truth(node: NodeRef<'_>) -> Option<bool> {
    let scalar = node.scalar()?;
    match scalar.typed(Schema::Core) {
        Typed::Bool(value) => Some(value),
        Typed::Str("true") => Some(true),
        Typed::Str("false") => Some(false),
        _ => None,
    }
}

fn astray(note: &Note<'_>) -> Diagnostic {
    let message = format!("`{}` stands at no resource", note.word);
    Diagnostic::new(UNUSED_HINT, Severity::Warning, note.span, message)
        .with_help("move the comment into the resource, or right above it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_by_the_names_they_go_by() {
        let check = |pattern: &str, id: &str, expected: bool| {
            let pattern = Pattern::new(pattern).expect("a pattern");
            assert_eq!(names(id).any(|name| pattern.matches(name)), expected, "{id}");
        };
        check("shop/orders", "Service shop/orders", true);
        check("Service shop/orders", "Service shop/orders", true);
        check("Deployment shop/orders", "Service shop/orders", false);
        check("shop/*", "Ingress shop/web -> orders:80", true);
        check("aws_lb_target_group.orders", "aws_lb_target_group.orders[0]", true);
        check("aws_lb_target_group.orders[0]", "aws_lb_target_group.orders[0]", true);
        check("aws_lb_target_group.orders[1]", "aws_lb_target_group.orders[0]", false);
        check("module.*.aws_lb.this", "module.x[\"a\"].aws_lb.this", true);
        check("Orders", "OrdersTargetGroup", false);
        check("Orders*", "OrdersTargetGroup", true);
    }
}
