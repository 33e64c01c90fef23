//! AlterClientQuotas (key 49, versions 0 and 1): changes quotas of users and client ids, and their defaults (KIP-546).
//!
//! Each entity is answered on its own. Quotas of addresses are refused: they limit connections, which none does here.

use bytes::Bytes;
use headwater_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, AlterableQuotaEntity, AlterableQuotaEntry,
    AlteredQuotaEntity, AlteredQuotaEntry,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::altering::{invalid, told};
use super::commanded;
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::controller::quotas::QuotaChange;
use crate::broker::controller::{Command, Fault, Outcome};
use crate::broker::quotas::{Entity, Name};

/// An entity as it was written, and what became of it.
type Altered = (Vec<AlteredQuotaEntity<'static>>, Option<Fault>);

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    _context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = AlterClientQuotasRequest::decode(r, origin.version)?;
    let (mut changes, mut altered) = (Vec::new(), Vec::new());
    for entry in &request.entries {
        let fault = match change(entry) {
            Ok(change) => {
                changes.push(change);
                None
            }
            Err(fault) => Some(fault),
        };
        altered.push((entry.entity.iter().map(as_written).collect(), fault));
    }
    if changes.is_empty() {
        return Ok((Work::Done, respond(origin, altered)));
    }
    let command = Command::AlterQuotas { changes, validate_only: request.validate_only };
    Ok(commanded::command(origin, command, |origin, outcome, _| {
        let Outcome::Altered(outcome) = outcome else { unreachable!("a change was asked for") };
        let mut outcome = outcome.into_iter();
        for (_, fault) in altered.iter_mut().filter(|(_, fault)| fault.is_none()) {
            *fault = outcome.next().expect("an outcome for each change").err();
        }
        (Work::Done, respond(origin, altered))
    }))
}

fn change(entry: &AlterableQuotaEntry<'_>) -> Result<QuotaChange, Fault> {
    let mut entity = Entity::default();
    for part in &entry.entity {
        let name = match part.entity_name {
            None => Name::Default,
            Some("") => return Err(invalid(format!("Empty {} not supported", part.entity_type))),
            Some(name) => Name::Is(name.to_owned()),
        };
        let place = match part.entity_type {
            "user" => &mut entity.user,
            "client-id" => &mut entity.client_id,
            "ip" => return Err(invalid("quotas of addresses are not built")),
            other => return Err(invalid(format!("Unhandled client quota entity type: {other}"))),
        };
        if place.replace(name).is_some() {
            return Err(invalid(format!("the entity has two of {}", part.entity_type)));
        }
    }
    if entity == Entity::default() {
        return Err(invalid("Invalid empty client quota entity"));
    }
    let values = entry.ops.iter().map(|op| (op.key.to_owned(), (!op.remove).then_some(op.value)));
    Ok(QuotaChange { entity, values: values.collect() })
}

fn as_written(part: &AlterableQuotaEntity<'_>) -> AlteredQuotaEntity<'static> {
    AlteredQuotaEntity {
        entity_type: part.entity_type.to_owned().into(),
        entity_name: part.entity_name.map(|name| name.to_owned().into()),
    }
}

fn respond(origin: Origin, altered: Vec<Altered>) -> Step {
    let entries = altered.into_iter().map(|(entity, fault)| {
        let (error_code, error_message) = told(fault);
        AlteredQuotaEntry { error_code, error_message, entity }
    });
    let response = AlterClientQuotasResponse { throttle_time_ms: 0, entries: entries.collect() };
    origin.reply(|w| response.encode(w, origin.version))
}
