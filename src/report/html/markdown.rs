//! The little Markdown that explanations of rules are written in: paragraphs, lists, code.

use super::{escaped, prose};

/// Markdown as HTML; what is not understood stays text.
pub(super) fn html(text: &str) -> String {
    let mut html = String::new();
    for block in text.split("\n\n").map(str::trim_end).filter(|block| !block.trim().is_empty()) {
        if block.trim_start().starts_with("```") {
            let code: Vec<&str> =
                block.lines().filter(|line| !line.trim_start().starts_with("```")).collect();
            html.push_str(&format!(
                "<pre>{}</pre>",
                code.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\n")
            ));
        } else if block.trim_start().starts_with("- ") {
            html.push_str("<ul>");
            for item in items(block) {
                html.push_str(&format!("<li>{}</li>", prose(&item)));
            }
            html.push_str("</ul>");
        } else {
            html.push_str(&format!("<p>{}</p>", prose(&joined(block))));
        }
    }
    html
}

fn joined(block: &str) -> String {
    block.lines().map(str::trim).collect::<Vec<&str>>().join(" ")
}

/// The items of a list, each on one line.
fn items(block: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in block.lines() {
        match (line.trim_start().strip_prefix("- "), items.last_mut()) {
            (Some(item), _) => items.push(item.trim().to_string()),
            (None, Some(last)) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            (None, None) => {}
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn blocks() {
        assert_eq!(html("One `two`\nthree.\n\nFour.\n"), "<p>One <code>two</code> three.</p><p>Four.</p>");
        assert_eq!(html("- a\n  b\n- <c>"), "<ul><li>a b</li><li>&lt;c&gt;</li></ul>");
        assert_eq!(html("```yaml\na: <b>\n```"), "<pre>a: &lt;b&gt;</pre>");
    }
}
