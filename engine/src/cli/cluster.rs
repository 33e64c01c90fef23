//! The brokers of a cluster, for commands that must ask a certain one of them: a group's coordinator, a leader, or all.
//!
//! With one broker everything goes over the connection to it, whatever address it advertises.

use super::client::{Client, check};
use super::error::CliError;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::metadata::{MetadataRequest, MetadataResponse};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::thread;
use std::time::Duration;

/// How often a coordinator is asked for that is about to be there, and how long is waited before it.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// What has a coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coordinated {
    /// Groups.
    Group = 0,
    /// Transactional ids.
    Transaction = 1,
}

/// Connections to brokers.
pub struct Cluster {
    bootstrap: Client,
    /// Their addresses by node id.
    brokers: BTreeMap<i32, String>,
    others: BTreeMap<i32, Client>,
}

impl Cluster {
    /// Connects to one of them, and asks who the others are.
    ///
    /// # Errors
    /// When nobody is there, or does not answer.
    pub fn connect(bootstrap: &str) -> Result<Self, CliError> {
        let mut client = Client::connect(bootstrap)?;
        let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let answer = client.call(ApiKey::Metadata, |w, version| request.encode(w, version))?;
        let response = answer.decode(MetadataResponse::decode)?;
        let address = |host: &str, port| format!("{host}:{port}");
        let brokers = response.brokers.iter().map(|b| (b.node_id, address(&b.host, b.port)));
        Ok(Cluster { bootstrap: client, brokers: brokers.collect(), others: BTreeMap::new() })
    }

    /// Some broker.
    pub fn any(&mut self) -> &mut Client {
        &mut self.bootstrap
    }

    /// The node ids of all.
    pub fn nodes(&self) -> Vec<i32> {
        self.brokers.keys().copied().collect()
    }

    /// A certain one.
    ///
    /// # Errors
    /// When it is not there.
    pub fn node(&mut self, id: i32) -> Result<&mut Client, CliError> {
        let address = self.brokers.get(&id).filter(|_| self.brokers.len() > 1);
        let Some(address) = address else { return Ok(&mut self.bootstrap) };
        Ok(match self.others.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Client::connect(address)?),
        })
    }

    /// The node that coordinates a group or transactional id.
    ///
    /// # Errors
    /// When nobody does.
    pub fn coordinator(&mut self, kind: Coordinated, key: &str) -> Result<i32, CliError> {
        let request = FindCoordinatorRequest { key_type: kind as i8, keys: vec![key] };
        for tries_left in (0..TRIES).rev() {
            let api = ApiKey::FindCoordinator;
            let answer = self.bootstrap.call(api, |w, version| request.encode(w, version))?;
            let response = answer.decode(FindCoordinatorResponse::decode)?;
            let Some(found) = response.coordinators.first() else { break };
            if !is_passing(found.error_code) || tries_left == 0 {
                let what = format!("find the coordinator of {key}");
                check(&what, found.error_code, found.error_message.as_deref())?;
                return Ok(found.node_id);
            }
            thread::sleep(PAUSE);
        }
        Err(CliError::NotFound(format!("coordinator of {key}")))
    }

    /// What the coordinator of a group or transactional id answers; again as long as it is about to be ready.
    ///
    /// # Errors
    /// When it does not answer, or `ask` does not like the answer.
    pub fn ask_coordinator<T>(
        &mut self,
        kind: Coordinated,
        key: &str,
        mut ask: impl FnMut(&mut Client) -> Result<(ErrorCode, T), CliError>,
    ) -> Result<(i32, ErrorCode, T), CliError> {
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            let id = self.coordinator(kind, key)?;
            let (code, answer) = ask(self.node(id)?)?;
            if !is_passing(code) || tries_left == 0 {
                return Ok((id, code, answer));
            }
            thread::sleep(PAUSE);
        }
    }
}

/// An error that goes away by itself: a coordinator that reads its records, or one that has just moved.
fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
    )
}
