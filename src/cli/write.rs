//! Files written whole or not at all.
//!
//! The new text goes into a neighbour of the file, which then takes the file's place: a full disk, a crash or a second run
//! at the same time leave the old text or the new one, never a part. Links stay links, and permissions stay as they are.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// At most this many links are followed, as the operating system does.
const MAX_LINKS: usize = 40;

/// Writes a file; what is there already is replaced.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    stage(path, bytes)?.commit()
}

/// Adds to the end of a file that other programs write to as well.
pub(super) fn append(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let file = File::options().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(bytes)).with_context(|| cannot_write(path))
}

/// A file that is written but not in its place yet; without [`Staged::commit`] nothing has happened.
pub(super) struct Staged {
    path: PathBuf,
    into: Into,
}

enum Into {
    /// A neighbour, and the place that it is going to take.
    Neighbour { file: NamedTempFile, target: PathBuf },
    /// A device or a pipe, which cannot be replaced, and what goes there.
    Device(Vec<u8>),
}

/// Writes everything that can fail halfway. Several files that belong together are staged first, then committed.
pub(super) fn stage(path: &Path, bytes: &[u8]) -> anyhow::Result<Staged> {
    let into = neighbour(path, bytes).with_context(|| cannot_write(path))?;
    Ok(Staged { path: path.to_path_buf(), into })
}

/// Puts several files into their places, either all or none: what can still fail, such as a full device, goes first.
pub(super) fn commit_all(mut files: Vec<Staged>) -> anyhow::Result<()> {
    files.sort_by_key(|file| matches!(file.into, Into::Neighbour { .. }));
    files.into_iter().try_for_each(Staged::commit)
}

impl Staged {
    /// Puts the file into its place.
    pub(super) fn commit(self) -> anyhow::Result<()> {
        let written = match self.into {
            Into::Neighbour { file, target } => file.persist(target).map(drop).map_err(|error| error.error),
            Into::Device(bytes) => {
                File::options().write(true).open(&self.path).and_then(|mut device| device.write_all(&bytes))
            }
        };
        written.with_context(|| cannot_write(&self.path))
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

fn neighbour(path: &Path, bytes: &[u8]) -> io::Result<Into> {
    let target = behind_links(path)?;
    let permissions = match fs::metadata(&target) {
        Ok(metadata) if metadata.is_dir() => return Err(ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => return Ok(Into::Device(bytes.to_vec())),
        // Replacing needs no permission on the file itself, but whoever protected it meant this.
        Ok(metadata) if metadata.permissions().readonly() => {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "the file is read-only"));
        }
        Ok(metadata) => Some(metadata.permissions()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let dir = match target.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    fs::create_dir_all(dir)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".grpc-guard-").suffix(".tmp");
    if let Some(new) = new_file() {
        builder.permissions(new);
    }
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(bytes)?;
    // Some file systems tell only now that they are full.
    file.as_file().sync_data()?;
    if let Some(permissions) = permissions {
        fs::set_permissions(file.path(), permissions)?;
    }
    Ok(Into::Neighbour { file, target })
}

/// The file that a chain of links ends at, whether it exists or not.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            // Not a link, or nothing at all.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {
                return Ok(path);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// The permissions of a file that any other program would make; the user's mask is taken off them.
#[cfg(unix)]
fn new_file() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file() -> Option<Permissions> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("readable");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_made_and_replaced() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let path = dir.path().join("new/report.json");
        write(&path, b"one").expect("written");
        assert_eq!(fs::read(&path).expect("readable"), b"one");
        let made = dir.path().join("new/plain");
        fs::write(&made, "").expect("written");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&made), "as any program makes files");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("allowed");
        write(&path, b"two").expect("written");
        assert_eq!((fs::read(&path).expect("readable"), mode(&path)), (b"two".to_vec(), 0o640));
        assert_eq!(names(&dir.path().join("new")), ["plain", "report.json"]);
    }

    #[test]
    fn links_stay_links() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("real")).expect("made");
        fs::write(at("real/a.yaml"), "old").expect("written");
        symlink("real/a.yaml", at("near")).expect("made");
        symlink("near", at("far")).expect("made");
        symlink("real/b.yaml", at("dangling")).expect("made");
        symlink("loop", at("loop")).expect("made");
        write(&at("far"), b"new").expect("written");
        write(&at("dangling"), b"made").expect("written");
        assert_eq!(fs::read(at("real/a.yaml")).expect("readable"), b"new");
        assert_eq!(fs::read(at("real/b.yaml")).expect("readable"), b"made");
        assert!(fs::symlink_metadata(at("far")).expect("there").is_symlink());
        let error = write(&at("loop"), b"").expect_err("a loop has no end");
        assert!(format!("{error:#}").contains("too many symbolic links"), "{error:#}");
        assert_eq!(names(dir.path()), ["dangling", "far", "loop", "near", "real"]);
    }

    #[test]
    fn refusals_name_the_file_and_leave_nothing() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let protected = dir.path().join("protected");
        fs::write(&protected, "old").expect("written");
        fs::set_permissions(&protected, Permissions::from_mode(0o444)).expect("allowed");
        for (path, why) in [
            (protected.as_path(), "the file is read-only"),
            (dir.path(), "is a directory"),
            (&protected.join("below"), "cannot write"),
        ] {
            let error = format!("{:#}", write(path, b"new").expect_err("refused"));
            assert!(error.contains(why) && error.contains(&path.display().to_string()), "{error}");
        }
        assert_eq!(fs::read(&protected).expect("readable"), b"old");
        assert_eq!(names(dir.path()), ["protected"]);
        drop(stage(&dir.path().join("never"), b"text").expect("staged"));
        assert_eq!(names(dir.path()), ["protected"], "what is not committed has not happened");
    }
}
