//! JSON that is harmless wherever it is printed or pasted: characters that could move a cursor, turn the reading direction, end a
//! script or begin a command of a build server are escaped. It reads back as exactly the same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::neutral::{begins_command, is_harmful};

/// Writes a value as indented JSON and ends the line.
pub(crate) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = Harmless { pretty: PrettyFormatter::new() };
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, formatter))?;
    writeln!(out)
}

struct Harmless {
    pretty: PrettyFormatter<'static>,
}

impl Formatter for Harmless {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(out)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut done = 0;
        let mut before = ' ';
        for (at, c) in fragment.char_indices() {
            // Tags, and the commands `##[…]` and `##vso[…]` that may stand anywhere in a line of a log.
            if is_harmful(c) || c == '<' || begins_command(before, c) {
                out.write_all(&fragment.as_bytes()[done..at])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
                done = at + c.len_utf8();
            }
            before = c;
        }
        out.write_all(&fragment.as_bytes()[done..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{feff}\u{e0041}</script><!--##vso[x]###[y]\"\\\n\u{1b}🦀";
        let mut out = Vec::new();
        write_json(&mut out, &serde_json::json!({ text: [text] })).expect("writing to memory works");
        let written = String::from_utf8(out).expect("UTF-8");
        for harm in ["\u{7f}", "\u{9b}", "\u{202e}", "\u{feff}", "\u{e0041}", "<", "##", "\u{1b}"] {
            assert!(!written.contains(harm), "{harm:?} in {written}");
        }
        let read: serde_json::Value = serde_json::from_str(&written).expect("it is JSON");
        assert_eq!(read, serde_json::json!({ text: [text] }));
    }
}
