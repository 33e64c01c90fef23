//! Who a producer is to the brokers: an id and an epoch from InitProducerId, and for a transactional producer the broker
//! that coordinates its transactions. One straight-line function over [`Control`], as in [`super::setup`].

use std::time::Duration;

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use headwater_protocol::wire::writer::Writer;

use super::cluster::address_of;
use super::control::Control;
use super::setup::{PATIENCE, SetupError};

const ASK_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// The key type of transactional ids.
const TRANSACTIONS: i8 = 1;
/// After this the broker aborts what was left open; Kafka's default.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

/// Of an idempotent producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Producer id.
    pub id: i64,
    /// Producer epoch.
    pub epoch: i16,
}

/// What a producer is given when it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Who it is.
    pub identity: Identity,
    /// Address of the broker that ends its transactions.
    pub coordinator: Option<String>,
}

/// Asks for a producer id: any new one, or that of `transactional_id`, which ends what was left open under it.
pub async fn register(
    control: &Control,
    bootstrap: &str,
    transactional_id: Option<String>,
) -> Result<Registration, SetupError> {
    let give_up = control.now().after(PATIENCE);
    loop {
        let asked = attempt(control, bootstrap, transactional_id.as_deref()).await;
        match asked {
            Err(SetupError::Refused { code, .. })
                if code.is_retriable() && control.now() < give_up =>
            {
                control.sleep(ASK_AGAIN_AFTER).await;
            }
            ended => return ended,
        }
    }
}

async fn attempt(
    control: &Control,
    bootstrap: &str,
    id: Option<&str>,
) -> Result<Registration, SetupError> {
    let coordinator = match id {
        Some(id) => Some(find(control, bootstrap, id).await?),
        None => None,
    };
    let address = coordinator.as_deref().unwrap_or(bootstrap);
    let id = id.map(str::to_owned);
    let ask = move |w: &mut Writer<'_>, version: i16| {
        let anybody = InitProducerIdRequest::default();
        let request = match id.as_deref() {
            Some(id) => InitProducerIdRequest {
                transactional_id: Some(id),
                transaction_timeout_ms: TRANSACTION_TIMEOUT.as_millis() as i32,
                ..anybody
            },
            None => anybody,
        };
        request.encode(w, version);
    };
    let answer = control.call(address, ApiKey::InitProducerId, ask).await?;
    let given = answer.read(InitProducerIdResponse::decode)?;
    accept(ApiKey::InitProducerId, given.error_code)?;
    let identity = Identity { id: given.producer_id, epoch: given.producer_epoch };
    Ok(Registration { identity, coordinator })
}

/// The address of the coordinator.
async fn find(control: &Control, bootstrap: &str, id: &str) -> Result<String, SetupError> {
    let id = id.to_owned();
    let ask = move |w: &mut Writer<'_>, version: i16| {
        let request = FindCoordinatorRequest { key_type: TRANSACTIONS, keys: vec![&id] };
        request.encode(w, version);
    };
    let answer = control.call(bootstrap, ApiKey::FindCoordinator, ask).await?;
    let found = answer.read(FindCoordinatorResponse::decode)?;
    let Some(found) = found.coordinators.first() else {
        return Err(SetupError::TooLate("nobody coordinates the transactional id"));
    };
    accept(ApiKey::FindCoordinator, found.error_code)?;
    Ok(address_of(&found.host, found.port))
}

fn accept(api: ApiKey, code: ErrorCode) -> Result<(), SetupError> {
    match code {
        ErrorCode::None => Ok(()),
        code => Err(SetupError::Refused { api, code, message: None }),
    }
}
