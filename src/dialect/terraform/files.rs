//! Which files Terraform and OpenTofu read, by their names.

/// How the names of files end that may belong to a module.
pub const SUFFIXES: [&str; 6] = [".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json"];

/// Whether a file belongs to the module of its directory: it declares something, or sets variables without being asked for.
pub fn is_of_module(path: &str) -> bool {
    declares(path) || sets_variables(path)
}

/// Whether a file declares a part of its module.
pub(super) fn declares(path: &str) -> bool {
    SUFFIXES[..4].iter().any(|suffix| path.ends_with(suffix))
}

/// Whether Terraform takes the values of the root module's variables from a file that nobody names.
pub(super) fn sets_variables(path: &str) -> bool {
    let name = name(path);
    let stem = name.strip_suffix(".json").unwrap_or(name);
    stem == "terraform.tfvars" || stem.ends_with(".auto.tfvars")
}

/// By which the files of one module are read in turn, what is read later outweighing what was read before: those that
/// override others come last, and of those that set variables the ones called `terraform.tfvars` come first.
pub(super) fn turn(path: &str) -> (bool, bool, &str) {
    let name = name(path);
    (overrides(path), sets_variables(path) && !name.starts_with("terraform.tfvars"), name)
}

/// Whether Terraform merges the file into the others after it has read them.
pub(super) fn overrides(path: &str) -> bool {
    let name = name(path);
    let stem = SUFFIXES[..4].iter().find_map(|suffix| name.strip_suffix(suffix));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        let told = |path: &str| (declares(path), sets_variables(path), overrides(path));
        assert_eq!(told("/a/main.tf"), (true, false, false));
        assert_eq!(told("/a/main.tf.json"), (true, false, false));
        assert_eq!(told("/a/main.tofu"), (true, false, false));
        assert_eq!(told("/a/override.tf"), (true, false, true));
        assert_eq!(told("/a/lb_override.tf.json"), (true, false, true));
        assert_eq!(told("/a/terraform.tfvars"), (false, true, false));
        assert_eq!(told("/a/prod.auto.tfvars.json"), (false, true, false));
        assert_eq!(told("/a/prod.tfvars"), (false, false, false));
        assert_eq!(told("/a/packer.pkr.hcl"), (false, false, false));
        assert_eq!(told("/a/plan.json"), (false, false, false));
    }
}
