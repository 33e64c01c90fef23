//! Bodies and headers from a peer that means harm: never a panic, never memory for elements that
//! are not there, and whatever is accepted is understood the same way a second time.

use crate::bodies::{Direction, recode};
use crate::random::Random;
use crate::samples::sample;
use crate::table::spoken;
use headwater_protocol::frame::RequestHeader;
use headwater_protocol::wire::error::DecodeError;

const ROUNDS: usize = 300;

#[test]
fn damaged_bodies() {
    let mut random = Random::new(1);
    let mut accepted = 0;
    for (api, version) in spoken() {
        for direction in [Direction::Request, Direction::Response] {
            let good = sample(api, direction, version);
            for _ in 0..ROUNDS {
                let mut bytes = good.clone();
                random.damage(&mut bytes);
                let Ok(once) = recode(api, direction, version, &bytes) else {
                    continue;
                };
                accepted += 1;
                let twice = recode(api, direction, version, &once);
                assert_eq!(twice, Ok(once), "{api} {version} {direction:?} {bytes:02x?}");
            }
        }
    }
    // Damage that is always or never noticed would prove little.
    assert!(accepted > 1000, "{accepted}");
}

#[test]
fn noise() {
    let mut random = Random::new(2);
    for (api, version) in spoken() {
        for direction in [Direction::Request, Direction::Response] {
            for _ in 0..ROUNDS {
                let length = random.below(200);
                // Small numbers dominate: they pass for lengths and let the decoder go deeper.
                let byte = |random: &mut Random| match random.below(4) {
                    0 => random.next() as u8,
                    1 => 0xff,
                    _ => random.below(4) as u8,
                };
                let bytes: Vec<u8> = (0..length).map(|_| byte(&mut random)).collect();
                let _ = recode(api, direction, version, &bytes);
                let _ = RequestHeader::decode(&bytes);
            }
        }
    }
}

#[test]
fn every_prefix_is_refused() {
    for (api, version) in spoken() {
        for direction in [Direction::Request, Direction::Response] {
            let good = sample(api, direction, version);
            for length in 0..good.len() {
                let result = recode(api, direction, version, &good[..length]);
                assert!(result.is_err(), "{api} {version} {direction:?} {length}");
            }
        }
    }
}

/// A frame of 14 bytes that claims two billion elements, the one that ends a process which believes
/// it. Wherever the first array of a body stands, its length is a lie here.
#[test]
fn counts_are_not_believed() {
    let before = virtual_memory_peak_bytes();
    for (api, version) in spoken() {
        for direction in [Direction::Request, Direction::Response] {
            for array_at in 0..40 {
                for lie in [&[0x7f, 0xff, 0xff, 0xff][..], &[0xff, 0xff, 0xff, 0xff, 0x0f]] {
                    let bytes = [&vec![0; array_at][..], lie, &[0; 10]].concat();
                    // Whether it is an error depends on what stands there; that it returns is the
                    // point.
                    let _ = recode(api, direction, version, &bytes);
                }
            }
        }
    }
    // One believed count would reserve tens of gigabytes. Other tests run meanwhile and need some.
    let grown = virtual_memory_peak_bytes() - before;
    assert!(grown < 2 << 30, "{grown} bytes");
}

#[test]
fn the_reason_names_the_count() {
    use headwater_protocol::api_key::ApiKey::Metadata;
    let bytes = [0x7f, 0xff, 0xff, 0xff, 0, 0];
    let result = recode(Metadata, Direction::Request, 1, &bytes);
    let reason = DecodeError::ArrayTooLong { offset: 4, count: i32::MAX as usize, had: 2 };
    assert_eq!(result, Err(reason));
}

/// Reserved counts here, even if never touched.
fn virtual_memory_peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmPeak:")).expect("VmPeak");
    let kibibytes = line.split_whitespace().nth(1).expect("a number");
    kibibytes.parse::<u64>().expect("a number") * 1024
}
