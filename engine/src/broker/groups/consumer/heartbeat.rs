//! The consumer protocol is not served yet: its requests are refused.
use super::Consumer;
use crate::broker::groups::Groups;
use crate::broker::groups::dispatch::answered;
use crate::broker::groups::rpc::Answer;
use crate::broker::groups::rpc::classic::*;
use crate::broker::groups::rpc::consumer::*;
use crate::broker::groups::settings::{Assignor, Settings};
use crate::broker::groups::topics::Topics;
use crate::broker::groups::turn::{Moment, Step, Turn};
use headwater_protocol::error_code::ErrorCode;

impl Consumer {
    pub(in crate::broker::groups) fn revive<W>(&self, _step: &mut Step<'_, W>) {}
    pub(in crate::broker::groups) fn start_timers<W>(&self, _step: &mut Step<'_, W>, _m: &str) {}
    pub(in crate::broker::groups) fn fence<W>(
        &mut self,
        _s: &mut Step<'_, W>,
        _t: &Topics,
        _m: &str,
    ) {
    }
    pub(in crate::broker::groups) fn assignor(&self, s: &Settings, _c: Option<&str>) -> Assignor {
        s.consumer_assignors[0]
    }
    pub(in crate::broker::groups) fn sync_classic<W>(
        &self,
        _s: &mut Step<'_, W>,
        _t: &Topics,
        _r: &SyncGroup,
    ) -> Result<Synced, ErrorCode> {
        Err(ErrorCode::UnknownMemberId)
    }
    pub(in crate::broker::groups) fn heard_classic<W>(
        &self,
        _s: &mut Step<'_, W>,
        _r: &Heartbeat,
    ) -> Result<(), ErrorCode> {
        Err(ErrorCode::UnknownMemberId)
    }
    pub(in crate::broker::groups) fn leave_classic<W>(
        &self,
        s: &mut Step<'_, W>,
        _t: &Topics,
        _r: LeaveGroup,
        w: W,
    ) {
        s.answer(w, Answer::LeaveGroup(Left::error(ErrorCode::UnknownMemberId)))
    }
}
impl<W: Copy> Groups<W> {
    pub(in crate::broker::groups) fn join_consumer_group(
        &mut self,
        _r: JoinGroup,
        w: W,
        _at: Moment,
    ) -> Turn<W> {
        answered(w, Answer::JoinGroup(Joined::error("", ErrorCode::InconsistentGroupProtocol)))
    }
    pub(in crate::broker::groups) fn consumer_heartbeat(
        &mut self,
        _r: ConsumerGroupHeartbeat,
        w: W,
        _at: Moment,
    ) -> Turn<W> {
        answered(
            w,
            Answer::ConsumerGroupHeartbeat(HeartbeatAnswer::error(
                ErrorCode::UnsupportedVersion,
                None,
            )),
        )
    }
}
