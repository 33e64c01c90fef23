//! A client for the administration commands: one blocking connection, one request at a time, over Kafka's protocol.
//!
//! Works with any broker that speaks it: versions are agreed on first. Load is not its business; `loadgen` has a client
//! for that.

use super::error::CliError;
use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{RequestHeader, ResponseHeader, encode_request};
use headwater_protocol::messages::api_versions::{
    ApiVersion, ApiVersionsRequest, ApiVersionsResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a broker may take to do what it is asked.
pub const OPERATION_TIMEOUT_MS: i32 = 20_000;

/// No answer to an administration request is larger.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Asking for versions in the oldest version works with every broker there ever was.
const API_VERSIONS_VERSION: i16 = 0;

/// A connection to a broker.
pub struct Client {
    stream: TcpStream,
    address: String,
    correlation_id: i32,
    served: Vec<ApiVersion>,
}

/// The bytes of an answer, and how to read them.
pub struct Answer {
    frame: Vec<u8>,
    api: ApiKey,
    version: i16,
    address: String,
}

impl Client {
    /// Connects, and asks what the broker serves.
    ///
    /// # Errors
    /// When nobody is there, or nobody who speaks Kafka's protocol.
    pub fn connect(bootstrap: &str) -> Result<Self, CliError> {
        let connect = |error| CliError::Connect { address: bootstrap.to_owned(), error };
        let stream = open(bootstrap).map_err(connect)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).map_err(connect)?;
        stream.set_nodelay(true).map_err(connect)?;
        let address = bootstrap.to_owned();
        let mut client = Self { stream, address, correlation_id: 0, served: Vec::new() };
        let request = ApiVersionsRequest::default();
        let answer = client.ask(ApiKey::ApiVersions, API_VERSIONS_VERSION, |w, version| {
            request.encode(w, version)
        })?;
        let served = answer.decode(ApiVersionsResponse::decode)?.api_keys;
        client.served = served;
        Ok(client)
    }

    /// Sends a request in the newest version that both sides know, and waits for the answer.
    ///
    /// # Errors
    /// When the broker does not serve it or does not answer.
    pub fn call(
        &mut self,
        api: ApiKey,
        body: impl FnOnce(&mut Writer<'_>, i16),
    ) -> Result<Answer, CliError> {
        let version = self
            .version(api)
            .ok_or_else(|| CliError::NotServed { address: self.address.clone(), api })?;
        self.ask(api, version, body)
    }

    /// As [`Client::call`], in no newer version than this: what is asked for has no place in later ones.
    ///
    /// # Errors
    /// When the broker does not serve it or does not answer.
    pub fn call_upto(
        &mut self,
        api: ApiKey,
        newest: i16,
        body: impl FnOnce(&mut Writer<'_>, i16),
    ) -> Result<Answer, CliError> {
        let version = self
            .version(api)
            .ok_or_else(|| CliError::NotServed { address: self.address.clone(), api })?;
        self.ask(api, version.min(newest), body)
    }

    /// Whether the broker serves it in a version that is known here.
    pub fn serves(&self, api: ApiKey) -> bool {
        self.version(api).is_some()
    }

    fn version(&self, api: ApiKey) -> Option<i16> {
        let theirs = self.served.iter().find(|served| served.api_key == api.code())?;
        let ours = api.versions()?;
        let newest = theirs.max_version.min(ours.max);
        (newest >= theirs.min_version.max(ours.decodable_min)).then_some(newest)
    }

    fn ask(
        &mut self,
        api: ApiKey,
        version: i16,
        body: impl FnOnce(&mut Writer<'_>, i16),
    ) -> Result<Answer, CliError> {
        self.correlation_id += 1;
        let header = RequestHeader {
            api_key: api.code(),
            api_version: version,
            correlation_id: self.correlation_id,
            client_id: Some("headwater"),
        };
        let mut buffer = BytesMut::new();
        encode_request(&mut buffer, &header, |w| body(w, version));
        let frame = self.exchange(&buffer).map_err(|error| CliError::Connection {
            address: self.address.clone(),
            api,
            error,
        })?;
        Ok(Answer { frame, api, version, address: self.address.clone() })
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.write_all(request)?;
        let mut prefix = [0; 4];
        self.stream.read_exact(&mut prefix)?;
        let length = usize::try_from(i32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if length > ANSWER_BYTES_MAX {
            return Err(io::Error::other("its answer announces more than 64 MiB"));
        }
        let mut frame = Vec::new();
        // Memory is taken as bytes arrive, not as the prefix promises.
        let had = (&mut self.stream).take(length as u64).read_to_end(&mut frame)?;
        match had == length {
            true => Ok(frame),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Answer {
    /// Its length.
    pub fn bytes(&self) -> usize {
        self.frame.len()
    }

    /// Reads the body.
    ///
    /// # Errors
    /// When it is something else.
    pub fn decode<'a, T>(
        &'a self,
        decode: impl FnOnce(&mut Reader<'a>, i16) -> Result<T, DecodeError>,
    ) -> Result<T, CliError> {
        let decoded = ResponseHeader::decode(&self.frame, self.api, self.version)
            .and_then(|(_, mut reader)| decode(&mut reader, self.version));
        decoded.map_err(|error| CliError::BadAnswer {
            address: self.address.clone(),
            api: self.api,
            error,
        })
    }
}

/// An error of Kafka's as ours, if it is one.
pub fn check(what: &str, code: ErrorCode, message: Option<&str>) -> Result<(), CliError> {
    match code.is_none() {
        true => Ok(()),
        false => {
            let message = message.map(str::to_owned);
            Err(CliError::Refused { what: what.to_owned(), code, message })
        }
    }
}

fn open(bootstrap: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in bootstrap.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
