//! `kill -9` under load, on both backends: five kills here, a hundred by `cargo xtask nightly`.

use std::path::Path;

use headwater_fuzz::kill::{self, Plan};
use headwater_io::driver::Backend;

fn five_kills(backend: Backend, settings: &[&str]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::Builder::new().prefix("kill-").tempdir_in(folder).expect("a folder");
    let outcome = kill::run(&Plan {
        program: env!("CARGO_BIN_EXE_fuzz").into(),
        backend,
        settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
        kills: 5,
        seed: 1,
        dir: folder.path().to_owned(),
    });
    match outcome {
        Ok(outcome) => println!("{backend}: {outcome}"),
        Err(what) => {
            let kept = folder.keep();
            panic!("{backend}: {what}\nits directory is kept: {}", kept.display());
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_twice_after_five_kills_on_uring() {
    five_kills(Backend::Uring, &[]);
}

#[test]
fn nothing_acknowledged_is_lost_or_twice_after_five_kills_on_posix() {
    five_kills(Backend::Posix, &[]);
}
