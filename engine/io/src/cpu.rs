//! Which processors this process may use, and pinning a thread to one of them.

use crate::sys;

/// The processors this process may run on, lowest first.
pub fn usable() -> Vec<usize> {
    sys::affinity()
}

/// Ties the calling thread to one processor. An error is not fatal: the thread merely may move.
pub fn pin(cpu: usize) -> std::io::Result<()> {
    sys::set_affinity(cpu)
}

/// Of the usable processors the one that disks interrupt least, where they do not interrupt all alike: the
/// place for a thread that is not to delay them. `None` when there is nothing to choose.
pub fn least_interrupted() -> Option<usize> {
    let interrupts = std::fs::read_to_string("/proc/interrupts").ok()?;
    let usable = usable();
    let counts = disk_interrupts(&interrupts);
    let count = |cpu: &usize| counts.get(*cpu).copied().unwrap_or(0);
    let most = usable.iter().map(count).max()?;
    let least = *usable.iter().min_by_key(|cpu| count(cpu))?;
    (most > 2 * count(&least)).then_some(least)
}

/// Interrupts of block devices on each processor, from the text of `/proc/interrupts`: a line for each
/// interrupt, a column for each processor, then words that name the device.
fn disk_interrupts(text: &str) -> Vec<u64> {
    const DISKS: [&str; 5] = ["nvme", "-req.", "ahci", "scsi", "blkif"];
    let mut lines = text.lines();
    let cpus = lines.next().map_or(0, |head| head.split_whitespace().count());
    let mut counts = vec![0; cpus];
    for line in lines.filter(|line| DISKS.iter().any(|disk| line.contains(disk))) {
        let columns = line.split_whitespace().skip(1).map_while(|word| word.parse::<u64>().ok());
        for (count, column) in counts.iter_mut().zip(columns) {
            *count += column;
        }
    }
    counts
}

/// Lets whoever needs a processor only for a moment interrupt the calling thread at once: above all the
/// kernel's own workers, which flush a disk behind each durable write and run on the processor that the
/// disk interrupted. Without it they wait for the next tick, 4 ms on many kernels, whenever a thread of
/// ours is busy there.
///
/// Done by asking for the longest time slice: the scheduler (EEVDF, Linux 6.12 and later) lets a waking
/// thread with a shorter one take over. It gives the thread no more time in all. Where it is refused
/// nothing changes.
pub fn yield_to_short_work() {
    sys::set_time_slice(TIME_SLICE_NS);
}

/// The longest slice that Linux accepts.
const TIME_SLICE_NS: u64 = 100_000_000;

/// CPU time of the whole process, in nanoseconds (user and system).
pub fn process_cpu_ns() -> u64 {
    sys::cpu_time_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU time of the calling thread, in nanoseconds (user and system).
pub fn thread_cpu_ns() -> u64 {
    sys::cpu_time_ns(libc::CLOCK_THREAD_CPUTIME_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_interrupts_of_disks() {
        let text = "           CPU0       CPU1\n\
                    36:          7    2689353 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0\n\
                    37:        500         20 PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0\n\
                    38:          1          2 PCI-MSIX-0000:00:04.0   1-edge      nvme0q1\n\
                    LOC:      9000       8000   Local timer interrupts\n";
        assert_eq!(disk_interrupts(text), [8, 2_689_355]);
        assert_eq!(disk_interrupts(""), Vec::<u64>::new());
    }
}
