//! Values to write.

/// A value that is not in the document yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum New {
    /// Text: quoted where a reader would take it for something else.
    Text(String),
    /// The name of something else that is declared: text, in a language that has no names of its own.
    Name(String),
    /// A number or one of the words `true`, `false`, written as it is.
    Word(String),
    /// A list.
    List(Vec<New>),
    /// A mapping.
    Map(Vec<(String, New)>),
}

impl New {
    /// Text, or the number or word that it spells.
    pub fn word_or_text(text: &str) -> Self {
        let is_word = matches!(text, "true" | "false") || text.parse::<i64>().is_ok();
        if is_word { New::Word(text.to_string()) } else { New::Text(text.to_string()) }
    }
}

/// Adds an entry: mappings and lists of the same name are joined, a scalar replaces.
pub(super) fn join(entries: &mut Vec<(String, New)>, key: String, new: New) {
    match (entries.iter_mut().find(|(known, _)| *known == key), new) {
        (Some((_, New::Map(known))), New::Map(more)) => {
            for (key, new) in more {
                join(known, key, new);
            }
        }
        (Some((_, New::List(known))), New::List(more)) => known.extend(more),
        (Some((_, known)), new) => *known = new,
        (None, new) => entries.push((key, new)),
    }
}
