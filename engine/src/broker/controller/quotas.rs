//! Changing quotas of clients: a record for each entity, and new quotas in the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_protocol::error_code::ErrorCode;
use serde::{Deserialize, Serialize};

use super::command::Fault;
use super::{Publication, Work};
use crate::broker::meta_store::{MetaStore, SwapError};
use crate::broker::quotas::{Entity, Quotas, Rate, Values};

/// Entities with quotas, at most: every shard has them all.
const ENTITIES_MAX: usize = 10_000;

/// Keys of the records: with the entity behind it.
const QUOTA: &str = "quota/";

/// A change of one entity's quotas.
#[derive(Clone, Debug)]
pub struct QuotaChange {
    /// Whose.
    pub entity: Entity,
    /// Quotas by name; without a number they are removed.
    pub values: Vec<(String, Option<f64>)>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    entity: Entity,
    values: Values,
}

impl Work {
    pub(super) fn alter_quotas(
        &mut self,
        changes: &[QuotaChange],
        dry: bool,
        out: &mut Publication,
    ) -> Vec<Result<(), Fault>> {
        let mut all = out.catalog.quotas().all().clone();
        let outcome: Vec<_> =
            changes.iter().map(|change| self.alter_quotas_of(change, dry, &mut all)).collect();
        if !dry && outcome.iter().any(Result::is_ok) {
            let quotas = Quotas::new(all, &self.place.config);
            out.catalog = Arc::new(out.catalog.with_quotas(quotas));
        }
        outcome
    }

    fn alter_quotas_of(
        &mut self,
        QuotaChange { entity, values: changes }: &QuotaChange,
        dry: bool,
        all: &mut BTreeMap<Entity, Values>,
    ) -> Result<(), Fault> {
        if all.len() >= ENTITIES_MAX && !all.contains_key(entity) {
            let why =
                format!("{ENTITIES_MAX} users and clients have quotas, the most there can be");
            return Err(Fault::new(ErrorCode::InvalidRequest, why));
        }
        let mut values = all.get(entity).cloned().unwrap_or_default();
        for (name, value) in changes {
            check(name, *value)?;
            match value {
                Some(value) => drop(values.insert(name.clone(), *value)),
                None => drop(values.remove(name)),
            }
        }
        if dry {
            return Ok(());
        }
        write(&mut self.store, entity, &values).map_err(Fault::not_swapped)?;
        match values.is_empty() {
            true => drop(all.remove(entity)),
            false => drop(all.insert(entity.clone(), values)),
        }
        Ok(())
    }
}

/// What Kafka accepts.
fn check(name: &str, value: Option<f64>) -> Result<(), Fault> {
    let fault = |why| Err(Fault::new(ErrorCode::InvalidRequest, why));
    let whole = [Rate::Producer.key(), Rate::Consumer.key()].contains(&name);
    if !whole && !["request_percentage", "controller_mutation_rate"].contains(&name) {
        return fault(format!("Invalid configuration key {name}"));
    }
    match value {
        Some(value) if !value.is_finite() || value <= 0.0 => {
            fault(format!("Quota {name} must be greater than 0"))
        }
        Some(value) if whole && value.fract() != 0.0 => {
            fault(format!("Quota {name} is a whole number of bytes for each second"))
        }
        _ => Ok(()),
    }
}

fn write(store: &mut MetaStore, entity: &Entity, values: &Values) -> Result<(), SwapError> {
    let name = serde_json::to_string(entity).expect("plain values serialise");
    let key = format!("{QUOTA}{name}");
    let current = store.get(&key).map(|(version, _)| version);
    let record = Record { entity: entity.clone(), values: values.clone() };
    let record = serde_json::to_value(record).expect("plain values serialise");
    match (current, values.is_empty()) {
        (None, true) => Ok(()),
        (_, empty) => store.swap(&key, current, (!empty).then_some(record)).map(drop),
    }
}

/// All quotas in the store; what makes no sense is left out and told.
pub fn read(store: &MetaStore) -> BTreeMap<Entity, Values> {
    let parse = |(key, _, value): (&str, _, &serde_json::Value)| {
        let record = serde_json::from_value::<Record>(value.clone());
        let told = |error: &serde_json::Error| {
            tracing::error!(key, %error, "a quota in the metadata store makes no sense: it is not in force");
        };
        record.inspect_err(told).ok().map(|Record { entity, values }| (entity, values))
    };
    store.list(QUOTA).filter_map(parse).collect()
}
