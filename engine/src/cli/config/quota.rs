//! `headwater config quota`: quotas of users and client ids.

use super::super::args::RemoteArgs;
use super::super::client::{Client, check};
use super::super::error::CliError;
use super::super::print::{Printer, columns};
use super::alter::split;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, AlterableQuotaEntity, AlterableQuotaEntry,
    AlterableQuotaOp,
};
use headwater_protocol::messages::describe_client_quotas::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse, DescribedQuotaEntry, MATCH_DEFAULT,
    MATCH_EXACT, QuotaComponent,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A part of an entity: its kind, and its name if it was given; an empty name is the default.
type Part<'a> = (&'static str, Option<&'a str>);

/// Quotas of an entity.
#[derive(Debug, Serialize)]
struct Shown {
    /// `null`: not told apart; an empty name: the default.
    user: Option<String>,
    client_id: Option<String>,
    quotas: BTreeMap<String, f64>,
}

/// Changes quotas if there is something to change, and shows them.
pub(super) fn run(
    entity: [Part<'_>; 2],
    set: &[String],
    unset: &[String],
    remote: &RemoteArgs,
) -> Result<(), CliError> {
    let mut client = Client::connect(&remote.bootstrap)?;
    if !(set.is_empty() && unset.is_empty()) {
        alter(&mut client, &entity, set, unset)?;
    }
    let shown = describe(&mut client, &entity)?;
    Ok(Printer::new(remote.json).print(&shown, |shown| match shown[..] {
        [] => "no quotas".to_owned(),
        _ => text(shown),
    })?)
}

fn alter(
    client: &mut Client,
    entity: &[Part<'_>],
    set: &[String],
    unset: &[String],
) -> Result<(), CliError> {
    let mut ops = Vec::new();
    for text in set {
        let (key, value) = split(text)?;
        let value = value.parse().map_err(|_| CliError::NotANumber(text.clone()))?;
        ops.push(AlterableQuotaOp { key, value, remove: false });
    }
    ops.extend(unset.iter().map(|key| AlterableQuotaOp { key, value: 0.0, remove: true }));
    let parts = entity.iter().filter_map(|(entity_type, name)| {
        Some(AlterableQuotaEntity {
            entity_type,
            entity_name: Some((*name)?).filter(|n| !n.is_empty()),
        })
    });
    let entry = AlterableQuotaEntry { entity: parts.collect(), ops };
    let request = AlterClientQuotasRequest { entries: vec![entry], validate_only: false };
    let answer = client.call(ApiKey::AlterClientQuotas, |w, version| request.encode(w, version))?;
    for entry in &answer.decode(AlterClientQuotasResponse::decode)?.entries {
        check("alter quotas", entry.error_code, entry.error_message.as_deref())?;
    }
    Ok(())
}

fn describe(client: &mut Client, entity: &[Part<'_>]) -> Result<Vec<Shown>, CliError> {
    let components = entity.iter().filter_map(|(entity_type, name)| {
        let name = Some((*name)?).filter(|name| !name.is_empty());
        let match_type = if name.is_some() { MATCH_EXACT } else { MATCH_DEFAULT };
        Some(QuotaComponent { entity_type, match_type, name })
    });
    let request = DescribeClientQuotasRequest { components: components.collect(), strict: false };
    let answer =
        client.call(ApiKey::DescribeClientQuotas, |w, version| request.encode(w, version))?;
    let response = answer.decode(DescribeClientQuotasResponse::decode)?;
    check("describe quotas", response.error_code, response.error_message.as_deref())?;
    Ok(response.entries.iter().flatten().map(Shown::new).collect())
}

fn text(shown: &[Shown]) -> String {
    let mut rows = vec![["USER", "CLIENT ID", "QUOTA", "VALUE"].map(str::to_owned).to_vec()];
    let name = |name: &Option<String>| match name.as_deref() {
        None => "-".to_owned(),
        Some("") => "(default)".to_owned(),
        Some(name) => name.to_owned(),
    };
    for Shown { user, client_id, quotas } in shown {
        rows.extend(quotas.iter().map(|(quota, value)| {
            vec![name(user), name(client_id), quota.clone(), value.to_string()]
        }));
    }
    columns(&rows)
}

impl Shown {
    fn new(entry: &DescribedQuotaEntry<'_>) -> Self {
        let part = |kind: &str| {
            let part = entry.entity.iter().find(|part| part.entity_type == kind)?;
            Some(part.entity_name.as_deref().unwrap_or_default().to_owned())
        };
        let quotas = entry.values.iter().map(|value| (value.key.to_string(), value.value));
        Shown { user: part("user"), client_id: part("client-id"), quotas: quotas.collect() }
    }
}
