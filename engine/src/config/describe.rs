//! Settings with their sources and synonyms, as DescribeConfigs answers and `headwater config describe` prints.
//!
//! Tools compare these answers with what they want and act on the difference, so they follow Kafka's: the source of a
//! value is the strongest that states it, and the synonyms list all that do, strongest first, down to the default.

use super::broker::BrokerConfig;
use super::setting::{Kind, Scope, Setting};
use super::table::{self, BrokerName};
use super::values::Stated;
use headwater_protocol::messages::describe_configs::{ConfigSource, ConfigType};
use std::collections::{BTreeMap, BTreeSet};

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
            synonyms.extend(broker_synonyms(broker, setting, None));
            let value = overrides
                .get(setting.name)
                .cloned()
                .or_else(|| broker.topic_value(setting))
                .or_else(|| setting.default.map(str::to_owned));
            described(setting, setting.name, setting.kind, value, synonyms, setting.restart)
        })
        .collect()
}

/// The settings of a broker, under each of its names.
pub fn describe_broker(broker: &BrokerConfig) -> Vec<DescribedSetting> {
    let levels = levels(broker);
    let mut settings: Vec<DescribedSetting> = Vec::new();
    for setting in table::all().filter(|setting| !setting.is_family()) {
        for name in setting.broker_names().filter_map(|name| setting.broker_name(name)) {
            let value = levels.iter().find_map(|(stated, _)| stated.get(&name.name));
            let value = value.map(str::to_owned).or(name.default.clone());
            let synonyms = broker_synonyms(broker, setting, Some(&name));
            let restart = setting.restart;
            settings.push(described(setting, &name.name, name.kind, value, synonyms, restart));
        }
    }
    let stated: BTreeSet<&str> = levels.iter().flat_map(|(stated, _)| stated.names()).collect();
    for name in stated {
        if let Ok((setting, _)) = table::find_for_broker(name)
            && setting.is_family()
        {
            let synonyms = stated_as(&levels, &[name]);
            let value = synonyms.first().and_then(|(_, value, _)| value.clone());
            let restart = setting.restart;
            settings.push(described(setting, name, setting.kind, value, synonyms, restart));
        }
    }
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    settings
}

/// What is stated for all brokers that state nothing of their own.
pub fn describe_brokers(broker: &BrokerConfig) -> Vec<DescribedSetting> {
    let stated = &broker.dynamic.all;
    let level = [(stated, ConfigSource::DynamicDefaultBroker)];
    let describe = |name: &str| {
        let (setting, found) = table::find_for_broker(name).ok()?;
        let synonyms = stated_as(&level, &[name]);
        let value = stated.get(name).map(str::to_owned);
        Some(described(setting, name, found.kind, value, synonyms, setting.restart))
    };
    stated.names().filter_map(describe).collect()
}

/// Everything that states settings of the broker, strongest first.
fn levels(broker: &BrokerConfig) -> [(&Stated, ConfigSource); 3] {
    [
        (&broker.dynamic.own, ConfigSource::DynamicBroker),
        (&broker.dynamic.all, ConfigSource::DynamicDefaultBroker),
        (&broker.stated, ConfigSource::StaticBroker),
    ]
}

/// Who states one of these names, level by level.
fn stated_as(levels: &[(&Stated, ConfigSource)], names: &[&str]) -> Vec<Synonym> {
    let of_level = |(stated, source): &(&Stated, ConfigSource)| -> Vec<Synonym> {
        let synonym =
            |name: &&str| Some(((*name).to_owned(), Some(stated.get(name)?.to_owned()), *source));
        names.iter().filter_map(synonym).collect()
    };
    levels.iter().flat_map(of_level).collect()
}

/// What is stated for a setting under the broker's names, from the name `from` on, then the defaults.
fn broker_synonyms(
    broker: &BrokerConfig,
    setting: &'static Setting,
    from: Option<&BrokerName>,
) -> Vec<Synonym> {
    let names: Vec<BrokerName> = setting
        .broker_names()
        .filter_map(|name| setting.broker_name(name))
        .skip_while(|name| from.is_some_and(|from| from != name))
        .collect();
    let stated: Vec<&str> = names.iter().map(|name| &*name.name).collect();
    let mut synonyms = stated_as(&levels(broker), &stated);
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
        Kind::Text | Kind::Choice(_) | Kind::AutoOr(..) => ConfigType::String,
        Kind::List(_) => ConfigType::List,
    }
}
