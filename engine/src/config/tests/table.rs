//! The table is consistent, and every active setting reaches a typed field.

use super::configure;
use crate::config::docs::config_page;
use crate::config::setting::{Effect, Kind, Setting};
use crate::config::table;
use crate::config::topic::TopicConfig;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn names_are_unique() {
    let mut broker_names = BTreeSet::new();
    let mut topic_names = BTreeSet::new();
    for setting in table::all() {
        for name in setting.broker_names().chain(setting.aliases.iter().copied()) {
            assert!(broker_names.insert(name), "`{name}` is in the table twice");
        }
        if setting.is_for_topics() {
            assert!(topic_names.insert(setting.name), "`{}` is in the table twice", setting.name);
        }
    }
}

#[test]
fn defaults_are_accepted_under_every_name() {
    for setting in table::all() {
        if let Some(default) = setting.default {
            assert!(setting.accepts(default), "`{}={default}`", setting.name);
        }
        for name in setting.broker_names().filter_map(|name| setting.broker_name(name)) {
            if let Some(default) = name.default {
                assert!(name.kind.accepts(&default), "`{}={default}`", name.name);
            }
        }
    }
}

#[test]
fn sentences_end_with_a_stop_and_reasons_do_not() {
    for setting in table::all() {
        assert!(setting.sentence.ends_with('.'), "`{}`", setting.name);
        if let Effect::Inert(reason) | Effect::Refused(reason) = setting.effect {
            assert!(!reason.ends_with('.'), "`{}`", setting.name);
        }
    }
}

#[test]
fn names_find_themselves() {
    for setting in table::all().filter(|setting| !setting.is_family()) {
        for name in setting.broker_names().chain(setting.aliases.iter().copied()) {
            assert_eq!(table::find_for_broker(name).expect(name).0.name, setting.name);
        }
        if setting.is_for_topics() {
            assert_eq!(table::find_for_topic(setting.name).expect("found").name, setting.name);
        }
    }
}

#[test]
fn every_active_setting_changes_the_typed_settings() {
    // From here, each of the three ways to say durability makes a difference.
    let base = "write.caching.default=true";
    let broker = configure(&[base]).expect("accepted");
    for setting in table::all().filter(|setting| setting.effect == Effect::Active) {
        // These two matter to a listener with a name only.
        if ["listener.security.protocol.map", "controller.listener.names"].contains(&setting.name) {
            continue;
        }
        let value = another(setting);
        for name in setting.broker_names() {
            let is_coarse = name.ends_with(".hours") || name.ends_with(".minutes");
            let value = if is_coarse { "1".to_owned() } else { value.clone() };
            let mut changed = configure(&[base, &format!("{name}={value}")]).expect(name);
            assert_ne!(changed, broker, "`{name}`");
            changed.stated.clone_from(&broker.stated);
            assert_ne!(changed, broker, "`{name}` reaches no field");
        }
        if setting.is_for_topics() {
            let overrides = BTreeMap::from([(setting.name.to_owned(), value)]);
            let resolved = TopicConfig::resolve(&broker, &overrides).expect(setting.name);
            assert_ne!(resolved, broker.topic_defaults, "`{}` reaches no field", setting.name);
        }
    }
}

/// A value that is accepted and is not the default.
pub(super) fn another(setting: &Setting) -> String {
    let candidates: Vec<String> = match (setting.name, setting.kind) {
        ("listeners" | "advertised.listeners" | "metrics.listen", _) => {
            vec!["example:1".to_owned()]
        }
        ("durability", _) => vec!["appended".to_owned()],
        ("write.caching", _) => vec!["false".to_owned()],
        ("flush.messages", _) => vec!["1".to_owned()],
        (_, Kind::Bool) => vec!["true".to_owned(), "false".to_owned()],
        (_, Kind::AutoOr(_, min, max) | Kind::Int(_, min, max) | Kind::Long(_, min, max)) => {
            vec![max.to_string(), (max - 1).to_string(), min.to_string()]
        }
        (_, Kind::Double(min, max)) => vec![min.to_string(), max.to_string()],
        (_, Kind::Text) => vec!["other".to_owned()],
        (_, Kind::Choice(words) | Kind::List(words)) => {
            words.iter().rev().map(|word| (*word).to_owned()).collect()
        }
    };
    candidates.into_iter().find(|value| Some(value.as_str()) != setting.default).expect("exists")
}

#[test]
fn values_beyond_the_bounds_are_refused_with_the_bounds() {
    for setting in table::all().filter(|setting| !setting.is_family()) {
        let (Kind::Int(_, min, max) | Kind::Long(_, min, max)) = setting.kind else { continue };
        for value in [min.checked_sub(1), max.checked_add(1)].into_iter().flatten() {
            assert!(!setting.accepts(&value.to_string()), "`{}={value}`", setting.name);
        }
        assert!(!setting.accepts("many") && !setting.accepts("") && !setting.accepts("1.5"));
    }
}

#[test]
fn refused_settings_accept_their_default_and_nothing_else() {
    for setting in table::all() {
        let Effect::Refused(reason) = setting.effect else { continue };
        let name = setting.broker_names().next().map(|name| name.replace('*', "x"));
        let Some(name) = name else { continue };
        let default = setting.default.unwrap_or_default();
        configure(&[&format!("{name}={default}")]).expect("the default is accepted");
        let error = configure(&[&format!("{name}=else")]).expect_err("refused").to_string();
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains("else") || !setting.sensitive, "{error}");
    }
}

#[test]
fn the_page_has_a_row_for_each_setting() {
    let page = config_page();
    for setting in table::all() {
        assert!(page.contains(&format!("| `{}`", setting.name)), "`{}`", setting.name);
    }
    let columns =
        page.lines().filter(|line| line.starts_with('|')).map(|l| l.matches(" | ").count());
    assert!(columns.into_iter().all(|count| count == 3), "a cell holds a bar");
}
