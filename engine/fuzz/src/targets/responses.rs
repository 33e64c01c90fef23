//! Response bodies of every API and version, as our own clients read them from any broker.
//!
//! Promises: as those of requests.

use headwater_io::sim::rng::Rng;

use super::Target;
use super::requests::served;
use crate::bodies::{Direction, recode};
use crate::damage;
use crate::samples::sample;

pub const TARGET: Target = Target {
    name: "responses",
    about: "response bodies of every API and version: decoded, encoded, decoded to the same",
    make,
    check,
    smoke: 4000,
    found: &[],
};

/// The first byte says which API and version, for a response does not.
fn make(rng: &mut Rng) -> Vec<u8> {
    let served = served();
    let which = rng.below(served.len() as u64) as usize;
    let (api, version) = served[which];
    let mut body = match rng.chance(10) {
        true => damage::noise(rng, 200),
        false => sample(api, Direction::Response, version),
    };
    damage::damage(rng, &mut body);
    body.insert(0, which as u8);
    body
}

fn check(bytes: &[u8]) {
    let Some((which, body)) = bytes.split_first() else { return };
    let served = served();
    let (api, version) = served[usize::from(*which) % served.len()];
    let Ok(once) = recode(api, Direction::Response, version, body) else { return };
    let twice = recode(api, Direction::Response, version, &once);
    assert_eq!(twice, Ok(once), "{api} {version} changes when it is encoded again");
}
