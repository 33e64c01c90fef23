//! Starts that must fail.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_io::driver::Backend;

use crate::harness::batches::plain;
use crate::harness::broker::{Broker, Folder, Options, Refused};
use crate::harness::on_both;

/// One line of the program's own, which says this; nothing else but its log; status 1.
fn says(refused: &Refused, words: &[&str]) {
    let lines: Vec<&str> =
        refused.stderr.lines().filter(|line| line.starts_with("headwater: ")).collect();
    assert_eq!(lines.len(), 1, "{}", refused.stderr);
    for line in refused.stderr.lines().filter(|line| !line.starts_with("headwater: ")) {
        assert!(line.starts_with("20"), "no line of a log: {line}");
    }
    for word in words {
        assert!(lines[0].contains(word), "{:?} does not say {word:?}", lines[0]);
    }
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
}

/// Every file with its content.
fn content(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all.extend(content(&path)),
            false => drop(all.insert(path.clone(), fs::read(&path).expect("a file"))),
        }
    }
    all
}

/// A data directory that was used and stopped.
fn used(backend: Backend) -> (Folder, Options) {
    let broker = Broker::start(backend);
    let mut client = broker.connect();
    client.create("t", 1, &[]);
    client.append("t", 0, &plain(&["x"]));
    drop(client);
    broker.stop()
}

/// Refused with these words, and not a byte is another one; afterwards it starts when `mended`.
fn refused_and_unchanged(
    backend: Backend,
    spoil: impl Fn(&Path),
    words: &[&str],
    mend: impl Fn(&Path),
) {
    let (dir, options) = used(backend);
    spoil(&dir.data());
    let before = content(&dir.data());
    says(&options.clone().refused_in(&dir), words);
    assert!(content(&dir.data()) == before, "something was changed");
    mend(&dir.data());
    assert_eq!(options.start_in(dir).connect().ends("t", 0), (0, 1));
}

#[test]
fn a_directory_of_a_newer_release_is_left_alone() {
    on_both(|backend| {
        let identity = |dir: &Path| dir.join("headwater.json");
        let newer = |dir: &Path| {
            let text = fs::read_to_string(identity(dir)).unwrap();
            fs::write(dir.join("kept"), &text).unwrap();
            let text = text.replace("\"format_version\": 1", "\"format_version\": 99");
            fs::write(identity(dir), text.replace("cluster_id", "shape_of_the_future")).unwrap();
        };
        let mend = |dir: &Path| fs::rename(dir.join("kept"), identity(dir)).unwrap();
        refused_and_unchanged(backend, newer, &["format 99", "use the newer release"], mend);
    });
}

#[test]
fn a_directory_without_its_identity_or_metadata_is_left_alone() {
    on_both(|backend| {
        for name in ["headwater.json", "metadata.log"] {
            let hide = |dir: &Path| fs::rename(dir.join(name), dir.join("hidden")).unwrap();
            let mend = |dir: &Path| fs::rename(dir.join("hidden"), dir.join(name)).unwrap();
            refused_and_unchanged(backend, hide, &[name, "restore"], mend);
        }
        let damage = |dir: &Path| {
            let path = dir.join("metadata.log");
            let mut bytes = fs::read(&path).unwrap();
            bytes[20] ^= 1;
            fs::write(path, bytes).unwrap();
        };
        refused_and_unchanged(backend, damage, &["metadata.log", "damaged", "restore"], damage);
    });
}

#[test]
fn a_partition_without_its_folder_is_no_reason_to_start_empty() {
    on_both(|backend| {
        let hide = |dir: &Path| fs::rename(dir.join("t-0"), dir.join("hidden")).unwrap();
        let mend = |dir: &Path| fs::rename(dir.join("hidden"), dir.join("t-0")).unwrap();
        let (dir, options) = used(backend);
        hide(&dir.data());
        says(&options.clone().refused_in(&dir), &["'t'", "t-0", "restore"]);
        assert!(!dir.data().join("t-0").exists());
        mend(&dir.data());
        assert_eq!(options.start_in(dir).connect().ends("t", 0), (0, 1));
    });
}

#[test]
fn a_directory_of_another_node_is_left_alone() {
    on_both(|backend| {
        let (dir, options) = used(backend);
        let before = content(&dir.data());
        says(&options.set("node.id=7").refused_in(&dir), &["node 1", "node.id"]);
        assert!(content(&dir.data()) == before);
    });
}

#[test]
fn a_directory_in_use_is_left_to_who_uses_it() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let words = ["in use by another process", "--data-dir"];
        says(&Options::new(backend).refused_in(&broker.folder()), &words);
        assert_eq!(client.append("t", 0, &plain(&["x"])), 0);
        // A killed broker holds no lock.
        let broker = broker.kill_and_restart();
        assert_eq!(broker.connect().ends("t", 0), (0, 1));
    });
}

#[test]
fn what_is_no_directory_cannot_be_one() {
    on_both(|backend| {
        let folder = Folder::new();
        fs::write(folder.path().join("file"), b"mine").unwrap();
        for path in ["file", "file/below"] {
            let options = Options::new(backend).data_dir(&folder.path().join(path));
            says(&options.refused_in(&folder), &["cannot be used", "is a directory"]);
        }
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"mine");
    });
}

/// Somebody who may do everything can read everything: then the broker is started as somebody else.
fn nobody() -> Option<Vec<&'static str>> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return Some(Vec::new());
    }
    let words = vec!["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(env!("CARGO_BIN_EXE_headwater")).arg("--version");
    command.output().is_ok_and(|output| output.status.success()).then_some(words)
}

#[test]
fn a_directory_without_permission_is_left_alone() {
    let Some(words) = nobody() else {
        return eprintln!("SKIPPED: cannot become a user without permissions here (setpriv)");
    };
    on_both(|backend| {
        let folder = Folder::new();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap()
        };
        mode(folder.path(), 0o755);
        let data = folder.data();
        fs::create_dir(&data).unwrap();
        fs::write(data.join("headwater.json"), b"{}").unwrap();
        for bits in [0o000, 0o555] {
            mode(&data, bits);
            let refused = Options::new(backend).under(&words).refused_in(&folder);
            says(&refused, &["cannot be used", "writable by this user"]);
        }
        mode(&data, 0o755);
        assert_eq!(content(&data).len(), 1, "nothing was added");
        mode(folder.path(), 0o555);
        let options = Options::new(backend).under(&words).data_dir(&folder.path().join("new"));
        says(&options.refused_in(&folder), &["cannot be used", "writable by this user"]);
        mode(folder.path(), 0o755);
    });
}

#[test]
fn a_port_in_use_is_left_to_who_uses_it() {
    on_both(|backend| {
        let (dir, options) = used(backend);
        let before = content(&dir.data());
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = Broker::start(backend);
        for addr in [taken.local_addr().unwrap(), other.addr] {
            let options = options.clone().set(&format!("listeners=PLAINTEXT://{addr}"));
            says(&options.refused_in(&dir), &[&addr.to_string(), "in use", "--listen"]);
            assert!(content(&dir.data()) == before, "also the note of the clean stop is there");
        }
        assert_eq!(other.connect().topics(), Vec::<String>::new());
        let elsewhere = options.clone().set("listeners=PLAINTEXT://192.0.2.1:9092");
        says(&elsewhere.refused_in(&dir), &["192.0.2.1:9092", "--listen"]);
        assert_eq!(options.start_in(dir).connect().ends("t", 0), (0, 1));
    });
}

#[test]
fn settings_that_are_not_understood_are_refused_before_anything_is_touched() {
    on_both(|backend| {
        let cases = [
            ("log.segmentbytes=1", vec!["unknown setting", "did you mean `log.segment.bytes`?"]),
            ("no.such.thing=1", vec!["unknown setting", "config list"]),
            ("commit.depth=0", vec!["commit.depth=0", "from 1 to 64"]),
            ("commit.depth=many", vec!["commit.depth=many", "give"]),
            ("durability=sometimes", vec!["durability=sometimes", "durable"]),
            ("no equals sign", vec!["name=value"]),
        ];
        for (setting, words) in cases {
            let folder = Folder::new();
            says(&Options::new(backend).set(setting).refused_in(&folder), &words);
            assert!(!folder.data().exists(), "{setting}");
        }
    });
}
