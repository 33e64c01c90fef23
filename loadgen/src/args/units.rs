//! How values are written on the command line: `100k/s`, `256KiB`, `500ms`. Each error is the sentence
//! that clap puts behind the flag's name.

use std::time::Duration;

use crate::spec::{Acks, Cpu, StartAt};

/// Kafka's port, when none is said.
pub fn with_port(address: &str) -> String {
    match address.contains(':') {
        true => address.to_owned(),
        false => format!("{address}:9092"),
    }
}

pub fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub fn acks(text: &str) -> Result<Acks, String> {
    match text {
        "0" => Ok(Acks::None),
        "1" => Ok(Acks::Leader),
        "all" | "-1" => Ok(Acks::All),
        _ => Err("say 0, 1 or all".into()),
    }
}

pub fn start_at(text: &str) -> Result<StartAt, String> {
    match text {
        "earliest" => Ok(StartAt::Earliest),
        "latest" => Ok(StartAt::Latest),
        offset => match offset.parse() {
            Ok(offset @ 0..) => Ok(StartAt::Offset(offset)),
            _ => Err("say earliest, latest or an offset".into()),
        },
    }
}

pub fn cpu(text: &str) -> Result<Cpu, String> {
    match text {
        "none" => Ok(Cpu::Unpinned),
        number => {
            number.parse().map(Cpu::Number).map_err(|_| "say a processor's number, or none".into())
        }
    }
}

/// `100000`, `100k`, `1.5M`, with or without `/s`.
pub fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match scaled(number, &[("k", 1e3), ("K", 1e3), ("M", 1e6), ("m", 1e6)]) {
        Some(rate) if rate > 0.0 => Ok(rate),
        _ => Err("say how many per second, e.g. 100000 or 1.5M/s".into()),
    }
}

pub fn count(text: &str) -> Result<u64, String> {
    match scaled(text, &[("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9)]) {
        Some(count) if count >= 0.0 && count.fract() == 0.0 => Ok(count as u64),
        _ => Err("say a whole number, e.g. 1000000 or 20M".into()),
    }
}

pub fn bytes(text: &str) -> Result<usize, String> {
    let units = [
        ("KiB", 1024.0),
        ("MiB", 1048576.0),
        ("GiB", 1073741824.0),
        ("kB", 1e3),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("k", 1024.0),
        ("K", 1024.0),
        ("M", 1048576.0),
        ("B", 1.0),
    ];
    match scaled(text, &units) {
        Some(bytes) if bytes >= 0.0 && bytes.fract() == 0.0 => Ok(bytes as usize),
        _ => Err("say a size, e.g. 16384 or 256KiB".into()),
    }
}

/// Seconds, or with `ms`, `s`, `m`, `h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds =
        scaled(text, &[("ms", 1e-3), ("us", 1e-6), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or("say a time, e.g. 10 (seconds), 500ms or 2m".into())
}

pub fn millis(text: &str) -> Result<Duration, String> {
    let ms = scaled(text, &[("ms", 1.0)]);
    let duration = ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok());
    duration.ok_or("say milliseconds, e.g. 5 or 0.5".into())
}

/// A number times the first of `units` that it ends with.
fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let unit = units.iter().find(|(unit, _)| text.ends_with(unit));
    let (number, factor) =
        unit.map_or((text, 1.0), |(unit, f)| (&text[..text.len() - unit.len()], *f));
    number
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .map(|number| number * factor)
}
