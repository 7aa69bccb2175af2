//! Exceptions at resources: under `Metadata` of CloudFormation, in an annotation of Kubernetes, under `"//"` of Terraform JSON.
//!
//! They hold for all of the resource or file that they stand at, and say it as a text (`[rule] reason`), a list of such texts,
//! or a map of rules and reasons.

use super::terms::{self, Terms};
use super::{Exception, Found, Scope, names};
use crate::config::suggest;
use crate::dialect::notes::{Content, Form, Note};
use crate::document::{Kind, NodeRef};
use crate::source::Spanned;

/// The word of notes that are exceptions.
const WORD: &str = "ignore";

/// The exceptions among the notes of a file. Comments are not among them: those are about lines.
pub(super) fn read(notes: &[Note<'_>], found: &mut Found) {
    let is_typo = |note: &&Note<'_>| note.word != WORD && suggest(note.word, [WORD].into_iter()).is_some();
    for note in notes.iter().filter(is_typo) {
        let message = format!("`{}` is not `{WORD}`, so nothing is excepted", note.word);
        found.invalid.push((note.span, message));
    }
    for note in notes.iter().filter(|note| note.word == WORD && note.form != Form::Comment) {
        let (Content::Node(node), Some(scope)) = (note.content, note.scope) else { continue };
        let scope = Scope::Within(scope.span);
        match node.kind() {
            Kind::Mapping => of_map(node, scope, found),
            Kind::Sequence => node.items().for_each(|item| of_text(item, scope, found)),
            _ => of_text(node, scope, found),
        }
    }
}

/// `{rule: reason, other-rule: until 2027-01-31 reason}`
fn of_map(node: NodeRef<'_>, scope: Scope, found: &mut Found) {
    for entry in node.entries() {
        let rule = Spanned::new(entry.name().to_string(), entry.key.span());
        let Some(text) = entry.value.text() else {
            let message = format!("what stands behind `{}` is no reason", entry.name());
            found.invalid.push((entry.key.span(), message));
            continue;
        };
        found.exceptions.push(Exception::new(rule, said(entry.value, text), scope));
    }
}

/// `[rule, rule] reason`, one on each line.
fn of_text(node: NodeRef<'_>, scope: Scope, found: &mut Found) {
    let lines = node.text().unwrap_or_default().lines().filter(|line| !line.trim().is_empty());
    let mut n_lines = 0;
    for line in lines {
        n_lines += 1;
        let Some((rules, terms)) = names(line, node.span().file, 0) else {
            found.invalid.push((node.span(), "this exception names no rule in brackets".to_string()));
            continue;
        };
        // A scalar may be folded or escaped, so that its parts have no places of their own.
        let at_node = |until: jiff::civil::Date| Spanned::new(until, node.span());
        let terms = Terms {
            until: terms.until.map(|until| at_node(until.value)),
            no_date: terms.no_date.map(|date| Spanned::new(date.value, node.span())),
            ..terms
        };
        for rule in rules {
            let rule = Spanned::new(rule.value, node.span());
            found.exceptions.push(Exception::new(rule, terms.clone(), scope));
        }
    }
    if n_lines == 0 {
        found.invalid.push((node.span(), "this exception names no rule in brackets".to_string()));
    }
}

fn said(node: NodeRef<'_>, text: &str) -> Terms {
    let terms = terms::read(text, node.span().file, 0);
    Terms {
        until: terms.until.map(|until| Spanned::new(until.value, node.span())),
        no_date: terms.no_date.map(|date| Spanned::new(date.value, node.span())),
        ..terms
    }
}
