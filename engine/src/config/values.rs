//! Values of the broker's settings as they were stated, over the table's defaults, by type.
//!
//! Values are checked when they are stated ([`super::parse`]) and defaults by a test, so that reading one cannot fail.

use super::setting::{Scope, Setting};
use super::table;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Stated values by the broker's names; aliases are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated(BTreeMap<String, String>);

impl Stated {
    pub(super) fn insert(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// The value stated under exactly this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value stated for a topic's setting under the strongest of the broker's names, in the topic's unit.
    pub(super) fn topic_value(&self, setting: &Setting) -> Option<String> {
        let Scope::Topic(synonyms) = setting.scope else { return None };
        synonyms.iter().find_map(|synonym| Some(synonym.topic_value(self.get(synonym.name)?)))
    }

    /// The value of a broker's setting; `None` if it has no default and nobody stated one, or stated nothing.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = self.get(name).or(broker_setting(name).default)?;
        (!value.is_empty()).then_some(value)
    }

    pub(super) fn number<T: FromStr>(&self, name: &str) -> T {
        parsed(name, self.text(name).unwrap_or_default())
    }
}

/// Parses a value that was checked before.
pub(super) fn parsed<T: FromStr>(name: &str, value: &str) -> T {
    value.parse().unwrap_or_else(|_| panic!("`{name}={value}`: the table's bounds are too wide"))
}

fn broker_setting(name: &str) -> &'static Setting {
    table::all()
        .find(|setting| setting.scope == Scope::Broker && setting.name == name)
        .unwrap_or_else(|| panic!("the table has no `{name}`"))
}
