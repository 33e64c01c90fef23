//! The endpoint of metrics: asks all shards, puts together what they say, hands out the text; on a thread of its own.
//!
//! A shard that does not answer in time is left out, and the text says so: a scrape must come back when a device hangs,
//! which is when it is wanted most.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use headwater_io::driver::Backend;
use headwater_io::mailbox::Sender;

use super::BootError;
use super::scrape::Server;
use crate::broker::catalog::Catalog;
use crate::broker::start::Reading;
use crate::config::broker::BrokerConfig;
use crate::metrics::facts::{GroupFacts, PartitionFacts};
use crate::metrics::overview::{Names, Overview};
use crate::metrics::sheet::Sheet;
use crate::metrics::table::Metric;
use crate::metrics::text;
use crate::model::TopicId;
use crate::worker::mail::Letter;
use crate::worker::measure::{Measure, Measured, Portion};

/// How long a shard may take to say a portion.
const ANSWER: Duration = Duration::from_secs(2);
/// A text that is younger is given again: somebody who asks in a loop costs the shards no more than this.
const TEXT_AGE_MAX: Duration = Duration::from_millis(100);

/// Metrics being handed out.
pub(super) struct Endpoint(Server);

/// What is known of the process.
#[derive(Clone, Copy)]
pub(super) struct About {
    pub backend: Backend,
    pub recovered: Reading,
}

impl Endpoint {
    /// Hands out what these shards say.
    pub(super) fn start(
        listener: TcpListener,
        peers: Vec<Sender<Letter>>,
        config: &BrokerConfig,
        about: About,
    ) -> Result<Self, BootError> {
        let mut gathering = Gathering {
            peers,
            overview: Overview::new(config.metrics_labels_max),
            constant: constant(config, about),
            last: None,
        };
        Ok(Endpoint(Server::start(listener, move || gathering.text())?))
    }

    /// Where.
    pub(super) fn addr(&self) -> SocketAddr {
        self.0.addr()
    }

    /// Ends it.
    pub(super) fn stop(self) {
        self.0.stop();
    }
}

/// What does not change while the process lives.
fn constant(config: &BrokerConfig, about: About) -> Sheet {
    let mut sheet = Sheet::default();
    let version = env!("CARGO_PKG_VERSION");
    let (backend, path) = (about.backend.to_string(), config.path.name());
    sheet.add(Metric::Info, &[version, &backend, path], 1);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    sheet.add(Metric::StartTime, &[], since_1970.as_nanos() as u64);
    sheet.add(Metric::RecoveryTime, &[], about.recovered.time.as_nanos() as u64);
    sheet.add(Metric::RecoveryRead, &[], about.recovered.bytes);
    sheet
}

struct Gathering {
    peers: Vec<Sender<Letter>>,
    overview: Overview,
    constant: Sheet,
    last: Option<(Instant, Arc<str>)>,
}

/// What the shards have said.
#[derive(Default)]
struct Said {
    sheet: Sheet,
    partitions: Vec<PartitionFacts>,
    groups: Vec<GroupFacts>,
    catalog: Arc<Catalog>,
}

impl Gathering {
    fn text(&mut self) -> Arc<str> {
        if let Some((at, text)) = self.last.as_ref().filter(|(at, _)| at.elapsed() < TEXT_AGE_MAX) {
            tracing::debug!(age = ?at.elapsed(), "the last metrics are given once more");
            return Arc::clone(text);
        }
        let text: Arc<str> = text::write(&self.gather()).into();
        self.last = Some((Instant::now(), Arc::clone(&text)));
        text
    }

    fn gather(&mut self) -> Sheet {
        let mut said = Said { sheet: self.constant.clone(), ..Said::default() };
        let silent = self.peers.iter().filter(|peer| said.hear(peer).is_none()).count();
        let Said { mut sheet, partitions, groups, catalog } = said;
        sheet.add(Metric::ShardsSilent, &[], silent as u64);
        self.overview.say(&Topics(&catalog), &partitions, &groups, &mut sheet);
        sheet
    }
}

impl Said {
    /// Asks one shard for everything, a portion at a time; `None` when it does not answer, or has ended.
    fn hear(&mut self, shard: &Sender<Letter>) -> Option<()> {
        let mut portion = Some(Portion::default());
        while let Some(next) = portion {
            let measured = ask(shard, next)?;
            self.sheet.absorb(measured.sheet);
            self.partitions.extend(measured.partitions);
            self.groups.extend(measured.groups);
            self.catalog = measured.catalog.unwrap_or_else(|| Arc::clone(&self.catalog));
            portion = measured.next;
        }
        Some(())
    }
}

fn ask(shard: &Sender<Letter>, portion: Portion) -> Option<Measured> {
    let (reply_to, answer) = mpsc::channel();
    // A full box means that the shard has other things to do: no second try.
    shard.send(Letter::Measure(Measure { portion, reply_to })).ok()?;
    answer.recv_timeout(ANSWER).ok()
}

struct Topics<'a>(&'a Catalog);

impl Names for Topics<'_> {
    fn name(&self, id: TopicId) -> Option<&str> {
        self.0.by_id(id).map(|topic| topic.name.as_str())
    }

    fn id(&self, name: &str) -> Option<TopicId> {
        self.0.by_name(name).map(|topic| topic.id)
    }
}
