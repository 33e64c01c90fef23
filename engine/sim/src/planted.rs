//! Mistakes planted in the broker, and the checkers that find them.

use headwater::planted::Bug;

use crate::faults::{Fault, Faults};
use crate::plan::{Wish, Workload};
use crate::run;

/// Which checker found a mistake, and how soon.
#[derive(Debug)]
pub struct Found {
    /// The mistake.
    pub bug: Bug,
    /// Seeds that were needed.
    pub seeds: u64,
    /// What the checker said; `None` when it was not found.
    pub said: Option<String>,
}

/// The path on which a mistake can be made.
fn path(bug: Bug) -> &'static str {
    match bug {
        Bug::ForgetDirectorySync | Bug::BelieveStaleBatches => "direct",
        _ => "journal",
    }
}

/// The workload that suffers from it.
fn workload(bug: Bug) -> Workload {
    if bug.is_of_transactions() { Workload::Transactions } else { Workload::Records }
}

/// Seeds until a checker speaks, at most so many. `plant` switches a mistake on for this thread, or all off.
///
/// Runs have no silent damage, for what that excuses proves nothing; but one mistake can only be made when
/// acknowledged bytes are damaged. It is found when something is lost in silence that is not lost without
/// the mistake, in the run of the same seed.
///
/// # Errors
/// When a run cannot be planned.
pub fn hunt(bug: Bug, seeds: u64, plant: impl Fn(Option<Bug>)) -> Result<Found, String> {
    let needs_damage = bug == Bug::TruncateAtFirstBadFrame;
    let allowed = |fault: &Fault| !fault.damages() || needs_damage && *fault == Fault::BitRot;
    let faults = Fault::ALL.into_iter().filter(allowed).fold(Faults::NONE, Faults::with);
    // A block is seldom on its way for the second time when the power goes: nothing else may end a life.
    let needs_shreds = bug == Bug::OverwriteWithoutImage;
    let cuts = Faults::NONE.with(Fault::PowerCut).with(Fault::ShreddedSectors);
    let faults = if needs_shreds { cuts } else { faults };
    for seed in 0..seeds {
        let path = Some(path(bug).to_owned());
        let (workload, always) = (workload(bug), needs_damage || needs_shreds);
        let wish = Wish { workload, path, faults, always, ..Wish::of(seed) };
        plant(Some(bug));
        let outcome = run::run(&wish);
        plant(None);
        let outcome = outcome?;
        let lost = match needs_damage {
            true => lost_in_silence(&outcome.excused, &run::run(&wish)?.excused),
            false => None,
        };
        let said = outcome.violation.map(|violation| violation.to_string()).or(lost);
        if said.is_some() {
            return Ok(Found { bug, seeds: seed + 1, said });
        }
    }
    Ok(Found { bug, seeds, said: None })
}

fn lost_in_silence(with: &[String], without: &[String]) -> Option<String> {
    let silent = |said: &&String| !said.contains("quarantine") && !without.contains(said);
    with.iter().find(silent).cloned()
}
