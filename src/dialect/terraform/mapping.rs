//! Which argument of the AWS provider is which AWS property: one row an argument, plain data.
//!
//! Read forwards by the lowering (`shape.rs`), backwards by [`argument`], which tells a fix where a property is
//! written. Sources: the schemas of terraform-provider-aws 5 and 6 and the CloudFormation resource reference.

mod app_mesh;
mod attachments;
mod compute;
mod edge;
mod lattice;
mod load_balancing;

/// A kind of resource.
#[derive(Debug)]
pub(in crate::dialect) struct Mapped {
    /// Terraform types: the present name first, then its aliases.
    pub(super) terraform: &'static [&'static str],
    /// AWS type.
    pub(super) aws: &'static str,
    /// Its arguments.
    pub(super) rows: &'static [Row],
}

/// An argument or block and the property that it becomes.
#[derive(Debug)]
pub(super) struct Row {
    /// Name within its block.
    pub(super) argument: &'static str,
    /// Path of the property within what the block becomes, its parts joined with dots; empty for [`Form::Inline`].
    pub(super) property: &'static str,
    /// How one becomes the other.
    pub(super) form: Form,
}

/// How an argument becomes a property.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// The value as it is.
    Value,
    /// The value as it is, of an argument that present versions of the provider no longer have.
    Former,
    /// A list, as it is; plans may show references in place of its unknown items.
    List,
    /// A list that holds the value.
    ListOfOne,
    /// A list that holds a map in which this key has the value.
    Entry(&'static str),
    /// `true` is `internal`, `false` is `internet-facing`.
    Scheme,
    /// `GrpcCode` or `HttpCode` of a matcher, by the protocol version of the same resource.
    Matcher,
    /// An entry with this key in a list of keys and values.
    Attribute(&'static str),
    /// A block that becomes a map.
    Block(&'static [Row]),
    /// A block that may be repeated and becomes a list of maps.
    Blocks(&'static [Row]),
    /// A block whose arguments become properties beside it.
    Inline(&'static [Row]),
    /// The containers of an ECS task, JSON in a string.
    Containers,
    /// Rules of a security group: one entry for each address range.
    Ingress,
    /// A name's beginning: the name itself is known only after deployment.
    NamePrefix,
}

const fn value(argument: &'static str, property: &'static str) -> Row {
    Row { argument, property, form: Form::Value }
}

const fn list(argument: &'static str, property: &'static str) -> Row {
    Row { argument, property, form: Form::List }
}

const fn attribute(argument: &'static str, property: &'static str, key: &'static str) -> Row {
    Row { argument, property, form: Form::Attribute(key) }
}

const fn block(argument: &'static str, property: &'static str, rows: &'static [Row]) -> Row {
    Row { argument, property, form: Form::Block(rows) }
}

const fn blocks(argument: &'static str, property: &'static str, rows: &'static [Row]) -> Row {
    Row { argument, property, form: Form::Blocks(rows) }
}

const fn inline(argument: &'static str, rows: &'static [Row]) -> Row {
    Row { argument, property: "", form: Form::Inline(rows) }
}

const TABLES: [&[Mapped]; 6] =
    [load_balancing::TABLE, compute::TABLE, lattice::TABLE, edge::TABLE, app_mesh::TABLE, attachments::TABLE];

/// The row set of a Terraform type.
pub(super) fn of_terraform(resource_type: &str) -> Option<&'static Mapped> {
    TABLES.iter().copied().flatten().find(|mapped| mapped.terraform.contains(&resource_type))
}

/// The argument path (`health_check`, `path`) that a property of an AWS type is written as; attributes are asked for
/// by the list's name and the key: `TargetGroupAttributes.stickiness.enabled`.
pub fn argument(aws_type: &str, property: &str) -> Option<Vec<&'static str>> {
    Some(written_as(aws_type, property)?.0)
}

/// Whether Terraform has a single value where AWS has a list, or a number or word where AWS has its text.
pub(in crate::dialect) fn is_unwrapped(aws_type: &str, property: &str) -> (bool, bool) {
    let form = written_as(aws_type, property).map(|(_, row)| row.form);
    (matches!(form, Some(Form::ListOfOne)), matches!(form, Some(Form::Attribute(_))))
}

fn written_as(aws_type: &str, property: &str) -> Option<(Vec<&'static str>, &'static Row)> {
    let mapped = TABLES.iter().copied().flatten().find(|mapped| mapped.aws == aws_type)?;
    argument_in(mapped.rows, property)
}

/// Whether a Terraform type is one of those that become an AWS type.
pub(in crate::dialect) fn becomes(terraform: &str, aws_type: &str) -> bool {
    of_terraform(terraform).is_some_and(|mapped| mapped.aws == aws_type)
}

fn argument_in(rows: &'static [Row], property: &str) -> Option<(Vec<&'static str>, &'static Row)> {
    rows.iter().find_map(|row| {
        let rest = match row.property {
            "" => Some(property),
            own if property == own => Some(""),
            own => property.strip_prefix(own)?.strip_prefix('.'),
        }?;
        match row.form {
            Form::Inline(rows) | Form::Block(rows) | Form::Blocks(rows) if !rest.is_empty() => {
                let (mut path, row_inside) = argument_in(rows, rest)?;
                path.insert(0, row.argument);
                Some((path, row_inside))
            }
            Form::Attribute(key) => (rest == key).then(|| (vec![row.argument], row)),
            Form::Matcher => matches!(rest, "" | "GrpcCode" | "HttpCode").then(|| (vec![row.argument], row)),
            Form::Entry(key) => (rest.is_empty() || rest == key).then(|| (vec![row.argument], row)),
            _ => rest.is_empty().then(|| (vec![row.argument], row)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_lead_back_to_their_arguments() {
        let check = |property: &str, expected: &[&str]| {
            let found = argument("AWS::ElasticLoadBalancingV2::TargetGroup", property);
            assert_eq!(found.as_deref(), Some(expected), "{property}");
        };
        check("ProtocolVersion", &["protocol_version"]);
        check("HealthCheckPath", &["health_check", "path"]);
        check("Matcher.GrpcCode", &["health_check", "matcher"]);
        check("TargetGroupAttributes.stickiness.enabled", &["stickiness", "enabled"]);
        let listener = "AWS::ElasticLoadBalancingV2::Listener";
        assert_eq!(argument(listener, "Certificates.CertificateArn"), Some(vec!["certificate_arn"]));
        let path = argument(listener, "DefaultActions.ForwardConfig.TargetGroups.Weight");
        assert_eq!(path, Some(vec!["default_action", "forward", "target_group", "weight"]));
        assert_eq!(argument(listener, "Nonsense"), None);
    }

    #[test]
    fn a_terraform_type_is_mapped_once() {
        let mut seen = Vec::new();
        for name in TABLES.iter().copied().flatten().flat_map(|mapped| mapped.terraform) {
            assert!(!seen.contains(name), "{name} is mapped twice");
            seen.push(name);
        }
    }
}
