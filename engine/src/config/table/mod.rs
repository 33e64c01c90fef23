//! THE TABLE: every setting, once. Parsing, validation, DescribeConfigs and `CONFIG.md` are all read from it.
//!
//! Four parts, so that each fits on a few screens; what a line means is in [`super::setting`]. To add a setting, add its
//! line here and read it in [`super::broker`] or [`super::topic`]; a test fails when an active setting is read nowhere.

mod coordination;
mod kafka_broker;
mod kafka_inert;
mod kafka_topic;
mod ours;

use super::error::ConfigError;
use super::setting::{Effect, Kind, Scope, Setting, Synonym, Unit};
use std::borrow::Cow;

/// The parts, in the order of the documentation, each with its heading.
pub static PARTS: &[(&str, &[Setting])] = &[
    ("Headwater's own", ours::SETTINGS),
    ("Kafka's, for topics", kafka_topic::SETTINGS),
    ("Kafka's, for the broker", kafka_broker::SETTINGS),
    ("Kafka's, for groups and transactions", coordination::SETTINGS),
    ("Kafka's, accepted without effect, or refused", kafka_inert::SETTINGS),
];

/// Every setting.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    PARTS.iter().flat_map(|(_, settings)| settings.iter())
}

/// Settings that a topic may override.
pub fn for_topics() -> impl Iterator<Item = &'static Setting> {
    all().filter(|setting| setting.is_for_topics())
}

/// A name that can be stated for the broker, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerName {
    /// The name under which its value is kept: an alias is replaced by the name it stands for.
    pub name: Cow<'static, str>,
    /// What may be stated: in hours for `log.retention.hours`.
    pub kind: Kind,
    /// Default under this name. Of several names, the weakest carries it, as in Kafka.
    pub default: Option<String>,
}

/// Finds a name that the broker's settings file or `--set` may state.
///
/// # Errors
/// [`ConfigError::Unknown`], with the name that looks most like it.
pub fn find_for_broker(name: &str) -> Result<(&'static Setting, BrokerName), ConfigError> {
    all().find_map(|setting| Some((setting, setting.broker_name(name)?))).ok_or_else(|| {
        let known =
            all().flat_map(|setting| setting.broker_names().chain(setting.aliases.iter().copied()));
        ConfigError::Unknown { name: name.to_owned(), nearest: nearest(name, known) }
    })
}

/// Finds a name that a topic may override.
///
/// # Errors
/// [`ConfigError::NotForTopics`] for a name of the broker's, [`ConfigError::Unknown`] for others.
pub fn find_for_topic(name: &str) -> Result<&'static Setting, ConfigError> {
    if let Some(setting) = for_topics().find(|s| s.name == name || s.aliases.contains(&name)) {
        return Ok(setting);
    }
    if let Ok((setting, _)) = find_for_broker(name) {
        let topic_name = setting.is_for_topics().then_some(setting.name);
        return Err(ConfigError::NotForTopics { name: name.to_owned(), topic_name });
    }
    let known = for_topics().map(|setting| setting.name);
    Err(ConfigError::Unknown { name: name.to_owned(), nearest: nearest(name, known) })
}

impl Setting {
    /// Resolves `name`, if it is one of the broker's names for this setting.
    pub fn broker_name(&'static self, name: &str) -> Option<BrokerName> {
        if self.is_family() {
            let prefix = self.name.trim_end_matches('*');
            let name: Cow<'static, str> =
                name.strip_prefix(prefix).map(|_| name.to_owned())?.into();
            return Some(BrokerName { name, kind: self.kind, default: None });
        }
        let name = match self.aliases.contains(&name) {
            true => self.broker_names().next()?,
            false => self.broker_names().find(|own| *own == name)?,
        };
        let default = self.default.map(str::to_owned);
        let Scope::Topic(synonyms) = self.scope else {
            return Some(BrokerName { name: name.into(), kind: self.kind, default });
        };
        let synonym = synonyms.iter().find(|synonym| synonym.name == name)?;
        let is_weakest = synonyms.last() == Some(synonym);
        let default = default.filter(|_| is_weakest).map(|value| synonym.broker_value(&value));
        Some(BrokerName { name: name.into(), kind: synonym.kind(self.kind), default })
    }
}

impl Synonym {
    /// The topic's value for a value under this name. A negative number means *unlimited* in every unit.
    pub fn topic_value(self, value: &str) -> String {
        self.scale(value, |n| n.saturating_mul(self.factor))
    }

    fn broker_value(self, value: &str) -> String {
        self.scale(value, |n| n / self.factor)
    }

    fn scale(self, value: &str, scale: impl Fn(i64) -> i64) -> String {
        match value.parse::<i64>() {
            Ok(n) if self.factor != 1 && n > 0 => scale(n).to_string(),
            _ => value.to_owned(),
        }
    }

    fn kind(self, topic: Kind) -> Kind {
        let unit = match self.factor {
            MINUTE_MS => Unit::Minutes,
            HOUR_MS => Unit::Hours,
            _ => return topic,
        };
        match topic {
            Kind::Long(_, min, max) => {
                let min = if min > 0 { 1 } else { min };
                Kind::Int(unit, min, (max / self.factor).min(i64::from(i32::MAX)))
            }
            other => other,
        }
    }
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

const KIB: i64 = 1024;
const MIB: i64 = 1024 * KIB;
const GIB: i64 = 1024 * MIB;

/// Largest value of Kafka's `int`.
const INT: i64 = i32::MAX as i64;
/// Largest value of Kafka's `long`; as a default it means *never*.
const LONG: i64 = i64::MAX;
/// [`LONG`], as a default is written.
const NEVER: &str = "9223372036854775807";

const fn broker(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    sentence: &'static str,
) -> Setting {
    Setting {
        name,
        aliases: &[],
        scope: Scope::Broker,
        kind,
        default: Some(default),
        restart: true,
        sensitive: false,
        effect: Effect::Active,
        sentence,
    }
}

const fn topic(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    sentence: &'static str,
) -> Setting {
    Setting { scope: Scope::Topic(&[]), restart: false, ..broker(name, kind, default, sentence) }
}

const fn same(name: &'static str) -> Synonym {
    Synonym { name, factor: 1 }
}

const fn minutes(name: &'static str) -> Synonym {
    Synonym { name, factor: MINUTE_MS }
}

const fn hours(name: &'static str) -> Synonym {
    Synonym { name, factor: HOUR_MS }
}

impl Setting {
    const fn from(self, synonyms: &'static [Synonym]) -> Self {
        Self { scope: Scope::Topic(synonyms), ..self }
    }

    const fn also(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn without_default(self) -> Self {
        Self { default: None, ..self }
    }

    /// Can be changed while the broker runs.
    const fn dynamic(self) -> Self {
        Self { restart: false, ..self }
    }

    const fn secret(self) -> Self {
        Self { sensitive: true, ..self }
    }

    const fn inert(self, reason: &'static str) -> Self {
        Self { effect: Effect::Inert(reason), ..self }
    }

    const fn refused(self, reason: &'static str) -> Self {
        Self { effect: Effect::Refused(reason), ..self }
    }
}

/// The known name fewest edits away; none if even that one shares little with `name`.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let (edits, nearest) = known.map(|known| (edits(name, known), known)).min()?;
    (edits <= name.len().max(nearest.len()) / 3).then_some(nearest)
}

/// Levenshtein's distance, one row at a time.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}
