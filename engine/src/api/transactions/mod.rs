//! The APIs of transactions: from frames to the questions that `broker::txn` answers, and back.

pub mod add_offsets_to_txn;
pub mod add_partitions_to_txn;
pub mod describe_producers;
pub mod describe_transactions;
pub mod end_txn;
pub mod list_transactions;
pub mod txn_offset_commit;
pub mod verify;
pub mod write_txn_markers;

use std::collections::BTreeMap;

use headwater_protocol::error_code::ErrorCode;

use super::{Context, Origin, Step, Work, coordinated};
use crate::broker::coordination::{Kind, Reply, Spread};
use crate::broker::txn::requests::{Answer, ProducerIdAndEpoch, Request, TopicPartition};

/// Asks the coordinator of one transactional id.
pub(super) fn ask_one(
    origin: Origin,
    context: &Context<'_>,
    transactional_id: &str,
    request: Request,
    respond: impl FnOnce(Origin, Answer) -> Step + Send + 'static,
) -> (Work, Step) {
    match Spread::of(context.catalog, Kind::Transactions, context.node.shards) {
        Some(spread) => {
            let question = spread.ask_transaction(transactional_id, request);
            coordinated::ask(origin, vec![question], move |origin, replies| {
                respond(origin, only(replies))
            })
        }
        None => (Work::Done, respond(origin, request.refuse(ErrorCode::NotCoordinator))),
    }
}

fn only(replies: Vec<Reply>) -> Answer {
    answer(replies.into_iter().next().expect("one question, one answer"))
}

fn answer(reply: Reply) -> Answer {
    match reply {
        Reply::Transactions(answer) => answer,
        Reply::Groups(_) => unreachable!("transactions were asked"),
    }
}

/// What clients call it when another instance of a producer has taken over: the first versions have no code
/// of its own for it.
pub(super) fn fenced(code: ErrorCode, version: i16, known_since: i16) -> ErrorCode {
    match code {
        ErrorCode::ProducerFenced if version < known_since => ErrorCode::InvalidProducerEpoch,
        code => code,
    }
}

fn producer(id: i64, epoch: i16) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch::new(id, epoch)
}

/// Partitions with what is said of each, by topic.
fn by_topic<T>(
    each: impl IntoIterator<Item = (TopicPartition, T)>,
) -> BTreeMap<String, Vec<(i32, T)>> {
    let mut topics: BTreeMap<String, Vec<(i32, T)>> = BTreeMap::new();
    for (TopicPartition { topic, partition }, said) in each {
        topics.entry(topic).or_default().push((partition, said));
    }
    topics
}
