//! Temporary files that nobody else can open.

use std::fs::File;
use std::io;
use std::path::Path;

/// A file in `dir` that has no name, for its owner only (mode 0600), and is gone when it is closed, or when the process
/// ends in whatever way.
///
/// # Errors
/// Those of the system.
pub fn unnamed_file(dir: &Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(dir)?;
    // `tempfile` leaves the mode of an unnamed file to the umask.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_no_name_and_belongs_to_its_owner_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = unnamed_file(dir.path()).expect("a file");
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(file.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
        }
        drop(file);
    }
}
