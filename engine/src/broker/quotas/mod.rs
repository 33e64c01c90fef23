//! Quotas of clients: how fast a user, or a client id, may produce and consume.
//!
//! Part of the catalog, so that every shard has them; changed by the controller. The meters of clients that are near
//! their quotas live here too. A change of any quota begins new meters, and so forgives what was owed.

pub mod meter;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headwater_io::clock::Nanos;
use serde::{Deserialize, Serialize};

use crate::config::broker::BrokerConfig;
use meter::Meter;

/// With more meters than this, those that are full are forgotten.
const METERS_KEPT: usize = 10_000;

/// Whom quotas are for: each part is missing, a name, or the default for all names without quotas of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entity {
    /// The user.
    pub user: Option<Name>,
    /// The name that a client gives itself.
    pub client_id: Option<Name>,
}

/// A part of an entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// All that have no quota of their own.
    Default,
    /// This one.
    Is(String),
}

/// Quotas by Kafka's names for them.
pub type Values = BTreeMap<String, f64>;

/// Which rate is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rate {
    /// `producer_byte_rate`.
    Producer,
    /// `consumer_byte_rate`.
    Consumer,
}

/// Who shares a meter; a part that the quota does not tell apart is missing.
type Metered = (Rate, Option<String>, Option<String>);

/// All quotas.
#[derive(Debug, Default)]
pub struct Quotas {
    by_entity: BTreeMap<Entity, Values>,
    /// What a client may use up at once, as time.
    window: Duration,
    meters: Mutex<HashMap<Metered, Arc<Meter>>>,
}

impl Quotas {
    /// These quotas, with the broker's window. A client that was silent may use up all samples but the one that has
    /// just begun, as with Kafka's.
    pub fn new(by_entity: BTreeMap<Entity, Values>, config: &BrokerConfig) -> Self {
        let samples = config.quota_window_samples.saturating_sub(1).max(1);
        let seconds = u64::from(samples) * u64::from(config.quota_window_seconds);
        Quotas { by_entity, window: Duration::from_secs(seconds), meters: Mutex::default() }
    }

    /// Every entity with its quotas.
    pub fn all(&self) -> &BTreeMap<Entity, Values> {
        &self.by_entity
    }

    /// What a client's bytes are counted by; nothing if it has no quota.
    pub fn meter(&self, rate: Rate, user: &str, client_id: &str, now: Nanos) -> Option<Arc<Meter>> {
        let (bytes_per_second, metered) = self.quota(rate, user, client_id)?;
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if meters.len() >= METERS_KEPT {
            meters.retain(|_, meter| !meter.is_full(now));
        }
        let new = || Arc::new(Meter::new(bytes_per_second, self.window));
        Some(Arc::clone(meters.entry(metered).or_insert_with(new)))
    }

    /// The quota that applies, and who shares it: the most particular that states this rate, in Kafka's order.
    fn quota(&self, rate: Rate, user: &str, client_id: &str) -> Option<(f64, Metered)> {
        if self.by_entity.is_empty() {
            return None;
        }
        let is = |name: &str| Some(Name::Is(name.to_owned()));
        let default = || Some(Name::Default);
        let order = [
            (is(user), is(client_id)),
            (is(user), default()),
            (is(user), None),
            (default(), is(client_id)),
            (default(), default()),
            (default(), None),
            (None, is(client_id)),
            (None, default()),
        ];
        order.into_iter().find_map(|(of_user, of_client)| {
            let shares = |of: &Option<Name>, name: &str| of.as_ref().map(|_| name.to_owned());
            let metered = (rate, shares(&of_user, user), shares(&of_client, client_id));
            let entity = Entity { user: of_user, client_id: of_client };
            Some((*self.by_entity.get(&entity)?.get(rate.key())?, metered))
        })
    }
}

impl Rate {
    /// Kafka's name.
    pub fn key(self) -> &'static str {
        match self {
            Rate::Producer => "producer_byte_rate",
            Rate::Consumer => "consumer_byte_rate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(user: Option<&str>, client_id: Option<&str>) -> Entity {
        let name = |name: &str| match name {
            "<default>" => Name::Default,
            name => Name::Is(name.to_owned()),
        };
        Entity { user: user.map(name), client_id: client_id.map(name) }
    }

    fn quotas(stated: &[(Option<&str>, Option<&str>, f64)]) -> Quotas {
        let values = |rate| BTreeMap::from([("producer_byte_rate".to_owned(), rate)]);
        let entry = |(user, client, rate): &(Option<&str>, Option<&str>, f64)| {
            (entity(*user, *client), values(*rate))
        };
        Quotas::new(stated.iter().map(entry).collect(), &BrokerConfig::default())
    }

    #[test]
    fn the_most_particular_quota_applies() {
        const ANY: Option<&str> = Some("<default>");
        // Least particular first, each for the client `c` of the user `u`.
        let all = [
            (None, ANY, 8.0),
            (None, Some("c"), 7.0),
            (ANY, None, 6.0),
            (ANY, ANY, 5.0),
            (ANY, Some("c"), 4.0),
            (Some("u"), None, 3.0),
            (Some("u"), ANY, 2.0),
            (Some("u"), Some("c"), 1.0),
        ];
        for n in 1..=all.len() {
            let quotas = quotas(&all[..n]);
            let (rate, (_, user, client)) = quotas.quota(Rate::Producer, "u", "c").unwrap();
            assert_eq!(rate, all[n - 1].2);
            assert_eq!(
                (user.is_some(), client.is_some()),
                (all[n - 1].0.is_some(), all[n - 1].1.is_some())
            );
            assert!(quotas.quota(Rate::Consumer, "u", "c").is_none());
        }
        assert!(quotas(&[(Some("v"), None, 1.0)]).quota(Rate::Producer, "u", "c").is_none());
    }

    #[test]
    fn clients_share_a_meter_as_far_as_their_quota_does_not_tell_them_apart() {
        let quotas = quotas(&[(Some("u"), None, 1.0), (None, Some("<default>"), 1.0)]);
        let meter = |user, client| quotas.meter(Rate::Producer, user, client, Nanos(0)).unwrap();
        assert!(Arc::ptr_eq(&meter("u", "a"), &meter("u", "b")));
        assert!(Arc::ptr_eq(&meter("v", "a"), &meter("w", "a")));
        assert!(!Arc::ptr_eq(&meter("v", "a"), &meter("v", "b")));
    }

    #[test]
    fn strangers_take_no_memory_for_ever() {
        let quotas = quotas(&[(None, Some("<default>"), 1e9)]);
        for n in 0..3 * METERS_KEPT {
            let now = Nanos(n as u64 * 1000);
            let client = format!("client-{n}");
            quotas.meter(Rate::Producer, "u", &client, now).unwrap().charge(1, now);
        }
        assert!(quotas.meters.lock().unwrap().len() <= METERS_KEPT);
    }
}
