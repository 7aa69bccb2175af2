//! Scalars: text, how it was quoted, and what type a schema reads in it.

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes; the only style whose type depends on the text. JSON numbers and words are plain.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A block scalar after `|`, or a heredoc of HCL.
    Literal,
    /// A block scalar after `>`.
    Folded,
    /// An expression of HCL: it stands in the file without the `${` and `}` around its text.
    Expression,
}

/// A scalar as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scalar<'d> {
    /// The text, escapes and folding resolved.
    pub text: &'d str,
    /// How it was written.
    pub style: ScalarStyle,
}

/// Which plain words are not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// The YAML 1.2 core schema.
    Core,
    /// YAML 1.1 as Kubernetes reads it: `yes`, `on`, `0777`, `1_000` and kin have types too.
    Yaml11,
}

/// What a schema reads in a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Typed<'d> {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(&'d str),
}

impl<'d> Scalar<'d> {
    /// The typed value under `schema`; quoted and block scalars are always text.
    pub fn typed(self, schema: Schema) -> Typed<'d> {
        if self.style != ScalarStyle::Plain {
            return Typed::Str(self.text);
        }
        let text = self.text;
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Typed::Null,
            "true" | "True" | "TRUE" => return Typed::Bool(true),
            "false" | "False" | "FALSE" => return Typed::Bool(false),
            _ => {}
        }
        if schema == Schema::Yaml11 {
            match text {
                "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Typed::Bool(true),
                "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Typed::Bool(false),
                _ => {}
            }
        }
        number(text, schema).unwrap_or(Typed::Str(text))
    }
}

fn number(text: &str, schema: Schema) -> Option<Typed<'static>> {
    let first = *text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let negative = text.starts_with('-');
    let signed = |value: Result<i64, _>| value.ok().map(|v| Typed::Int(if negative { -v } else { v }));
    if schema == Schema::Yaml11 {
        let plain = digits.replace('_', "");
        let is = |radix: u32, part: &str| !part.is_empty() && part.chars().all(|c| c.is_digit(radix));
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)] {
            if let Some(part) = plain.strip_prefix(prefix)
                && is(radix, part)
            {
                return signed(i64::from_str_radix(part, radix));
            }
        }
        if is(10, &plain) && digits.starts_with(|c: char| c.is_ascii_digit()) {
            return signed(plain.parse());
        }
    } else {
        for (prefix, radix) in [("0x", 16), ("0o", 8)] {
            if let Some(part) = text.strip_prefix(prefix) {
                return i64::from_str_radix(part, radix).ok().map(Typed::Int);
            }
        }
    }
    if digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.is_empty()
        && let Ok(value) = text.parse::<i64>()
    {
        return Some(Typed::Int(value));
    }
    float(text, digits)
}

fn float(text: &str, digits: &str) -> Option<Typed<'static>> {
    match digits {
        ".inf" | ".Inf" | ".INF" => {
            return Some(Typed::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }));
        }
        ".nan" | ".NaN" | ".NAN" if digits == text => return Some(Typed::Float(f64::NAN)),
        _ => {}
    }
    let allowed = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let has_digit = digits.bytes().any(|b| b.is_ascii_digit());
    if allowed && has_digit { text.parse().ok().map(Typed::Float) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, schema: Schema, expected: Typed<'_>) {
        assert_eq!(
            Scalar { text, style: ScalarStyle::Plain }.typed(schema),
            expected,
            "{text:?} under {schema:?}"
        );
    }

    #[test]
    fn plain_words_and_numbers() {
        check("yes", Schema::Core, Typed::Str("yes"));
        check("yes", Schema::Yaml11, Typed::Bool(true));
        check("y", Schema::Yaml11, Typed::Str("y"));
        check("0777", Schema::Yaml11, Typed::Int(511));
        check("0777", Schema::Core, Typed::Int(777));
        check("0999", Schema::Yaml11, Typed::Int(999));
        check("1_000", Schema::Yaml11, Typed::Int(1000));
        check("0x1F", Schema::Core, Typed::Int(31));
        check("-12", Schema::Core, Typed::Int(-12));
        check("1e3", Schema::Core, Typed::Float(1000.0));
        check("1.2.3", Schema::Core, Typed::Str("1.2.3"));
        check("2010-09-09", Schema::Core, Typed::Str("2010-09-09"));
        check("10.0.0.0/16", Schema::Core, Typed::Str("10.0.0.0/16"));
        check("-", Schema::Core, Typed::Str("-"));
        check("+", Schema::Yaml11, Typed::Str("+"));
        check(".", Schema::Core, Typed::Str("."));
    }

    #[test]
    fn quoted_text_stays_text() {
        let quoted = Scalar { text: "12", style: ScalarStyle::Double };
        assert_eq!(quoted.typed(Schema::Yaml11), Typed::Str("12"));
    }
}
