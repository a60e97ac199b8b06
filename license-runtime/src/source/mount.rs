//! Whether a file is mounted by itself, so that it does not follow what
//! happens to its directory outside.

use std::path::Path;

/// Whether this file is a mount point. Known on Linux alone.
#[cfg(target_os = "linux")]
pub(super) fn is_mounted_alone(path: &Path) -> bool {
    let Ok(path) = std::fs::canonicalize(path) else { return false };
    std::fs::read("/proc/self/mountinfo").is_ok_and(|mounts| lists(&mounts, &path))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_mounted_alone(_: &Path) -> bool {
    false
}

/// Whether mountinfo (proc_pid_mountinfo(5)) lists a mount at `path`: in the
/// fifth field, where blanks and backslashes are three octal digits.
#[cfg(target_os = "linux")]
fn lists(mounts: &[u8], path: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;

    let mut escaped = Vec::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b' ' | b'\t' | b'\n' | b'\\' => escaped.extend(format!("\\{byte:03o}").bytes()),
            _ => escaped.push(*byte),
        }
    }
    mounts
        .split(|byte| *byte == b'\n')
        .any(|line| line.split(|byte| *byte == b' ').nth(4) == Some(&escaped[..]))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const MOUNTS: &[u8] = b"\
        1180 1166 0:65 / / rw,relatime master:1 - overlay overlay rw\n\
        1190 1180 0:70 / /etc/directory ro,relatime - tmpfs tmpfs rw\n\
        1191 1180 0:71 /..2026_11_01/license.jwt /etc/one/license.jwt ro - tmpfs tmpfs rw\n\
        1192 1180 8:1 /a /etc/with\\040blank/back\\134slash rw - ext4 /dev/sda1 rw\n";

    #[test]
    fn a_file_that_is_a_mount_point_is_mounted_alone() {
        assert!(lists(MOUNTS, Path::new("/etc/one/license.jwt")));
        assert!(lists(MOUNTS, Path::new("/etc/with blank/back\\slash")));
    }

    #[test]
    fn a_file_in_a_mounted_directory_is_not() {
        assert!(!lists(MOUNTS, Path::new("/etc/directory/license.jwt")));
        assert!(!lists(MOUNTS, Path::new("/etc/one")));
        assert!(!lists(MOUNTS, Path::new("/..2026_11_01/license.jwt")));
    }

    #[test]
    fn a_mount_of_this_machine_is_found() {
        assert!(is_mounted_alone(Path::new("/proc")));
        assert!(!is_mounted_alone(Path::new("/proc/self/mountinfo")));
    }
}
