//! What damage excuses: a partition whose files, or whose journal, were damaged in silence.

use super::{Model, Violation};

impl Model {
    /// A partition says that it is offline right after a start.
    ///
    /// # Errors
    /// When nothing of it was damaged.
    pub fn quarantined(&mut self, partition: usize) -> Result<(), Violation> {
        let facts = "offline after a start".to_owned();
        self.violated(partition, "quarantine only where there is damage", facts)
    }

    /// A checker has spoken: an error, unless the partition's files were damaged on purpose.
    ///
    /// # Errors
    /// Just that.
    pub fn violated(
        &mut self,
        partition: usize,
        checker: &'static str,
        facts: String,
    ) -> Result<(), Violation> {
        let folder = self.partitions[partition].folder.clone();
        if !self.is_damaged(&folder) {
            let facts = match facts.starts_with(&folder) {
                true => facts,
                false => format!("{folder}: {facts}"),
            };
            return Err(Violation { checker, facts });
        }
        self.excused.push(format!("{folder}: {checker}"));
        self.partitions[partition].given_up = true;
        Ok(())
    }

    /// Whether bytes of its files, or of a journal that speaks for them, were damaged.
    fn is_damaged(&self, folder: &str) -> bool {
        self.disk.damages().iter().any(|damage| {
            let name = |path: Option<&std::path::Path>| {
                path.and_then(|path| path.file_name())
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned()
            };
            let (file, of) = (name(Some(&damage.path)), name(damage.path.parent()));
            of == folder || file.starts_with("journal-")
        })
    }
}
