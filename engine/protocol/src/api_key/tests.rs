//! The table is in order, and its three words mean what they say.

use super::*;

#[test]
fn every_key_is_at_its_own_index() {
    for (index, api) in TABLE.iter().enumerate() {
        assert_eq!(api.key.code() as usize, index);
        assert_eq!(format!("{:?}", api.key), api.name);
        assert_eq!(ApiKey::from_code(api.key.code()), Some(api.key));
    }
    assert_eq!(ApiKey::from_code(-1), None);
    assert_eq!(ApiKey::from_code(TABLE.len() as i16), None);
}

#[test]
fn ranges_are_not_empty() {
    for (key, v) in spoken() {
        assert!(v.advertised_min <= v.decodable_min, "{key}");
        assert!(v.decodable_min <= v.max, "{key}");
        assert!(v.flexible_since <= v.max || v.flexible_since == NEVER, "{key}");
    }
}

#[test]
fn produce_announces_more_than_it_decodes() {
    assert_eq!(Produce.versions().unwrap().advertised_min, 0);
    assert!(!Produce.serves(2));
    assert!(Produce.serves(3) && Produce.serves(13) && !Produce.serves(14));
    assert!(!Produce.is_flexible(8) && Produce.is_flexible(9));
    assert!(!LeaderAndIsr.serves(0));
}

#[test]
fn page_has_a_line_for_each_served_api() {
    let page = kafka_page();
    assert_eq!(page.lines().count(), 2 + served().count());
    assert!(page.contains("| 0 | Produce | 0-13 | 3-13 | 9 |"), "{page}");
}
#[test]
fn what_is_spoken_is_not_offered_before_it_is_served() {
    let spoken_only: Vec<ApiKey> =
        spoken().map(|(key, _)| key).filter(|key| !key.api().is_served).collect();
    for key in spoken_only {
        let versions = key.spoken().unwrap();
        assert_eq!(key.versions(), None, "{key}");
        assert!(!key.serves(versions.max), "{key}");
        assert!(served().all(|(other, _)| other != key), "{key}");
        // Its frames can be read all the same.
        assert_eq!(key.is_flexible(versions.max), versions.flexible_since <= versions.max, "{key}");
    }
}
