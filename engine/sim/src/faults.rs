//! Which faults there are, and which of them a run has: some are on and some are off in each (swarm
//! testing: a run in which everything goes wrong at once rarely gets far enough to go wrong in a new way).

use std::fmt;
use std::str::FromStr;

use headwater_io::sim::rng::Rng;

/// A kind of fault that can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`about` says what each is")]
pub enum Fault {
    PowerCut,
    Kill,
    CutAtOperation,
    CutInRecovery,
    ShreddedSectors,
    FailingWrites,
    FailingSyncs,
    SlowDisk,
    FullDisk,
    NoDescriptors,
    LostWrites,
    MisdirectedWrites,
    BitRot,
    NetworkDelay,
    Resets,
    HalfOpen,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 16] = [
        Fault::PowerCut,
        Fault::Kill,
        Fault::CutAtOperation,
        Fault::CutInRecovery,
        Fault::ShreddedSectors,
        Fault::FailingWrites,
        Fault::FailingSyncs,
        Fault::SlowDisk,
        Fault::FullDisk,
        Fault::NoDescriptors,
        Fault::LostWrites,
        Fault::MisdirectedWrites,
        Fault::BitRot,
        Fault::NetworkDelay,
        Fault::Resets,
        Fault::HalfOpen,
    ];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        self.about().0
    }

    /// Its name, and what it does.
    pub fn about(self) -> (&'static str, &'static str) {
        match self {
            Fault::PowerCut => {
                ("power-cut", "any part of what is not synced is lost, sector by sector")
            }
            Fault::Kill => ("kill", "the process ends without a word; the disk's cache stays"),
            Fault::CutAtOperation => ("cut-at-operation", "a cut between two steps of one job"),
            Fault::CutInRecovery => ("cut-in-recovery", "the start after a cut is itself cut"),
            Fault::ShreddedSectors => (
                "shredded-sectors",
                "a cut destroys sectors that were being written (journal only)",
            ),
            Fault::FailingWrites => ("failing-writes", "writes fail half done, now and then"),
            Fault::FailingSyncs => {
                ("failing-syncs", "syncs fail, and what they were to write is forgotten")
            }
            Fault::SlowDisk => ("slow-disk", "operations take up to a hundred times as long"),
            Fault::FullDisk => ("full-disk", "there is no room for a while"),
            Fault::NoDescriptors => {
                ("no-descriptors", "a segment cannot be opened for writing, now and then")
            }
            Fault::LostWrites => ("lost-writes", "writes end well and are never done"),
            Fault::MisdirectedWrites => {
                ("misdirected-writes", "writes end well and are done elsewhere")
            }
            Fault::BitRot => ("bit-rot", "a bit flips in a file of records"),
            Fault::NetworkDelay => ("network-delay", "bytes arrive later"),
            Fault::Resets => ("resets", "connections break"),
            Fault::HalfOpen => ("half-open", "connections go silent, and neither end is told"),
        }
    }

    /// Whether it damages what was written without telling anybody.
    pub fn damages(self) -> bool {
        matches!(self, Fault::LostWrites | Fault::MisdirectedWrites | Fault::BitRot)
    }
}

/// A set of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults(u32);

impl Faults {
    /// None.
    pub const NONE: Faults = Faults(0);
    /// All.
    pub const ALL: Faults = Faults((1 << Fault::ALL.len()) - 1);

    /// Those of this set that a run has: each in about half of the runs, damage in fewer, for a damaged
    /// run proves less.
    pub fn drawn(self, rng: &mut Rng) -> Faults {
        let kept = Fault::ALL.into_iter().filter(|fault| {
            let percent = if fault.damages() { 12 } else { 50 };
            rng.chance(percent) && self.has(*fault)
        });
        kept.fold(Faults::NONE, Faults::with)
    }

    /// With one more.
    pub fn with(self, fault: Fault) -> Faults {
        Faults(self.0 | 1 << fault as u32)
    }

    /// With one less.
    pub fn without(self, fault: Fault) -> Faults {
        Faults(self.0 & !(1 << fault as u32))
    }

    /// Whether it has this one.
    pub fn has(self, fault: Fault) -> bool {
        self.0 & 1 << fault as u32 != 0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            Fault::ALL.into_iter().filter(|fault| self.has(*fault)).map(Fault::name).collect();
        match names.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&names.join(",")),
        }
    }
}

/// `all`, `none`, names with commas between them, or `all` and names with a minus: `all,-bit-rot`.
impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Faults::NONE;
        for word in text.split(',').map(str::trim) {
            let (name, on) = word.strip_prefix('-').map_or((word, true), |name| (name, false));
            faults = match name {
                "all" => Faults::ALL,
                "none" => Faults::NONE,
                _ => {
                    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name);
                    let fault = fault.ok_or_else(|| {
                        format!("no fault {name:?}: say all, none, or some of {}", Faults::ALL)
                    })?;
                    if on { faults.with(fault) } else { faults.without(fault) }
                }
            };
        }
        Ok(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_as_they_are_written() {
        for seed in 0..50 {
            let faults = Faults::ALL.drawn(&mut Rng::new(seed));
            assert_eq!(faults.to_string().parse(), Ok(faults));
        }
        let most: Faults = "all,-bit-rot".parse().unwrap();
        assert!(!most.has(Fault::BitRot) && most.has(Fault::Kill));
        assert!("everything".parse::<Faults>().unwrap_err().contains("power-cut"));
    }
}
