//! The metrics of a running broker: what is scraped is what was done, in Prometheus' format; and whoever scrapes
//! disturbs nobody.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use headwater::metrics::table;
use headwater_io::driver::Backend;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::offset_commit::{
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetCommitTopic,
};

use crate::harness::batches::plain;
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::{eventually, on_both};

/// Versions that the tests speak.
const OFFSET_COMMIT: i16 = 8;

fn start(backend: Backend, settings: &[&str]) -> (Broker, SocketAddr) {
    let options = Options::new(backend).shards(2).set("metrics.listen=127.0.0.1:0");
    let broker = settings.iter().fold(options, |options, setting| options.set(setting)).start();
    let metrics = broker.metrics.expect("the ready line says where metrics are");
    (broker, metrics)
}

/// Sends a head and returns the whole answer.
fn ask(addr: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(addr).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// What was scraped: each series, written as in the text, with its value.
struct Scraped(BTreeMap<String, f64>);

impl Scraped {
    fn of(addr: SocketAddr) -> Self {
        let answer = ask(addr, "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
        let (head, text) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("Content-Type: text/plain; version=0.0.4"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}", text.len())), "{head}");
        Scraped(parse(text))
    }

    fn value(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0.keys()))
    }

    /// The sum over all series that begin so.
    fn sum(&self, start: &str) -> f64 {
        self.0.iter().filter(|(series, _)| series.starts_with(start)).map(|(_, value)| value).sum()
    }
}

/// Checks the format on the way: each family is announced once, is in the table, and its series are there once.
fn parse(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with('\n'));
    let mut kinds: HashMap<&str, &str> = HashMap::new();
    let mut helped = "";
    let mut all = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            helped = rest.split_once(' ').expect("a sentence").0;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a kind");
            assert_eq!(name, helped, "help and type come together");
            assert_eq!(kinds.insert(name, kind), None, "{name} is announced twice");
            let row = table::all().find(|row| row.name == name).expect("a row of the table");
            assert_eq!(row.kind.word(), kind);
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = series.split('{').next().expect("a name");
            assert!(name == helped || kinds[helped] == "histogram", "{line} is not of {helped}");
            assert!(name.starts_with(helped), "{line} is not of {helped}");
            let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            assert_eq!(all.insert(series.to_owned(), value), None, "{series} is there twice");
        }
    }
    all
}

fn commit(client: &mut Client, group: &str, topic: &str, offset: i64) -> ErrorCode {
    let partition = OffsetCommitPartition {
        partition_index: 0,
        committed_offset: offset,
        committed_leader_epoch: -1,
        committed_metadata: None,
    };
    let topics =
        vec![OffsetCommitTopic { name: topic, partitions: vec![partition], ..Default::default() }];
    let request = OffsetCommitRequest { group_id: group, topics, ..Default::default() };
    let frame =
        client.call(ApiKey::OffsetCommit, OFFSET_COMMIT, |w| request.encode(w, OFFSET_COMMIT));
    frame.body(OffsetCommitResponse::decode).topics[0].partitions[0].error_code
}

#[test]
fn what_is_scraped_is_what_was_done() {
    on_both(|backend| {
        for path in ["journal", "direct"] {
            let (broker, metrics) = start(backend, &[&format!("durability.path={path}")]);
            let mut client = broker.connect();
            client.create("t", 2, &[]);
            let batch = plain(&["a", "b", "c"]);
            for partition in [0, 1, 0] {
                client.append("t", partition, &batch);
            }
            let refused = client.produce("nowhere", 0, &batch);
            assert_eq!(refused.error, ErrorCode::UnknownTopicOrPartition);
            assert_eq!(client.read_all("t", 0, 0).len(), 6);

            let scraped = Scraped::of(metrics);
            let produced = r#"headwater_topic_produced_bytes_total{topic="t"}"#;
            assert_eq!(scraped.value(produced), 3.0 * batch.len() as f64);
            let records = r#"headwater_topic_produced_records_total{topic="t"}"#;
            assert_eq!(scraped.value(records), 9.0);
            assert!(scraped.value(r#"headwater_topic_read_bytes_total{topic="t"}"#) > 0.0);
            let size = scraped.value(r#"headwater_topic_log_bytes{topic="t"}"#);
            assert_eq!(size, 3.0 * batch.len() as f64);
            assert_eq!(scraped.value(r#"headwater_requests_total{api="Produce"}"#), 4.0);
            let error = r#"{api="Produce",error="UNKNOWN_TOPIC_OR_PARTITION"}"#;
            assert_eq!(scraped.value(&format!("headwater_request_errors_total{error}")), 1.0);
            assert_eq!(scraped.sum("headwater_request_errors_total"), 1.0);
            assert_eq!(scraped.value("headwater_connections"), 1.0);
            assert_eq!(scraped.sum("headwater_partitions{"), 2.0);
            assert_eq!(scraped.value("headwater_shards_silent"), 0.0);
            assert!(scraped.sum("headwater_device_writes_total") > 0.0);
            assert_eq!(scraped.sum("headwater_journal_commits_total") > 0.0, path == "journal");
            stages_are_told(&scraped, path);
            drop(client);
            broker.stop();
        }
    });
}

/// Three of the four produces were appended; each tells its stages, and they are no longer than the whole.
fn stages_are_told(scraped: &Scraped, path: &str) {
    let stage = |what: &str, stage: &str| {
        let labels = format!("{{api=\"Produce\",stage=\"{stage}\"}}");
        scraped.value(&format!("headwater_request_stage_seconds_{what}{labels}"))
    };
    let stages = match path {
        "journal" => ["append", "commit_wait", "write", "sync", "response"].as_slice(),
        _ => ["append", "commit", "response"].as_slice(),
    };
    for name in stages {
        assert_eq!(stage("count", name), 3.0, "{name}");
    }
    assert_eq!((stage("count", "queue"), stage("count", "serve")), (4.0, 1.0));
    let parts = scraped.sum("headwater_request_stage_seconds_sum{api=\"Produce\"");
    let whole = scraped.value("headwater_request_seconds_sum{api=\"Produce\"}");
    assert!((parts - whole).abs() < 1e-6, "{parts} in stages, {whole} as a whole");
    let all = scraped.value("headwater_request_seconds_bucket{api=\"Produce\",le=\"+Inf\"}");
    assert_eq!(all, 4.0);
}

#[test]
fn lag_and_the_states_of_groups_are_told() {
    on_both(|backend| {
        let (broker, metrics) = start(backend, &[]);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a", "b", "c", "d", "e"]));
        // The internal topic is made when a group is first asked for.
        eventually("a commit", Duration::from_secs(20), || {
            client.metadata("__consumer_offsets", 12, true);
            find_coordinator(&mut client, "g");
            (commit(&mut client, "g", "t", 2) == ErrorCode::None).then_some(())
        });
        eventually("the lag", Duration::from_secs(5), || {
            let scraped = Scraped::of(metrics);
            let lag = r#"headwater_group_lag_records{group="g",topic="t"}"#;
            scraped.0.get(lag).filter(|lag| **lag == 3.0)?;
            let groups = r#"headwater_groups{protocol="classic",state="Empty"}"#;
            assert_eq!(scraped.value(groups), 1.0);
            assert_eq!(scraped.value(r#"headwater_group_members{group="g"}"#), 0.0);
            Some(())
        });
    });
}

fn find_coordinator(client: &mut Client, group: &str) {
    use headwater_protocol::messages::find_coordinator::FindCoordinatorRequest;
    let request = FindCoordinatorRequest { keys: vec![group], ..Default::default() };
    drop(client.call(ApiKey::FindCoordinator, 3, |w| request.encode(w, 3)));
}

#[test]
fn a_scraper_that_says_nothing_disturbs_nobody() {
    on_both(|backend| {
        let (broker, metrics) = start(backend, &[]);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let silent = TcpStream::connect(metrics).expect("a connection");
        for n in 0..50 {
            assert_eq!(client.append("t", 0, &plain(&["x"])), n);
        }
        // It holds up another scraper until it is gone, and a stop not at all.
        drop(silent);
        let silent = TcpStream::connect(metrics);
        assert_eq!(client.append("t", 0, &plain(&["x"])), 50);
        drop(client);
        broker.stop();
        drop(silent);
    });
}

#[test]
fn anything_but_a_scrape_is_answered_with_what_to_ask_for() {
    let (broker, metrics) = start(Backend::Posix, &[]);
    let missing = ask(metrics, "GET / HTTP/1.0\r\n\r\n");
    assert!(missing.starts_with("HTTP/1.1 404 ") && missing.contains("/metrics"), "{missing}");
    let post = ask(metrics, "POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
    assert_eq!(ask(metrics, &format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(9000))), "");
    assert!(!Scraped::of(metrics).0.is_empty());
    broker.stop();
}

#[test]
fn a_port_in_use_is_refused_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("its address").to_string();
    let options = Options::new(Backend::Posix).set(&format!("metrics.listen={addr}"));
    let folder = crate::harness::broker::Folder::new();
    let refused = options.refused_in(&folder);
    let lines: Vec<&str> =
        refused.stderr.lines().filter(|line| line.starts_with("headwater: ")).collect();
    assert_eq!(lines.len(), 1, "{}", refused.stderr);
    assert!(lines[0].contains(&addr) && lines[0].contains("--metrics-listen"), "{}", lines[0]);
}
