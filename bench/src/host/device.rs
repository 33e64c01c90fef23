//! The block device that holds a directory, and its counters: what a setting really costs on the
//! device, whatever the layers above believe.
//!
//! Counters are of the whole device: others that use it at the same time are counted too.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DeviceFacts;

const SECTOR_BYTES: u64 = 512;

/// A block device known to the kernel.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its folder in `/sys`.
    sys: PathBuf,
}

/// What went to the device since it was started; differences of two of these are what counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCounters {
    /// Reads that completed.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Writes that completed.
    pub writes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Cache flushes; `None` on kernels before 5.5.
    pub flushes: Option<u64>,
    /// Time during which the device had work.
    pub busy_ms: u64,
}

impl Device {
    /// The device below `dir`, or `None` for a file system without one.
    pub fn holding(dir: &Path) -> Option<Device> {
        let dev = fs::metadata(dir).ok()?.dev();
        // Some file systems (btrfs, overlay) show a number of their own; the mount table has the source.
        Device::numbered(dev).or_else(|| {
            let mount = mount_of(&fs::read_to_string("/proc/self/mountinfo").ok()?, dir)?;
            Device::numbered(fs::metadata(mount.source).ok()?.rdev())
        })
    }

    fn numbered(dev: u64) -> Option<Device> {
        let (major, minor) = (major(dev), minor(dev));
        let sys = fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()?;
        // The kernel counts flushes on the whole disk, not on the partition that caused them.
        let sys = match sys.join("partition").exists() {
            true => sys.parent()?.to_owned(),
            false => sys,
        };
        Some(Device { sys })
    }

    /// What has happened so far; `None` when the kernel does not say.
    pub fn counters(&self) -> Option<DeviceCounters> {
        parse_stat(&fs::read_to_string(self.sys.join("stat")).ok()?)
    }

    /// What the kernel knows about it.
    pub fn facts(&self) -> DeviceFacts {
        let read = |file: &str| {
            let text = fs::read_to_string(self.sys.join(file)).ok()?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let flag = |file: &str| read(file).map(|text| text == "1");
        DeviceFacts {
            name: self.sys.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            model: read("device/model"),
            write_cache: read("queue/write_cache"),
            fua: flag("queue/fua"),
            rotational: flag("queue/rotational"),
        }
    }
}

impl DeviceCounters {
    /// What happened from `earlier` until this.
    pub fn since(&self, earlier: &DeviceCounters) -> DeviceCounters {
        DeviceCounters {
            reads: self.reads.saturating_sub(earlier.reads),
            read_bytes: self.read_bytes.saturating_sub(earlier.read_bytes),
            writes: self.writes.saturating_sub(earlier.writes),
            written_bytes: self.written_bytes.saturating_sub(earlier.written_bytes),
            flushes: self.flushes.zip(earlier.flushes).map(|(now, then)| now.saturating_sub(then)),
            busy_ms: self.busy_ms.saturating_sub(earlier.busy_ms),
        }
    }
}

/// Type of the file system that holds `dir`.
pub fn file_system(dir: &Path) -> Option<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mount_of(&table, &fs::canonicalize(dir).ok()?).map(|mount| mount.kind)
}

/// The fields of `/sys/.../stat`, numbered as in the kernel's `iostats` document from 1: 1 reads,
/// 3 sectors read, 5 writes, 7 sectors written, 10 busy time, 16 flushes.
fn parse_stat(text: &str) -> Option<DeviceCounters> {
    let fields: Vec<u64> = text.split_whitespace().map_while(|field| field.parse().ok()).collect();
    if fields.len() < 11 {
        return None;
    }
    Some(DeviceCounters {
        reads: fields[0],
        read_bytes: fields[2] * SECTOR_BYTES,
        writes: fields[4],
        written_bytes: fields[6] * SECTOR_BYTES,
        flushes: fields.get(15).copied(),
        busy_ms: fields[9],
    })
}

struct Mount {
    source: String,
    kind: String,
}

/// The mount that `dir` lies in: of all mount points that lead to it the longest, the last one of
/// equals (it covers the earlier ones). A line is `id parent maj:min root POINT options - KIND SOURCE …`.
fn mount_of(table: &str, dir: &Path) -> Option<Mount> {
    let mut best: Option<(usize, Mount)> = None;
    for line in table.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let Some(point) = left.split(' ').nth(4) else { continue };
        let mut right = right.split(' ');
        let (Some(kind), Some(source)) = (right.next(), right.next()) else { continue };
        let longer = best.as_ref().is_none_or(|(len, _)| point.len() >= *len);
        if dir.starts_with(point) && longer {
            best = Some((point.len(), Mount { source: source.into(), kind: kind.into() }));
        }
    }
    best.map(|(_, mount)| mount)
}

/// Linux's encoding of device numbers, as in `gnu_dev_major`.
fn major(dev: u64) -> u64 {
    (dev >> 8) & 0xfff | (dev >> 32) & !0xfff
}

fn minor(dev: u64) -> u64 {
    dev & 0xff | (dev >> 12) & !0xff & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stat_line_of_old_and_new_kernels() {
        let new = "83668 10888 16655426 111864 405574 21201 115136104 142630 0 55624 264630 \
                   5107 112 9810280 1184 123507 8951";
        let counters = parse_stat(new).unwrap();
        assert_eq!((counters.reads, counters.writes), (83_668, 405_574));
        assert_eq!(counters.written_bytes, 115_136_104 * 512);
        assert_eq!((counters.flushes, counters.busy_ms), (Some(123_507), 55_624));
        let old = parse_stat("1 0 8 0 2 0 16 0 0 3 0").unwrap();
        assert_eq!((old.read_bytes, old.written_bytes, old.flushes), (4096, 8192, None));
        assert_eq!(parse_stat("1 2 3"), None);
    }

    #[test]
    fn counters_subtract() {
        let now = DeviceCounters { writes: 5, flushes: Some(9), ..Default::default() };
        let then = DeviceCounters { writes: 2, flushes: Some(4), ..Default::default() };
        let delta = now.since(&then);
        assert_eq!((delta.writes, delta.flushes, delta.reads), (3, Some(5), 0));
        assert_eq!(now.since(&DeviceCounters::default()).flushes, None);
    }

    #[test]
    fn the_longest_mount_point_wins() {
        let table = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                     30 22 0:25 / /srv rw - tmpfs tmpfs rw\n\
                     31 30 0:26 /@ /srv/data rw shared:1 - btrfs /dev/sdb2 rw\n";
        let kind = |dir: &str| mount_of(table, Path::new(dir)).unwrap().kind;
        assert_eq!(kind("/home/x"), "ext4");
        assert_eq!(kind("/srvx"), "ext4");
        assert_eq!(kind("/srv/data/log"), "btrfs");
        assert_eq!(mount_of(table, Path::new("/srv/data")).unwrap().source, "/dev/sdb2");
    }

    #[test]
    fn device_numbers_split_like_glibc() {
        assert_eq!((major(0xfe00), minor(0xfe00)), (254, 0));
        assert_eq!((major(0x10301), minor(0x10301)), (259, 1));
        assert_eq!(minor(0x0010_0005), 0x105);
    }
}
