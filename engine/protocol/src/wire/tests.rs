//! Primitive types: what the writer writes the reader reads, in both encodings; and what the reader
//! refuses.

use super::error::DecodeError;
use super::reader::Reader;
use super::uuid::Uuid;
use super::writer::Writer;
use bytes::BytesMut;
use proptest::prelude::*;

fn written(flexible: bool, write: impl FnOnce(&mut Writer<'_>)) -> BytesMut {
    let mut buffer = BytesMut::new();
    write(&mut Writer::new(&mut buffer, flexible));
    buffer
}

proptest! {
    #[test]
    fn values_round_trip(
        flexible: bool,
        small: (bool, i8, i16, u16, i32, u32, i64),
        wide: (u32, u64, i32, i64, [u8; 16]),
        text: Option<String>,
        blob: Option<Vec<u8>>,
        numbers: Option<Vec<i32>>,
    ) {
        let bytes = written(flexible, |w| {
            w.bool(small.0);
            w.i8(small.1);
            w.i16(small.2);
            w.u16(small.3);
            w.i32(small.4);
            w.u32(small.5);
            w.i64(small.6);
            w.unsigned_varint(wide.0);
            w.unsigned_varlong(wide.1);
            w.varint(wide.2);
            w.varlong(wide.3);
            w.uuid(Uuid(wide.4));
            w.nullable_string(text.as_deref());
            w.nullable_bytes(blob.as_deref());
            w.nullable_array(numbers.as_deref(), |w, number| w.i32(*number));
        });
        let mut r = Reader::new(&bytes, flexible);
        let read = (r.bool()?, r.i8()?, r.i16()?, r.u16()?, r.i32()?, r.u32()?, r.i64()?);
        prop_assert_eq!(read, small);
        let read = (r.unsigned_varint()?, r.unsigned_varlong()?, r.varint()?, r.varlong()?, r.uuid()?.0);
        prop_assert_eq!(read, wide);
        prop_assert_eq!(r.nullable_string()?, text.as_deref());
        prop_assert_eq!(r.nullable_bytes()?, blob.as_deref());
        prop_assert_eq!(r.nullable_array(4, Reader::i32)?, numbers);
        prop_assert_eq!(r.remaining(), 0);
    }
}

#[test]
fn floats_round_trip() {
    let bytes = written(false, |w| w.f64(-0.1));
    assert_eq!(Reader::new(&bytes, false).f64(), Ok(-0.1));
}

#[test]
fn varints_end() {
    let read = |bytes: &[u8]| Reader::new(bytes, true).unsigned_varint();
    assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x0f]), Ok(u32::MAX));
    let too_long = DecodeError::VarintTooLong { offset: 0 };
    assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x1f]), Err(too_long));
    assert_eq!(read(&[0x80; 20]), Err(too_long));
    let read = |bytes: &[u8]| Reader::new(bytes, true).unsigned_varlong();
    assert_eq!(read(&[[0xff; 9].as_slice(), &[1]].concat()), Ok(u64::MAX));
    assert_eq!(read(&[[0xff; 9].as_slice(), &[2]].concat()), Err(too_long));
    let short = DecodeError::Short { what: "varint", offset: 1, needed: 1, had: 0 };
    assert_eq!(read(&[0x80]), Err(short));
}

#[test]
fn errors_say_what_and_where() {
    let mut r = Reader::new(&[0, 0, 0], false);
    r.i8().unwrap();
    let short = DecodeError::Short { what: "int64", offset: 1, needed: 8, had: 2 };
    assert_eq!(r.i64(), Err(short));
    assert_eq!(short.to_string(), "int64 at byte 1 needs 8 bytes, 2 are left");
    assert_eq!(r.i16(), Ok(0), "a failed read consumes nothing");

    let null = Err(DecodeError::UnexpectedNull { what: "string", offset: 0 });
    assert_eq!(Reader::new(&[0xff, 0xff], false).string(), null);
    assert_eq!(Reader::new(&[0], true).string(), null);
    let negative = DecodeError::NegativeLength { what: "bytes", offset: 0, length: -2 };
    assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xfe], false).bytes(), Err(negative));
    assert_eq!(Reader::new(&[2, 0xff], true).string(), Err(DecodeError::NotUtf8 { offset: 1 }));
}

#[test]
fn compact_strings_have_the_old_limit() {
    let bytes = [&[0x81, 0x80, 2][..], &[b'x'; 32768]].concat();
    let too_long = DecodeError::StringTooLong { offset: 3, length: 32768 };
    assert_eq!(Reader::new(&bytes, true).string(), Err(too_long));
}

#[test]
fn long_text_is_cut_between_characters() {
    // 32766 bytes, then a character of two: it would end one byte after the limit.
    let text = "x".repeat(32766) + "ü";
    for flexible in [false, true] {
        let bytes = written(flexible, |w| w.string(&text));
        assert_eq!(Reader::new(&bytes, flexible).string(), Ok(&text[..32766]));
    }
}

#[test]
fn a_count_is_checked_before_memory_is_reserved() {
    let count = i32::MAX.to_be_bytes();
    let too_long = |had| DecodeError::ArrayTooLong { offset: 4, count: i32::MAX as usize, had };
    assert_eq!(Reader::new(&count, false).array(1, Reader::i8), Err(too_long(0)));
    let bytes = [&count[..], &[0; 10]].concat();
    assert_eq!(Reader::new(&bytes, false).array(1, Reader::i8), Err(too_long(10)));
    // Two elements of six bytes fit into twelve, three do not.
    let fits = [&[0, 0, 0, 2][..], &[0; 12]].concat();
    assert!(Reader::new(&fits, false).array(6, |r| r.raw(6)).is_ok());
    let fits_not = [&[0, 0, 0, 3][..], &[0; 12]].concat();
    assert!(Reader::new(&fits_not, false).array(6, |r| r.raw(6)).is_err());
}

#[test]
fn reservation_does_not_follow_the_count() {
    // A megabyte of zeros could hold a million elements of one byte; the first one is already
    // wrong.
    let bytes = [&(1_000_000i32).to_be_bytes()[..], &vec![0; 1_000_000]].concat();
    let mut first_is_wrong = |r: &mut Reader<'_>| -> Result<[u64; 100], DecodeError> {
        Err(DecodeError::NotUtf8 { offset: r.offset() })
    };
    let result = Reader::new(&bytes, false).array(1, &mut first_is_wrong);
    assert_eq!(result, Err(DecodeError::NotUtf8 { offset: 4 }));
    let ten = Reader::new(&[11; 11], true).array(1, Reader::i8).unwrap();
    assert!(ten.capacity() <= 64);
}

#[test]
fn arrays_of_arrays_share_one_limit() {
    let mut bytes = vec![];
    let inner = [&(1000i32).to_be_bytes()[..], &[0; 1000]].concat();
    bytes.extend_from_slice(&(1100i32).to_be_bytes());
    for _ in 0..1100 {
        bytes.extend_from_slice(&inner);
    }
    let result = Reader::new(&bytes, false).array(4, |r| r.array(1, Reader::i8));
    assert!(matches!(result, Err(DecodeError::TooManyElements { count: 1000, .. })), "{result:?}");
}

#[test]
fn tags_are_shown_or_skipped() {
    let long = vec![7; 300];
    let bytes = written(true, |w| {
        w.tag_count(3);
        w.tag(0, |w| w.i16(5));
        w.tag(4, |w| w.raw(&long));
        w.tag(1000, |_| ());
        w.i8(9);
    });
    let mut r = Reader::new(&bytes, true);
    let mut seen = Vec::new();
    r.tags(|tag, r| {
        seen.push((tag, r.remaining()));
        if tag == 0 {
            assert_eq!(r.i16(), Ok(5));
            assert!(r.i8().is_err(), "a field ends where its size says");
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, [(0, 2), (4, 300), (1000, 0)]);
    assert_eq!(r.i8(), Ok(9));

    let mut r = Reader::new(&bytes, true);
    r.skip_tags().unwrap();
    assert_eq!(r.i8(), Ok(9));
    assert_eq!(written(false, |w| w.tag_count(3)).len(), 0);
}

#[test]
fn a_tag_may_not_reach_behind_the_frame() {
    let result = Reader::new(&[1, 0, 5, 0], true).skip_tags();
    let short = DecodeError::Short { what: "bytes", offset: 3, needed: 5, had: 1 };
    assert_eq!(result, Err(short));
    assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f], true).skip_tags().is_err());
}
