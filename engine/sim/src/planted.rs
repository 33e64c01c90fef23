//! Mistakes planted in the broker, and the checkers that find them.

use headwater::planted::Bug;

use crate::faults::{Fault, Faults};
use crate::plan::Wish;
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
        Bug::TruncateAtFirstBadFrame | Bug::FreeJournalBeforeSync | Bug::OverwriteWithoutImage => {
            "journal"
        }
        _ => "direct",
    }
}

/// Seeds until a checker speaks, at most so many. The mistake has been switched on by the caller, for this
/// thread. Without silent damage: what that excuses proves nothing.
///
/// # Errors
/// When a run cannot be planned.
pub fn hunt(bug: Bug, seeds: u64) -> Result<Found, String> {
    let faults = Fault::ALL.into_iter().filter(|fault| !fault.damages());
    let faults = faults.fold(Faults::NONE, Faults::with);
    for seed in 0..seeds {
        let wish = Wish { path: Some(path(bug).to_owned()), faults, ..Wish::of(seed) };
        if let Some(violation) = run::run(&wish)?.violation {
            return Ok(Found { bug, seeds: seed + 1, said: Some(violation.to_string()) });
        }
    }
    Ok(Found { bug, seeds, said: None })
}
