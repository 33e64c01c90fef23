//! System calls that `std` does not wrap, each as a small safe function.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::ptr;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use crate::file::Space;

/// `readv`, `writev` and `sendmsg` refuse more parts than this in one call.
pub(crate) const IOVECS_MAX: usize = 1024;

fn check(result: isize) -> io::Result<usize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}

pub(crate) fn affinity() -> Vec<usize> {
    // SAFETY: `cpu_set_t` is plain bits, for which zero is valid; the call fills at most its size.
    let set = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::sched_getaffinity(0, mem::size_of::<libc::cpu_set_t>(), &mut set);
        set
    };
    // SAFETY: the index stays below CPU_SETSIZE.
    (0..libc::CPU_SETSIZE as usize).filter(|&cpu| unsafe { libc::CPU_ISSET(cpu, &set) }).collect()
}

pub(crate) fn set_affinity(cpu: usize) -> io::Result<()> {
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    // SAFETY: plain bits, index checked above; the call only reads the set.
    let result = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), &set)
    };
    check(result as isize).map(drop)
}

/// `struct sched_attr` of `sched_setattr(2)`, first version.
#[repr(C)]
#[derive(Default)]
struct SchedAttr {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// Asks for a time slice for the calling thread, under the normal policy; a refusal is ignored.
pub(crate) fn set_time_slice(ns: u64) {
    let mut attr = SchedAttr { size: mem::size_of::<SchedAttr>() as u32, ..SchedAttr::default() };
    // SAFETY: both calls concern the calling thread and touch at most `size` bytes of a live local.
    unsafe {
        let size = attr.size;
        if libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attr, size, 0) != 0 {
            return;
        }
        attr.runtime = ns;
        libc::syscall(libc::SYS_sched_setattr, 0, &raw const attr, 0);
    }
}

pub(crate) fn cpu_time_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the result.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub(crate) fn eventfd() -> io::Result<OwnedFd> {
    // SAFETY: no pointers involved; the new descriptor is ours alone.
    unsafe {
        let fd = check(libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) as isize)?;
        Ok(OwnedFd::from_raw_fd(fd as RawFd))
    }
}

/// Adds one to an eventfd. A full counter (2^64-1 rings) is as good as a ring.
pub(crate) fn ring(event: &OwnedFd) {
    let one = 1u64;
    // SAFETY: writes eight bytes from a live local.
    unsafe { libc::write(event.as_raw_fd(), ptr::from_ref(&one).cast(), 8) };
}

/// Takes the count off an eventfd.
pub(crate) fn drain(event: &OwnedFd) {
    let mut count = 0u64;
    // SAFETY: reads eight bytes into a live local; the descriptor does not block.
    unsafe { libc::read(event.as_raw_fd(), ptr::from_mut(&mut count).cast(), 8) };
}

pub(crate) fn listen(addr: SocketAddr, shared: bool) -> io::Result<OwnedFd> {
    let family = if addr.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers involved; the new descriptor is ours alone.
    let fd =
        unsafe { OwnedFd::from_raw_fd(check(libc::socket(family, kind, 0) as isize)? as RawFd) };
    set_option(&fd, libc::SO_REUSEADDR)?;
    if shared {
        set_option(&fd, libc::SO_REUSEPORT)?;
    }
    let (storage, len) = sockaddr(addr);
    // SAFETY: `storage` holds `len` bytes of a valid address of that family.
    check(unsafe { libc::bind(fd.as_raw_fd(), ptr::from_ref(&storage).cast(), len) } as isize)?;
    // SAFETY: no pointers involved.
    check(unsafe { libc::listen(fd.as_raw_fd(), 1024) } as isize)?;
    Ok(fd)
}

fn set_option(fd: &OwnedFd, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    let len = mem::size_of::<libc::c_int>() as libc::socklen_t;
    let value = ptr::from_ref(&on).cast();
    // SAFETY: `value` points to `len` bytes of a live local.
    let result = unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, value, len) };
    check(result as isize).map(drop)
}

fn sockaddr(addr: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: all-zero bytes are a valid `sockaddr_storage`.
    let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let len = match addr {
        SocketAddr::V4(v4) => {
            let sin = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                sin_zero: [0; 8],
            };
            // SAFETY: `sockaddr_storage` is at least as large and as aligned as any socket address.
            unsafe { ptr::from_mut(&mut storage).cast::<libc::sockaddr_in>().write(sin) };
            mem::size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            let sin6 = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                sin6_scope_id: v6.scope_id(),
            };
            // SAFETY: as above.
            unsafe { ptr::from_mut(&mut storage).cast::<libc::sockaddr_in6>().write(sin6) };
            mem::size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, len as libc::socklen_t)
}

/// Receives into the spare capacity without blocking; 0 = the peer closed.
pub(crate) fn recv(fd: RawFd, buf: &mut BytesMut) -> io::Result<usize> {
    let spare = buf.spare_capacity_mut();
    // SAFETY: the kernel writes at most `spare.len()` bytes into memory that `buf` owns.
    let result =
        unsafe { libc::recv(fd, spare.as_mut_ptr().cast(), spare.len(), libc::MSG_DONTWAIT) };
    let n = check(result)?;
    // SAFETY: the kernel has initialised exactly `n` bytes of the spare capacity.
    unsafe { buf.advance_mut(n) };
    Ok(n)
}

/// Points at every part after the first `skip` bytes, at most [`IOVECS_MAX`] of them.
pub(crate) fn iovecs(parts: &[Bytes], mut skip: usize) -> Box<[libc::iovec]> {
    let mut vecs = Vec::with_capacity(parts.len().min(IOVECS_MAX));
    for part in parts {
        if skip >= part.len() {
            skip -= part.len();
            continue;
        }
        let rest = &part[skip..];
        skip = 0;
        vecs.push(libc::iovec { iov_base: rest.as_ptr().cast_mut().cast(), iov_len: rest.len() });
        if vecs.len() == IOVECS_MAX {
            break;
        }
    }
    vecs.into_boxed_slice()
}

/// Sends what fits without blocking; the number of bytes taken.
pub(crate) fn send(fd: RawFd, parts: &[Bytes], skip: usize) -> io::Result<usize> {
    let mut vecs = iovecs(parts, skip);
    // SAFETY: all-zero bytes are a valid `msghdr`.
    let mut msg: libc::msghdr = unsafe { mem::zeroed() };
    msg.msg_iov = vecs.as_mut_ptr();
    msg.msg_iovlen = vecs.len() as _;
    // SAFETY: `msg` points at `vecs`, which point into `parts`; all outlive the call, which only reads.
    check(unsafe { libc::sendmsg(fd, &msg, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) })
}

/// Sends file bytes without blocking on the socket; the number of bytes taken, 0 at the file's end.
pub(crate) fn sendfile(socket: RawFd, file: RawFd, at: u64, len: usize) -> io::Result<usize> {
    let mut offset = at as libc::off_t;
    // SAFETY: `offset` is a live local; no other memory is touched.
    check(unsafe { libc::sendfile(socket, file, &mut offset, len) })
}

/// Writes all parts at `at`, with `RWF_DSYNC` when `durable`.
pub(crate) fn pwritev(fd: RawFd, parts: &[Bytes], at: u64, durable: bool) -> io::Result<()> {
    let total: usize = parts.iter().map(Bytes::len).sum();
    let flags = if durable { libc::RWF_DSYNC } else { 0 };
    let mut done = 0;
    while done < total {
        let vecs = iovecs(parts, done);
        let offset = (at + done as u64) as libc::off_t;
        // SAFETY: every vector points into `parts`, which outlive the call; the kernel only reads.
        let result = unsafe { libc::pwritev2(fd, vecs.as_ptr(), vecs.len() as i32, offset, flags) };
        match check(result) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Allocates `len` bytes from byte 0 and makes that the file's size at least.
pub(crate) fn fallocate(fd: RawFd, len: u64) -> io::Result<()> {
    // SAFETY: no pointers involved.
    check(unsafe { libc::fallocate(fd, 0, 0, len as libc::off_t) } as isize).map(drop)
}

/// Takes the exclusive lock of an open file, or fails with `WouldBlock` when another holds it.
pub(crate) fn lock_exclusive(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointers involved.
    check(unsafe { libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB) } as isize).map(drop)
}

/// How much the file system of `path` holds; free is what an unprivileged writer may still allocate.
pub(crate) fn space(path: &Path) -> io::Result<Space> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: all-zero bytes are a valid `statvfs`; the path is a terminated string.
    unsafe {
        let mut stat: libc::statvfs = mem::zeroed();
        check(libc::statvfs(path.as_ptr(), &mut stat) as isize)?;
        let block = stat.f_frsize as u64;
        let (total, free) = (stat.f_blocks as u64, stat.f_bavail as u64);
        Ok(Space { total_bytes: total * block, free_bytes: free * block })
    }
}

/// The soft limit on memory that may be locked (and so registered with a ring), in bytes.
pub(crate) fn memlock_bytes() -> u64 {
    limit(libc::RLIMIT_MEMLOCK)
}

/// The soft limit on open descriptors, after raising it to the hard limit.
pub(crate) fn raise_open_files() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a live local that is read and written.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
    open_files_max()
}

/// The soft limit on open descriptors.
pub(crate) fn open_files_max() -> u64 {
    limit(libc::RLIMIT_NOFILE)
}

fn limit(resource: libc::__rlimit_resource_t) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place for the result.
    unsafe { libc::getrlimit(resource, &mut limit) };
    limit.rlim_cur
}

/// Zeroed memory of `size` bytes, a multiple of the page size.
pub(crate) fn map(size: usize) -> Option<ptr::NonNull<u8>> {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh anonymous mapping, chosen by the kernel; nothing else refers to it.
    let start = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED { None } else { ptr::NonNull::new(start.cast()) }
}

/// Gives back what [`map`] gave.
pub(crate) fn unmap(start: ptr::NonNull<u8>, size: usize) {
    // SAFETY: the caller owns the whole range and does not use it again.
    unsafe { libc::munmap(start.as_ptr().cast(), size) };
}

/// A read-only mapping of a file, only to ask which of its pages are in memory.
pub(crate) struct Mapping {
    start: *mut libc::c_void,
    len: usize,
}

// SAFETY: the mapping is never dereferenced; its address may be used from any thread.
unsafe impl Send for Mapping {}

impl Mapping {
    pub(crate) fn new(fd: RawFd, len: usize) -> io::Result<Self> {
        // SAFETY: a fresh mapping chosen by the kernel; nothing of ours is replaced.
        let start =
            unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_READ, libc::MAP_SHARED, fd, 0) };
        if start == libc::MAP_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok(Mapping { start, len })
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// True when every page of the range holds its data already (`mincore`: up to date, not merely
    /// requested, which is what `cachestat` would say).
    pub(crate) fn resident(&self, at: u64, len: u64) -> bool {
        let page = 4096;
        let from = at as usize / page * page;
        let to = ((at + len) as usize).min(self.len);
        if from >= to {
            return false;
        }
        let mut pages = vec![0u8; (to - from).div_ceil(page)];
        // SAFETY: the range lies inside the mapping and `pages` has one byte for each page of it.
        let result = unsafe {
            libc::mincore(self.start.byte_add(from), to - from, pages.as_mut_ptr().cast())
        };
        result == 0 && pages.iter().all(|p| p & 1 == 1)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this length; nothing refers to it any more.
        unsafe { libc::munmap(self.start, self.len) };
    }
}

/// A set of descriptors to be told about (`epoll`), level triggered, one shot each.
pub(crate) struct Epoll(OwnedFd);

/// What a descriptor is watched for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: no pointers involved; the new descriptor is ours alone.
        unsafe {
            let fd = check(libc::epoll_create1(libc::EPOLL_CLOEXEC) as isize)?;
            Ok(Epoll(OwnedFd::from_raw_fd(fd as RawFd)))
        }
    }

    /// Watches `fd`, replacing what it was watched for; `key` comes back from [`Epoll::wait`].
    pub(crate) fn watch(&self, fd: RawFd, key: u64, interest: Interest) -> io::Result<()> {
        let mut events = libc::EPOLLONESHOT;
        if interest.read {
            events |= libc::EPOLLIN | libc::EPOLLRDHUP;
        }
        if interest.write {
            events |= libc::EPOLLOUT;
        }
        let mut event = libc::epoll_event { events: events as u32, u64: key };
        // SAFETY: `event` is a live local that the kernel copies.
        let modified =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_MOD, fd, &mut event) };
        if modified == 0 {
            return Ok(());
        }
        // SAFETY: as above.
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) }
            as isize)
        .map(drop)
    }

    /// The keys of descriptors that became ready within `timeout`.
    pub(crate) fn wait(&self, keys: &mut Vec<u64>, timeout: Duration) {
        const AT_ONCE: usize = 64;
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; AT_ONCE];
        let (fd, room) = (self.0.as_raw_fd(), events.as_mut_ptr());
        let exact = libc::timespec {
            tv_sec: timeout.as_secs() as libc::time_t,
            tv_nsec: libc::c_long::from(timeout.subsec_nanos()),
        };
        // SAFETY: the kernel fills at most AT_ONCE events and reads `exact`.
        let mut n = unsafe {
            libc::syscall(libc::SYS_epoll_pwait2, fd, room, AT_ONCE, &raw const exact, 0, 0)
        };
        if n < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ENOSYS) {
            // Before 5.11 epoll counts whole milliseconds; rounded up, or the last one would be spun.
            let rounded_ms = timeout.as_micros().div_ceil(1000) as i32;
            // SAFETY: as above.
            n = unsafe { libc::epoll_wait(fd, room, AT_ONCE as i32, rounded_ms) }.into();
        }
        keys.extend(events.iter().take(n.max(0) as usize).map(|event| event.u64));
    }
}
