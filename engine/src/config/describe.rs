//! Settings with their sources and synonyms, as DescribeConfigs answers and `headwater config describe` prints.
//!
//! Tools compare these answers with what they want and act on the difference, so they follow Kafka's: the source of a
//! value is the strongest that states it, and the synonyms list all that do, strongest first, down to the default.

use super::broker::BrokerConfig;
use super::setting::{Kind, Scope, Setting};
use super::table::{self, BrokerName};
use super::values::Stated;
use headwater_protocol::messages::describe_configs::{ConfigSource, ConfigType};
use std::collections::BTreeMap;

/// A place that states a value: name there, value there, source.
pub type Synonym = (String, Option<String>, ConfigSource);

/// A setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedSetting {
    /// Its name.
    pub name: String,
    /// Its value; `None` if it has none or is hidden.
    pub value: Option<String>,
    /// Whether nobody stated it.
    pub default: bool,
    /// The strongest source that states it.
    pub source: ConfigSource,
    /// Whether it cannot be changed while the broker runs.
    pub read_only: bool,
    /// Whether the value is hidden.
    pub sensitive: bool,
    /// All that state it, strongest first.
    pub synonyms: Vec<Synonym>,
    /// What its value looks like.
    pub kind: ConfigType,
    /// What it does, in words.
    pub documentation: String,
}

/// The settings of a topic with these overrides.
pub fn describe_topic(
    broker: &BrokerConfig,
    overrides: &BTreeMap<String, String>,
) -> Vec<DescribedSetting> {
    table::for_topics()
        .map(|setting| {
            let own = overrides.get(setting.name).map(|value| {
                (setting.name.to_owned(), Some(value.clone()), ConfigSource::DynamicTopic)
            });
            let mut synonyms: Vec<_> = own.into_iter().collect();
            synonyms.extend(broker_synonyms(&broker.stated, setting, None));
            let value = overrides
                .get(setting.name)
                .cloned()
                .or_else(|| broker.stated.topic_value(setting))
                .or_else(|| setting.default.map(str::to_owned));
            described(setting, setting.name, setting.kind, value, synonyms, setting.restart)
        })
        .collect()
}

/// The settings of a broker, under each of its names.
pub fn describe_broker(broker: &BrokerConfig) -> Vec<DescribedSetting> {
    let stated = &broker.stated;
    let mut settings: Vec<DescribedSetting> = Vec::new();
    for setting in table::all().filter(|setting| !setting.is_family()) {
        for name in setting.broker_names().filter_map(|name| setting.broker_name(name)) {
            let value = stated.get(&name.name).map(str::to_owned).or(name.default.clone());
            let synonyms = broker_synonyms(stated, setting, Some(&name));
            // Also a topic's setting, under the broker's name, is read at start only.
            settings.push(described(setting, &name.name, name.kind, value, synonyms, true));
        }
    }
    for name in stated.names() {
        if let Ok((setting, _)) = table::find_for_broker(name)
            && setting.is_family()
        {
            let value = stated.get(name).map(str::to_owned);
            let synonyms = vec![(name.to_owned(), value.clone(), ConfigSource::StaticBroker)];
            settings.push(described(setting, name, setting.kind, value, synonyms, true));
        }
    }
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    settings
}

/// What the broker states for a setting under its names, from the name `from` on, then the defaults.
fn broker_synonyms(
    stated: &Stated,
    setting: &'static Setting,
    from: Option<&BrokerName>,
) -> Vec<Synonym> {
    let names: Vec<BrokerName> = setting
        .broker_names()
        .filter_map(|name| setting.broker_name(name))
        .skip_while(|name| from.is_some_and(|from| from != name))
        .collect();
    let mut synonyms = Vec::new();
    for name in &names {
        if let Some(value) = stated.get(&name.name) {
            let value = Some(value.to_owned());
            synonyms.push((name.name.to_string(), value, ConfigSource::StaticBroker));
        }
    }
    for name in names {
        if let Some(value) = name.default {
            synonyms.push((name.name.into_owned(), Some(value), ConfigSource::Default));
        }
    }
    if matches!(setting.scope, Scope::Topic([])) {
        let value = setting.default.map(str::to_owned);
        synonyms.push((setting.name.to_owned(), value, ConfigSource::Default));
    }
    synonyms
}

fn described(
    setting: &Setting,
    name: &str,
    kind: Kind,
    value: Option<String>,
    mut synonyms: Vec<Synonym>,
    read_only: bool,
) -> DescribedSetting {
    if setting.sensitive {
        synonyms.iter_mut().for_each(|(_, value, _)| *value = None);
    }
    let source = synonyms.first().map_or(ConfigSource::Default, |(_, _, source)| *source);
    DescribedSetting {
        name: name.to_owned(),
        value: value.filter(|_| !setting.sensitive),
        default: source == ConfigSource::Default,
        source,
        read_only,
        sensitive: setting.sensitive,
        synonyms,
        kind: config_type(kind, setting.sensitive),
        documentation: setting.documentation(),
    }
}

fn config_type(kind: Kind, sensitive: bool) -> ConfigType {
    match kind {
        _ if sensitive => ConfigType::Password,
        Kind::Bool => ConfigType::Boolean,
        Kind::Int(..) => ConfigType::Int,
        Kind::Long(..) => ConfigType::Long,
        Kind::Double(..) => ConfigType::Double,
        Kind::Text | Kind::Choice(_) => ConfigType::String,
        Kind::List(_) => ConfigType::List,
    }
}
