//! DescribeClientQuotas (key 48, versions 0 and 1): quotas of the entities that a filter lets through (KIP-546).
//!
//! A filter has a component for each part of an entity that it looks at; a strict one lets through only entities with
//! exactly these parts.

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_client_quotas::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse, DescribedQuotaEntity,
    DescribedQuotaEntry, DescribedQuotaValue, MATCH_ANY, MATCH_DEFAULT, MATCH_EXACT,
    QuotaComponent,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::altering::invalid;
use crate::api::access::Allowed;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::controller::Fault;
use crate::broker::quotas::{Entity, Name, Values};

/// What a filter wants of one part of an entity.
enum Wanted {
    /// That it is there.
    Any,
    /// That it is this.
    This(Name),
}

/// Components by part; addresses have no quotas here, so a filter that looks at them lets nothing through.
#[derive(Default)]
struct Filter {
    user: Option<Wanted>,
    client_id: Option<Wanted>,
    ip: Option<Wanted>,
    strict: bool,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = DescribeClientQuotasRequest::decode(r, origin.version)?;
    let response = match Filter::new(&request) {
        Ok(filter) => {
            let all = context.catalog.quotas().all().iter();
            let entries = all.filter(|(entity, _)| filter.lets_through(entity)).map(described);
            DescribeClientQuotasResponse { entries: Some(entries.collect()), ..Default::default() }
        }
        Err(Fault { code, message }) => DescribeClientQuotasResponse {
            error_code: code,
            error_message: Some(message.into()),
            ..Default::default()
        },
    };
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

impl Filter {
    fn new(request: &DescribeClientQuotasRequest<'_>) -> Result<Self, Fault> {
        let mut filter = Filter { strict: request.strict, ..Filter::default() };
        for component in &request.components {
            let kind = component.entity_type;
            let place = match kind {
                "user" => &mut filter.user,
                "client-id" => &mut filter.client_id,
                "ip" => &mut filter.ip,
                "" => return Err(invalid("Invalid empty entity type.")),
                other => {
                    let why = format!("Unsupported entity type: {other}");
                    return Err(Fault::new(ErrorCode::UnsupportedVersion, why));
                }
            };
            if place.replace(wanted(component)?).is_some() {
                return Err(invalid(format!("Entity type {kind} cannot appear more than once")));
            }
        }
        if filter.ip.is_some() && (filter.user.is_some() || filter.client_id.is_some()) {
            return Err(invalid("an address has no user and no client id"));
        }
        Ok(filter)
    }

    fn lets_through(&self, entity: &Entity) -> bool {
        let part = |wanted: &Option<Wanted>, name: &Option<Name>| match (wanted, name) {
            (None, name) => !self.strict || name.is_none(),
            (Some(Wanted::Any), name) => name.is_some(),
            (Some(Wanted::This(wanted)), name) => name.as_ref() == Some(wanted),
        };
        self.ip.is_none()
            && part(&self.user, &entity.user)
            && part(&self.client_id, &entity.client_id)
    }
}

fn wanted(component: &QuotaComponent<'_>) -> Result<Wanted, Fault> {
    match (component.match_type, component.name) {
        (MATCH_EXACT, Some(name)) => Ok(Wanted::This(Name::Is(name.to_owned()))),
        (MATCH_DEFAULT, None) => Ok(Wanted::This(Name::Default)),
        (MATCH_ANY, None) => Ok(Wanted::Any),
        (MATCH_EXACT, None) => Err(invalid("an exact match needs a name")),
        (MATCH_DEFAULT | MATCH_ANY, Some(_)) => Err(invalid("only an exact match takes a name")),
        (other, _) => Err(invalid(format!("Unknown match type {other}"))),
    }
}

fn described<'a>((entity, values): (&'a Entity, &'a Values)) -> DescribedQuotaEntry<'a> {
    let parts = [("user", &entity.user), ("client-id", &entity.client_id)];
    let parts = parts.into_iter().filter_map(|(kind, name)| Some((kind, name.as_ref()?)));
    let part = |(kind, name): (&'static str, &'a Name)| DescribedQuotaEntity {
        entity_type: kind.into(),
        entity_name: match name {
            Name::Default => None,
            Name::Is(name) => Some(name.as_str().into()),
        },
    };
    let value = |(key, value): (&'a String, &f64)| DescribedQuotaValue {
        key: key.as_str().into(),
        value: *value,
    };
    DescribedQuotaEntry {
        entity: parts.map(part).collect(),
        values: values.iter().map(value).collect(),
    }
}
