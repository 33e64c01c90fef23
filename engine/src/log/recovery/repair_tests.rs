//! A repair cuts where the sound part ends, keeps every byte, and may be interrupted anywhere.

use std::path::Path;

use headwater_io::sim::disk::Faults;

use super::repair::{Loss, give_up, loss};
use super::tests::{DIR, Folder, batch, settings};
use super::*;

fn diagnose(folder: &Folder) -> Option<Diagnosis> {
    let survey = Survey {
        fs: &folder.fs,
        dir: Path::new(DIR),
        clean: None,
        journaled: folder.journaled,
        window_bytes: window_bytes(&settings(), 51 << 10),
        index_interval_bytes: 4096,
    };
    survey.diagnose().unwrap()
}

/// A hole in segment 0 at its fourth batch, with two segments behind it; all of it was acknowledged.
fn with_a_hole(seed: u64) -> (Folder, CleanEnd) {
    let mut folder = Folder::new(seed);
    let sound = folder.segment(0, 3, &[]);
    folder.segment(0, 10, &[]);
    let mut bytes = folder.bytes(0);
    bytes[sound.position.0 as usize + 70] ^= 1;
    folder.fs.replace(&directory::segment(Path::new(DIR), Offset(0)), &bytes).unwrap();
    folder.segment(10, 10, &[]);
    let end = folder.segment(20, 4, &[0; 5000]);
    folder.promise(None, end);
    folder.expect_quarantine("[3, 24)");
    folder.journaled = None;
    (folder, sound)
}

#[test]
fn a_log_with_a_hole_ends_at_the_hole_and_its_bytes_are_kept() {
    let (folder, sound) = with_a_hole(1);
    let diagnosis = diagnose(&folder).unwrap();
    assert_eq!((diagnosis.end, diagnosis.later.as_slice()), (sound, &[Offset(10), Offset(20)][..]));
    let behind = 7 * (sound.position.0 / 3) + folder.bytes(10).len() as u64;
    let bytes = behind + 4 * batch(20, 1, 100).len() as u64;
    let expected = Loss { from: Offset(3), to: Offset(24), bytes, sound_batches: 20 };
    assert_eq!(loss(&folder.fs, Path::new(DIR), &diagnosis).unwrap(), expected);
    let kept = give_up(&folder.fs, Path::new(DIR), &diagnosis, 77).unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(diagnose(&folder), None);
    folder.expect_serving(sound);
    assert_eq!(
        folder.names(),
        [
            "00000000000000000000.log",
            "00000000000000000000.lost-77",
            "00000000000000000010.lost-77",
            "00000000000000000020.lost-77",
        ]
    );
}

#[test]
fn an_interrupted_repair_is_run_again() {
    for seed in 0..120 {
        println!("seed {seed}");
        let (mut folder, sound) = with_a_hole(seed);
        let diagnosis = diagnose(&folder).unwrap();
        let fail = Some(1 + seed % 4);
        let faults = match seed % 8 < 4 {
            true => Faults { fail_sync_in: fail, ..Faults::default() },
            false => Faults { fail_write_in: fail, ..Faults::default() },
        };
        folder.world.disk().set_faults(faults);
        drop(give_up(&folder.fs, Path::new(DIR), &diagnosis, 1));
        folder.world.disk().set_faults(Faults::default());
        folder.world.power_cut();
        folder.fs = folder.world.driver().fs();
        for unix_ms in 2.. {
            let Some(diagnosis) = diagnose(&folder) else { break };
            assert_eq!(diagnosis.end, sound);
            give_up(&folder.fs, Path::new(DIR), &diagnosis, unix_ms).unwrap();
        }
        folder.expect_serving(sound);
        // The damaged batch and everything behind it is somewhere aside.
        for (base, count) in [(0, 7), (10, 10), (20, 4)] {
            let sizes = folder
                .fs
                .list(Path::new(DIR))
                .unwrap()
                .into_iter()
                .filter(|entry| entry.name.starts_with(&format!("{base:020}.lost-")));
            let len = sound.position.0 / 3 * count;
            assert!(
                sizes.into_iter().any(|entry| entry.len >= len),
                "{base}: {:?}",
                folder.names()
            );
        }
    }
}
