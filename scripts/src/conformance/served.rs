//! Which APIs the broker says it serves: asked with one request, so that what is not there yet is told apart from what is
//! wrong.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// ApiVersions (key 18) in version 0, correlation id 1, without a client id.
const REQUEST: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
const LIMIT: Duration = Duration::from_secs(10);

/// Keys of the APIs that the broker at `address` serves.
pub fn ask(address: &str) -> Result<BTreeSet<i16>, String> {
    let told = |e: std::io::Error| format!("ApiVersions: {e}");
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(told)?;
    stream.write_all(&REQUEST).map_err(told)?;
    let mut size = [0; 4];
    stream.read_exact(&mut size).map_err(told)?;
    let mut answer = vec![0; u32::from_be_bytes(size).min(1 << 20) as usize];
    stream.read_exact(&mut answer).map_err(told)?;
    parse(&answer).ok_or_else(|| "ApiVersions: the answer is not one".to_owned())
}

/// Correlation id, error, then an array of key, lowest and highest version.
fn parse(answer: &[u8]) -> Option<BTreeSet<i16>> {
    let int16 = |at: usize| Some(i16::from_be_bytes(answer.get(at..at + 2)?.try_into().ok()?));
    let count = u32::from_be_bytes(answer.get(6..10)?.try_into().ok()?) as usize;
    if int16(4)? != 0 {
        return None;
    }
    let whole = |at: usize| answer.get(at..at + 6).and_then(|_| int16(at));
    (0..count).map(|number| whole(10 + number * 6)).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn keys_are_found() {
        let answer = [0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 9, 0, 18, 0, 0, 0, 4];
        assert_eq!(parse(&answer).map(|keys| keys.into_iter().collect()), Some(vec![3, 18]));
        assert_eq!(parse(&answer[..20]), None);
    }
}
