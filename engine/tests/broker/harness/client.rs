//! A client on a plain socket that sends and receives exactly what it is told.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use bytes::BytesMut;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::frame::{self, RequestHeader, ResponseHeader};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

/// A broker on a loaded machine answers within this.
const ANSWER: Duration = Duration::from_secs(20);

/// One connection.
pub struct Client {
    stream: TcpStream,
    last_id: i32,
}

/// A whole answer.
pub struct Frame {
    bytes: Vec<u8>,
    api: ApiKey,
    version: i16,
}

/// A question that was sent, to be answered later.
#[derive(Clone, Copy)]
pub struct Asked {
    api: ApiKey,
    version: i16,
    id: i32,
}

impl Client {
    /// Connects.
    pub fn connect(to: SocketAddr) -> Self {
        Client::of(TcpStream::connect_timeout(&to, ANSWER).expect("a connection"))
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(ANSWER)).expect("read timeout");
        stream.set_write_timeout(Some(ANSWER)).expect("write timeout");
        Client { stream, last_id: 0 }
    }

    /// The socket itself.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Sends a request.
    pub fn ask(&mut self, api: ApiKey, version: i16, body: impl FnOnce(&mut Writer<'_>)) -> Asked {
        self.try_ask(api, version, body).expect("the broker takes requests")
    }

    /// As [`Client::ask`], to a broker that may be gone.
    pub fn try_ask(
        &mut self,
        api: ApiKey,
        version: i16,
        body: impl FnOnce(&mut Writer<'_>),
    ) -> io::Result<Asked> {
        self.last_id += 1;
        let id = self.last_id;
        self.stream.write_all(&encode(api, version, id, body))?;
        Ok(Asked { api, version, id })
    }

    /// Receives the answer to the oldest question that was not answered yet.
    pub fn answer(&mut self, asked: Asked) -> Frame {
        self.try_answer(asked).expect("an answer, not the end of the connection")
    }

    /// As [`Client::answer`], of a broker that may be gone.
    pub fn try_answer(&mut self, asked: Asked) -> io::Result<Frame> {
        let bytes = self.try_receive()?;
        let frame = Frame { bytes, api: asked.api, version: asked.version };
        let (header, _) =
            ResponseHeader::decode(&frame.bytes, asked.api, asked.version).expect("a header");
        let in_order = header.correlation_id == asked.id;
        assert!(in_order, "answers come in the order of the questions");
        Ok(frame)
    }

    /// Sends a request and receives its answer.
    pub fn call(&mut self, api: ApiKey, version: i16, body: impl FnOnce(&mut Writer<'_>)) -> Frame {
        let asked = self.ask(api, version, body);
        self.answer(asked)
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The bytes of one answer, or why there is none.
    pub fn try_receive(&mut self) -> io::Result<Vec<u8>> {
        let mut prefix = [0; frame::LENGTH_PREFIX_BYTES];
        self.stream.read_exact(&mut prefix)?;
        let mut bytes = vec![0; i32::from_be_bytes(prefix) as usize];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether an answer arrives within this time; takes nothing.
    pub fn has_answer(&mut self, within: Duration) -> bool {
        matches!(self.peek(within), Ok(1))
    }

    /// Whether the connection is open, and nothing arrives within this time.
    pub fn is_quiet(&mut self, within: Duration) -> bool {
        matches!(self.peek(within), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    fn peek(&mut self, within: Duration) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(within)).expect("read timeout");
        let arrived = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(Some(ANSWER)).expect("read timeout");
        arrived
    }

    /// Whether the broker has ended the connection, without an answer.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(n) => n == 0,
            Err(e) => {
                matches!(e.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
            }
        }
    }

    /// Says that no more questions will come.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("shutdown");
    }
}

impl Frame {
    /// The decoded body; it must end where the frame does.
    pub fn body<'a, T>(
        &'a self,
        decode: impl FnOnce(&mut Reader<'a>, i16) -> Result<T, DecodeError>,
    ) -> T {
        let (_, mut reader) =
            ResponseHeader::decode(&self.bytes, self.api, self.version).expect("a header");
        let body = decode(&mut reader, self.version).expect("a body that can be decoded");
        assert_eq!(reader.remaining(), 0, "bytes behind the body of {}", self.api);
        body
    }
}

/// A whole request.
pub fn encode(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    body: impl FnOnce(&mut Writer<'_>),
) -> BytesMut {
    let header = RequestHeader {
        api_key: api.code(),
        api_version: version,
        correlation_id,
        client_id: Some("test"),
    };
    let mut buffer = BytesMut::new();
    frame::encode_request(&mut buffer, &header, body);
    buffer
}
