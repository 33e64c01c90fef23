//! What a setting is: name, scope, kind with unit and bounds, default, and what it does here.
//!
//! [`super::table`] holds the settings themselves; parsing, DescribeConfigs and the documentation read them from there.
//! A value is checked here, one at a time; rules across settings are in [`super::broker`] and [`super::topic`].

use std::fmt;

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Kafka's name where Kafka has the setting, ours otherwise. A name ending in `.*` stands for a family.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// Who can set it.
    pub scope: Scope,
    /// Type, unit and bounds.
    pub kind: Kind,
    /// Value when nobody states one; `None` if there is none.
    pub default: Option<&'static str>,
    /// Whether a change needs a restart of the broker.
    pub restart: bool,
    /// Whether the value is hidden from those who ask.
    pub sensitive: bool,
    /// What it does here.
    pub effect: Effect,
    /// One sentence: what the setting decides.
    pub sentence: &'static str,
}

/// Who can set a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The broker only.
    Broker,
    /// A topic; and the broker for all topics, under these names, strongest first.
    Topic(&'static [Synonym]),
}

/// A broker's name for a topic's setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The broker's name.
    pub name: &'static str,
    /// What one unit there is here: `log.retention.hours` is 3,600,000 of `retention.ms`.
    pub factor: i64,
}

/// Type, unit and bounds of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number that Kafka keeps in 32 bits.
    Int(Unit, i64, i64),
    /// A whole number that Kafka keeps in 64 bits.
    Long(Unit, i64, i64),
    /// `auto`, or a whole number that Kafka would keep in 32 bits.
    AutoOr(Unit, i64, i64),
    /// A number with a fraction.
    Double(f64, f64),
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any of these words, separated by commas; no words here means any words.
    List(&'static [&'static str]),
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "units explain themselves")]
pub enum Unit {
    Count,
    Bytes,
    Microseconds,
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Percent,
}

/// What a setting does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// What its sentence says.
    Active,
    /// Accepted, kept and returned, so that tools which set it work; does nothing, for this reason.
    Inert(&'static str),
    /// Only the default is accepted, for this reason: pretending would break a promise.
    Refused(&'static str),
}

impl Setting {
    /// Whether a topic may override it.
    pub fn is_for_topics(&self) -> bool {
        matches!(self.scope, Scope::Topic(_))
    }

    /// Whether it stands for all names with a prefix.
    pub fn is_family(&self) -> bool {
        self.name.ends_with(".*")
    }

    /// The broker's names for it, strongest first: its own if only the broker can set it.
    pub fn broker_names(&self) -> impl Iterator<Item = &'static str> {
        let (own, synonyms): (_, &[Synonym]) = match self.scope {
            Scope::Broker => (Some(self.name), &[]),
            Scope::Topic(synonyms) => (None, synonyms),
        };
        own.into_iter().chain(synonyms.iter().map(|synonym| synonym.name))
    }

    /// Whether `value` may be stated.
    pub fn accepts(&self, value: &str) -> bool {
        self.kind.accepts(value)
    }

    /// Its documentation: what it decides, and what it does not do here.
    pub fn documentation(&self) -> String {
        match self.effect {
            Effect::Active => self.sentence.to_owned(),
            Effect::Inert(reason) => format!("{} No effect here: {reason}.", self.sentence),
            Effect::Refused(reason) => {
                format!("{} Only the default is accepted: {reason}.", self.sentence)
            }
        }
    }
}

/// The word for "find out".
pub const AUTO: &str = "auto";

impl Kind {
    /// Whether `value` is of this kind and within bounds.
    pub fn accepts(&self, value: &str) -> bool {
        match *self {
            Kind::Bool => matches!(value, "true" | "false"),
            Kind::Int(_, min, max) | Kind::Long(_, min, max) => {
                value.parse::<i64>().is_ok_and(|n| (min..=max).contains(&n))
            }
            Kind::AutoOr(unit, min, max) => {
                value == AUTO || Kind::Int(unit, min, max).accepts(value)
            }
            Kind::Double(min, max) => value.parse::<f64>().is_ok_and(|n| (min..=max).contains(&n)),
            Kind::Text => true,
            Kind::Choice(words) => words.contains(&value),
            Kind::List(words) => {
                words.is_empty() || value.split(',').all(|word| words.contains(&word.trim()))
            }
        }
    }
}

/// What is wanted, for an error message and for the documentation.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Kind::Bool => f.write_str("true or false"),
            Kind::Int(unit, min, max) => unit.write_range(f, min, max, i64::from(i32::MAX)),
            Kind::Long(unit, min, max) => unit.write_range(f, min, max, i64::MAX),
            Kind::AutoOr(unit, min, max) => {
                write!(f, "{AUTO}, or {}", Kind::Int(unit, min, max))
            }
            Kind::Double(min, f64::MAX) => write!(f, "a number, {min} or more"),
            Kind::Double(min, max) => write!(f, "a number from {min} to {max}"),
            Kind::Text => f.write_str("text"),
            Kind::Choice(words) => f.write_str(&words.join(", ")),
            Kind::List([]) => f.write_str("words, separated by commas"),
            Kind::List(words) => write!(f, "any of {}, separated by commas", words.join(", ")),
        }
    }
}

impl Unit {
    /// The largest number of its type is no bound worth telling.
    fn write_range(
        self,
        f: &mut fmt::Formatter<'_>,
        min: i64,
        max: i64,
        max_of_type: i64,
    ) -> fmt::Result {
        f.write_str("a whole number")?;
        if self != Unit::Count {
            write!(f, " of {self}")?;
        }
        if max == max_of_type {
            write!(f, ", {min} or more")
        } else {
            write!(f, " from {min} to {max}")
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Count => "",
            Unit::Bytes => "bytes",
            Unit::Microseconds => "microseconds",
            Unit::Milliseconds => "milliseconds",
            Unit::Seconds => "seconds",
            Unit::Minutes => "minutes",
            Unit::Hours => "hours",
            Unit::Percent => "percent",
        })
    }
}
