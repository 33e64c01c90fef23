//! The command line, as people type it, against a running broker.

mod groups;
mod transactions;

use std::process::Command;

use serde_json::Value;

use crate::harness::broker::Broker;

/// Types a line: standard output, or the one line of the error.
fn type_in(broker: &Broker, line: &str) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
    command.args(line.split(' ')).args(["--bootstrap", &broker.addr.to_string()]);
    let output = command.output().expect("the program runs");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => {
            assert_eq!(err, "", "{line}");
            Ok(out.into_owned())
        }
        Some(1) => {
            assert_eq!((out.as_ref(), err.lines().count()), ("", 1), "{line}: {err}");
            Err(err.trim_end().to_owned())
        }
        other => panic!("{line}: status {other:?}: {err}"),
    }
}

/// Types a line with `--json`: what it says.
fn json(broker: &Broker, line: &str) -> Value {
    let out = type_in(broker, &format!("{line} --json")).unwrap_or_else(|e| panic!("{line}: {e}"));
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{line}: {error}: {out}"))
}

/// One field of each element of a list.
fn each(list: &Value, field: &str) -> Vec<Value> {
    let all = list.as_array().unwrap_or_else(|| panic!("a list: {list}"));
    all.iter().map(|one| one[field].clone()).collect()
}
