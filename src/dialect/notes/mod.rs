//! Notes: what a user writes at a resource for this tool alone, beside the configuration itself.
//!
//! | dialect | form |
//! |---|---|
//! | CloudFormation | `Metadata: {grpc-guard: {WORD: …}}` of a resource, or of the template for all of it |
//! | Kubernetes | annotation `grpc-guard.dev/WORD: "…"` |
//! | Terraform JSON | `"//": {"grpc-guard": {WORD: …}}` in a resource, or at the top of a file for all of it |
//! | any YAML, HCL | comment `# grpc-guard: WORD …` in a resource, or right above it |
//!
//! Says which words are written where and at which resource they stand; what a word means is its reader's business.

mod owners;

use crate::document::{Comment, Document, NodeRef};
use crate::source::Span;

use super::{Dialect, File};
use owners::Owner;

/// The key under which notes stand in `Metadata` and `"//"`, and the word that opens a comment.
const KEY: &str = "grpc-guard";

/// The prefix of annotations that are notes.
pub const ANNOTATION_PREFIX: &str = "grpc-guard.dev/";

/// How a note is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An entry under `Metadata`.
    Metadata,
    /// An annotation of a Kubernetes object.
    Annotation,
    /// An entry under `"//"`.
    CommentKey,
    /// A comment.
    Comment,
}

/// What a note says behind its word.
#[derive(Debug, Clone, Copy)]
pub enum Content<'d> {
    /// A value of the document.
    Node(NodeRef<'d>),
    /// The rest of a comment, trimmed; may be empty.
    Text(&'d str, Span),
}

/// The resource at which a note stands, or the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Where its name is written; for a whole file its start.
    pub name: Span,
    /// All of it: a resource of the model belongs to it when its name stands in here.
    pub span: Span,
}

/// One note.
#[derive(Debug, Clone, Copy)]
pub struct Note<'d> {
    /// How it is written.
    pub form: Form,
    /// What it is about: `grpc`, `ignore`, …
    pub word: &'d str,
    /// Where that word stands.
    pub span: Span,
    /// What it says.
    pub content: Content<'d>,
    /// Where it holds; `None` for a comment that stands at no resource.
    pub scope: Option<Scope>,
}

impl<'d> Note<'d> {
    /// What it says as text: a scalar, or the rest of the comment.
    pub fn text(&self) -> Option<&'d str> {
        match self.content {
            Content::Node(node) => node.text(),
            Content::Text(text, _) => Some(text),
        }
    }

    /// Where what it says stands; the word where it says nothing more.
    pub fn content_span(&self) -> Span {
        match self.content {
            Content::Node(node) => node.span(),
            Content::Text("", _) => self.span,
            Content::Text(_, span) => span,
        }
    }
}

/// All notes of a file, those of one form together and in the order of writing.
pub fn read<'d>(dialect: Dialect, file: &File<'d>) -> Vec<Note<'d>> {
    let mut notes = Vec::new();
    // Nearly every file has none, which is told without looking at its nodes.
    if memchr::memmem::find(file.document.text().as_bytes(), KEY.as_bytes()).is_none() {
        return notes;
    }
    let mut owners = Vec::new();
    for root in file.document.roots() {
        match dialect {
            Dialect::CloudFormation => {
                let whole = Scope { name: root.span().at_start(), span: root.span() };
                under(root, "Metadata", Form::Metadata, whole, &mut notes);
                owners::of_template(root, &mut owners);
            }
            Dialect::Kubernetes => owners::of_manifest(root, &mut owners),
            Dialect::Terraform => {
                let whole = Scope { name: root.span().at_start(), span: root.span() };
                under(root, "//", Form::CommentKey, whole, &mut notes);
                owners::of_configuration(root, &mut owners);
            }
        }
    }
    for owner in &owners {
        match dialect {
            Dialect::CloudFormation => {
                under(owner.body, "Metadata", Form::Metadata, owner.scope(), &mut notes);
            }
            Dialect::Kubernetes => annotations(owner, &mut notes),
            Dialect::Terraform => under(owner.body, "//", Form::CommentKey, owner.scope(), &mut notes),
        }
    }
    for comment in &file.document.comments {
        notes.extend(in_comment(file.document, comment, &owners));
    }
    notes
}

/// The notes under `KEY` below the entry `key` of a body.
fn under<'d>(body: NodeRef<'d>, key: &str, form: Form, scope: Scope, notes: &mut Vec<Note<'d>>) {
    let Some(own) = body.at(&[key, KEY]) else { return };
    notes.extend(own.entries().map(|entry| Note {
        form,
        word: entry.name(),
        span: entry.key.span(),
        content: Content::Node(entry.value),
        scope: Some(scope),
    }));
}

fn annotations<'d>(owner: &Owner<'d>, notes: &mut Vec<Note<'d>>) {
    let Some(annotations) = owner.body.at(&["metadata", "annotations"]) else { return };
    for entry in annotations.entries() {
        let Some(word) = entry.name().strip_prefix(ANNOTATION_PREFIX) else { continue };
        notes.push(Note {
            form: Form::Annotation,
            word,
            span: entry.key.span(),
            content: Content::Node(entry.value),
            scope: Some(owner.scope()),
        });
    }
}

/// The note that a comment is: `grpc-guard:` opens it, a word and the rest follow.
fn in_comment<'d>(document: &'d Document, comment: &Comment, owners: &[Owner<'d>]) -> Option<Note<'d>> {
    let text = document.text().get(comment.span.range())?;
    let said = bare(text).trim_start().strip_prefix(KEY)?;
    let said = said.trim_start().strip_prefix(':')?.trim();
    let n_word = said.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(said.len());
    let (word, rest) = said.split_at(n_word);
    let rest = rest.trim_start();
    let place = |part: &str| {
        let start = comment.span.start + (part.as_ptr() as usize - text.as_ptr() as usize) as u32;
        Span::new(comment.span.file, start, start + part.len() as u32)
    };
    Some(Note {
        form: Form::Comment,
        word,
        span: place(word),
        content: Content::Text(rest, place(rest)),
        scope: owners::at_comment(document, comment, owners).map(|owner| owner.scope()),
    })
}

/// A comment without its signs: those of YAML and HCL.
fn bare(text: &str) -> &str {
    match text.strip_prefix("/*") {
        Some(text) => text.strip_suffix("*/").unwrap_or(text),
        None => text.trim_start_matches('#').trim_start_matches("//"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Format;
    use crate::source::FileId;
    use crate::syntax;

    /// Each note as `form word=content @name-of-the-resource`.
    #[track_caller]
    fn check(dialect: Dialect, text: &str, expected: &[&str]) {
        let format = match dialect {
            _ if text.starts_with('{') => Format::Json,
            Dialect::Terraform => Format::Hcl,
            _ => Format::Yaml,
        };
        let (document, wrong) = syntax::parse(FileId(0), format, &text.into());
        assert!(wrong.is_empty(), "{wrong:?}");
        let path = match format {
            Format::Json => "a.tf.json",
            Format::Hcl => "a.tf",
            Format::Yaml => "a.yaml",
        };
        let told: Vec<String> = read(dialect, &File { path, document: &document })
            .into_iter()
            .map(|note| {
                let written = &text[note.span.range()];
                assert!(written.contains(note.word), "{written} {note:?}");
                let content = &text[note.content_span().range()];
                let at = note.scope.map_or("-", |scope| &text[scope.name.range()]);
                format!("{:?} {}={content} @{at}", note.form, note.word)
            })
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn metadata_of_resources_and_of_the_template() {
        check(
            Dialect::CloudFormation,
            "Metadata:\n  grpc-guard: {ignore: [a]}\nResources:\n  Orders:\n    Type: AWS::X::Y\n    Metadata:\n      \
             grpc-guard:\n        grpc: true\n  Stock:\n    Type: AWS::X::Y\n    Metadata: {other: 1}\n",
            &["Metadata ignore=[a] @", "Metadata grpc=true @Orders"],
        );
    }

    #[test]
    fn annotations_also_of_objects_in_lists() {
        check(
            Dialect::Kubernetes,
            "apiVersion: v1\nkind: List\nitems:\n  - kind: Service\n    apiVersion: v1\n    metadata:\n      name: a\n      \
             annotations:\n        grpc-guard.dev/grpc: 'true'\n",
            &["Annotation grpc='true' @a"],
        );
    }

    #[test]
    fn comment_keys_of_terraform() {
        check(
            Dialect::Terraform,
            r#"{"//": {"grpc-guard": {"ignore": 1}}, "resource": {"aws_lb": {"a": [{"//": {"grpc-guard": {"grpc": false}}}]}}}"#,
            &["CommentKey ignore=1 @", "CommentKey grpc=false @\"a\""],
        );
    }

    #[test]
    fn comments_in_hcl() {
        check(
            Dialect::Terraform,
            "// grpc-guard: grpc\n# more\nresource \"aws_lb\" \"a\" {\n  x = 1 # grpc-guard: ignore[r] why\n}\n\n\
             /* grpc-guard: not-grpc */\n\nresource \"aws_lb\" \"b\" { // grpc-guard: grpc\n}\nlocals {}\n\
             # grpc-guard: grpc\n",
            &[
                "Comment grpc=grpc @\"a\"",
                "Comment ignore=[r] why @\"a\"",
                "Comment not-grpc=not-grpc @\"b\"",
                "Comment grpc=grpc @\"b\"",
                "Comment grpc=grpc @-",
            ],
        );
    }

    #[test]
    fn comments_stand_in_a_resource_or_right_above_it() {
        check(
            Dialect::CloudFormation,
            "# grpc-guard: grpc\n\nParameters: {}\nResources:\n  # grpc-guard: grpc because so\n  # more\n  Orders:\n    \
             Type: AWS::X::Y # grpc-guard: ignore[a-rule] reason\n  Stock: #grpc-guard:not-grpc\n    Type: A\n",
            &[
                "Comment grpc=grpc @-",
                "Comment grpc=because so @Orders",
                "Comment ignore=[a-rule] reason @Orders",
                "Comment not-grpc=not-grpc @Stock",
            ],
        );
        check(
            Dialect::Kubernetes,
            "# grpc-guard: grpc\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n# see grpc-guard: x\n\
             # grpc-guard: not-grpc\nkind: Service\napiVersion: v1\nmetadata:\n  name: b\n",
            &["Comment grpc=grpc @a", "Comment not-grpc=not-grpc @b"],
        );
    }
}
