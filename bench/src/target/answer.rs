//! Single requests to a broker: whether it answers (ApiVersions, as every client begins), and
//! DeleteTopics, to leave nothing behind on a broker that was running before.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::frame::{self, LENGTH_PREFIX_BYTES, RequestHeader};
use headwater_protocol::messages::api_versions::ApiVersionsRequest;
use headwater_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use headwater_protocol::wire::writer::Writer;

const ANSWER_BYTES_MAX: usize = 1 << 20;
const TRY_EVERY: Duration = Duration::from_millis(1);
const CORRELATION_ID: i32 = 7;

/// Asks once.
pub fn check(address: &str, patience: Duration) -> io::Result<()> {
    ask(address, patience)
}

/// Asks until somebody answers or patience ends.
pub fn wait_for(address: &str, patience: Duration) -> io::Result<()> {
    let end = Instant::now() + patience;
    loop {
        match ask(address, end.saturating_duration_since(Instant::now())) {
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused && Instant::now() < end => {
                thread::sleep(TRY_EVERY);
            }
            other => return other,
        }
    }
}

fn ask(address: &str, patience: Duration) -> io::Result<()> {
    // Version 0: every broker of every age answers it.
    call(address, patience, ApiKey::ApiVersions, 0, |writer, version| {
        ApiVersionsRequest::default().encode(writer, version);
    })
}

/// Deletes a topic on a broker that is not ours to throw away.
///
/// # Errors
/// When the broker does not answer. That it refuses is not an error: the topic is then its owner's
/// to delete.
pub fn delete_topic(address: &str, name: &str, patience: Duration) -> io::Result<()> {
    let topics = vec![DeleteTopicState { name: Some(name), ..DeleteTopicState::default() }];
    let request = DeleteTopicsRequest { topics, timeout_ms: patience.as_millis() as i32 };
    // Version 1 is the oldest that Kafka 4 has, and every broker before it has it too.
    call(address, patience, ApiKey::DeleteTopics, 1, |writer, version| {
        request.encode(writer, version);
    })
}

/// One request on a connection of its own; its answer is received and not looked into.
fn call(
    address: &str,
    patience: Duration,
    api: ApiKey,
    api_version: i16,
    body: impl FnOnce(&mut Writer<'_>, i16),
) -> io::Result<()> {
    let unknown = || io::Error::new(io::ErrorKind::NotFound, "no such host");
    let resolved = address.to_socket_addrs()?.next().ok_or_else(unknown)?;
    let patience = patience.max(Duration::from_millis(1));
    let mut stream = TcpStream::connect_timeout(&resolved, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    let (api_key, client_id) = (api.code(), Some("bench"));
    let header = RequestHeader { api_key, api_version, correlation_id: CORRELATION_ID, client_id };
    let mut request = BytesMut::new();
    frame::encode_request(&mut request, &header, |writer| body(writer, api_version));
    stream.write_all(&request)?;
    let mut prefix = [0; LENGTH_PREFIX_BYTES];
    stream.read_exact(&mut prefix)?;
    let length = frame::frame_len(&prefix, ANSWER_BYTES_MAX).map_err(io::Error::other)?;
    let mut answer = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut answer)?;
    match answer.first_chunk() {
        Some(id) if i32::from_be_bytes(*id) == CORRELATION_ID => Ok(()),
        _ => Err(io::Error::other("the answer is not Kafka's")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answering(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // All of the request, or closing the connection would reset it: length, API, version,
            // correlation id, name.
            stream.read_exact(&mut [0; 4 + 2 + 2 + 4 + 2 + "bench".len()]).unwrap();
            stream.write_all(answer).unwrap();
        });
        address
    }

    #[test]
    fn a_broker_is_told_from_other_servers() {
        let kafka = answering(&[0, 0, 0, 6, 0, 0, 0, CORRELATION_ID as u8, 0, 0]);
        wait_for(&kafka, Duration::from_secs(5)).unwrap();
        let other = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        assert!(wait_for(&other, Duration::from_secs(5)).is_err());
    }

    #[test]
    fn nobody_there_is_an_error_after_a_while() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let error = wait_for(&address, Duration::from_millis(20)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
