//! Installs clients below `target/conformance` by the ordinary clients of their registries: pip, Maven, npm, Go. Each
//! folder holds a stamp, the text of what it was made from; it is made again when that changes.

use super::process;
use super::programs;
use crate::repo;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(600);

/// A program that somebody else installed.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file())
}

/// Python's clients, in a virtual environment: its interpreter.
pub fn python(folder: &Path) -> Option<PathBuf> {
    let venv = folder.join("venv");
    let requirements = programs::folder().join("requirements.txt");
    let interpreter = venv.join("bin/python");
    made(&venv, &[&requirements], || {
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
        works(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv)) && works(&mut pip)
    })
    .then_some(interpreter)
}

/// Kafka's own tools and Java client: the folder of their jars.
pub fn kafka(folder: &Path) -> Option<PathBuf> {
    let jars = folder.join("kafka");
    let pom = repo::root().join("scripts/conformance/pom.xml");
    let there = made(&jars, &[&pom], || {
        let mut maven = Command::new("mvn");
        maven.args(["--quiet", "--batch-mode", "dependency:copy-dependencies", "--file"]);
        works(maven.arg(&pom).arg(format!("-DoutputDirectory={}", jars.display())))
    });
    (there && works(Command::new("java").arg("-version"))).then_some(jars)
}

/// Our program on Kafka's Java client: the folder of its classes.
pub fn java(folder: &Path, jars: &Path) -> Option<PathBuf> {
    let classes = folder.join("java");
    let sources = files(&programs::folder().join("java"), "java");
    let paths: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    made(&classes, &paths, || {
        let mut javac = Command::new("javac");
        javac.arg("-cp").arg(jars.join("*")).arg("-d").arg(&classes);
        works(javac.args(&sources))
    })
    .then_some(classes)
}

/// KafkaJS: the folder of node's modules.
pub fn kafkajs(folder: &Path) -> Option<PathBuf> {
    let folder = folder.join("kafkajs");
    let package = programs::folder().join("kafkajs/package.json");
    let there = made(&folder, &[&package], || {
        let copied = fs::copy(&package, folder.join("package.json")).is_ok();
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-fund", "--no-audit", "--no-package-lock"]);
        copied && works(npm.current_dir(&folder))
    });
    there.then(|| folder.join("node_modules"))
}

/// Our program on franz-go.
pub fn franz_go(folder: &Path) -> Option<PathBuf> {
    let folder = folder.join("franz-go");
    let module = programs::folder().join("franz-go");
    let (program, mut sources) = (folder.join("client"), files(&module, "go"));
    sources.push(module.join("go.mod"));
    let paths: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    made(&folder, &paths, || {
        works(Command::new("go").args(["build", "-o"]).arg(&program).arg(".").current_dir(&module))
    })
    .then_some(program)
}

/// Makes a folder unless it was made from just these files.
fn made(folder: &Path, from: &[&Path], make: impl FnOnce() -> bool) -> bool {
    let wanted: String =
        from.iter().map(|path| fs::read_to_string(path).unwrap_or_default()).collect();
    let stamp = folder.join("made-from");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return true;
    }
    println!("making {}", folder.display());
    // What was there before was made from something else.
    drop(fs::remove_dir_all(folder));
    fs::create_dir_all(folder).is_ok() && make() && fs::write(&stamp, &wanted).is_ok()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// Whether a command can be started and succeeds; if not, what it said last is printed.
fn works(command: &mut Command) -> bool {
    let log = repo::target().join("conformance/install.log");
    let outcome = process::run(command, &log, LIMIT);
    if let Err(why) = &outcome {
        println!("{why}");
    }
    outcome.is_ok()
}
