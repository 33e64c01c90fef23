//! A durability setting: what the client asks for, what the topic promises and how the broker writes;
//! and in one sentence what survives with it.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// When the broker answers a produce request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Acks {
    /// Never.
    #[value(name = "0")]
    #[serde(rename = "0")]
    None,
    /// When the leader has written it.
    #[value(name = "1")]
    #[serde(rename = "1")]
    Leader,
    /// When it is as safe as the topic's durability says.
    #[value(name = "all", alias = "-1")]
    #[serde(rename = "all")]
    All,
}

/// What `acks=all` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// Flushed: survives power loss.
    Durable,
    /// The device or the page cache has it.
    Written,
    /// In the broker's memory.
    Appended,
    /// Whatever the broker is set to: it is not ours.
    #[value(skip)]
    Configured,
}

/// The broker's setting that chooses a [`Path`].
pub const PATH_SETTING: &str = "durability.path";

/// How the broker writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// One journal for all partitions of a shard, written past the page cache; segments later.
    Journal,
    /// Each partition's segment for itself, past the page cache.
    Direct,
    /// Through the page cache, as Kafka does.
    Buffered,
    /// However the broker does it: it is not ours.
    #[value(skip)]
    Configured,
}

impl Path {
    /// Those that the engine has, the default first.
    pub const OURS: [Path; 3] = [Path::Journal, Path::Direct, Path::Buffered];
}

/// All three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are their types")]
pub struct Setting {
    pub acks: Acks,
    pub durability: Durability,
    pub path: Path,
}

impl Setting {
    /// Every setting that differs from the others, the safest last.
    pub fn all() -> Vec<Setting> {
        Setting::on(&Path::OURS)
    }

    /// Those of some paths. `durability` moves the bar for acks=all only, so acks 0 and 1 appear once for
    /// each path.
    pub fn on(paths: &[Path]) -> Vec<Setting> {
        let bars = [
            (Acks::None, Durability::Durable),
            (Acks::Leader, Durability::Durable),
            (Acks::All, Durability::Appended),
            (Acks::All, Durability::Written),
            (Acks::All, Durability::Durable),
        ];
        let with = |(acks, durability), path| Setting { acks, durability, path };
        bars.into_iter().flat_map(|bar| paths.iter().map(move |&path| with(bar, path))).collect()
    }

    /// Settings that can be put in force on a broker that is not ours: what the client asks for, and
    /// the one thing that any topic can be told, to sync before it answers.
    pub fn of_running_broker() -> Vec<Setting> {
        let bars = [
            (Acks::None, Durability::Configured),
            (Acks::Leader, Durability::Configured),
            (Acks::All, Durability::Configured),
            (Acks::All, Durability::Durable),
        ];
        let path = Path::Configured;
        bars.map(|(acks, durability)| Setting { acks, durability, path }).to_vec()
    }

    /// What a record has reached when it is acknowledged; `None` when nobody says.
    pub fn reached(self) -> Option<Durability> {
        match self.acks {
            Acks::None => None,
            Acks::Leader if self.path == Path::Configured => Some(Durability::Configured),
            Acks::Leader => Some(Durability::Written),
            Acks::All => Some(self.durability),
        }
    }

    /// What an acknowledged record survives.
    pub fn survives(self) -> &'static str {
        match (self.reached(), self.path) {
            (None, _) => "nothing promised",
            (Some(Durability::Appended), _) => "nothing: it is in the broker's memory",
            (Some(Durability::Written), Path::Journal | Path::Direct) => {
                "process kill and OS crash"
            }
            (Some(Durability::Written), Path::Buffered) => "process kill",
            (Some(Durability::Configured), _) | (Some(Durability::Written), Path::Configured) => {
                "whatever the broker is set to promise"
            }
            (Some(Durability::Durable), _) => "power loss, if the device honours flush",
        }
    }

    /// When the broker answers, in words.
    pub fn answered(self) -> &'static str {
        match (self.reached(), self.path) {
            (None, _) => "never",
            (Some(Durability::Appended), _) => "in memory",
            (Some(Durability::Written), Path::Journal | Path::Direct) => {
                "written: the device has it"
            }
            (Some(Durability::Written), _) => "written: the page cache has it",
            (Some(Durability::Durable), Path::Configured) => "synced (flush.messages=1)",
            (Some(Durability::Durable), _) => "durable: flushed",
            (Some(Durability::Configured), _) => "as the broker is set",
        }
    }

    /// Name without the path: what is compared between paths.
    pub fn bar(self) -> String {
        match self.acks {
            Acks::All if self.durability == Durability::Configured => "acks=all".to_owned(),
            Acks::All => format!("acks=all {}", self.durability),
            acks => format!("acks={acks}"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path {
            Path::Configured => f.write_str(&self.bar()),
            path => write!(f, "{}, {path}", self.bar()),
        }
    }
}

impl fmt::Display for Acks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        })
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Durability::Durable => "durable",
            Durability::Written => "written",
            Durability::Appended => "appended",
            Durability::Configured => "as configured",
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Path::Journal => "journal",
            Path::Direct => "direct",
            Path::Buffered => "buffered",
            Path::Configured => "as configured",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_a_name_of_its_own() {
        let names: Vec<String> = Setting::all().iter().map(Setting::to_string).collect();
        assert_eq!(names.len(), 15);
        assert_eq!(names[0], "acks=0, journal");
        assert_eq!(names[14], "acks=all durable, buffered");
        let distinct: std::collections::HashSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn a_foreign_broker_is_not_given_promises_that_it_does_not_make() {
        let names: Vec<String> =
            Setting::of_running_broker().iter().map(Setting::to_string).collect();
        assert_eq!(names, ["acks=0", "acks=1", "acks=all", "acks=all durable"]);
        let survives = Setting::of_running_broker().into_iter().map(Setting::survives);
        assert_eq!(survives.filter(|text| text.contains("whatever")).count(), 2);
    }

    #[test]
    fn only_a_flush_survives_power_loss() {
        for setting in Setting::all() {
            let safe = setting.survives().starts_with("power loss");
            assert_eq!(safe, setting.reached() == Some(Durability::Durable), "{setting}");
        }
    }
}
