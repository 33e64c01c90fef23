//! Whether a broker answers: one ApiVersions request on a fresh connection, as every client begins.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::frame::{self, LENGTH_PREFIX_BYTES, RequestHeader};
use headwater_protocol::messages::api_versions::ApiVersionsRequest;

const ANSWER_BYTES_MAX: usize = 1 << 20;
const TRY_EVERY: Duration = Duration::from_millis(1);
const CORRELATION_ID: i32 = 7;

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
    let unknown = || io::Error::new(io::ErrorKind::NotFound, "no such host");
    let resolved = address.to_socket_addrs()?.next().ok_or_else(unknown)?;
    let patience = patience.max(Duration::from_millis(1));
    let mut stream = TcpStream::connect_timeout(&resolved, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(&request())?;
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

/// Version 0: every broker of every age answers it.
fn request() -> BytesMut {
    let (api_key, api_version, client_id) = (ApiKey::ApiVersions.code(), 0, Some("bench"));
    let header = RequestHeader { api_key, api_version, correlation_id: CORRELATION_ID, client_id };
    let mut buffer = BytesMut::new();
    frame::encode_request(&mut buffer, &header, |writer| {
        ApiVersionsRequest::default().encode(writer, api_version);
    });
    buffer
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
            stream.read_exact(&mut vec![0; request().len()]).unwrap();
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
