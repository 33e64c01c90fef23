//! Kafka's way to write addresses: `PLAINTEXT://host:port,CONTROLLER://host:port`, and the short way, `host:port`.
//!
//! One listener for clients is supported. Kafka's own `server.properties` names another one for the controller, which
//! is passed over; anything that needs TLS or a login is refused rather than served in the clear.

use super::error::{AddressFault, ConfigError};
use std::fmt;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// Name or number, an IPv6 number without brackets.
    pub host: String,
    /// Port; to listen on, 0 takes a free one.
    pub port: u16,
}

/// What decides which listeners are for clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listeners<'a> {
    /// `controller.listener.names`.
    pub controller_names: &'a str,
    /// `listener.security.protocol.map`.
    pub protocols: &'a str,
}

impl Listeners<'_> {
    /// The address to accept clients on; no host means all interfaces.
    pub(super) fn listen(self, value: &str) -> Result<Address, ConfigError> {
        let mut address = self.only_one("listeners", value)?;
        if address.host.is_empty() {
            address.host = "0.0.0.0".to_owned();
        }
        Ok(address)
    }

    /// The address that clients are told.
    pub(super) fn advertise(self, value: &str) -> Result<Address, ConfigError> {
        let name = "advertised.listeners";
        let address = self.only_one(name, value)?;
        if address.host.is_empty() || address.port == 0 {
            return Err(fault(name, value, AddressFault::Unreachable));
        }
        Ok(address)
    }

    /// The address to hand out metrics on.
    pub(super) fn metrics(value: &str) -> Result<Address, ConfigError> {
        let address = parse_host_port(value).filter(|address| !address.host.is_empty());
        address.ok_or_else(|| fault("metrics.listen", value, AddressFault::Malformed))
    }

    fn only_one(self, name: &'static str, value: &str) -> Result<Address, ConfigError> {
        let for_clients: Vec<&str> = value
            .split(',')
            .map(str::trim)
            .filter(|listener| !listener.is_empty() && !self.is_for_controller(listener))
            .collect();
        let listener = match for_clients[..] {
            [] => return Err(fault(name, value, AddressFault::None)),
            [listener] => listener,
            _ => return Err(fault(name, value, AddressFault::Several(for_clients.len()))),
        };
        let host_port = match listener.split_once("://") {
            None => listener,
            Some((listener_name, host_port)) => {
                self.check_protocol(listener_name).map_err(|reason| fault(name, value, reason))?;
                host_port
            }
        };
        parse_host_port(host_port).ok_or_else(|| fault(name, value, AddressFault::Malformed))
    }

    fn is_for_controller(self, listener: &str) -> bool {
        let name = listener.split_once("://").map_or("", |(name, _)| name);
        !name.is_empty()
            && self.controller_names.split(',').any(|c| c.trim().eq_ignore_ascii_case(name))
    }

    /// A listener's name is mapped to a protocol; a name that is not in the map is one.
    fn check_protocol(self, listener_name: &str) -> Result<(), AddressFault> {
        let protocol = self
            .protocols
            .split(',')
            .filter_map(|pair| pair.split_once(':'))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(listener_name))
            .map_or(listener_name, |(_, protocol)| protocol.trim());
        match protocol.eq_ignore_ascii_case("PLAINTEXT") {
            true => Ok(()),
            false => Err(AddressFault::Protocol(protocol.to_owned())),
        }
    }
}

/// Splits `host:port`, where an IPv6 number stands in brackets. The host may be empty.
pub fn parse_host_port(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let host = match host.strip_prefix('[') {
        Some(number) => number.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    if host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '[' | ']')) {
        return None;
    }
    Some(Address { host: host.to_owned(), port })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn fault(name: &'static str, value: &str, reason: AddressFault) -> ConfigError {
    ConfigError::BadAddress { name, value: value.to_owned(), reason }
}
