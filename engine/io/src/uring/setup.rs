//! Makes a ring with the best flags this kernel takes, and says which those were.

use std::fmt;
use std::io;

use io_uring::IoUring;

/// Submission entries: one tick of a busy shard fits; more are entered in several calls.
const SQ_ENTRIES: u32 = 512;
/// Completion entries: every connection and partition of a shard may complete in one tick.
const CQ_ENTRIES: u32 = 4096;
/// io-wq workers for blocking work per ring. Syncs and buffered writes go there; the default (4 x CPUs)
/// lets a slow disk collect threads.
const BOUNDED_WORKERS: u32 = 4;

/// Ring memory counted against `RLIMIT_MEMLOCK`, in bytes: 64 an SQE, 16 a CQE, and the index array.
pub(crate) const RING_BYTES: u64 =
    SQ_ENTRIES as u64 * 64 + CQ_ENTRIES as u64 * 16 + SQ_ENTRIES as u64 * 4;

/// One rung of the ladder: what is asked for together, and the kernel that first took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Features {
    /// 6.6: as `Deferred`, without the index array.
    DeferredNoArray,
    /// 6.1: completions run only when we enter, one submitter.
    Deferred,
    /// 5.19: completions run cooperatively, the flag tells us to enter.
    Cooperative,
    /// 5.6 and later: a plain ring.
    Plain,
}

const LADDER: [Features; 4] =
    [Features::DeferredNoArray, Features::Deferred, Features::Cooperative, Features::Plain];

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Features::DeferredNoArray => "defer_taskrun+single_issuer+no_sqarray",
            Features::Deferred => "defer_taskrun+single_issuer",
            Features::Cooperative => "coop_taskrun",
            Features::Plain => "plain",
        })
    }
}

/// A ring on the highest rung that the kernel accepts. Refusals for other reasons than unknown flags
/// (EPERM, ENOSYS, ENOMEM) end the search: a lower rung would be refused too.
pub(super) fn ring() -> io::Result<(IoUring, Features)> {
    let mut refused = io::Error::from_raw_os_error(libc::ENOSYS);
    for rung in LADDER {
        match build(rung) {
            Ok(mut ring) => {
                finish(&mut ring);
                return Ok((ring, rung));
            }
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => refused = e,
            Err(e) => return Err(e),
        }
    }
    Err(refused)
}

fn build(rung: Features) -> io::Result<IoUring> {
    let mut builder = IoUring::builder();
    builder.dontfork().setup_cqsize(CQ_ENTRIES).setup_clamp();
    match rung {
        Features::DeferredNoArray | Features::Deferred => {
            builder
                .setup_submit_all()
                .setup_single_issuer()
                .setup_defer_taskrun()
                .setup_taskrun_flag()
                .setup_coop_taskrun();
            if rung == Features::DeferredNoArray {
                builder.setup_no_sqarray();
            }
        }
        Features::Cooperative => {
            builder.setup_submit_all().setup_coop_taskrun().setup_taskrun_flag();
        }
        Features::Plain => {}
    }
    builder.build(SQ_ENTRIES)
}

/// Refinements that a ring works without.
fn finish(ring: &mut IoUring) {
    // Bounded workers only; 0 leaves the unbounded ones as they are. Unknown before 5.15.
    drop(ring.submitter().register_iowq_max_workers(&mut [BOUNDED_WORKERS, 0]));
}
