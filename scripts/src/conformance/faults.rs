//! What goes wrong around a broker, not in it: starts that must fail with one line that says what to do, and a disk that
//! fills up while clients write.

use super::broker::Broker;
use super::cases::{Case, Run, case};
use super::clients;
use super::lab::Lab;
use super::process;
use super::tools::Tool::Python;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// All of them.
pub fn all() -> Vec<Case> {
    let starts: Run = Box::new(refused_starts);
    vec![
        case("refused-starts", &[], starts),
        case("full-disk", &[Python], Box::new(full_disk)),
        Case { stops_broker: true, ..case("verify", &[], Box::new(verify)) },
    ]
}

/// Arguments of a start that must fail, and what its one line must say.
struct Refused {
    args: Vec<String>,
    status: i32,
    says: &'static str,
}

fn refused_starts(lab: &mut Lab) -> Result<String, String> {
    let folder = lab.file("refused");
    let path = |name: &str| folder.join(name).display().to_string();
    let newer = r#"{"format_version": 99, "cluster_id": "c", "node_id": 1, "directory_id": "d"}"#;
    fs::create_dir_all(folder.join("newer"))
        .and_then(|()| fs::write(folder.join("newer/headwater.json"), newer))
        .and_then(|()| fs::write(folder.join("file"), "not a directory"))
        .map_err(|e| format!("{}: {e}", folder.display()))?;
    let refused = |args: &[&str], says| Refused {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        status: 1,
        says,
    };
    let (address, data_dir) =
        (lab.broker.address.clone(), lab.broker.data_dir().display().to_string());
    let free = "127.0.0.1:0";
    let starts = [
        refused(&["--data-dir", &path("new"), "--listen", &address], "in use by another process"),
        refused(&["--data-dir", &data_dir, "--listen", free], "in use by another process"),
        refused(&["--data-dir", &path("file"), "--listen", free], "cannot be used"),
        refused(&["--data-dir", &path("newer"), "--listen", free], "use the newer release"),
        refused(&["--set", "log.segmentbytes=1"], "did you mean `log.segment.bytes`?"),
        refused(&["--set", "commit.depth=0"], "from 1 to 64"),
        refused(&["--config", &path("missing.toml")], "cannot read the settings file"),
        Refused { status: 2, ..refused(&["--shards", "many"], "--help") },
    ];
    for start in &starts {
        check_refused(lab.broker.program(), start, &folder)?;
    }
    Ok(format!("{} starts", starts.len()))
}

fn check_refused(program: &Path, start: &Refused, folder: &Path) -> Result<(), String> {
    let log = folder.join("start.log");
    let mut command = Command::new(program);
    command.arg("serve").args(&start.args);
    let status = process::status(&mut command, &log, Duration::from_secs(20))?;
    let errors = fs::read_to_string(process::errors(&log)).unwrap_or_default();
    let lines: Vec<&str> = errors.lines().collect();
    let one_line = lines.len() == 1 || start.status == 2;
    match status == start.status && one_line && errors.contains(start.says) {
        true => Ok(()),
        false => Err(format!("serve {}: status {status}, {lines:?}", start.args.join(" "))),
    }
}

/// A disk of its own, in memory, most of it taken by a file that is removed later.
const DISK: &str = "300m";
const FILLER: &str = "150m";

fn full_disk(lab: &mut Lab) -> Result<String, String> {
    let folder = lab.file("full");
    let disk = folder.join("disk");
    fs::create_dir_all(&disk).map_err(|e| format!("{}: {e}", disk.display()))?;
    let script = format!(
        "mount -t tmpfs -o size={DISK} tmpfs \"$0\" && head -c {FILLER} /dev/zero > \"$0/filler\" && exec \"$@\""
    );
    let wrapper = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &script];
    let mut words: Vec<String> = wrapper.map(str::to_owned).to_vec();
    words.push(disk.display().to_string());
    let mut broker = Broker::wrapped(&lab.broker, words, folder.clone(), disk.join("data"));
    broker.start()?;
    // The disk is mounted for that process only; this is the way in from outside.
    let id = broker.id().ok_or("the broker is gone")?;
    let filler = format!("/proc/{id}/root{}", disk.join("filler").display());
    let log = folder.join("full_disk.log");
    clients::python_full_disk(lab, &broker.address, &filler, &log)?;
    broker.stop()?;
    Ok(fs::read_to_string(&log).unwrap_or_default().trim().to_owned())
}

/// After all that, the files are sound: our own reader agrees.
fn verify(lab: &mut Lab) -> Result<String, String> {
    lab.broker.stop()?;
    let log = lab.file("verify.log");
    let mut command = Command::new(lab.broker.program());
    command.arg("verify").arg(lab.broker.data_dir());
    process::run(&mut command, &log, Duration::from_secs(240))?;
    let text = fs::read_to_string(&log).unwrap_or_default();
    Ok(text.lines().last().unwrap_or_default().to_owned())
}
