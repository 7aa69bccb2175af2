//! Which notation a file is in.

use super::json;
use crate::document::Format;

/// The notation of a file by its name and content; `None` for other languages in HCL, such as those of Packer and Nomad.
///
/// JSON is nearly YAML, and real templates named `.yaml` are often JSON: what parses as JSON is read as
/// JSON. What only looks like it (flow mappings, comments, a trailing comma) is YAML where the name allows it.
pub fn format_of(path: &str, text: &str) -> Option<Format> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "json" => Some(Format::Json),
        "yaml" | "yml" | "template" if looks_like_json(text) && json::is_json(text) => Some(Format::Json),
        "yaml" | "yml" | "template" => Some(Format::Yaml),
        "tf" | "tofu" | "tfvars" => Some(Format::Hcl),
        "hcl" => None,
        _ if looks_like_json(text) => Some(Format::Json),
        _ => Some(Format::Yaml),
    }
}

/// Whether the first byte that is not blank opens an object or an array.
fn looks_like_json(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with(['{', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: Option<Format>) {
        assert_eq!(format_of(path, text), expected, "{path} {text:?}");
    }

    #[test]
    fn names_and_content() {
        check("a/b.json", "", Some(Format::Json));
        check("b.tf.json", "{", Some(Format::Json));
        check("b.YAML", "a: b", Some(Format::Yaml));
        check("b.yml", "\u{feff}\n {\"a\": 1}", Some(Format::Json));
        check("b.yaml", "{a: 1}", Some(Format::Yaml));
        check("b.template", "{\"a\": 1, # why\n}", Some(Format::Yaml));
        check("b.template", "[1]", Some(Format::Json));
        check("main.tf", "{}", Some(Format::Hcl));
        check("packer.pkr.hcl", "{}", None);
        check("-", "{", Some(Format::Json));
        check("-", "a: b", Some(Format::Yaml));
    }
}
