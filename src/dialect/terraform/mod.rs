//! Terraform JSON configuration and plans: lowered into the common model.

use super::{File, Lowered, Platforms};
use crate::document::NodeRef;

/// Whether a root of a file is of this dialect; looks at a few keys only.
pub fn detect(path: &str, root: NodeRef<'_>) -> bool {
    let _ = (path, root);
    false
}

/// Lowers the files of one project.
pub fn lower(files: &[File<'_>], platforms: &Platforms) -> Lowered {
    let _ = (files, platforms);
    Lowered::default()
}
