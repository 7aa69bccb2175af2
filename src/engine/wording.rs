//! Help and fixes in the words of the user's files: rules name AWS properties, and where a property is an annotation or an
//! argument there, that is named.

use crate::dialect::{kubernetes, terraform};
use crate::model::{ValueId, Values};

/// Short forms in which help names properties.
const SHORT: [(&str, &str); 2] = [("GrpcCode", "Matcher.GrpcCode"), ("HttpCode", "Matcher.HttpCode")];

/// The help with every property in backticks as it is written for this resource.
pub(super) fn as_written(help: String, values: &Values, resource: ValueId) -> String {
    let Some(spelling) = Spelling::of(values, resource) else { return help };
    let mut out = String::with_capacity(help.len());
    for (idx, part) in help.split('`').enumerate() {
        if idx > 0 {
            out.push('`');
        }
        let spelled = if idx % 2 == 1 { spelling.property(part) } else { None };
        out.push_str(spelled.as_deref().unwrap_or(part));
    }
    out
}

/// How the properties of a resource are written where it comes from.
pub(super) struct Spelling<'v> {
    aws_type: &'v str,
    /// The Kubernetes object that decides; a Terraform block where there is none.
    object: Option<&'v str>,
}

impl<'v> Spelling<'v> {
    /// `None` where the user writes the properties themselves.
    pub(super) fn of(values: &'v Values, resource: ValueId) -> Option<Self> {
        let word = |path: &[&str]| values.at(resource, path).and_then(|value| values.as_text(value));
        let aws_type = word(&["Type"]).filter(|name| name.starts_with("AWS::"))?;
        let object = word(&["Source", "Object"]);
        let is_other = object.is_some() || word(&["Source", "Dialect"]) == Some("terraform");
        is_other.then_some(Self { aws_type, object })
    }

    /// The annotation, field or argument that a property is.
    pub(super) fn property(&self, property: &str) -> Option<String> {
        let long = SHORT.iter().find(|(short, _)| *short == property).map_or(property, |(_, long)| long);
        match self.object {
            Some(object) => kubernetes::spelling(object, self.aws_type, long),
            None => argument(self.aws_type, long),
        }
    }
}

/// The argument of the Terraform provider, `health_check.matcher`.
fn argument(aws_type: &str, property: &str) -> Option<String> {
    let lists = ["TargetGroupAttributes", "LoadBalancerAttributes", "ListenerAttributes"];
    let found = terraform::argument(aws_type, property).or_else(|| {
        lists.iter().find_map(|list| terraform::argument(aws_type, &format!("{list}.{property}")))
    });
    found.map(|path| path.join("."))
}
