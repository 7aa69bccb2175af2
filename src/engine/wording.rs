//! Help in the words of the user's files: rules name AWS properties, and where a property is an annotation or an argument
//! there, the help names that.

use crate::dialect::{kubernetes, terraform};
use crate::model::{ValueId, Values};

/// Short forms in which help names properties.
const SHORT: [(&str, &str); 2] = [("GrpcCode", "Matcher.GrpcCode"), ("HttpCode", "Matcher.HttpCode")];

/// The help with every property in backticks as it is written for this resource.
pub(super) fn as_written(help: String, values: &Values, resource: ValueId) -> String {
    let word = |path: &[&str]| values.at(resource, path).and_then(|value| values.as_text(value));
    let Some(aws_type) = word(&["Type"]).filter(|name| name.starts_with("AWS::")) else { return help };
    let object = word(&["Source", "Object"]);
    let is_terraform = word(&["Source", "Dialect"]) == Some("terraform");
    if object.is_none() && !is_terraform {
        return help;
    }
    let spelled = |property: &str| match object {
        Some(object) => kubernetes::spelling(object, aws_type, property),
        None => argument(aws_type, property),
    };
    let mut out = String::with_capacity(help.len());
    for (idx, part) in help.split('`').enumerate() {
        if idx > 0 {
            out.push('`');
        }
        let long = SHORT.iter().find(|(short, _)| *short == part).map_or(part, |(_, long)| long);
        match spelled(long).filter(|_| idx % 2 == 1) {
            Some(spelling) => out.push_str(&spelling),
            None => out.push_str(part),
        }
    }
    out
}

/// The argument of the Terraform provider, `health_check.matcher`.
fn argument(aws_type: &str, property: &str) -> Option<String> {
    let lists = ["TargetGroupAttributes", "LoadBalancerAttributes", "ListenerAttributes"];
    let found = terraform::argument(aws_type, property).or_else(|| {
        lists.iter().find_map(|list| terraform::argument(aws_type, &format!("{list}.{property}")))
    });
    found.map(|path| path.join("."))
}
