//! How all shards hear what the controller changed, topics, settings and quotas: each takes over its part and confirms it, and only
//! then is the command answered. So a topic that a client was told of exists on all its connections, and
//! one that is gone is gone on all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Worker;
use super::mail::Letter;
use crate::broker::catalog::Catalog;
use crate::broker::controller::{Outcome, Publication, Worked};
use crate::config::broker::BrokerConfig;
use crate::log::{Log, LogSettings};
use crate::model::{PartitionKey, ShardId};
use crate::shard::letters::{PartitionSettings, ReplyTo};

/// What one shard is told.
pub struct News {
    /// To confirm it by.
    pub number: u64,
    /// The topics from now on.
    pub catalog: Arc<Catalog>,
    /// The broker's settings from now on, if they have changed.
    pub config: Option<Arc<BrokerConfig>>,
    /// Logs that it owns from now on.
    pub adopt: Vec<(PartitionKey, PartitionSettings, Log)>,
    /// Logs of its own whose settings have changed.
    pub change: Vec<(PartitionKey, PartitionSettings, LogSettings)>,
    /// Partitions that are gone.
    pub release: Vec<PartitionKey>,
}

/// Publications that not all shards have confirmed.
#[derive(Default)]
pub(super) struct Announced {
    last: u64,
    open: BTreeMap<u64, Open>,
}

struct Open {
    missing: usize,
    reply_to: ReplyTo<Outcome>,
    outcome: Outcome,
}

impl Worker {
    /// The controller has carried out a command: tells all shards, and answers when they have heard.
    pub(super) fn publish(&mut self, worked: Worked) {
        let controller =
            self.controller.as_mut().expect("only the controller's shard works for it");
        let (publication, reply_to, outcome) = controller.finish(worked);
        if Arc::ptr_eq(&publication.catalog, &self.catalog) {
            return self.answer_command(reply_to, outcome);
        }
        self.announced.last += 1;
        let missing = self.spread(self.announced.last, publication);
        if missing == 0 {
            return self.answer_command(reply_to, outcome);
        }
        self.announced.open.insert(self.announced.last, Open { missing, reply_to, outcome });
    }

    /// Tells all shards their part; how many of them must confirm it.
    fn spread(&mut self, number: u64, publication: Publication) -> usize {
        let Publication { catalog, config, adopt, change, release } = publication;
        let mut by_shard: Vec<(Vec<_>, Vec<_>)> =
            (0..self.mail.shards()).map(|_| Default::default()).collect();
        for (shard, key, settings, log) in adopt {
            by_shard[usize::from(shard.0)].0.push((key, settings, log));
        }
        for (shard, key, settings, log) in change {
            by_shard[usize::from(shard.0)].1.push((key, settings, log));
        }
        for (n, (adopt, change)) in by_shard.into_iter().enumerate() {
            let shard = ShardId(n as u16);
            let (catalog, config, release) =
                (Arc::clone(&catalog), config.clone(), release.clone());
            let news = News { number, catalog, config, adopt, change, release };
            match shard == self.id {
                true => self.take_over(news),
                false => self.mail.send(shard, Letter::Publish(news)),
            }
        }
        self.mail.shards() - 1
    }

    /// Takes over what this shard was told.
    pub(super) fn take_over(&mut self, news: News) {
        self.catalog = news.catalog;
        if let Some(config) = news.config {
            self.config = config;
        }
        for (key, settings, log) in news.adopt {
            self.shard.adopt(key, settings, log);
        }
        for (key, settings, log) in news.change {
            self.shard.change(key, settings, log);
        }
        for key in news.release {
            self.shard.release(key);
        }
        self.place_coordinators();
    }

    /// A shard has confirmed a publication.
    pub(super) fn published(&mut self, number: u64) {
        let open = self.announced.open.get_mut(&number).expect("each shard confirms once");
        open.missing -= 1;
        if open.missing == 0 {
            let Open { reply_to, outcome, .. } =
                self.announced.open.remove(&number).expect("just seen");
            self.answer_command(reply_to, outcome);
        }
    }

    fn answer_command(&mut self, reply_to: ReplyTo<Outcome>, outcome: Outcome) {
        match reply_to {
            ReplyTo::Call { shard, call, .. } if shard == self.id => {
                self.outcome_of_call(call, outcome)
            }
            ReplyTo::Call { shard, call, .. } => {
                self.mail.send(shard, Letter::Outcome(call, outcome))
            }
            ReplyTo::Program(completer) => completer.complete(outcome),
            ReplyTo::Coordinator { shard, .. } if shard == self.id => {
                self.ids_for_coordinators(outcome)
            }
            ReplyTo::Coordinator { shard, .. } => {
                self.mail.send(shard, Letter::CoordinatorOutcome(outcome))
            }
            ReplyTo::Nobody => {}
        }
    }
}
