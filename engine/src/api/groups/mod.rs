//! The APIs of consumer groups: from frames to the questions that `broker::groups` answers, and back.

pub mod consumer_group_describe;
pub mod consumer_group_heartbeat;
pub mod delete_groups;
pub mod describe_groups;
pub mod heartbeat;
pub mod join_group;
pub mod leave_group;
pub mod list_groups;
pub mod offset_commit;
pub mod offset_delete;
pub mod offset_fetch;
pub mod sync_group;

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::RequestHeader;

use super::{Context, Origin, Step, Work, coordinated};
use crate::broker::coordination::{Kind, Question, Reply, Spread};
use crate::broker::groups::rpc::{Answer, Client, Request};
use crate::model::ShardId;

/// Asks the coordinator of one group. Before anybody has looked for a coordinator there is none.
fn ask_one(
    origin: Origin,
    context: &Context<'_>,
    group_id: &str,
    request: Request,
    respond: impl FnOnce(Origin, Answer) -> Step + Send + 'static,
) -> (Work, Step) {
    match Spread::of(context.catalog, Kind::Groups, context.node.shards) {
        Some(groups) => {
            let question = groups.ask_group(group_id, request);
            coordinated::ask(origin, vec![question], move |origin, replies| {
                respond(origin, only(replies))
            })
        }
        None => (Work::Done, respond(origin, request.refuse(ErrorCode::NotCoordinator))),
    }
}

/// Asks about several groups, each its own coordinator; `each` makes the request of a group.
fn ask_each(
    origin: Origin,
    context: &Context<'_>,
    group_ids: &[&str],
    each: impl Fn(usize) -> Request,
    respond: impl FnOnce(Origin, Vec<Answer>) -> Step + Send + 'static,
) -> (Work, Step) {
    match Spread::of(context.catalog, Kind::Groups, context.node.shards) {
        Some(groups) => {
            let ask = |(n, group_id): (usize, &&str)| groups.ask_group(group_id, each(n));
            let questions: Vec<(ShardId, Question)> =
                group_ids.iter().enumerate().map(ask).collect();
            coordinated::ask(origin, questions, move |origin, replies| {
                respond(origin, replies.into_iter().map(answer).collect())
            })
        }
        None => {
            let refuse = |n| each(n).refuse(ErrorCode::NotCoordinator);
            (Work::Done, respond(origin, (0..group_ids.len()).map(refuse).collect()))
        }
    }
}

fn only(replies: Vec<Reply>) -> Answer {
    answer(replies.into_iter().next().expect("one question, one answer"))
}

fn answer(reply: Reply) -> Answer {
    match reply {
        Reply::Groups(answer) => answer,
        Reply::Transactions(_) => unreachable!("groups were asked"),
    }
}

/// Who asks, as groups remember it.
fn client(frame: &Bytes, context: &Context<'_>) -> Client {
    let header = RequestHeader::decode(frame).ok();
    let id = header.and_then(|(header, _)| header.client_id).unwrap_or_default().to_owned();
    Client { id, host: format!("/{}", context.peer) }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}
